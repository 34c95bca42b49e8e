// SPDX-License-Identifier: MIT
// proc_stat_test.c: the line of /proc/PID/stat has the fields programs count on.
#include <lib/string.h>

#include <helix/test.h>
#include <helix/text_writer.h>

#include "proc_figures.h"

// The field behind that many spaces after the name's bracket; 3 is the state.
static const char *field(const char *line, int number)
{
    const char *at = strchr(line, ')');
    for (int i = 2; at && i < number; i++)
        at = strchr(at + 1, ' ');
    return at ? at + 1 : "";
}

TEST(proc_stat, writes_fifty_two_fields_in_linux_order)
{
    struct text_writer out = {};
    const struct process_figures figures = {
        .id = 12,
        .leader = 12,
        .name = "a name longer than it shows",
        .state = 'R',
        .parent = 3,
        .terminal_group = -1,
        .cpu_ns = 30'000'000,
        .user_ns = 10'000'000,
        .priority = 20,
        .threads = 2,
        .created_ns = 5'000'000'000,
        .mapped = 8192,
        .resident = 4096,
        .exit_code = 9,
    };
    proc_write_stat(&out, &figures);
    CHECK(!out.failed);
    CHECK(out.length > 0 && out.bytes[out.length - 1] == '\n');
    out.bytes[out.length - 1] = '\0';
    CHECK(string_starts(out.bytes, "12 (a name longer t) R 3 0 0 0 -1 0 "));
    CHECK(string_starts(field(out.bytes, 14), "1 2 0 0 20 0 2 0 500 8192 1 18446744073709551615 "));
    CHECK(string_equal(field(out.bytes, 52), "9"));
    text_writer_release(&out);
}

TEST(proc_stat, names_states_as_linux_does)
{
    CHECK(string_equal(proc_state_word('Z'), "Z (zombie)"));
    CHECK(string_equal(proc_state_word('?'), "S (sleeping)"));
}
