// SPDX-License-Identifier: MIT
// command_line.c: the words of the kernel's command line. A quote opens and closes anywhere in a word and is not part of it;
// one that is not closed ends with the line. Behind the boot loader's line stands the profile's ([boot] cmdline): what the first
// does not say is looked up in the second.

#include <helix/boot_info.h>

#include <lib/attributes.h>
#include <lib/string.h>

#include <generated/profile.h>
#include <helix/log.h>

TABLE_DECLARE(struct boot_option_row, helix_boot_options);

// Rows that other parts know as a prefix ("virtio_mmio.device=" is added by QEMU's microvm).
static const char *const foreign_prefixes[] = { "virtio_mmio.", "BOOT_IMAGE" };

// The word at or behind *at, quotes included: [begin, *at). False at the end of the line.
static bool word_next(const char **at, const char **begin)
{
    while (**at == ' ' || **at == '\t')
        ++*at;
    *begin = *at;
    bool quoted = false;
    for (; **at && (quoted || (**at != ' ' && **at != '\t')); ++*at) {
        if (**at == '"')
            quoted = !quoted;
    }
    return *at != *begin;
}

// Compares the word's key with `key`, not regarding quotes; *value: behind the `=`, or the word's end.
static bool word_has_key(const char *word, const char *end, const char *key, const char **value)
{
    for (; word < end && *word != '='; word++) {
        if (*word == '"')
            continue;
        if (*word != *key)
            return false;
        key++;
    }
    *value = word < end ? word + 1 : end;
    return !*key;
}

// Copies without quotes. False: it does not fit; `to` is then untouched.
static bool value_copy(char *to, size_t size, const char *value, const char *end)
{
    size_t length = 0;
    for (const char *at = value; at < end; at++)
        length += *at != '"';
    if (length >= size)
        return false;
    for (; value < end; value++) {
        if (*value != '"')
            *to++ = *value;
    }
    *to = '\0';
    return true;
}

// The last word with the key wins, as people expect who append to a line.
static bool line_find(const char *line, const char *key, const char **value, const char **end)
{
    const char *at = line, *word, *found;
    bool there = false;
    while (word_next(&at, &word)) {
        if (!word_has_key(word, at, key, &found))
            continue;
        *value = found;
        *end = at;
        there = true;
    }
    return there;
}

static bool option_find(const char *key, const char **value, const char **end)
{
    return line_find(boot_info()->command_line, key, value, end) || line_find(PROFILE_COMMAND_LINE, key, value, end);
}

bool boot_option(const char *key, char *value, size_t size)
{
    const char *from, *end;
    return option_find(key, &from, &end) && value_copy(value, size, from, end);
}

bool boot_flag(const char *key)
{
    const char *from, *end;
    return option_find(key, &from, &end);
}

static bool word_known(const char *word, const char *end)
{
    const char *value;
    TABLE_EACH(struct boot_option_row, row, helix_boot_options) {
        if (word_has_key(word, end, row->key, &value))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(foreign_prefixes); i++) {
        size_t length = strlen(foreign_prefixes[i]);
        if ((size_t)(end - word) >= length && strncmp(word, foreign_prefixes[i], length) == 0)
            return true;
    }
    return false;
}

static void line_check(const char *line, const char *whose)
{
    const char *at = line, *word;
    while (word_next(&at, &word)) {
        if (!word_known(word, at))
            log_warn("boot", "%s: nothing here knows \"%.*s\"; ignored", whose, (int)MIN(at - word, (ptrdiff_t)80), word);
    }
}

void boot_options_check(void)
{
    line_check(boot_info()->command_line, "command line");
    line_check(PROFILE_COMMAND_LINE, "the profile's command line");
}
