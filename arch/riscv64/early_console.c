// SPDX-License-Identifier: MIT
// early_console.c: the firmware's console. It needs no page mapped, so it works from the first instruction to the last.

#include "early_console.h"

#include <arch/machine.h>

#include "sbi.h"

static bool has_console; // [const] the debug console extension; without it the calls of old firmware are what there is

void early_console_init(void)
{
    has_console = sbi_has(SBI_CONSOLE);
}

// Firmware makes the two characters of a new line that a terminal wants.
void arch_early_console_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (has_console)
            sbi_console_write_byte((uint8_t)text[i]);
        else
            sbi_console_write_byte_old((uint8_t)text[i]);
    }
}
