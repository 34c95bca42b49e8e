// SPDX-License-Identifier: MIT
// test.c: runs the rows of the test table, on the host and in the booted kernel alike.

#include <helix/test.h>

#include <lib/format.h>
#include <lib/string.h>

#include <helix/frames.h>
#include <helix/log.h>

TABLE_DECLARE(struct test, helix_tests);

enum { NAME_SIZE = 160 };

static const struct test *running;
static uint32_t failures; // of the running test

static void report(const char *file, int line, const char *condition)
{
    failures++;
    console_print("FAIL %s.%s: %s (%s:%d)\n", running ? running->subject : "?", running ? running->name : "?", condition, file, line);
}

bool test_check(bool passed, const char *condition, const char *file, int line)
{
    if (!passed)
        report(file, line, condition);
    return passed;
}

bool test_check_equal(uint64_t actual, uint64_t expected, const char *condition, const char *file, int line)
{
    if (actual == expected)
        return true;
    report(file, line, condition);
    console_print("     is %lu (%#lx), should be %lu (%#lx)\n", (unsigned long)actual, (unsigned long)actual, (unsigned long)expected,
                  (unsigned long)expected);
    return false;
}

static bool text_contains(const char *text, const char *part)
{
    for (; *text; text++) {
        if (string_starts(text, part))
            return true;
    }
    return !*part;
}

static bool test_matches(const struct test *test, const char *pattern)
{
    char name[NAME_SIZE];
    format_text(name, sizeof name, "%s.%s", test->subject, test->name);
    return !pattern || text_contains(name, pattern);
}

// Whether it passed.
static bool test_run(const struct test *test)
{
    running = test;
    failures = 0;
    test->run();
    running = nullptr;
    return !failures;
}

// What it needs is not here. A row that needs a machine is no row of the host's: nothing to tell.
static bool test_skipped(const struct test *test, bool in_kernel)
{
    if (test->need == TEST_NEEDS_REUSE && !frames_reused()) {
        console_print("skip %s.%s: freed frames are never handed out again\n", test->subject, test->name);
        return true;
    }
    return test->need == TEST_NEEDS_MACHINE && !in_kernel;
}

uint32_t test_run_all(const char *pattern, bool in_kernel)
{
    uint32_t passed = 0, failed = 0;
    TABLE_EACH(struct test, test, helix_tests) {
        if (!test_matches(test, pattern) || test_skipped(test, in_kernel))
            continue;
        if (test_run(test))
            passed++;
        else
            failed++;
    }
    console_print("%u passed, %u failed\n", passed, failed);
    return failed;
}
