// SPDX-License-Identifier: MIT
// space_test.h: what the tests of address spaces share.
#pragma once

#include "space.h"

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/test.h>

enum : uint32_t { READ = PAGE_READ, READ_WRITE = PAGE_READ | PAGE_WRITE };
enum : uint64_t { AT = 0x1000'0000 };

static inline uint64_t frames_free_now(void)
{
    struct frame_statistics statistics;
    heap_trim();
    frames_statistics(&statistics);
    return statistics.free;
}

// The first run warms the heap, whose slabs stay; the second must give back every frame it takes.
static inline void expect_no_leak(void (*scenario)(void))
{
    scenario();
    uint64_t before = frames_free_now();
    scenario();
    CHECK_EQUAL(frames_free_now(), before);
}

static inline struct space *space_new(void)
{
    struct space *space = nullptr;
    CHECK(space_create(&space) == STATUS_OK);
    return space;
}

static inline enum status map_at(struct space *space, uint64_t at, uint64_t pages, uint32_t access, struct page_source *source,
                                 uint32_t flags)
{
    const struct map_request request = {
        .hint = at, .size = pages * PAGE_SIZE, .access = access, .flags = flags | MAP_AT, .source = source
    };
    uint64_t where;
    return space_map(space, &request, &where);
}

static inline uint8_t byte_at(struct space *space, uint64_t at)
{
    uint8_t byte = 0xee;
    CHECK_EQUAL(space_read(space, at, &byte, 1), 1);
    return byte;
}

static inline bool write_byte(struct space *space, uint64_t at, uint8_t byte)
{
    return space_write(space, at, &byte, 1) == 1;
}
