// SPDX-License-Identifier: MIT
// serial_console.h: what consoles on a serial port have in common: the terminal, the log's lines, the lock, the loop that empties the
// receiver. A driver in drivers/console/ supplies the registers.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct serial_port {
    const char *name; // of the terminal, the log writer and the interrupt handler: "ttyS0"
    uint32_t speed;   // bits a second; 0: not known
    uint32_t line;    // for interrupt_connect()
    size_t burst_max; // bytes that one send() takes, the size of the transmitter's FIFO: no longer are interrupts off

    // Any context, in a panic too. Interrupts off, one caller at a time (but in a panic). Both poll, boundedly: a transmitter that never
    // empties loses bytes, not the kernel.
    void (*send)(const char *text, size_t length); // 1 … burst_max bytes
    void (*flush)(void);                           // returns when everything is on its way

    // Interrupt context, one caller at a time.
    bool (*pending)(void);                    // the port asks for service
    size_t (*receive)(char *to, size_t size); // takes what has arrived; 0: nothing, and the port no longer asks for it
};

// Registers the terminal and the log writer and connects the interrupt. The port sends already; it is to let receive interrupts through
// after this. Once, for the machine's one console; `port` must stay.
enum status serial_console_start(const struct serial_port *port);

// Gives the terminal bytes that did not come by interrupt: what had arrived before the driver reset the receiver. Thread context.
void serial_console_input(const char *bytes, size_t length);
