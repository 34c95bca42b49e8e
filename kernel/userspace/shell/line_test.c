// SPDX-License-Identifier: MIT
#include <lib/string.h>

#include <helix/test.h>

#include "line.h"

// A terminal of one row: types the keys it is given and keeps what the row shows.
enum { ROW = 40 };
static struct {
    const char *keys;
    char row[ROW + 1];
    size_t column, sequence; // > 0: inside an escape sequence
    uint32_t number;
    uint32_t bells, lines;
} fake;

static struct history history;
static struct line_editor editor;

static int fake_read(void *context)
{
    return *fake.keys ? (uint8_t)*fake.keys++ : -1;
}

static void fake_put(char c)
{
    if (fake.column < ROW)
        fake.row[fake.column++] = c;
}

static void fake_sequence(char c)
{
    if (c >= '0' && c <= '9')
        fake.number = fake.number * 10 + (uint32_t)(c - '0');
    else if (c == 'C')
        fake.column += fake.number;
    else if (c == 'K')
        memset(fake.row + fake.column, ' ', ROW - fake.column);
    if (c >= '@' && c != '[')
        fake.sequence = 0;
}

static void fake_write(void *context, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (fake.sequence)
            fake_sequence(text[i]);
        else if (text[i] == '\033')
            fake.sequence = 1, fake.number = 0;
        else if (text[i] == '\r')
            fake.column = 0;
        else if (text[i] == '\a')
            fake.bells++;
        else if (text[i] == '\n')
            fake.lines++;
        else if (((uint8_t)text[i] & 0xc0) != 0x80)
            fake_put(text[i]);
    }
}

static void fake_complete(void *context, const char *line, size_t cursor, struct completion *completion)
{
    static const char *const words[] = { "history", "help", "helix" };
    size_t start = cursor;
    while (start > 0 && line[start - 1] != ' ')
        start--;
    completion->word_start = start;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (strncmp(words[i], line + start, cursor - start) == 0)
            completion_add(completion, words[i], ' ');
    }
}

static enum line_outcome type(const char *keys)
{
    static const struct terminal terminal = { .read = fake_read, .write = fake_write, .complete = fake_complete, .columns = ROW };
    memset(&fake, 0, sizeof fake);
    memset(fake.row, ' ', ROW);
    fake.keys = keys;
    editor.terminal = &terminal;
    editor.history = &history;
    editor.prompt = "\033[1m> \033[0m";
    editor.prompt_width = 2;
    return line_read(&editor);
}

static bool typed(const char *keys, const char *line)
{
    return type(keys) == LINE_DONE && string_equal(editor.line, line);
}

TEST(line, takes_what_is_typed_and_shows_it)
{
    CHECK(typed("hello\r", "hello"));
    CHECK(string_starts(fake.row, "> hello   "));
    CHECK_EQUAL(fake.lines, 1);
    CHECK(typed("\r", ""));
    CHECK(typed("x\n", "x"));
}

TEST(line, edits_with_arrows_and_control_keys)
{
    CHECK(typed("ac\033[Db\r", "abc"));
    CHECK(typed("bc\001a\005d\r", "abcd"));
    CHECK(typed("bc\033[Ha\033[Fd\r", "abcd"));
    CHECK(typed("bc\033[1~a\033[4~d\r", "abcd"));
    CHECK(typed("bc\033OHa\r", "abc"));
    CHECK(typed("abX\177c\r", "abc"));
    CHECK(typed("aXb\033[D\033[D\033[3~\r", "ab"));
    CHECK(typed("aXb\001\033[C\004\r", "ab"));
    CHECK(typed("wrong\025right\r", "right"));
    CHECK(typed("keep cut\033[D\033[D\033[D\013\r", "keep "));
    CHECK(typed("one two  \027three\r", "one three"));
    CHECK(typed("one two\033[1;5Dand \r", "one and two"));
    CHECK(string_starts(fake.row, "> one and two   "));
}

TEST(line, stays_inside_the_line_at_its_ends)
{
    CHECK(typed("\177\033[3~\033[D\033[Ca\033[C\033[C\033[3~\r", "a"));
    CHECK(typed("\027\025\013\001\005\r", ""));
    CHECK(typed("a\033[99;99Zb\033xc\r", "abc"));
}

TEST(line, reports_interruption_and_end_of_input)
{
    CHECK(type("abc\003") == LINE_INTERRUPTED);
    CHECK(type("\004") == LINE_END_OF_INPUT);
    CHECK(type("abc") == LINE_CLOSED);
    CHECK(type("abc\033[") == LINE_CLOSED);
}

TEST(line, recalls_history_and_the_draft)
{
    history_add(&history, "first");
    history_add(&history, "second");
    history_add(&history, "second");
    CHECK_EQUAL(history.count, 2);
    CHECK(typed("\033[A\r", "second"));
    CHECK(typed("\033[A\033[A\r", "first"));
    CHECK(typed("\033[A\033[A\033[A\r", "first"));
    CHECK_EQUAL(fake.bells, 1);
    CHECK(typed("draft\033[A\033[B!\r", "draft!"));
    CHECK(typed("\033[B\r", ""));
    CHECK(typed("\033[A\0333\r", "second"));
    history_clear(&history);
    CHECK(typed("\033[A\r", ""));
}

TEST(line, forgets_the_oldest_of_more_than_a_hundred)
{
    char text[8] = "000";
    for (int i = 0; i < 150; i++) {
        text[0] = (char)('0' + i / 100);
        text[1] = (char)('0' + i / 10 % 10);
        text[2] = (char)('0' + i % 10);
        history_add(&history, text);
    }
    CHECK_EQUAL(history.count, HISTORY_LINES);
    CHECK(string_equal(history_get(&history, 1), "149"));
    CHECK(string_equal(history_get(&history, HISTORY_LINES), "050"));
    CHECK(history_get(&history, HISTORY_LINES + 1) == nullptr);
    CHECK(history_get(&history, 0) == nullptr);
    history_clear(&history);
}

TEST(line, completes_words)
{
    CHECK(typed("hi\t\r", "history "));
    CHECK(typed("run he\tp\r", "run help"));
    CHECK_EQUAL(fake.bells, 0);
    CHECK(typed("hel\t\r", "hel"));
    CHECK_EQUAL(fake.lines, 3);
    CHECK(typed("zz\t\r", "zz"));
    CHECK_EQUAL(fake.bells, 1);
}

TEST(line, scrolls_a_line_longer_than_the_row)
{
    CHECK(typed("0123456789012345678901234567890123456789012345ABC\r", "0123456789012345678901234567890123456789012345ABC"));
    CHECK(string_starts(fake.row, "> "));
    CHECK(fake.row[ROW - 2] == 'C');
}

TEST(line, moves_over_whole_characters)
{
    CHECK(typed("a\xc3\xa4z\033[D\033[D\033[3~\r", "az"));
    CHECK(typed("a\xc3\xa4\177\r", "a"));
}

TEST(line, refuses_more_bytes_than_it_holds)
{
    static char keys[LINE_BYTES + 64];
    memset(keys, 'k', sizeof keys - 2);
    keys[sizeof keys - 2] = '\r';
    CHECK(type(keys) == LINE_DONE);
    CHECK_EQUAL(strlen(editor.line), LINE_BYTES - 1);
    CHECK(fake.bells > 0);
}
