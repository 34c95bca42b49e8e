// SPDX-License-Identifier: MIT
// early_console.c: COM1 by polling: 115200 baud, 8 data bits, no parity.

#include "early_console.h"

#include <arch/machine.h>

#include "io.h"

enum : uint16_t { COM1 = 0x3f8, DATA = COM1, INTERRUPTS = COM1 + 1, FIFO = COM1 + 2, LINE = COM1 + 3, MODEM = COM1 + 4, STATUS = COM1 + 5 };
enum : uint8_t { LINE_DIVISOR = 0x80, LINE_8N1 = 0x03, FIFO_CLEAR = 0xc7, MODEM_READY = 0x0b, STATUS_EMPTY = 0x20 };
enum { PATIENCE = 100'000 }; // polls: a byte takes 87 us

void early_console_init(void)
{
    port_write8(INTERRUPTS, 0);
    port_write8(LINE, LINE_DIVISOR);
    port_write8(DATA, 1);
    port_write8(INTERRUPTS, 0);
    port_write8(LINE, LINE_8N1);
    port_write8(FIFO, FIFO_CLEAR);
    port_write8(MODEM, MODEM_READY);
}

// A port that never gets ready (there is none, or it hangs) costs its patience and nothing else.
static void byte_write(uint8_t byte)
{
    for (int polls = 0; polls < PATIENCE && !(port_read8(STATUS) & STATUS_EMPTY); polls++)
        __asm__ volatile("pause");
    port_write8(DATA, byte);
}

void arch_early_console_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            byte_write('\r');
        byte_write((uint8_t)text[i]);
    }
}
