// SPDX-License-Identifier: MIT
// pl011.c: Arm's serial port (PrimeCell UART PL011), as the console.
//
// Purpose     Carries the kernel's log, its shell and the programs' terminal over the first PL011 that the machine says it has.
// How         The registers, for kernel/device/serial_console.c. A receive interrupt comes when the FIFO is half full or, by its
//             time-out, when less than that has waited for 32 bit times.
// Invariants  Setting up loses nothing that was typed before: the FIFO is reset only when it has been emptied.
// Not here    Modem lines, speeds other than the profile's.
#include <arch/cpu.h>
#include <arch/device.h>
#include <generated/profile.h>
#include <helix/console.h>
#include <helix/module.h>
#include <helix/serial_console.h>

// Registers, and bits in them: Arm DDI 0183, chapter 3.
enum {
    DATA = 0x00,
    FLAGS = 0x18,
    DIVISOR = 0x24,
    FRACTION = 0x28,
    LINE = 0x2c,
    CONTROL = 0x30,
    LEVELS = 0x34,
    MASK = 0x38,
    MASKED = 0x40,
    CLEAR = 0x44
};
enum : uint32_t { FLAG_BUSY = 1 << 3, FLAG_NOTHING = 1 << 4, FLAG_FULL = 1 << 5, FLAG_EMPTY = 1 << 7 };
enum : uint32_t { LINE_FIFO = 1 << 4, LINE_EIGHT_BITS = 3 << 5, LEVELS_HALF = 2 << 3 | 2 };
enum : uint32_t { CONTROL_ON = 1 << 0, CONTROL_SEND = 1 << 8, CONTROL_RECEIVE = 1 << 9, CONTROL_READY = 1 << 10 | 1 << 11 };
enum : uint32_t { INTERRUPT_RECEIVED = 1 << 4, INTERRUPT_WAITED = 1 << 6, INTERRUPT_ALL = 0x7ff };
enum : uint32_t { DATA_BREAK = 1 << 10 };
enum { FIFO_SIZE = 16, FIFO_SIZE_MAX = 32, PATIENCE = 1'000'000 }; // bytes; later revisions have the larger one; polls

static volatile uint8_t *registers;

static uint32_t get(int reg)
{
    return arch_read32(registers + reg);
}

static void put(int reg, uint32_t value)
{
    arch_write32(registers + reg, value);
}

static void wait_for(uint32_t flags, uint32_t wanted)
{
    for (uint32_t tries = 0; (get(FLAGS) & flags) != wanted && tries < PATIENCE; tries++)
        arch_cpu_relax();
}

static void pl011_send(const char *text, size_t length)
{
    wait_for(FLAG_EMPTY, FLAG_EMPTY);
    for (size_t i = 0; i < length; i++)
        put(DATA, (uint8_t)text[i]);
}

static void pl011_flush(void)
{
    wait_for(FLAG_BUSY, 0);
}

static bool pl011_pending(void)
{
    return get(MASKED);
}

// A break comes as a byte of zeros that nobody typed.
static size_t take_bytes(char *to, size_t size)
{
    size_t length = 0;
    while (length < size && !(get(FLAGS) & FLAG_NOTHING)) {
        uint32_t data = get(DATA);
        if (!(data & DATA_BREAK))
            to[length++] = (char)data;
    }
    return length;
}

// Reading ends the interrupt, but for a time-out that came too late. After that is cleared, the FIFO must have been seen empty once: what
// comes then interrupts again.
static size_t pl011_receive(char *to, size_t size)
{
    size_t length = take_bytes(to, size);
    if (length)
        return length;
    put(CLEAR, INTERRUPT_RECEIVED | INTERRUPT_WAITED);
    return take_bytes(to, size);
}

// Divisors have 6 bits behind the point: clock / (16 * rate) * 64, rounded. Without a known clock, firmware's stay.
static void set_speed(uint64_t clock_hz)
{
    uint64_t divisor = (clock_hz * 8 / PROFILE_BAUD_RATE + 1) / 2;
    if (divisor < 64 || divisor >> 6 > UINT16_MAX)
        return;
    put(DIVISOR, (uint32_t)(divisor >> 6));
    put(FRACTION, divisor & 63);
}

// Everything but the interrupt mask. Divisors take effect with the write to LINE, which may empty the FIFO, too: what has been typed until
// then is taken out before, while the port is off. Returns how much that was.
static size_t set_up(uint64_t clock_hz, char *typed, size_t size)
{
    put(MASK, 0);
    put(CONTROL, 0);
    set_speed(clock_hz);
    put(LEVELS, LEVELS_HALF);
    size_t length = take_bytes(typed, size);
    put(LINE, LINE_EIGHT_BITS | LINE_FIFO);
    put(CONTROL, CONTROL_ON | CONTROL_SEND | CONTROL_RECEIVE | CONTROL_READY);
    return length;
}

static struct serial_port port = {
    .name = "ttyAMA0",
    .speed = PROFILE_BAUD_RATE,
    .burst_max = FIFO_SIZE,
    .send = pl011_send,
    .flush = pl011_flush,
    .pending = pl011_pending,
    .receive = pl011_receive,
};

static enum status pl011_start(void)
{
    struct arch_device found;
    char early[FIFO_SIZE_MAX];
    if (arch_device_find("arm,pl011", 0, &found) != STATUS_OK)
        return STATUS_NO_DEVICE;
    registers = found.registers.memory;
    port.line = found.line;
    pl011_flush(); // what the early console still sends
    size_t length = set_up(found.clock_hz, early, sizeof early);
    TRY(serial_console_start(&port));
    serial_console_input(early, length);
    put(CLEAR, INTERRUPT_ALL);
    serial_console_input(early, take_bytes(early, sizeof early)); // since it is on
    put(MASK, INTERRUPT_RECEIVED | INTERRUPT_WAITED);
    return STATUS_OK;
}

static const struct console_ops pl011_ops = { .start = pl011_start };

MODULE(pl011, .version = "0.1.0", .description = "Arm's serial port PL011", .provides = "console", .abi = CONSOLE_ABI, .ops = &pl011_ops);
