// SPDX-License-Identifier: MIT
// exec_script.c: files that begin with #!: Linux's rule of an interpreter and at most one argument, which may hold blanks.
#include "exec.h"

#include <lib/string.h>

#include <helix/heap.h>

bool script_is(const struct program_file *file)
{
    char magic[2];
    return program_read(file, 0, magic, sizeof magic) == STATUS_OK && magic[0] == '#' && magic[1] == '!';
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static char *skip_blanks(char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

// Cuts the line into interpreter and argument (nullptr: none). False: there is no interpreter, or the line cuts it off.
static bool line_cut(char *line, bool whole, char **interpreter, char **argument)
{
    char *start = skip_blanks(line);
    char *end = start;
    while (*end && !is_blank(*end))
        end++;
    if (end == start || (!*end && !whole))
        return false;
    *interpreter = start;
    *argument = nullptr;
    if (!*end)
        return true;
    *end = '\0';
    char *rest = skip_blanks(end + 1), *last = rest + strlen(rest);
    while (last > rest && is_blank(last[-1]))
        *--last = '\0';
    if (*rest)
        *argument = rest;
    return true;
}

// The first line without "#!". *whole: its end was in the buffer.
static enum status line_read(const struct program_file *file, char line[SCRIPT_LINE_MAX], bool *whole)
{
    uint64_t left = file->size - 2;
    size_t size = (size_t)MIN(left, (uint64_t)SCRIPT_LINE_MAX - 1);
    TRY(program_read(file, 2, line, size));
    line[size] = '\0';
    char *end = strchr(line, '\n');
    if (end)
        *end = '\0';
    *whole = end || size == left || strlen(line) < size;
    return STATUS_OK;
}

static size_t vector_length(char **vector)
{
    size_t length = 0;
    while (vector && vector[length])
        length++;
    return length;
}

enum status script_enter(const struct program_file *file, const char *path, char **argv, struct script **innermost)
{
    size_t arguments = vector_length(argv);
    struct script *script = heap_alloc(sizeof *script + (arguments + 4) * sizeof(char *));
    if (!script)
        return STATUS_NO_MEMORY;
    char *argument;
    bool whole;
    enum status outcome = line_read(file, script->line, &whole);
    if (outcome == STATUS_OK && !line_cut(script->line, whole, &script->interpreter, &argument))
        outcome = STATUS_BAD_FORMAT;
    if (outcome != STATUS_OK) {
        heap_free(script);
        return outcome;
    }
    size_t count = 0;
    script->argv[count++] = script->interpreter;
    if (argument)
        script->argv[count++] = argument;
    script->argv[count++] = (char *)(uintptr_t)path; // argument vectors are never written through
    for (size_t i = 1; i < arguments; i++)
        script->argv[count++] = argv[i];
    script->argv[count] = nullptr;
    script->outer = *innermost;
    *innermost = script;
    return STATUS_OK;
}

void script_leave(struct script *innermost)
{
    while (innermost) {
        struct script *outer = innermost->outer;
        heap_free(innermost);
        innermost = outer;
    }
}
