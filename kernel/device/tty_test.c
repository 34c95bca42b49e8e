// SPDX-License-Identifier: MIT
// tty_test.c: the line discipline, fed with bytes, against a device that remembers what it was sent.
#include "tty_local.h"

#include <abi/linux/signal.h>
#include <lib/string.h>

#include <helix/test.h>
#include <helix/timer.h>

enum { SENT_MAX = 1024 };

static char sent[SENT_MAX];
static size_t sent_length;
static struct tty tested;
static uint64_t signalled_group;
static uint64_t signals;

static void remember(const char *text, size_t length)
{
    size_t part = MIN(length, sizeof sent - sent_length);
    memcpy(sent + sent_length, text, part);
    sent_length += part;
}

static void note_signal(uint64_t group, int signal)
{
    signalled_group = group;
    signals |= 1ull << signal;
}

static enum status stop_background(uint64_t group, int signal)
{
    signals |= 1ull << signal;
    return STATUS_RESTART;
}

static uint64_t own_group(void)
{
    return 7;
}

static uint64_t own_session(void)
{
    return 5;
}

static bool any_group(uint64_t group, uint64_t session)
{
    return true;
}

static const struct tty_device device = { .name = "fake", .write = remember, .speed = 9600 };
static const struct tty_hooks test_hooks = {
    .signal_group = note_signal,
    .background_access = stop_background,
    .current_group = own_group,
    .current_session = own_session,
    .group_in_session = any_group,
};
static const struct tty_hooks *real_hooks;

static struct tty *start(void)
{
    memset(&tested, 0, sizeof tested);
    tty_init(&tested, &device, 0);
    sent_length = 0;
    signals = signalled_group = 0;
    real_hooks = tty_hooks();
    tty_set_hooks(&test_hooks);
    return &tested;
}

static void finish(void)
{
    tty_set_hooks(real_hooks);
}

static void type(struct tty *tty, const char *text)
{
    tty_input(tty, text, strlen(text));
}

// Reads without waiting, at most `size` bytes.
static enum status take(struct tty *tty, char *to, size_t size, size_t *done)
{
    struct io_vector vector = { .address = virt_of(to).raw, .left = size, .position = -1 };
    *done = 0;
    return tty_read_vector(tty, &vector, true, UINT64_MAX, done);
}

static bool reads(struct tty *tty, const char *wanted)
{
    char bytes[256];
    size_t done;
    return take(tty, bytes, sizeof bytes, &done) == STATUS_OK && done == strlen(wanted) && memcmp(bytes, wanted, done) == 0;
}

static bool was_sent(const char *wanted)
{
    bool equal = sent_length == strlen(wanted) && memcmp(sent, wanted, sent_length) == 0;
    sent_length = 0;
    return equal;
}

static void set_local(struct tty *tty, uint32_t on, uint32_t off)
{
    struct linux_termios attributes;
    tty_get_attributes(tty, &attributes);
    attributes.local = (attributes.local | on) & ~off;
    tty_set_attributes(tty, &attributes);
}

static void set_raw(struct tty *tty, uint8_t minimum, uint8_t time)
{
    struct linux_termios attributes;
    tty_get_attributes(tty, &attributes);
    attributes.local &= ~(LINUX_ICANON | LINUX_ECHO | LINUX_ISIG | LINUX_IEXTEN);
    attributes.input &= ~(LINUX_ICRNL | LINUX_IXON);
    attributes.characters[LINUX_VMIN] = minimum;
    attributes.characters[LINUX_VTIME] = time;
    tty_set_attributes(tty, &attributes);
}

static bool nothing_to_read(struct tty *tty)
{
    char byte;
    size_t done;
    return take(tty, &byte, 1, &done) == STATUS_WOULD_BLOCK && done == 0 && !tty_can_read(tty);
}

TEST(tty, gives_a_line_only_when_it_is_complete)
{
    struct tty *tty = start();
    type(tty, "ab");
    CHECK(nothing_to_read(tty));
    type(tty, "c\rnext\n");
    CHECK(tty_can_read(tty));
    CHECK(reads(tty, "abc\n"));
    CHECK(reads(tty, "next\n"));
    CHECK(nothing_to_read(tty));
    CHECK(was_sent("abc\r\nnext\r\n"));
    finish();
}

TEST(tty, hands_a_long_line_over_in_pieces)
{
    struct tty *tty = start();
    char bytes[3];
    size_t done;
    type(tty, "abcd\n");
    CHECK(take(tty, bytes, 3, &done) == STATUS_OK && done == 3 && memcmp(bytes, "abc", 3) == 0);
    CHECK(take(tty, bytes, 3, &done) == STATUS_OK && done == 2 && memcmp(bytes, "d\n", 2) == 0);
    finish();
}

TEST(tty, erases_characters_words_and_lines)
{
    struct tty *tty = start();
    type(tty, "abx\x7f\x63\n");
    CHECK(reads(tty, "abc\n"));
    CHECK(was_sent("abx\b \bc\r\n"));
    type(tty, "one two\x17\x17zero\n");
    CHECK(reads(tty, "zero\n"));
    sent_length = 0;
    type(tty, "gone\x15\x7fleft\n");
    CHECK(reads(tty, "left\n"));
    CHECK(was_sent("gone\b \b\b \b\b \b\b \bleft\r\n"));
    finish();
}

TEST(tty, erases_both_cells_of_a_control_character_and_all_bytes_of_a_utf8_one)
{
    struct tty *tty = start();
    type(tty, "\x01\x7f");
    CHECK(was_sent("^A\b \b\b \b"));
    type(tty, "\xc3\xa4\x7f");
    CHECK(was_sent("\xc3\xa4\b \b"));
    type(tty, "ok\n");
    CHECK(reads(tty, "ok\n"));
    finish();
}

TEST(tty, erases_a_tab_back_to_where_it_began)
{
    struct tty *tty = start();
    tty_write(tty, "$ ", 2);
    type(tty, "ab\t");
    sent_length = 0;
    type(tty, "\x7f");
    CHECK(was_sent("\b\b\b\b"));
    finish();
}

TEST(tty, kills_a_line_without_ECHOKE_by_starting_a_new_one)
{
    struct tty *tty = start();
    set_local(tty, 0, LINUX_ECHOKE);
    type(tty, "ab\x15");
    CHECK(was_sent("ab^U\r\n"));
    finish();
}

TEST(tty, sends_signals_to_the_foreground_group_and_drops_the_line)
{
    struct tty *tty = start();
    tty_set_foreground(tty, 5, 9);
    type(tty, "half\x03");
    CHECK_EQUAL(signals, 1ull << LINUX_SIGINT);
    CHECK_EQUAL(signalled_group, 9);
    CHECK(was_sent("half^C"));
    type(tty, "\x1c\x1a");
    CHECK_EQUAL(signals, 1ull << LINUX_SIGINT | 1ull << LINUX_SIGQUIT | 1ull << LINUX_SIGTSTP);
    tty_set_foreground(tty, 5, 7);
    type(tty, "new\n");
    CHECK(reads(tty, "new\n"));
    finish();
}

TEST(tty, keeps_the_line_at_a_signal_with_NOFLSH_and_sends_none_without_ISIG)
{
    struct tty *tty = start();
    tty_set_foreground(tty, 5, 7);
    set_local(tty, LINUX_NOFLSH, 0);
    type(tty, "a\x03z\n");
    CHECK(reads(tty, "az\n"));
    signals = 0;
    set_local(tty, 0, LINUX_ISIG);
    type(tty, "a\x03\n");
    CHECK(reads(tty, "a\x03\n"));
    CHECK_EQUAL(signals, 0);
    finish();
}

TEST(tty, ends_the_file_at_an_empty_line_and_pushes_a_started_one)
{
    struct tty *tty = start();
    char bytes[8];
    size_t done;
    type(tty, "\x04");
    CHECK(tty_can_read(tty));
    CHECK(take(tty, bytes, sizeof bytes, &done) == STATUS_OK && done == 0);
    CHECK(nothing_to_read(tty));
    type(tty, "abc\x04");
    CHECK(reads(tty, "abc"));
    CHECK(nothing_to_read(tty));
    type(tty, "xyz\x04"); // the end of file goes with the read that exactly fills its buffer
    CHECK(take(tty, bytes, 3, &done) == STATUS_OK && done == 3);
    CHECK(nothing_to_read(tty));
    CHECK(was_sent("abcxyz"));
    finish();
}

TEST(tty, takes_the_next_character_literally_after_VLNEXT)
{
    struct tty *tty = start();
    tty_set_foreground(tty, 5, 7);
    type(tty, "\x16\x03\n");
    CHECK(reads(tty, "\x03\n"));
    CHECK_EQUAL(signals, 0);
    CHECK(was_sent("^\b^C\r\n"));
    finish();
}

TEST(tty, translates_input_as_the_flags_say)
{
    struct tty *tty = start();
    struct linux_termios attributes;
    tty_get_attributes(tty, &attributes);
    attributes.input = LINUX_IGNCR | LINUX_INLCR | LINUX_ISTRIP;
    attributes.local = LINUX_ICANON;
    attributes.characters[LINUX_VEOL] = 'E';
    tty_set_attributes(tty, &attributes);
    type(tty, "\xe1\rb\nE");
    CHECK(reads(tty, "ab\rE"));
    CHECK(was_sent(""));
    finish();
}

TEST(tty, echoes_newlines_alone_with_ECHONL)
{
    struct tty *tty = start();
    set_local(tty, LINUX_ECHONL, LINUX_ECHO);
    type(tty, "secret\n");
    CHECK(was_sent("\r\n"));
    finish();
}

TEST(tty, stops_and_starts_output_by_key)
{
    struct tty *tty = start();
    struct io_vector from = { .address = virt_of("x").raw, .left = 1, .position = -1 };
    size_t done = 0;
    type(tty, "\x13");
    CHECK(tty_write_vector(tty, &from, true, &done) == STATUS_WOULD_BLOCK);
    type(tty, "\x11");
    CHECK(tty_write_vector(tty, &from, true, &done) == STATUS_OK && done == 1);
    CHECK(was_sent("x"));
    CHECK(nothing_to_read(tty));
    finish();
}

TEST(tty, reprints_the_line)
{
    struct tty *tty = start();
    type(tty, "ab\x12");
    CHECK(was_sent("ab^R\r\nab"));
    finish();
}

TEST(tty, post_processes_output_only_with_OPOST)
{
    struct tty *tty = start();
    struct linux_termios attributes;
    tty_write(tty, "a\nb\r", 4);
    CHECK(was_sent("a\r\nb\r"));
    tty_get_attributes(tty, &attributes);
    attributes.output = LINUX_OPOST | LINUX_XTABS | LINUX_OCRNL;
    tty_set_attributes(tty, &attributes);
    tty_write(tty, "a\tb\r", 4);
    CHECK(was_sent("a       b\n"));
    attributes.output = LINUX_ONLCR;
    tty_set_attributes(tty, &attributes);
    tty_write(tty, "a\n\t", 3);
    CHECK(was_sent("a\n\t"));
    finish();
}

TEST(tty, reads_raw_bytes_by_VMIN)
{
    struct tty *tty = start();
    char bytes[4];
    size_t done;
    set_raw(tty, 1, 0);
    CHECK(nothing_to_read(tty));
    type(tty, "\x03\r\x04");
    CHECK(reads(tty, "\x03\r\x04"));
    CHECK_EQUAL(signals, 0);
    set_raw(tty, 3, 0);
    type(tty, "ab");
    CHECK(!tty_can_read(tty));
    type(tty, "c");
    CHECK(tty_can_read(tty));
    CHECK(reads(tty, "abc"));
    set_raw(tty, 0, 0);
    CHECK(tty_read(tty, bytes, sizeof bytes, UINT64_MAX, &done) == STATUS_OK && done == 0);
    CHECK(was_sent(""));
    finish();
}

KERNEL_TEST(tty, waits_for_a_byte_as_long_as_VTIME_says)
{
    struct tty *tty = start();
    char bytes[4];
    size_t done;
    set_raw(tty, 0, 1);
    uint64_t before = time_ns();
    CHECK(tty_read(tty, bytes, sizeof bytes, UINT64_MAX, &done) == STATUS_OK && done == 0);
    CHECK(time_ns() - before >= 100 * NS_PER_MS);
    set_raw(tty, 3, 1); // between bytes, once the first has come
    type(tty, "a");
    before = time_ns();
    CHECK(tty_read(tty, bytes, sizeof bytes, UINT64_MAX, &done) == STATUS_OK && done == 1);
    CHECK(time_ns() - before >= 100 * NS_PER_MS);
    CHECK(tty_read(tty, bytes, sizeof bytes, time_ns() + NS_PER_MS, &done) == STATUS_TIMEOUT);
    finish();
}

TEST(tty, types_what_was_typed_ahead_into_a_line_when_lines_come_back)
{
    struct tty *tty = start();
    struct linux_termios cooked;
    tty_get_attributes(tty, &cooked);
    set_raw(tty, 1, 0);
    type(tty, "hallo\x7f\r\x04");
    tty_set_attributes(tty, &cooked);
    CHECK(was_sent("hallo\b \b\r\n"));
    CHECK(reads(tty, "hall\n"));
    CHECK(reads(tty, ""));
    finish();
}

TEST(tty, cuts_a_line_that_does_not_fit_and_still_takes_its_end)
{
    static char line[TTY_INPUT_SIZE + 1];
    struct tty *tty = start();
    size_t done;
    set_local(tty, 0, LINUX_ECHO);
    for (int i = 0; i < 5000; i++)
        type(tty, "x");
    type(tty, "\n");
    CHECK(take(tty, line, sizeof line, &done) == STATUS_OK);
    CHECK_EQUAL(done, TTY_INPUT_SIZE);
    CHECK(line[TTY_INPUT_SIZE - 1] == '\n' && line[TTY_INPUT_SIZE - 2] == 'x');
    finish();
}

TEST(tty, keeps_lines_pasted_beyond_its_buffer_until_there_is_room)
{
    struct tty *tty = start();
    set_local(tty, 0, LINUX_ECHO);
    for (int i = 0; i < 1200; i++)
        type(tty, "1234567\n");
    int lines = 0;
    while (tty_can_read(tty) && reads(tty, "1234567\n"))
        lines++;
    CHECK_EQUAL(lines, 1200);
    for (int i = 0; i < 1200; i++)
        type(tty, "1234567\n");
    tty_set_foreground(tty, 5, 9);
    type(tty, "\x03"); // a key that signals does not wait in the queue
    CHECK_EQUAL(signals, 1ull << LINUX_SIGINT);
    tty_set_foreground(tty, 5, 7);
    CHECK(nothing_to_read(tty));
    finish();
}

TEST(tty, stops_a_reader_in_the_background)
{
    struct tty *tty = start();
    char byte;
    size_t done;
    type(tty, "x\n");
    tty_set_foreground(tty, 5, 9);
    CHECK(take(tty, &byte, 1, &done) == STATUS_RESTART && done == 0);
    CHECK_EQUAL(signals, 1ull << LINUX_SIGTTIN);
    tty_set_foreground(tty, 6, 9); // another session's terminal
    CHECK(take(tty, &byte, 1, &done) == STATUS_OK && byte == 'x');
    finish();
}

TEST(tty, tells_of_a_new_window_size_once)
{
    struct tty *tty = start();
    uint16_t rows, columns;
    tty_set_foreground(tty, 5, 9);
    tty_set_window(tty, 50, 132);
    CHECK_EQUAL(signals, 1ull << LINUX_SIGWINCH);
    signals = 0;
    tty_set_window(tty, 50, 132);
    CHECK_EQUAL(signals, 0);
    tty_get_window(tty, &rows, &columns);
    CHECK(rows == 50 && columns == 132);
    finish();
}
