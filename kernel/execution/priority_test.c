// SPDX-License-Identifier: MIT
// priority_test.c: the priority scales and their conversions.

#include <helix/test.h>
#include <helix/thread.h>

TEST(priority, maps_nice_values_onto_100_to_139_and_back)
{
    for (int nice = -20; nice <= 19; nice++) {
        struct priority priority = priority_from_nice(nice);
        CHECK_EQUAL(priority.base, 120 + nice);
        CHECK_EQUAL(priority_to_nice(priority), nice);
        CHECK(!priority_is_realtime(priority));
    }
    CHECK_EQUAL(priority_from_nice(-100).base, 100);
    CHECK_EQUAL(priority_from_nice(100).base, 139);
}

TEST(priority, stays_in_its_band_whatever_the_adjustment)
{
    CHECK_EQUAL(priority_effective((struct priority){ 100, -50 }), 100);
    CHECK_EQUAL(priority_effective((struct priority){ 139, 50 }), 139);
    CHECK_EQUAL(priority_effective((struct priority){ 99, 50 }), 99);
    CHECK_EQUAL(priority_effective((struct priority){ 0, -1 }), 0);
    CHECK_EQUAL(priority_effective((struct priority){ 120, -5 }), 115);
}

TEST(priority, turns_importance_round)
{
    CHECK_EQUAL(priority_from_importance(139).base, 0);
    CHECK_EQUAL(priority_from_importance(100).base, 99);
    CHECK_EQUAL(priority_from_importance(99).base, 100);
    CHECK_EQUAL(priority_from_importance(0).base, 139);
    CHECK_EQUAL(priority_from_importance(255).base, 0);
    for (uint8_t importance = 1; importance <= 139; importance++)
        CHECK(priority_from_importance(importance).base <= priority_from_importance((uint8_t)(importance - 1)).base);
}
