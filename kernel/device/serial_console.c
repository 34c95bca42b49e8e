// SPDX-License-Identifier: MIT
// serial_console.c: the console on a serial port, but for the port's registers.
//
// Purpose     Carries the kernel's log, its shell and the programs' terminal over whatever serial port the machine has.
// How         Output goes to the driver in bursts of one transmitter FIFO each. Input interrupts; the handler empties the receiver
//             into the terminal.
// Invariants  The lock covers one burst of output: no longer are interrupts off. The port is set before anything can use it.
// Locks       RANK_CONSOLE, interrupts off. In a panic it is not taken: its owner may be what died.
// Not here    Registers (drivers/console), the console of the first instructions (arch_early_console_write).
#include <helix/serial_console.h>

#include <lib/attributes.h>

#include <helix/interrupt.h>
#include <helix/log.h>
#include <helix/panic.h>
#include <helix/spinlock.h>
#include <helix/tty.h>

enum { RECEIVE_MAX = 64, TURNS_MAX = 64 };

static struct spinlock lock = SPINLOCK(RANK_CONSOLE);
static const struct serial_port *port; // [const] after serial_console_start, as all below
static struct console_writer writer;
static struct tty_device device;
static struct tty *terminal;

// In a panic the lock is not to be trusted; the analysis cannot follow a lock taken on a condition.
NO_LOCK_ANALYSIS static void serial_write(const char *text, size_t length)
{
    while (length > 0) {
        size_t part = MIN(length, port->burst_max);
        bool locked = !panic_active(), on = false;
        if (locked)
            on = spinlock_acquire_irq(&lock);
        port->send(text, part);
        if (locked)
            spinlock_release_irq(&lock, on);
        text += part;
        length -= part;
    }
}

// Log lines end in a bare newline; a terminal that reads the line as it is needs both characters, one that was told to expect the bytes
// as they are (exec.token) does not.
static void serial_log(const char *text, size_t length)
{
    while (length > 0) {
        size_t part = 0;
        while (part < length && text[part] != '\n')
            part++;
        serial_write(text, part);
        if (part == length)
            return;
        serial_write("\r\n", 2);
        text += part + 1;
        length -= part + 1;
    }
}

// Bounded: a port that never stops asking costs its turns, then the rest of the machine runs on until the next interrupt.
static enum interrupt_action serial_interrupt(uint32_t vector, struct arch_frame *frame, void *context)
{
    enum interrupt_action action = INTERRUPT_NOT_MINE;
    for (int turns = 0; turns < TURNS_MAX && port->pending(); turns++) {
        char bytes[RECEIVE_MAX];
        size_t length = port->receive(bytes, sizeof bytes);
        action = INTERRUPT_HANDLED;
        if (length)
            tty_input(terminal, bytes, length);
    }
    return action;
}

void serial_console_input(const char *bytes, size_t length)
{
    bool on = arch_interrupts_disable();
    if (length)
        tty_input(terminal, bytes, length);
    arch_interrupts_restore(on);
}

enum status serial_console_start(const struct serial_port *started)
{
    port = started;
    writer = (struct console_writer){ .name = port->name, .write = serial_log, .flush = port->flush };
    device = (struct tty_device){ .name = port->name, .write = serial_write, .speed = port->speed };
    TRY(tty_register(&device, &terminal));
    TRY(interrupt_connect(port->line, port->name, serial_interrupt, nullptr));
    return log_add_writer(&writer);
}
