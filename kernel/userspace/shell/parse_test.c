// SPDX-License-Identifier: MIT
#include <lib/format.h>
#include <lib/string.h>

#include <helix/test.h>

#include "parse.h"

static struct command command;

static const char *lookup(void *context, const char *name)
{
    if (string_equal(name, "?"))
        return "7";
    if (string_equal(name, "HOME"))
        return "/root";
    if (string_equal(name, "TWO"))
        return "two words";
    if (string_equal(name, "EMPTY"))
        return "";
    return nullptr;
}

// Whether the first command of the line has exactly these words, joined by '|'.
static bool gives(const char *line, const char *expected)
{
    static const struct parse_scope scope = { .lookup = lookup };
    char joined[512];
    struct text text = { .bytes = joined, .size = sizeof joined };
    joined[0] = '\0';
    if (parse_command(&line, &scope, &command))
        return false;
    for (int i = 0; i < command.count; i++)
        text_add(&text, "%s%s", i ? "|" : "", command.words[i]);
    return string_equal(joined, expected) && command.words[command.count] == nullptr;
}

TEST(parse, splits_at_blanks_and_drops_comments)
{
    CHECK(gives("  echo  a\tb ", "echo|a|b"));
    CHECK(gives("echo a # b", "echo|a"));
    CHECK(gives("echo a#b", "echo|a#b"));
    CHECK(gives("# nothing", ""));
    CHECK(gives("", ""));
    CHECK(gives("   ", ""));
}

TEST(parse, keeps_single_quotes_as_they_stand)
{
    CHECK(gives("echo '$HOME \\n \"x\"'", "echo|$HOME \\n \"x\""));
    CHECK(gives("a'b c'd", "ab cd"));
    CHECK(gives("echo ''", "echo|"));
}

TEST(parse, expands_in_double_quotes_and_takes_four_escapes)
{
    CHECK(gives("echo \"$HOME ${TWO}x\"", "echo|/root two wordsx"));
    CHECK(gives("run /bin/busybox sh -c \"kill -SEGV \\$\\$\"", "run|/bin/busybox|sh|-c|kill -SEGV $$"));
    CHECK(gives("echo \"a\\\"b\\\\c\\`d\\ne\"", "echo|a\"b\\c`d\\ne"));
    CHECK(gives("echo \"$\" \"a$\" \"$5\"", "echo|$|a$|$5"));
    CHECK(gives("echo \"tr a-z A-Z | cat > x; y & z\"", "echo|tr a-z A-Z | cat > x; y & z"));
}

TEST(parse, expands_variables_without_splitting_them)
{
    CHECK(gives("echo $TWO", "echo|two words"));
    CHECK(gives("echo $?/${?}", "echo|7/7"));
    CHECK(gives("echo a$HOME/b", "echo|a/root/b"));
    CHECK(gives("echo $$", "echo|$$"));
    CHECK(gives("echo $NOBODY x $EMPTY y", "echo|x|y"));
    CHECK(gives("echo \"$NOBODY\"", "echo|"));
}

TEST(parse, takes_a_backslash_for_any_character)
{
    CHECK(gives("echo a\\ b \\$HOME \\; \\\\", "echo|a b|$HOME|;|\\"));
    CHECK(gives("echo \\", "echo|\\"));
}

TEST(parse, says_what_stands_between_commands)
{
    static const struct parse_scope scope = { .lookup = lookup };
    const char *line = "a;b && c||d & e";
    static const enum connector connectors[] = { CONNECT_THEN, CONNECT_AND, CONNECT_OR, CONNECT_BACKGROUND, CONNECT_END };
    for (size_t i = 0; i < ARRAY_LENGTH(connectors); i++) {
        CHECK(parse_command(&line, &scope, &command) == nullptr);
        CHECK_EQUAL(command.next, connectors[i]);
        CHECK(command.count == 1 && command.words[0][0] == (char)('a' + (int)i));
    }
    CHECK(*line == '\0');
}

TEST(parse, refuses_what_it_does_not_understand)
{
    CHECK(parse_check("echo 'a", &command) != nullptr);
    CHECK(parse_check("echo \"a", &command) != nullptr);
    CHECK(parse_check("echo \"a\\\"", &command) != nullptr);
    CHECK(parse_check("echo ${HOME", &command) != nullptr);
    CHECK(parse_check("echo ${}", &command) != nullptr);
    CHECK(parse_check("echo ${a-b}", &command) != nullptr);
    CHECK(parse_check("a | b", &command) != nullptr);
    CHECK(parse_check("a > b", &command) != nullptr);
    CHECK(parse_check("(a)", &command) != nullptr);
    CHECK(parse_check("; a", &command) != nullptr);
    CHECK(parse_check("a ;; b", &command) != nullptr);
    CHECK(parse_check("a &&", &command) != nullptr);
    CHECK(parse_check("a || # b", &command) != nullptr);
    CHECK(parse_check("a ; b & c && d;", &command) == nullptr);
    CHECK(parse_check("$NOBODY && b", &command) == nullptr);
}

TEST(parse, refuses_more_words_and_bytes_than_it_holds)
{
    static char line[2 * COMMAND_BYTES];
    size_t length = 0;
    for (int i = 0; i <= COMMAND_WORDS; i++) {
        line[length++] = 'x';
        line[length++] = ' ';
    }
    line[length] = '\0';
    CHECK(parse_check(line, &command) != nullptr);
    line[2 * COMMAND_WORDS] = '\0';
    CHECK(parse_check(line, &command) == nullptr);
    CHECK_EQUAL(command.count, COMMAND_WORDS);
    memset(line, 'y', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    CHECK(parse_check(line, &command) != nullptr);
    line[COMMAND_BYTES - 3] = '\0';
    CHECK(parse_check(line, &command) == nullptr);
}
