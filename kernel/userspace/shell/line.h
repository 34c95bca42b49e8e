// SPDX-License-Identifier: MIT
// line.h: reads one line from a terminal with editing, history and completion. Knows bytes only: a test can be the terminal.
#pragma once

#include <lib/types.h>

enum { LINE_BYTES = 2048, HISTORY_LINES = 100, COMPLETION_BYTES = 4096 };

struct history {
    char *lines[HISTORY_LINES]; // on the heap; [first] is the oldest
    uint32_t first, count;
    uint64_t total; // ever added: the number of the newest
};

// Adds a copy unless it is empty or the newest already; without memory it is simply not kept.
void history_add(struct history *history, const char *line);

// The line `back` steps back, 1 being the newest; nullptr: there is none.
const char *history_get(const struct history *history, uint32_t back);
void history_clear(struct history *history);

// What could stand where the word before the cursor stands.
struct completion {
    size_t word_start; // in the line
    uint32_t count;    // of candidates
    size_t used;
    bool overflow;                // there were more than fit
    char bytes[COMPLETION_BYTES]; // NUL-terminated candidates, one after the other
};

// Adds a candidate; `suffix` is '/' for directories, ' ' for whole words.
void completion_add(struct completion *completion, const char *text, char suffix);

struct terminal {
    int (*read)(void *context); // next byte; −1: closed
    void (*write)(void *context, const char *text, size_t length);
    void (*complete)(void *context, const char *line, size_t cursor, struct completion *completion); // may be nullptr
    void *context;
    uint32_t columns;
};

// CLOSED: the terminal has no more bytes and never will.
enum line_outcome { LINE_DONE, LINE_INTERRUPTED, LINE_END_OF_INPUT, LINE_CLOSED };

struct line_editor {
    const struct terminal *terminal;
    struct history *history;
    const char *prompt;
    size_t prompt_width; // cells it takes, escape sequences not counted
    uint32_t back;       // how far back in history; 0: the line being written
    size_t length, cursor;
    bool done;
    enum line_outcome outcome;
    char line[LINE_BYTES];  // always terminated
    char draft[LINE_BYTES]; // the line being written, while history is shown
    struct completion completion;
};

// Reads a line into editor->line. terminal, history, prompt and prompt_width are set. Not added to the history.
enum line_outcome line_read(struct line_editor *editor);
