// SPDX-License-Identifier: MIT
// format.c: printf-style formatting. A conversion is parsed into a struct, laid out, and handed to a sink in pieces.

#include <lib/format.h>

#include <lib/string.h>

enum argument_size : uint8_t { SIZE_CHAR, SIZE_SHORT, SIZE_INT, SIZE_LONG };

struct conversion {
    bool left, plus, space, alternate, zero, capitals;
    bool has_precision;
    size_t width, precision;
    enum argument_size size;
};

// Where the text goes; the argument list travels along so that every step advances the same one.
struct output {
    format_sink *sink;
    void *context;
    va_list arguments;
};

static void put(struct output *output, const char *text, size_t length)
{
    if (length)
        output->sink(output->context, text, length);
}

static void put_repeated(struct output *output, const char *sixteen, size_t count)
{
    for (; count > 16; count -= 16)
        put(output, sixteen, 16);
    put(output, sixteen, count);
}

static void put_spaces(struct output *output, size_t count)
{
    put_repeated(output, "                ", count);
}

static void put_zeros(struct output *output, size_t count)
{
    put_repeated(output, "0000000000000000", count);
}

static void put_padded(struct output *output, const struct conversion *conversion, const char *text, size_t length)
{
    size_t padding = conversion->width > length ? conversion->width - length : 0;
    if (!conversion->left)
        put_spaces(output, padding);
    put(output, text, length);
    if (conversion->left)
        put_spaces(output, padding);
}

// Writes the digits of `value` so that they end at `end`; returns where they start. Nothing for 0.
static char *digits_before(char *end, uint64_t value, uint32_t base, bool capitals)
{
    const char *alphabet = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    for (; value; value /= base)
        *--end = alphabet[value % base];
    return end;
}

// prefix, zeros, digits: padded as the flags say. A precision switches the 0 flag off, as in C.
static void put_number(struct output *output, const struct conversion *conversion, const char *prefix, uint64_t value, uint32_t base)
{
    char buffer[24]; // 2^64 has 22 octal digits
    char *end = buffer + sizeof buffer;
    char *start = digits_before(end, value, base, conversion->capitals);
    size_t digits = (size_t)(end - start);
    size_t least = conversion->has_precision ? conversion->precision : 1;
    if (conversion->alternate && base == 8 && least <= digits)
        least = digits + 1;
    size_t zeros = least > digits ? least - digits : 0;
    size_t length = strlen(prefix) + zeros + digits;
    size_t padding = conversion->width > length ? conversion->width - length : 0;
    if (conversion->zero && !conversion->left && !conversion->has_precision) {
        zeros += padding;
        padding = 0;
    }
    if (!conversion->left)
        put_spaces(output, padding);
    put(output, prefix, strlen(prefix));
    put_zeros(output, zeros);
    put(output, start, digits);
    if (conversion->left)
        put_spaces(output, padding);
}

static uint64_t take_unsigned(struct output *output, const struct conversion *conversion)
{
    if (conversion->size == SIZE_LONG)
        return va_arg(output->arguments, uint64_t);
    uint32_t value = va_arg(output->arguments, uint32_t);
    if (conversion->size == SIZE_CHAR)
        return (uint8_t)value;
    return conversion->size == SIZE_SHORT ? (uint16_t)value : value;
}

static int64_t take_signed(struct output *output, const struct conversion *conversion)
{
    if (conversion->size == SIZE_LONG)
        return va_arg(output->arguments, int64_t);
    int32_t value = va_arg(output->arguments, int32_t);
    if (conversion->size == SIZE_CHAR)
        return (int8_t)value;
    return conversion->size == SIZE_SHORT ? (int16_t)value : value;
}

static void put_signed(struct output *output, const struct conversion *conversion)
{
    int64_t value = take_signed(output, conversion);
    const char *prefix = conversion->plus ? "+" : conversion->space ? " " : "";
    if (value < 0)
        prefix = "-";
    put_number(output, conversion, prefix, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

static void put_hexadecimal(struct output *output, struct conversion *conversion, bool capitals)
{
    uint64_t value = take_unsigned(output, conversion);
    conversion->capitals = capitals;
    const char *prefix = capitals ? "0X" : "0x";
    put_number(output, conversion, conversion->alternate && value ? prefix : "", value, 16);
}

static void put_string(struct output *output, const struct conversion *conversion)
{
    const char *text = va_arg(output->arguments, const char *);
    if (!text)
        text = "(null)";
    put_padded(output, conversion, text, string_length_bounded(text, conversion->has_precision ? conversion->precision : SIZE_MAX));
}

static void put_character(struct output *output, const struct conversion *conversion)
{
    char character = (char)va_arg(output->arguments, int);
    put_padded(output, conversion, &character, 1);
}

// False: no conversion of that name.
static bool put_conversion(struct output *output, struct conversion *conversion, char name)
{
    switch (name) {
    case 'd':
    case 'i':
        put_signed(output, conversion);
        return true;
    case 'u':
        put_number(output, conversion, "", take_unsigned(output, conversion), 10);
        return true;
    case 'o':
        put_number(output, conversion, "", take_unsigned(output, conversion), 8);
        return true;
    case 'x':
    case 'X':
        put_hexadecimal(output, conversion, name == 'X');
        return true;
    case 'p':
        put_number(output, conversion, "0x", (uint64_t)(uintptr_t)va_arg(output->arguments, void *), 16);
        return true;
    case 's':
        put_string(output, conversion);
        return true;
    case 'c':
        put_character(output, conversion);
        return true;
    case '%':
        put(output, "%", 1);
        return true;
    default:
        return false;
    }
}

static const char *parse_flags(struct conversion *conversion, const char *at)
{
    for (;; at++) {
        switch (*at) {
        case '-':
            conversion->left = true;
            break;
        case '+':
            conversion->plus = true;
            break;
        case ' ':
            conversion->space = true;
            break;
        case '#':
            conversion->alternate = true;
            break;
        case '0':
            conversion->zero = true;
            break;
        default:
            return at;
        }
    }
}

// A number or `*`. Returns what follows it; a negative `*` is left to the caller.
static const char *parse_count(struct output *output, const char *at, int *count)
{
    if (*at == '*') {
        *count = va_arg(output->arguments, int);
        return at + 1;
    }
    int sum = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        sum = sum < 100'000 ? sum * 10 + (*at - '0') : sum; // beyond that no text fits anywhere
    *count = sum;
    return at;
}

static const char *parse_size(struct conversion *conversion, const char *at)
{
    conversion->size = SIZE_INT;
    switch (*at) {
    case 'h':
        conversion->size = at[1] == 'h' ? SIZE_CHAR : SIZE_SHORT;
        return at + (at[1] == 'h' ? 2 : 1);
    case 'l':
        conversion->size = SIZE_LONG;
        return at + (at[1] == 'l' ? 2 : 1);
    case 'z':
    case 't':
    case 'j':
        conversion->size = SIZE_LONG;
        return at + 1;
    default:
        return at;
    }
}

static const char *parse_conversion(struct output *output, struct conversion *conversion, const char *at)
{
    int count;
    at = parse_count(output, parse_flags(conversion, at), &count);
    if (count < 0)
        conversion->left = true;
    conversion->width = (size_t)(count < 0 ? -(int64_t)count : count);
    if (*at == '.') {
        at = parse_count(output, at + 1, &count);
        conversion->has_precision = count >= 0;
        conversion->precision = count >= 0 ? (size_t)count : 0;
    }
    return parse_size(conversion, at);
}

// Formats the conversion whose text after the % starts at `at`; returns what follows it.
static const char *format_one(struct output *output, const char *at)
{
    struct conversion conversion = {};
    const char *name = parse_conversion(output, &conversion, at);
    if (*name && put_conversion(output, &conversion, *name))
        return name + 1;
    const char *end = *name ? name + 1 : name;
    put(output, at - 1, (size_t)(end - at) + 1);
    return end;
}

void format_to_list(format_sink *sink, void *context, const char *format, va_list arguments)
{
    struct output output = { .sink = sink, .context = context };
    va_copy(output.arguments, arguments);
    while (*format) {
        const char *literal = format;
        while (*format && *format != '%')
            format++;
        put(&output, literal, (size_t)(format - literal));
        if (*format)
            format = format_one(&output, format + 1);
    }
    va_end(output.arguments);
}

void format_to(format_sink *sink, void *context, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to_list(sink, context, format, arguments);
    va_end(arguments);
}

static void text_append(void *context, const char *bytes, size_t length)
{
    struct text *text = context;
    if (text->length + 1 < text->size) {
        size_t room = text->size - 1 - text->length;
        size_t stored = MIN(room, length);
        memcpy(text->bytes + text->length, bytes, stored);
        text->bytes[text->length + stored] = '\0';
    }
    text->length += length;
}

void text_add(struct text *text, const char *format, ...)
{
    if (text->size && text->length == 0)
        text->bytes[0] = '\0';
    va_list arguments;
    va_start(arguments, format);
    format_to_list(text_append, text, format, arguments);
    va_end(arguments);
}

size_t format_text_list(char *to, size_t size, const char *format, va_list arguments)
{
    struct text text = { .bytes = to, .size = size };
    if (size)
        to[0] = '\0';
    format_to_list(text_append, &text, format, arguments);
    return text.length;
}

size_t format_text(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_text_list(to, size, format, arguments);
    va_end(arguments);
    return length;
}
