// SPDX-License-Identifier: MIT
// test.h: a test is a row beside its subject. The same rows run on the host under sanitizers and in the booted kernel.
#pragma once

#include <lib/attributes.h>
#include <lib/types.h>

#include <helix/thread.h>
#include <helix/timer.h>

struct test {
    const char *subject, *name; // the name is the sentence the test proves
    const char *file;
    void (*run)(void);
    enum test_need : uint8_t { TEST_NEEDS_NOTHING, TEST_NEEDS_MACHINE, TEST_NEEDS_REUSE } need;
};

#define TEST(subject_, name_)        TEST_ROW(subject_, name_, TEST_NEEDS_NOTHING)
#define KERNEL_TEST(subject_, name_) TEST_ROW(subject_, name_, TEST_NEEDS_MACHINE) // runs in a booted machine only
// Counts what is free, or takes all there is: runs only where freed frames are handed out again. Told as skipped elsewhere.
#define REUSE_TEST(subject_, name_)  TEST_ROW(subject_, name_, TEST_NEEDS_REUSE)
#define TEST_ROW(subject_, name_, need_)                                                                                   \
    static void test_##subject_##_##name_(void);                                                                           \
    TABLE_ROW(helix_tests)                                                                                                 \
    static const struct test row_##subject_##_##name_ = { #subject_, #name_, __FILE__, test_##subject_##_##name_, need_ }; \
    static void test_##subject_##_##name_(void)

// Records the failure with its place and goes on, so one test can report several.
#define CHECK(condition_) test_check(!!(condition_), #condition_, __FILE__, __LINE__)
// As CHECK for numbers, and prints both.
#define CHECK_EQUAL(actual_, expected_) \
    test_check_equal((uint64_t)(actual_), (uint64_t)(expected_), #actual_ " == " #expected_, __FILE__, __LINE__)

// What the macros call. They return whether it held.
bool test_check(bool passed, const char *condition, const char *file, int line);
bool test_check_equal(uint64_t actual, uint64_t expected, const char *condition, const char *file, int line);

// Lets others run until the condition holds. Whether it did within ten seconds, which nothing that works takes.
#define test_await(condition_)                           \
    ({                                                   \
        uint64_t test_until = time_ns() + 10 * NS_PER_S; \
        while (!(condition_) && time_ns() < test_until)  \
            thread_yield();                              \
        !!(condition_);                                  \
    })

// Runs `run` in a thread of a process made for it, whose space is empty and loaded, so that user memory can be touched; ends
// when it returns. False: no memory. On the host and in the kernel.
struct space;
bool test_in_process(void (*run)(struct space *space));

// Runs rows whose "subject.name" contains `pattern` (nullptr: all), printing one line a failure and, at the end,
// "N passed, N failed"; a line "skip ROW: why" for each that cannot apply. Returns the number of failed tests.
uint32_t test_run_all(const char *pattern, bool in_kernel);
