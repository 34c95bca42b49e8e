// SPDX-License-Identifier: MIT
// command_line_test.c: words, quotes and values of the kernel's command line.

#include <helix/boot_info.h>

#include <lib/format.h>
#include <lib/string.h>

#include <generated/profile.h>
#include <helix/test.h>

static char kept[BOOT_COMMAND_LINE]; // the line that this kernel was really booted with

static void line_use(const char *text)
{
    memcpy(kept, boot_info()->command_line, sizeof kept);
    (void)string_copy(boot_info()->command_line, text, sizeof kept);
}

static void line_restore(void)
{
    memcpy(boot_info()->command_line, kept, sizeof kept);
}

// The value of `key` on the line `text`, "(none)" when boot_option refuses.
static const char *value_on(const char *text, const char *key)
{
    static char value[16];
    line_use(text);
    if (!boot_option(key, value, sizeof value))
        (void)string_copy(value, "(none)", sizeof value);
    line_restore();
    return value;
}

TEST(command_line, finds_words_between_any_spaces)
{
    CHECK(string_equal(value_on("quiet  loglevel=3\tlast=x", "loglevel"), "3"));
    CHECK(string_equal(value_on("  quiet  ", "quiet"), ""));
    CHECK(string_equal(value_on("a=1 b=", "b"), ""));
    CHECK(string_equal(value_on("", "hush"), "(none)"));
    CHECK(string_equal(value_on("   ", "hush"), "(none)"));
}

TEST(command_line, falls_back_on_the_profiles_words)
{
    char key[32] = "";
    for (size_t i = 0; i + 1 < sizeof key && PROFILE_COMMAND_LINE[i] && !strchr("= \"", PROFILE_COMMAND_LINE[i]); i++)
        key[i] = PROFILE_COMMAND_LINE[i];
    if (!key[0])
        return; // this profile gives none
    line_use("");
    CHECK(boot_flag(key));
    line_restore();
    char line[64];
    format_text(line, sizeof line, "%s=ours", key);
    CHECK(string_equal(value_on(line, key), "ours"));
}

TEST(command_line, tells_a_key_from_its_beginning_and_its_continuation)
{
    CHECK(string_equal(value_on("loglevel=3", "log"), "(none)"));
    CHECK(string_equal(value_on("log=3", "loglevel"), "(none)"));
    CHECK(string_equal(value_on("x=loglevel", "loglevel"), "(none)"));
    CHECK(string_equal(value_on("a=b=c", "a"), "b=c"));
}

TEST(command_line, keeps_spaces_inside_quotes_and_drops_the_quotes)
{
    CHECK(string_equal(value_on("run=\"a b\" c", "run"), "a b"));
    CHECK(string_equal(value_on("\"run=a b\" c", "run"), "a b"));
    CHECK(string_equal(value_on("run=a\" \"b", "run"), "a b"));
    CHECK(string_equal(value_on("run=\"a b quiet", "run"), "a b quiet"));
    CHECK(string_equal(value_on("run=\"a b hush", "hush"), "(none)"));
    CHECK(string_equal(value_on("\"", "run"), "(none)"));
    CHECK(string_equal(value_on("run=\"\"", "run"), ""));
}

TEST(command_line, lets_the_last_of_two_win)
{
    CHECK(string_equal(value_on("a=1 b=2 a=3", "a"), "3"));
}

TEST(command_line, refuses_a_value_that_does_not_fit_and_leaves_the_buffer)
{
    char value[4] = "old";
    line_use("key=abcd");
    CHECK(!boot_option("key", value, sizeof value));
    CHECK(string_equal(value, "old"));
    CHECK(boot_flag("key"));
    CHECK(!boot_flag("ke"));
    line_restore();
    CHECK(string_equal(value_on("key=0123456789abcde", "key"), "0123456789abcde"));
    CHECK(string_equal(value_on("key=0123456789abcdef", "key"), "(none)"));
}
