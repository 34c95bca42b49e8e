// SPDX-License-Identifier: MIT
// ns16550.c: a serial port of the 16550 family, as the console.
//
// Purpose     Carries the kernel's log, its shell and the programs' terminal over COM1.
// How         Output waits for an empty transmitter and then fills its FIFO in one go. Input interrupts; the handler empties the
//             receiver into the terminal.
// Invariants  The lock covers one burst of output, FIFO_SIZE bytes: no longer are interrupts off.
// Locks       RANK_CONSOLE, interrupts off. In a panic it is not taken: its owner may be what died.
// Not here    The console of the first instructions (arch_early_console_write).
#include <arch/port.h>
#include <generated/profile.h>
#include <helix/console.h>
#include <helix/interrupt.h>
#include <helix/log.h>
#include <helix/module.h>
#include <helix/panic.h>
#include <helix/spinlock.h>
#include <helix/tty.h>

enum { BASE = 0x3f8, LINE = 4, CLOCK = 115200, FIFO_SIZE = 16, RECEIVE_MAX = 64, TURNS_MAX = 64, PATIENCE = 200'000 };

// Registers, and bits in them.
enum { DATA = 0, INTERRUPTS = 1, FIFO = 2, IDENTITY = 2, LINE_CONTROL = 3, MODEM = 4, LINE_STATUS = 5, DIVISOR_LOW = 0, DIVISOR_HIGH = 1 };
enum { INTERRUPT_RECEIVED = 1, IDENTITY_NONE = 1, FIFO_ON = 0x01, FIFO_CLEAR = 0x06, EIGHT_BITS = 0x03, DIVISOR_OPEN = 0x80 };
enum { MODEM_READY = 0x03, MODEM_INTERRUPTS = 0x08, MODEM_LOOP = 0x10, STATUS_DATA = 0x01, STATUS_EMPTY = 0x20, STATUS_NOTHING = 0xff };

static struct spinlock lock = SPINLOCK(RANK_CONSOLE);
static struct tty *terminal;

static uint8_t get(int reg)
{
    return arch_port_read8((uint16_t)(BASE + reg));
}

static void put(int reg, int value)
{
    arch_port_write8((uint16_t)(BASE + reg), (uint8_t)value);
}

// Bounded: a transmitter that never empties loses bytes, not the kernel.
static void wait_empty(void)
{
    for (uint32_t tries = 0; !(get(LINE_STATUS) & STATUS_EMPTY) && tries < PATIENCE; tries++)
        arch_cpu_relax();
}

static void burst(const char *text, size_t length)
{
    wait_empty();
    arch_port_write_bytes(BASE + DATA, text, length);
}

// In a panic the lock is not to be trusted; the analysis cannot follow a lock taken on a condition.
NO_LOCK_ANALYSIS static void ns16550_write(const char *text, size_t length)
{
    while (length > 0) {
        size_t part = MIN(length, (size_t)FIFO_SIZE);
        bool locked = !panic_active(), on = false;
        if (locked)
            on = spinlock_acquire_irq(&lock);
        burst(text, part);
        if (locked)
            spinlock_release_irq(&lock, on);
        text += part;
        length -= part;
    }
}

// Log lines end in a bare newline; a terminal that reads the line as it is needs both characters, one that was told to expect the bytes
// as they are (exec.token) does not.
static void ns16550_log(const char *text, size_t length)
{
    while (length > 0) {
        size_t part = 0;
        while (part < length && text[part] != '\n')
            part++;
        ns16550_write(text, part);
        if (part == length)
            return;
        ns16550_write("\r\n", 2);
        text += part + 1;
        length -= part + 1;
    }
}

static void ns16550_flush(void)
{
    wait_empty();
}

// The line is an edge: it must have gone down before the handler ends, or no further edge comes.
static enum interrupt_action ns16550_interrupt(uint32_t vector, struct arch_frame *frame, void *context)
{
    enum interrupt_action action = INTERRUPT_NOT_MINE;
    for (int turns = 0; turns < TURNS_MAX && !(get(IDENTITY) & IDENTITY_NONE); turns++) {
        char bytes[RECEIVE_MAX];
        size_t length = 0;
        action = INTERRUPT_HANDLED;
        while (length < sizeof bytes && (get(LINE_STATUS) & STATUS_DATA))
            bytes[length++] = (char)get(DATA);
        if (length)
            tty_input(terminal, bytes, length);
        else
            (void)get(DATA); // a time-out that came too late ends with this
    }
    return action;
}

static void set_up(void)
{
    enum { DIVISOR = CLOCK / PROFILE_BAUD_RATE };
    put(INTERRUPTS, 0);
    put(LINE_CONTROL, DIVISOR_OPEN);
    put(DIVISOR_LOW, DIVISOR & 0xff);
    put(DIVISOR_HIGH, DIVISOR >> 8);
    put(LINE_CONTROL, EIGHT_BITS);
    put(FIFO, FIFO_ON | FIFO_CLEAR);
}

// What is sent in loopback must come back; an empty bus answers with ones.
static bool present(void)
{
    enum { PROBE = 0xa5 };
    if (get(LINE_STATUS) == STATUS_NOTHING)
        return false;
    put(MODEM, MODEM_LOOP | MODEM_READY);
    put(DATA, PROBE);
    for (uint32_t tries = 0; !(get(LINE_STATUS) & STATUS_DATA) && tries < PATIENCE; tries++)
        arch_cpu_relax();
    bool returned = get(DATA) == PROBE;
    put(MODEM, MODEM_READY | MODEM_INTERRUPTS);
    return returned;
}

static const struct console_writer writer = { .name = "ttyS0", .write = ns16550_log, .flush = ns16550_flush };
static const struct tty_device device = { .name = "ttyS0", .write = ns16550_write, .speed = PROFILE_BAUD_RATE };

static enum status ns16550_start(void)
{
    wait_empty(); // what the early console still sends
    set_up();
    if (!present())
        return STATUS_NO_DEVICE;
    TRY(tty_register(&device, &terminal));
    TRY(interrupt_connect(LINE, "ttyS0", ns16550_interrupt, nullptr));
    put(INTERRUPTS, INTERRUPT_RECEIVED);
    return log_add_writer(&writer);
}

static const struct console_ops ns16550_ops = { .start = ns16550_start };

MODULE(ns16550, .version = "0.1.0", .description = "Serial port of the 16550 family", .provides = "console", .abi = CONSOLE_ABI,
       .ops = &ns16550_ops);
