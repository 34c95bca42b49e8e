// SPDX-License-Identifier: MIT
// line_fuzz.c: any bytes at all as what somebody types at the line editor, line after line, on a terminal of any width.
// sources: kernel/userspace/shell/line.c kernel/userspace/shell/history.c

#include "../../kernel/userspace/shell/line.h"

#include <stdlib.h>

#include <lib/string.h>

#include <helix/heap.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct keyboard {
    const uint8_t *at, *end;
};

static void require(bool condition)
{
    if (!condition)
        __builtin_trap();
}

char *heap_copy_string(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

// What heap_free calls.
void heap_give(void *block)
{
    free(block);
}

static int key_read(void *context)
{
    struct keyboard *keyboard = context;
    return keyboard->at < keyboard->end ? *keyboard->at++ : -1;
}

// Looks at every byte, so that the sanitizers see one that is not there.
static void row_write(void *context, const char *text, size_t length)
{
    static volatile uint8_t sum;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + (uint8_t)text[i]);
}

static void word_complete(void *context, const char *line, size_t cursor, struct completion *completion)
{
    require(cursor < LINE_BYTES && strlen(line) >= cursor);
    completion->word_start = cursor;
    while (completion->word_start && line[completion->word_start - 1] != ' ')
        completion->word_start--;
    size_t length = cursor - completion->word_start;
    char word[LINE_BYTES + 8];
    memcpy(word, line + completion->word_start, length);
    memcpy(word + length, "tail", sizeof "tail");
    completion_add(completion, word, '/');
    if (length % 2)
        completion_add(completion, "another", ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct line_editor editor;
    static struct history history;
    struct keyboard keyboard = { bytes + !!size, bytes + size };
    const struct terminal terminal = {
        .read = key_read, .write = row_write, .complete = word_complete, .context = &keyboard, .columns = size ? bytes[0] : 80
    };
    editor = (struct line_editor){ .terminal = &terminal, .history = &history, .prompt = "> ", .prompt_width = 2 };
    for (enum line_outcome outcome = LINE_DONE; outcome != LINE_CLOSED;) {
        const uint8_t *before = keyboard.at;
        outcome = line_read(&editor);
        require(editor.length < LINE_BYTES && editor.cursor <= editor.length && editor.line[editor.length] == '\0');
        require(keyboard.at > before || outcome == LINE_CLOSED);
        if (outcome == LINE_DONE)
            history_add(&history, editor.line);
    }
    history_clear(&history);
    return 0;
}
