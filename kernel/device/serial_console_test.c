// SPDX-License-Identifier: MIT
// serial_console_test.c: the console between a port that remembers what it sends and a terminal that remembers what it gets: its own
// copy of the code, so that the machine's console goes on working.

#include <helix/serial_console.h>

#include <lib/attributes.h>
#include <lib/string.h>

#include <helix/interrupt.h>
#include <helix/log.h>
#include <helix/panic.h>
#include <helix/spinlock.h>
#include <helix/test.h>
#include <helix/tty.h>

enum { BURST = 5, LINE = 33, SENT_MAX = 256 };

static char sent[SENT_MAX], got[SENT_MAX];
static size_t sent_length, got_length, longest_burst;
static uint32_t got_pieces, pendings, sent_with_interrupts;
static bool panicking, got_with_interrupts;
static int bytes_waiting; // of the port; -1: it never ends
static enum status terminal_status, interrupt_status;
static const struct tty_device *terminal_device;
static interrupt_handler *connected;
static uint32_t connected_line;
static struct console_writer *log_writer;

static bool fake_panic_active(void)
{
    return panicking;
}

static enum status fake_tty_register(const struct tty_device *device, struct tty **tty)
{
    terminal_device = device;
    *tty = nullptr;
    return terminal_status;
}

static void fake_tty_input(struct tty *tty, const char *bytes, size_t length)
{
    got_pieces++;
    got_with_interrupts |= arch_interrupts_enabled();
    memcpy(got + got_length, bytes, MIN(length, sizeof got - got_length));
    got_length += MIN(length, sizeof got - got_length);
}

static enum status fake_interrupt_connect(uint32_t line, const char *name, interrupt_handler *handler, void *context)
{
    connected = handler;
    connected_line = line;
    return interrupt_status;
}

static enum status fake_log_add_writer(struct console_writer *writer)
{
    log_writer = writer;
    return STATUS_OK;
}

#define panic_active         fake_panic_active
#define tty_register         fake_tty_register
#define tty_input            fake_tty_input
#define interrupt_connect    fake_interrupt_connect
#define log_add_writer       fake_log_add_writer
#define serial_console_input tested_input
#define serial_console_start tested_start

static void tested_input(const char *bytes, size_t length);
static enum status tested_start(const struct serial_port *started);

#include "serial_console.c"

static void port_send(const char *text, size_t length)
{
    longest_burst = MAX(longest_burst, length);
    sent_with_interrupts += arch_interrupts_enabled();
    memcpy(sent + sent_length, text, MIN(length, sizeof sent - sent_length));
    sent_length += MIN(length, sizeof sent - sent_length);
}

static void port_flush(void)
{
}

static bool port_pending(void)
{
    pendings++;
    return bytes_waiting != 0;
}

static size_t port_receive(char *to, size_t size)
{
    if (bytes_waiting < 0) {
        *to = 'e';
        return pendings % 2; // every other time there was nothing after all
    }
    size_t part = MIN((size_t)bytes_waiting, size);
    memset(to, 'r', part);
    bytes_waiting -= (int)part;
    return part;
}

static const struct serial_port fake_port = {
    .name = "fake",
    .speed = 9600,
    .line = LINE,
    .burst_max = BURST,
    .send = port_send,
    .flush = port_flush,
    .pending = port_pending,
    .receive = port_receive,
};

static void begin(void)
{
    sent_length = got_length = longest_burst = 0;
    got_pieces = pendings = sent_with_interrupts = 0;
    panicking = got_with_interrupts = false;
    bytes_waiting = 0;
    terminal_status = interrupt_status = STATUS_OK;
    terminal_device = nullptr;
    connected = nullptr;
    log_writer = nullptr;
    CHECK(tested_start(&fake_port) == STATUS_OK);
}

static bool was_sent(const char *text)
{
    bool same = sent_length == strlen(text) && memcmp(sent, text, sent_length) == 0;
    sent_length = 0;
    return same;
}

TEST(serial_console, begins_with_a_terminal_an_interrupt_and_a_log_writer)
{
    begin();
    CHECK(terminal_device && string_equal(terminal_device->name, "fake") && terminal_device->speed == 9600);
    CHECK(connected && connected_line == LINE);
    CHECK(log_writer && string_equal(log_writer->name, "fake") && log_writer->flush == port_flush);
    log_writer = nullptr;
    interrupt_status = STATUS_NO_DEVICE;
    CHECK(tested_start(&fake_port) == STATUS_NO_DEVICE && !log_writer);
    connected = nullptr;
    terminal_status = STATUS_NO_MEMORY;
    CHECK(tested_start(&fake_port) == STATUS_NO_MEMORY && !connected);
}

TEST(serial_console, sends_in_bursts_with_interrupts_off)
{
    begin();
    bool on = arch_interrupts_disable();
    arch_interrupts_enable();
    terminal_device->write("0123456789ab", 12);
    arch_interrupts_restore(on);
    CHECK(was_sent("0123456789ab"));
    CHECK_EQUAL(longest_burst, BURST);
    CHECK_EQUAL(sent_with_interrupts, 0);
    terminal_device->write("", 0);
    CHECK_EQUAL(sent_length, 0);
}

TEST(serial_console, sends_in_a_panic_whoever_holds_the_lock)
{
    begin();
    bool on = spinlock_acquire_irq(&lock);
    panicking = true;
    terminal_device->write("last words", 10);
    panicking = false;
    spinlock_release_irq(&lock, on);
    CHECK(was_sent("last words"));
}

TEST(serial_console, ends_lines_of_the_log_with_both_characters_and_changes_nothing_else)
{
    begin();
    log_writer->write("one\ntwo", 7);
    CHECK(was_sent("one\r\ntwo"));
    log_writer->write("\n\n", 2);
    CHECK(was_sent("\r\n\r\n"));
    log_writer->write("longer than one burst\n", 22);
    CHECK(was_sent("longer than one burst\r\n"));
    log_writer->write("x\nleft out", 2);
    CHECK(was_sent("x\r\n"));
    terminal_device->write("one\ntwo", 7);
    CHECK(was_sent("one\ntwo"));
}

TEST(serial_console, empties_the_receiver_into_the_terminal)
{
    begin();
    CHECK(connected(0, nullptr, nullptr) == INTERRUPT_NOT_MINE);
    CHECK_EQUAL(got_pieces, 0);
    bytes_waiting = 150;
    CHECK(connected(0, nullptr, nullptr) == INTERRUPT_HANDLED);
    CHECK_EQUAL(got_length, 150);
    CHECK(got[0] == 'r' && got[149] == 'r');
    CHECK_EQUAL(got_pieces, 3);
}

TEST(serial_console, leaves_a_port_that_never_stops_asking)
{
    begin();
    bytes_waiting = -1;
    CHECK(connected(0, nullptr, nullptr) == INTERRUPT_HANDLED);
    CHECK_EQUAL(pendings, TURNS_MAX);
    CHECK_EQUAL(got_pieces, TURNS_MAX / 2);
}

TEST(serial_console, gives_the_terminal_what_had_arrived_before)
{
    begin();
    bool on = arch_interrupts_disable();
    arch_interrupts_enable();
    tested_input("typed", 5);
    CHECK(arch_interrupts_enabled());
    arch_interrupts_restore(on);
    CHECK(got_length == 5 && memcmp(got, "typed", 5) == 0 && !got_with_interrupts);
    tested_input("", 0);
    CHECK_EQUAL(got_pieces, 1);
}
