// SPDX-License-Identifier: MIT
// pressure_test.c: levels at their marks, in both directions.

#include <helix/pressure.h>

#include <helix/test.h>

TEST(pressure, marks_stand_in_order_on_every_machine)
{
    for (uint64_t total = 1024; total < 1ull << 28; total += total / 3) {
        struct pressure_marks marks = pressure_marks(total);
        CHECK(marks.out >= 128 && marks.out <= 2048);
        CHECK(marks.out < marks.critical && marks.critical < marks.low && marks.low < total);
    }
}

TEST(pressure, gets_worse_at_each_mark)
{
    enum : uint64_t { TOTAL = 16'384 };
    struct pressure_marks marks = pressure_marks(TOTAL);
    CHECK(pressure_next(PRESSURE_NORMAL, TOTAL, TOTAL) == PRESSURE_NORMAL);
    CHECK(pressure_next(PRESSURE_NORMAL, TOTAL, marks.low + 1) == PRESSURE_NORMAL);
    CHECK(pressure_next(PRESSURE_NORMAL, TOTAL, marks.low) == PRESSURE_LOW);
    CHECK(pressure_next(PRESSURE_NORMAL, TOTAL, marks.critical) == PRESSURE_CRITICAL);
    CHECK(pressure_next(PRESSURE_LOW, TOTAL, marks.critical + 1) == PRESSURE_LOW);
    CHECK(pressure_next(PRESSURE_NORMAL, TOTAL, marks.out) == PRESSURE_OUT_OF_MEMORY);
    CHECK(pressure_next(PRESSURE_NORMAL, TOTAL, 0) == PRESSURE_OUT_OF_MEMORY);
}

TEST(pressure, gets_better_only_well_above_a_mark)
{
    enum : uint64_t { TOTAL = 16'384 };
    struct pressure_marks marks = pressure_marks(TOTAL);
    CHECK(pressure_next(PRESSURE_OUT_OF_MEMORY, TOTAL, marks.out + 1) == PRESSURE_OUT_OF_MEMORY);
    CHECK(pressure_next(PRESSURE_OUT_OF_MEMORY, TOTAL, marks.critical) == PRESSURE_CRITICAL);
    CHECK(pressure_next(PRESSURE_CRITICAL, TOTAL, marks.critical + 1) == PRESSURE_CRITICAL);
    CHECK(pressure_next(PRESSURE_CRITICAL, TOTAL, marks.low) == PRESSURE_LOW);
    CHECK(pressure_next(PRESSURE_LOW, TOTAL, marks.low + 1) == PRESSURE_LOW);
    CHECK(pressure_next(PRESSURE_OUT_OF_MEMORY, TOTAL, TOTAL) == PRESSURE_NORMAL);
}

TEST(pressure, never_flickers_between_two_figures)
{
    enum : uint64_t { TOTAL = 16'384 };
    for (uint64_t free = 0; free < TOTAL; free++) {
        enum memory_pressure worse = pressure_next(PRESSURE_NORMAL, TOTAL, free);
        CHECK(pressure_next(worse, TOTAL, free + 1) == worse); // one frame more does not undo what one less has done
        CHECK(pressure_next(worse, TOTAL, free) == worse);
    }
}

TEST(pressure, tells_use_in_five_steps)
{
    CHECK(memory_use_of(100, 50) == MEMORY_USE_NONE);
    CHECK(memory_use_of(100, 51) == MEMORY_USE_LOW);
    CHECK(memory_use_of(100, 70) == MEMORY_USE_LOW);
    CHECK(memory_use_of(100, 71) == MEMORY_USE_MEDIUM);
    CHECK(memory_use_of(100, 85) == MEMORY_USE_MEDIUM);
    CHECK(memory_use_of(100, 86) == MEMORY_USE_HIGH);
    CHECK(memory_use_of(100, 95) == MEMORY_USE_HIGH);
    CHECK(memory_use_of(100, 96) == MEMORY_USE_CRITICAL);
    CHECK(memory_use_of(100, 100) == MEMORY_USE_CRITICAL);
    CHECK(memory_use_of(0, 0) == MEMORY_USE_NONE);
}
