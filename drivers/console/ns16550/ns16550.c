// SPDX-License-Identifier: MIT
// ns16550.c: a serial port of the 16550 family, as the console.
//
// Purpose     The registers of the machine's first such port: COM1 of a PC, the UART of RISC-V's virtual machine.
// How         Output waits for an empty transmitter and then fills its FIFO in one go. Input interrupts.
// Not here    The terminal, the log and the lock (helix/serial_console.h); where the port is (arch_device_find).
#include <generated/profile.h>

#include <arch/cpu.h>
#include <arch/device.h>

#include <helix/console.h>
#include <helix/module.h>
#include <helix/serial_console.h>

enum { CLOCK_DIVISOR = 16, FIFO_SIZE = 16, PATIENCE = 200'000 };

// Registers, and bits in them.
enum { DATA = 0, INTERRUPTS = 1, FIFO = 2, IDENTITY = 2, LINE_CONTROL = 3, MODEM = 4, LINE_STATUS = 5, MODEM_STATUS = 6 };
enum { DIVISOR_LOW = 0, DIVISOR_HIGH = 1 }; // while DIVISOR_OPEN is in LINE_CONTROL
enum { INTERRUPT_RECEIVED = 1, IDENTITY_NONE = 1, FIFO_ON = 0x01, EIGHT_BITS = 0x03, DIVISOR_OPEN = 0x80 };
enum { MODEM_READY = 0x03, MODEM_INTERRUPTS = 0x08, MODEM_LOOP = 0x10, STATUS_DATA = 0x01, STATUS_EMPTY = 0x20, STATUS_NOTHING = 0xff };
enum { MODEM_PROBE = 0x0a, MODEM_INPUTS = 0xf0, PROBE_RETURNED = 0x90 }; // request to send and output 2: clear to send and carrier

static struct arch_device device; // [const] after ns16550_start

static uint8_t get(uint32_t number)
{
    return arch_registers_read(&device.registers, number);
}

static void put(uint32_t number, uint32_t value)
{
    arch_registers_write(&device.registers, number, (uint8_t)value);
}

// Bounded: a transmitter that never empties loses bytes, not the kernel.
static void wait_empty(void)
{
    for (uint32_t tries = 0; !(get(LINE_STATUS) & STATUS_EMPTY) && tries < PATIENCE; tries++)
        arch_cpu_relax();
}

static void ns16550_send(const char *text, size_t length)
{
    wait_empty();
    arch_registers_write_run(&device.registers, DATA, text, length);
}

static bool ns16550_pending(void)
{
    return !(get(IDENTITY) & IDENTITY_NONE);
}

// Where the line is an edge it must have gone down before the handler ends, or no further edge comes.
static size_t ns16550_receive(char *to, size_t size)
{
    size_t length = 0;
    while (length < size && (get(LINE_STATUS) & STATUS_DATA))
        to[length++] = (char)get(DATA);
    if (!length)
        (void)get(DATA); // a time-out that came too late ends with this
    return length;
}

// 0: the clock is not known or does not reach the speed; then the port keeps what the firmware set.
static uint32_t divisor(void)
{
    uint64_t wanted = device.clock_hz / CLOCK_DIVISOR / PROFILE_BAUD_RATE;
    return wanted <= UINT16_MAX ? (uint32_t)wanted : 0;
}

static void set_up(void)
{
    put(INTERRUPTS, 0);
    if (divisor()) {
        put(LINE_CONTROL, DIVISOR_OPEN);
        put(DIVISOR_LOW, divisor() & 0xff);
        put(DIVISOR_HIGH, divisor() >> 8);
    }
    put(LINE_CONTROL, EIGHT_BITS);
    put(FIFO, FIFO_ON); // clears both where they were off; else what has been typed is kept
}

// In loopback the modem outputs come back as its inputs; an empty bus answers with ones. What has arrived stays in the receiver.
static bool present(void)
{
    if (get(LINE_STATUS) == STATUS_NOTHING)
        return false;
    put(MODEM, MODEM_LOOP | MODEM_PROBE);
    bool returned = (get(MODEM_STATUS) & MODEM_INPUTS) == PROBE_RETURNED;
    put(MODEM, MODEM_READY | MODEM_INTERRUPTS);
    return returned;
}

static struct serial_port port = {
    .name = "ttyS0",
    .burst_max = FIFO_SIZE,
    .send = ns16550_send,
    .flush = wait_empty,
    .pending = ns16550_pending,
    .receive = ns16550_receive,
};

static enum status ns16550_start(void)
{
    enum status found = arch_device_find("ns16550a", 0, &device);
    if (found == STATUS_NOT_FOUND)
        return STATUS_NO_DEVICE;
    TRY(found);
    wait_empty(); // what the early console still sends
    set_up();
    if (!present())
        return STATUS_NO_DEVICE;
    port.speed = divisor() ? PROFILE_BAUD_RATE : 0;
    port.line = device.line;
    TRY(serial_console_start(&port));
    put(INTERRUPTS, INTERRUPT_RECEIVED);
    return STATUS_OK;
}

static const struct console_ops ns16550_ops = { .start = ns16550_start };

MODULE(ns16550, .version = "0.1.0", .description = "Serial port of the 16550 family", .provides = "console", .abi = CONSOLE_ABI,
       .ops = &ns16550_ops);
