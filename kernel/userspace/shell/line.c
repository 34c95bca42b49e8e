// SPDX-License-Identifier: MIT
// line.c: the line editor: keys change a buffer, and the row on the terminal is drawn again.
//
// The line stays on one row: when it is longer than the row, a window round the cursor is shown. Bytes that continue a UTF-8
// character take no cell and the cursor never stands between them.
#include <lib/format.h>
#include <lib/string.h>

#include "line.h"

#define CONTROL(letter_) ((letter_) & 0x1f)

enum key : int {
    KEY_CLOSED = -1,
    KEY_UP = 256,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_IGNORED,
};

// ---- drawing ----

static void draw(struct line_editor *editor, const char *text, size_t length)
{
    editor->terminal->write(editor->terminal->context, text, length);
}

static bool continues(char byte)
{
    return ((uint8_t)byte & 0xc0) == 0x80;
}

static size_t cells(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += !continues(text[i]);
    return count;
}

static size_t step_left(const struct line_editor *editor, size_t at)
{
    while (at > 0 && continues(editor->line[--at]))
        ;
    return at;
}

static size_t step_right(const struct line_editor *editor, size_t at)
{
    if (at < editor->length)
        at++;
    while (at < editor->length && continues(editor->line[at]))
        at++;
    return at;
}

static size_t window_cells(const struct line_editor *editor)
{
    size_t columns = editor->terminal->columns;
    return columns > editor->prompt_width + 8 ? columns - editor->prompt_width - 1 : 8;
}

static void redraw(struct line_editor *editor)
{
    size_t width = window_cells(editor), start = editor->cursor;
    char move[16];

    for (size_t i = 0; i < width && start > 0; i++)
        start = step_left(editor, start);
    size_t end = start;
    for (size_t i = 0; i < width && end < editor->length; i++)
        end = step_right(editor, end);

    draw(editor, "\r", 1);
    draw(editor, editor->prompt, strlen(editor->prompt));
    draw(editor, editor->line + start, end - start);
    draw(editor, "\033[K\r", 4);
    size_t column = editor->prompt_width + cells(editor->line + start, editor->cursor - start);
    if (column)
        draw(editor, move, format_text(move, sizeof move, "\033[%zuC", column));
}

// ---- changing the line ----

static void line_set(struct line_editor *editor, const char *text)
{
    (void)string_copy(editor->line, text, sizeof editor->line);
    editor->length = editor->cursor = strlen(editor->line);
    redraw(editor);
}

static void insert(struct line_editor *editor, const char *text, size_t length)
{
    if (length > LINE_BYTES - 1 - editor->length) {
        draw(editor, "\a", 1);
        return;
    }
    bool at_end = editor->cursor == editor->length;
    memmove(editor->line + editor->cursor + length, editor->line + editor->cursor, editor->length - editor->cursor + 1);
    memcpy(editor->line + editor->cursor, text, length);
    editor->cursor += length;
    editor->length += length;
    if (at_end && cells(editor->line, editor->length) <= window_cells(editor))
        draw(editor, text, length);
    else
        redraw(editor);
}

static void erase(struct line_editor *editor, size_t from, size_t to)
{
    memmove(editor->line + from, editor->line + to, editor->length - to + 1);
    editor->length -= to - from;
    editor->cursor = from;
    redraw(editor);
}

static void move_to(struct line_editor *editor, size_t cursor)
{
    editor->cursor = cursor;
    redraw(editor);
}

static size_t word_left(const struct line_editor *editor)
{
    size_t at = editor->cursor;
    while (at > 0 && editor->line[at - 1] == ' ')
        at--;
    while (at > 0 && editor->line[at - 1] != ' ')
        at--;
    return at;
}

static size_t word_right(const struct line_editor *editor)
{
    size_t at = editor->cursor;
    while (at < editor->length && editor->line[at] == ' ')
        at++;
    while (at < editor->length && editor->line[at] != ' ')
        at++;
    return at;
}

static void recall(struct line_editor *editor, uint32_t back)
{
    const char *line = back ? history_get(editor->history, back) : editor->draft;
    if (!line) {
        draw(editor, "\a", 1);
        return;
    }
    if (editor->back == 0)
        (void)string_copy(editor->draft, editor->line, sizeof editor->draft);
    editor->back = back;
    line_set(editor, line);
}

// ---- completion ----

static bool completion_has(const struct completion *completion, const char *text, size_t length)
{
    const char *at = completion->bytes;
    for (uint32_t i = 0; i < completion->count; i++, at += strlen(at) + 1) {
        if (strlen(at) == length + 1 && memcmp(at, text, length) == 0)
            return true;
    }
    return false;
}

void completion_add(struct completion *completion, const char *text, char suffix)
{
    size_t length = strlen(text);
    if (completion_has(completion, text, length))
        return; // a command and a program of one name
    if (completion->used + length + 2 > sizeof completion->bytes) {
        completion->overflow = true;
        return;
    }
    memcpy(completion->bytes + completion->used, text, length);
    completion->bytes[completion->used + length] = suffix;
    completion->bytes[completion->used + length + 1] = '\0';
    completion->used += length + 2;
    completion->count++;
}

// Bytes that all candidates begin with.
static size_t completion_common(const struct completion *completion)
{
    size_t common = strlen(completion->bytes);
    const char *at = completion->bytes;
    for (uint32_t i = 0; i < completion->count; i++) {
        size_t same = 0;
        while (same < common && at[same] == completion->bytes[same])
            same++;
        common = same;
        at += strlen(at) + 1;
    }
    return common;
}

static void completion_show(struct line_editor *editor)
{
    const char *at = editor->completion.bytes;
    draw(editor, "\n", 1);
    for (uint32_t i = 0; i < editor->completion.count; i++) {
        draw(editor, at, strlen(at));
        draw(editor, "  ", 2);
        at += strlen(at) + 1;
    }
    if (editor->completion.overflow)
        draw(editor, "…", strlen("…"));
    draw(editor, "\n", 1);
    redraw(editor);
}

static void complete(struct line_editor *editor)
{
    struct completion *completion = &editor->completion;
    if (!editor->terminal->complete)
        return;
    completion->word_start = editor->cursor;
    completion->count = 0;
    completion->used = 0;
    completion->overflow = false;
    completion->bytes[0] = '\0';
    editor->terminal->complete(editor->terminal->context, editor->line, editor->cursor, completion);
    size_t written = editor->cursor - completion->word_start;
    size_t common = completion->count ? completion_common(completion) : 0;
    if (common > written && !completion->overflow)
        insert(editor, completion->bytes + written, common - written);
    else if (completion->count > 1)
        completion_show(editor);
    else
        draw(editor, "\a", 1);
}

// ---- keys ----

static int byte_read(struct line_editor *editor)
{
    return editor->terminal->read(editor->terminal->context);
}

static int key_of_letter(int letter, bool with_control)
{
    switch (letter) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return with_control ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D':
        return with_control ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    default:
        return KEY_IGNORED;
    }
}

static int key_of_number(uint32_t number)
{
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 4:
    case 8:
        return KEY_END;
    case 3:
        return KEY_DELETE;
    default:
        return KEY_IGNORED;
    }
}

// Behind ESC [ : numbers separated by semicolons, then a letter or ~.
static int key_read_sequence(struct line_editor *editor)
{
    uint32_t number[2] = { 0 }, index = 0;
    for (;;) {
        int byte = byte_read(editor);
        if (byte < 0)
            return KEY_CLOSED;
        if (byte >= '0' && byte <= '9')
            number[index] = (number[index] * 10 + (uint32_t)(byte - '0')) % 1000;
        else if (byte == ';')
            index = 1;
        else if (byte == '~')
            return key_of_number(number[0]);
        else if (byte >= 0x40)
            return key_of_letter(byte, number[1] == 5);
    }
}

static int key_read(struct line_editor *editor)
{
    int byte = byte_read(editor);
    if (byte != 0x1b)
        return byte;
    byte = byte_read(editor);
    if (byte == '[')
        return key_read_sequence(editor);
    if (byte == 'O')
        return key_of_letter(byte_read(editor), false);
    if (byte == 'b')
        return KEY_WORD_LEFT;
    return byte == 'f' ? KEY_WORD_RIGHT : KEY_IGNORED;
}

static void finish(struct line_editor *editor, enum line_outcome outcome, const char *shown)
{
    if (editor->cursor != editor->length)
        move_to(editor, editor->length);
    draw(editor, shown, strlen(shown));
    editor->done = true;
    editor->outcome = outcome;
}

static void end_of_input(struct line_editor *editor)
{
    if (editor->length == 0)
        finish(editor, LINE_END_OF_INPUT, "\n");
    else if (editor->cursor < editor->length)
        erase(editor, editor->cursor, step_right(editor, editor->cursor));
}

static void handle_control(struct line_editor *editor, int key)
{
    switch (key) {
    case '\r':
    case '\n':
        finish(editor, LINE_DONE, "\n");
        break;
    case CONTROL('C'):
        finish(editor, LINE_INTERRUPTED, "^C\n");
        break;
    case KEY_CLOSED:
        finish(editor, LINE_CLOSED, "\n");
        break;
    case CONTROL('D'):
        end_of_input(editor);
        break;
    case CONTROL('L'):
        draw(editor, "\033[H\033[2J", 7);
        redraw(editor);
        break;
    case '\t':
        complete(editor);
        break;
    case CONTROL('P'):
    case KEY_UP:
        recall(editor, editor->back + 1);
        break;
    case CONTROL('N'):
    case KEY_DOWN:
        if (editor->back)
            recall(editor, editor->back - 1);
        break;
    }
}

static void handle_motion(struct line_editor *editor, int key)
{
    switch (key) {
    case CONTROL('A'):
    case KEY_HOME:
        move_to(editor, 0);
        break;
    case CONTROL('E'):
    case KEY_END:
        move_to(editor, editor->length);
        break;
    case CONTROL('B'):
    case KEY_LEFT:
        move_to(editor, step_left(editor, editor->cursor));
        break;
    case CONTROL('F'):
    case KEY_RIGHT:
        move_to(editor, step_right(editor, editor->cursor));
        break;
    case KEY_WORD_LEFT:
        move_to(editor, word_left(editor));
        break;
    case KEY_WORD_RIGHT:
        move_to(editor, word_right(editor));
        break;
    }
}

static void handle_erasure(struct line_editor *editor, int key)
{
    switch (key) {
    case CONTROL('H'):
    case 0x7f:
        erase(editor, step_left(editor, editor->cursor), editor->cursor);
        break;
    case KEY_DELETE:
        erase(editor, editor->cursor, step_right(editor, editor->cursor));
        break;
    case CONTROL('U'):
        erase(editor, 0, editor->cursor);
        break;
    case CONTROL('K'):
        erase(editor, editor->cursor, editor->length);
        break;
    case CONTROL('W'):
        erase(editor, word_left(editor), editor->cursor);
        break;
    }
}

// Each of the three knows other keys and ignores the rest.
static void handle_key(struct line_editor *editor, int key)
{
    if (key >= ' ' && key < 256 && key != 0x7f) {
        char byte = (char)key;
        insert(editor, &byte, 1);
        return;
    }
    handle_control(editor, key);
    handle_motion(editor, key);
    handle_erasure(editor, key);
}

enum line_outcome line_read(struct line_editor *editor)
{
    editor->length = editor->cursor = 0;
    editor->line[0] = editor->draft[0] = '\0';
    editor->back = 0;
    editor->done = false;
    redraw(editor);
    while (!editor->done)
        handle_key(editor, key_read(editor));
    return editor->outcome;
}
