// SPDX-License-Identifier: MIT
// proc_text.c: the text that a file of /proc is written into.
#include <helix/text_writer.h>

#include <lib/format.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/vfs.h>

enum { TEXT_FIRST = 512 };

// Room for `size` more bytes.
static bool text_reserve(struct text_writer *out, size_t size)
{
    if (out->capacity - out->length >= size)
        return true;
    size_t capacity = MAX(out->capacity, (size_t)TEXT_FIRST);
    while (capacity - out->length < size)
        capacity *= 2;
    char *bytes = out->bytes ? heap_resize(out->bytes, capacity) : heap_alloc(capacity);
    if (!bytes) {
        out->failed = true;
        return false;
    }
    out->bytes = bytes;
    out->capacity = capacity;
    return true;
}

void text_write_bytes(struct text_writer *out, const void *bytes, size_t size)
{
    if (out->failed || !text_reserve(out, size))
        return;
    memcpy(out->bytes + out->length, bytes, size);
    out->length += size;
}

static void text_sink(void *context, const char *text, size_t length)
{
    text_write_bytes(context, text, length);
}

void text_write(struct text_writer *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to_list(text_sink, out, format, arguments);
    va_end(arguments);
}

void text_writer_release(struct text_writer *writer)
{
    heap_free(writer->bytes);
    *writer = (struct text_writer){};
}
