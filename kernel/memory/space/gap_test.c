// SPDX-License-Identifier: MIT
// gap_test.c: where mappings without an address go.
#include "space_test.h"

static uint64_t place_of(struct space *space, uint64_t size)
{
    const struct map_request request = { .size = size, .access = READ_WRITE, .flags = MAP_NO_RESERVE };
    uint64_t at = 0;
    CHECK(space_map(space, &request, &at) == STATUS_OK);
    return at;
}

TEST(space_gap, begins_large_mappings_where_large_pages_and_tables_do)
{
    struct space *space = space_new();
    uint64_t small = place_of(space, PAGE_SIZE);
    uint64_t page = place_of(space, 2 * MIB), odd = place_of(space, 3 * MIB + PAGE_SIZE), table = place_of(space, 1 * GIB);
    CHECK(is_aligned(page, 2 * MIB) && page < small);
    CHECK(is_aligned(odd, 2 * MIB) && odd < page);
    CHECK(is_aligned(table, 1 * GIB) && table < odd);
    space_release(space);
}
