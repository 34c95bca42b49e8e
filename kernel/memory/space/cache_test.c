// SPDX-License-Identifier: MIT
// cache_test.c: what the CPU remembers of a space that it runs: each change of the page tables is seen by the next access.
#include "space_test.h"

#include <abi/linux/mman.h>

#include <arch/table_walk.h>
#include <arch/user.h>

enum : uint64_t { PAGES = 64, LARGE_AT = 0x4000'0000 };

static bool store(uint64_t at, uint8_t byte)
{
    return arch_copy_to_user(at, &byte, 1) == STATUS_OK;
}

// -1: no access.
static int load(uint64_t at)
{
    uint8_t byte;
    return arch_copy_from_user(&byte, at, 1) == STATUS_OK ? byte : -1;
}

// Pages that the CPU has just written to and read from.
static void warm(struct space *space, uint64_t at, uint64_t pages)
{
    CHECK(map_at(space, at, pages, READ_WRITE, nullptr, 0) == STATUS_OK);
    for (uint64_t n = 0; n < pages; n++)
        CHECK(store(at + n * PAGE_SIZE, (uint8_t)n) && load(at + n * PAGE_SIZE) == (uint8_t)n);
}

static void unmaps(struct space *space)
{
    for (uint64_t pages = 1; pages <= PAGES; pages *= 4) {
        warm(space, AT, PAGES);
        CHECK(space_unmap(space, AT + PAGE_SIZE, pages * PAGE_SIZE) == STATUS_OK);
        CHECK_EQUAL(load(AT), 0);
        for (uint64_t n = 1; n <= pages; n++)
            CHECK_EQUAL(load(AT + n * PAGE_SIZE), -1);
        CHECK(space_unmap(space, AT, (PAGES + 1) * PAGE_SIZE) == STATUS_OK);
    }
}

TEST(space_cache, forgets_what_is_unmapped)
{
    CHECK(test_in_process(unmaps));
}

static void protects(struct space *space)
{
    warm(space, AT, PAGES);
    CHECK(space_protect(space, AT + PAGE_SIZE, PAGE_SIZE, PAGE_READ) == STATUS_OK);
    CHECK(!store(AT + PAGE_SIZE, 9) && load(AT + PAGE_SIZE) == 1 && store(AT, 9));
    CHECK(space_protect(space, AT, PAGES * PAGE_SIZE, 0) == STATUS_OK);
    for (uint64_t n = 0; n < PAGES; n++)
        CHECK_EQUAL(load(AT + n * PAGE_SIZE), -1);
    CHECK(space_protect(space, AT, PAGES * PAGE_SIZE, READ_WRITE) == STATUS_OK);
    CHECK(load(AT) == 9 && store(AT, 8) && load(AT) == 8);
    CHECK(space_discard(space, AT, PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(load(AT), 0);
    CHECK(store(AT, 7) && load(AT) == 7); // the frame of zeros made way
    uint64_t moved = 0;
    CHECK(space_remap(space, AT, PAGE_SIZE, PAGE_SIZE, LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED, LARGE_AT, &moved) == STATUS_OK);
    CHECK(load(AT) == -1 && load(LARGE_AT) == 7);
}

TEST(space_cache, forgets_rights_and_frames_that_have_changed)
{
    CHECK(test_in_process(protects));
}

static void forks(struct space *space)
{
    struct space *child = nullptr;
    uint64_t few = AT, full = LARGE_AT - LARGE_SIZE, large = LARGE_AT;
    warm(space, few, 3);
    CHECK(map_at(space, full, PAGE_TABLE_ENTRIES, READ_WRITE, nullptr, 0) == STATUS_OK);
    for (uint64_t n = PAGE_TABLE_ENTRIES; n-- > 0;) // from the end: small pages
        CHECK(store(full + n * PAGE_SIZE, 5));
    warm(space, large, PAGE_TABLE_ENTRIES);
    // Fresh in the CPU's memory, each in a place of its own.
    uint64_t in_full = full + PAGE_SIZE, in_large = large + 2 * PAGE_SIZE;
    CHECK(store(few, 1) && store(in_full, 1) && store(in_large, 1));
    CHECK(space_fork(space, &child) == STATUS_OK);
    CHECK(store(few, 101) && store(in_full, 102) && store(in_large, 103));
    CHECK(byte_at(child, few) == 1 && byte_at(child, in_full) == 1 && byte_at(child, in_large) == 1);
    CHECK(load(few) == 101 && load(in_full) == 102 && load(in_large) == 103);
    for (uint64_t n = 3; n < PAGE_TABLE_ENTRIES; n++)
        CHECK(load(full + n * PAGE_SIZE) == 5 && load(large + n * PAGE_SIZE) == (uint8_t)n);
    CHECK(write_byte(child, full + 3 * PAGE_SIZE, 55) && load(full + 3 * PAGE_SIZE) == 5);
    space_release(child);
    CHECK(store(full + 2 * PAGE_SIZE, 56) && load(full + 2 * PAGE_SIZE) == 56);
    CHECK(space_unmap(space, full, 2 * LARGE_SIZE) == STATUS_OK);
    CHECK(load(full + PAGE_SIZE) == -1 && load(large) == -1 && load(large + PAGE_SIZE) == -1);
}

TEST(space_cache, forgets_the_right_to_write_at_fork)
{
    CHECK(test_in_process(forks));
}
