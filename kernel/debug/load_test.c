// SPDX-License-Identifier: MIT
// load_test.c: load averages rise towards what is active and fall to nothing.
#include "load.h"

#include <helix/test.h>

enum { KEEP_ONE_MINUTE = 60296, ONE = 1 << LOAD_FRACTION_BITS };

TEST(load, rises_to_the_number_of_active_threads)
{
    uint64_t load = 0;
    for (int i = 0; i < 12; i++)
        load = load_decay(load, 2, KEEP_ONE_MINUTE);
    CHECK(load > 2 * ONE * 62 / 100 && load < 2 * ONE * 65 / 100); // one minute: 1 − 1/e
    for (int i = 0; i < 400; i++)
        load = load_decay(load, 2, KEEP_ONE_MINUTE);
    CHECK(load >= 2 * ONE - ONE / 100 && load <= 2 * ONE);
}

TEST(load, falls_to_nothing_when_nothing_is_active)
{
    uint64_t load = 3 * ONE;
    for (int i = 0; i < 400; i++)
        load = load_decay(load, 0, KEEP_ONE_MINUTE);
    CHECK_EQUAL(load, 0);
}
