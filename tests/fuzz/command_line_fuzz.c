// SPDX-License-Identifier: MIT
// command_line_fuzz.c: any bytes at all as the kernel's command line: cut to size, searched for keys, checked for words unknown.
// sources: boot/common/command_line.c boot/common/boot_info.c lib/string.c

#include <helix/boot_info.h>

#include "boot_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

BOOT_OPTION(fuzz_log, "log", "a key that is often there");
BOOT_OPTION(fuzz_panic_test, "panic_test", "another one");

static struct boot_info booted;

struct boot_info *boot_info(void)
{
    return &booted;
}

// What boot_option promises, for a buffer of each size that matters.
static void option_verify(const char *key)
{
    char value[BOOT_COMMAND_LINE + 1];
    bool there = boot_option(key, value, sizeof value);
    require(there == boot_flag(key)); // a whole line always fits
    if (!there)
        return;
    size_t length = strlen(value);
    require(length < BOOT_COMMAND_LINE && !strchr(value, '"'));
    char exact[BOOT_COMMAND_LINE + 1] = "untouched";
    require(!boot_option(key, exact, length));
    require(string_equal(exact, "untouched"));
    require(boot_option(key, exact, length + 1) && string_equal(exact, value));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const keys[] = { "log", "panic_test", "test.run", "x" };
    booted = (struct boot_info){};
    boot_info_set_command_line(&booted, (const char *)bytes, size);
    require(string_length_bounded(booted.command_line, BOOT_COMMAND_LINE) < BOOT_COMMAND_LINE);
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        option_verify(keys[i]);
    boot_options_check();
    return 0;
}
