// SPDX-License-Identifier: MIT
// parse.h: command lines: words, quotes, variables, and what stands between commands.
#pragma once

#include <lib/types.h>

enum { COMMAND_WORDS = 128, COMMAND_BYTES = 8192 };

// What stands behind a command and decides whether the next one runs.
enum connector : uint8_t { CONNECT_END, CONNECT_THEN, CONNECT_AND, CONNECT_OR, CONNECT_BACKGROUND };

// Gives the values of variables; nullptr: unset. "?" is the last exit status.
struct parse_scope {
    const char *(*lookup)(void *context, const char *name);
    void *context;
};

struct command {
    int count;
    char *words[COMMAND_WORDS + 1]; // into bytes; a nullptr behind the last
    enum connector next;
    bool written; // something stood there, even if variables made it vanish
    size_t used;
    char bytes[COMMAND_BYTES];
};

// Takes one simple command from *at, expanding variables as they are now, and leaves *at behind its connector. nullptr, or what
// is wrong (a literal; *at is then of no use).
//
// Words are separated by blanks. '…' keeps everything; "…" expands $NAME, ${NAME}, $? and takes a backslash before $ " \ ` and a
// newline for "as it stands"; elsewhere a backslash keeps any character. # begins a comment where a word could begin. An unquoted
// variable without a value is no word; values are not split again.
const char *parse_command(const char **at, const struct parse_scope *scope, struct command *command);

// Whether the whole line can be parsed; what is wrong otherwise. `command` is scratch space.
const char *parse_check(const char *line, struct command *command);
