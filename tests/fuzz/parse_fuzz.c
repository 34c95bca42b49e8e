// SPDX-License-Identifier: MIT
// parse_fuzz.c: any line at all through the kernel shell's parser, twice: as parse_check reads it, and with variables expanded.
// sources: kernel/userspace/shell/parse.c

#include "../../kernel/userspace/shell/parse.h"

#include <lib/string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { LINE_MAX = 16 * 1024 };

static void require(bool condition)
{
    if (!condition)
        __builtin_trap();
}

// Short, empty, unset and large values, by the first letter of the name.
static const char *look_up(void *context, const char *name)
{
    static char large[COMMAND_BYTES];
    memset(large, 'v', sizeof large - 1);
    require(*name);
    return *name == 'L' ? large : *name == 'E' ? "" : *name == 'U' ? nullptr : "a b;c";
}

static void command_verify(const struct command *command)
{
    require(command->count >= 0 && command->count <= COMMAND_WORDS && command->used <= COMMAND_BYTES);
    require(!command->words[command->count] && command->next <= CONNECT_BACKGROUND);
    require(command->written || !command->count);
    for (int i = 0; i < command->count; i++) {
        const char *word = command->words[i];
        require(word >= command->bytes && word < command->bytes + command->used);
        require(word + strlen(word) < command->bytes + command->used);
    }
}

// Whether every command could be taken; each takes something off the line, so this ends.
static bool line_parse(const char *line, const struct parse_scope *scope, struct command *command)
{
    const char *at = line, *end = line + strlen(line);
    do {
        const char *before = at;
        const char *error = parse_command(&at, scope, command);
        if (error)
            return false;
        require(at >= before && at <= end);
        command_verify(command);
        require(at > before || command->next == CONNECT_END);
    } while (command->next != CONNECT_END);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct command command;
    static char line[LINE_MAX];
    const struct parse_scope scope = { .lookup = look_up };
    size = MIN(size, sizeof line - 1);
    if (size)
        memcpy(line, bytes, size);
    line[size] = '\0';
    const char *error = parse_check(line, &command);
    require(!error || *error);
    if (!error)
        require(line_parse(line, nullptr, &command)); // what is checked can be run
    (void)line_parse(line, &scope, &command);         // values may make it too long
    return 0;
}
