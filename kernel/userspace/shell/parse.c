// SPDX-License-Identifier: MIT
// parse.c: splits a command line into commands and words.
#include <lib/string.h>

#include "parse.h"

enum { NAME_BYTES = 64 };

struct parser {
    const char *at;
    const struct parse_scope *scope;
    struct command *command;
    const char *error;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_end(char c)
{
    return c == '\0' || c == '\n';
}

// What ends a word when it is not quoted.
static bool is_operator(char c)
{
    return c == ';' || c == '&' || c == '|' || c == '<' || c == '>' || c == '(' || c == ')' || c == '`';
}

static bool is_name(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static void put(struct parser *parser, char c)
{
    if (parser->command->used < COMMAND_BYTES - 1)
        parser->command->bytes[parser->command->used++] = c;
    else
        parser->error = "the command is too long";
}

static void put_value(struct parser *parser, const char *name)
{
    const char *value = parser->scope ? parser->scope->lookup(parser->scope->context, name) : nullptr;
    for (; value && *value; value++)
        put(parser, *value);
}

// At the character behind "${".
static void parse_braces(struct parser *parser)
{
    char name[NAME_BYTES];
    size_t length = 0;
    const char *at = parser->at;
    if (*at == '?')
        name[length++] = *at++;
    else
        while (is_name(*at, length == 0) && length < NAME_BYTES - 1)
            name[length++] = *at++;
    if (*at != '}' || length == 0) {
        parser->error = "bad ${…}";
        return;
    }
    name[length] = '\0';
    parser->at = at + 1;
    put_value(parser, name);
}

// At the character behind a '$'.
static void parse_variable(struct parser *parser)
{
    char name[NAME_BYTES];
    size_t length = 0;
    if (*parser->at == '{') {
        parser->at++;
        parse_braces(parser);
        return;
    }
    if (*parser->at == '?') {
        parser->at++;
        put_value(parser, "?");
        return;
    }
    while (is_name(*parser->at, length == 0) && length < NAME_BYTES - 1)
        name[length++] = *parser->at++;
    name[length] = '\0';
    if (length)
        put_value(parser, name);
    else
        put(parser, '$'); // before anything else a dollar is a dollar
}

static void parse_single(struct parser *parser)
{
    while (*parser->at != '\'') {
        if (is_end(*parser->at)) {
            parser->error = "no closing '";
            return;
        }
        put(parser, *parser->at++);
    }
    parser->at++;
}

static bool keeps_meaning(char c)
{
    return c == '$' || c == '"' || c == '\\' || c == '`';
}

static void parse_double(struct parser *parser)
{
    while (*parser->at != '"' && !parser->error) {
        if (is_end(*parser->at)) {
            parser->error = "no closing \"";
            return;
        }
        char c = *parser->at++;
        if (c == '$')
            parse_variable(parser);
        else if (c == '\\' && keeps_meaning(*parser->at))
            put(parser, *parser->at++);
        else
            put(parser, c);
    }
    parser->at++;
}

// One piece of a word. Returns whether it was quoted, so that the word stands even when it is empty.
static bool parse_piece(struct parser *parser)
{
    char c = *parser->at++;
    switch (c) {
    case '\'':
        parse_single(parser);
        return true;
    case '"':
        parse_double(parser);
        return true;
    case '\\':
        put(parser, is_end(*parser->at) ? '\\' : *parser->at++);
        return true;
    case '$':
        parse_variable(parser);
        return false;
    default:
        put(parser, c);
        return false;
    }
}

static void parse_word(struct parser *parser)
{
    struct command *command = parser->command;
    size_t start = command->used;
    bool quoted = false;

    while (!parser->error && !is_end(*parser->at) && !is_blank(*parser->at) && !is_operator(*parser->at))
        quoted |= parse_piece(parser);
    if (parser->error || (command->used == start && !quoted))
        return;
    if (command->count == COMMAND_WORDS) {
        parser->error = "too many words";
        return;
    }
    command->words[command->count++] = &command->bytes[start];
    command->bytes[command->used++] = '\0'; // put() leaves room for one
    if (command->used >= COMMAND_BYTES - 1)
        parser->error = "the command is too long";
}

static void parse_connector(struct parser *parser)
{
    char c = *parser->at++;
    bool twice = *parser->at == c;
    if (c == ';') {
        parser->command->next = CONNECT_THEN;
    } else if (c == '&') {
        parser->command->next = twice ? CONNECT_AND : CONNECT_BACKGROUND;
        parser->at += twice;
    } else if (c == '|' && twice) {
        parser->command->next = CONNECT_OR;
        parser->at++;
    } else {
        parser->error = "pipes, redirections and ( ) ` need a program's shell: run /bin/busybox sh -c '…'";
        return;
    }
    if (!parser->command->written)
        parser->error = "a command is missing";
}

const char *parse_command(const char **at, const struct parse_scope *scope, struct command *command)
{
    struct parser parser = { .at = *at, .scope = scope, .command = command };
    command->count = 0;
    command->used = 0;
    command->next = CONNECT_END;
    command->written = false;
    for (;;) {
        while (is_blank(*parser.at))
            parser.at++;
        if (is_end(*parser.at) || *parser.at == '#') {
            while (!is_end(*parser.at))
                parser.at++;
            break;
        }
        if (is_operator(*parser.at)) {
            parse_connector(&parser);
            break;
        }
        command->written = true;
        parse_word(&parser);
        if (parser.error)
            break;
    }
    command->words[command->count] = nullptr;
    *at = parser.at;
    return parser.error;
}

const char *parse_check(const char *line, struct command *command)
{
    enum connector before = CONNECT_THEN;
    for (;;) {
        const char *error = parse_command(&line, nullptr, command);
        if (error)
            return error;
        if (!command->written && (before == CONNECT_AND || before == CONNECT_OR))
            return "a command is missing";
        before = command->next;
        if (before == CONNECT_END)
            return nullptr;
    }
}
