// SPDX-License-Identifier: MIT
// keys_test.c: which keys a space has, and where they go with regions and pages. What a CPU makes of them is seen by user/keys.c.
#include "space_test.h"

#include <abi/linux/mman.h>

#include <arch/keys.h>

enum : uint32_t { KEY_5 = 5 << PAGE_KEY_SHIFT, KEY_9 = 9 << PAGE_KEY_SHIFT, ALLOCATED = 1 | 1 << 5 | 1 << 9 };

// A space of 8 written pages with keys to give, whatever the CPU has.
static struct space *space_with_keys(void)
{
    struct space *space = space_new();
    space->keys = ALLOCATED;
    CHECK(map_at(space, AT, 8, READ_WRITE, nullptr, 0) == STATUS_OK);
    for (uint64_t i = 0; i < 8; i++)
        CHECK(write_byte(space, AT + i * PAGE_SIZE, (uint8_t)i));
    return space;
}

static uint32_t region_access(struct space *space, uint64_t at)
{
    rwlock_acquire_shared(&space->lock);
    const struct region *region = space_find(space, at);
    uint32_t access = region ? region->access : UINT32_MAX;
    rwlock_release_shared(&space->lock);
    return access;
}

// What the page's entry says; a port without keys keeps none there.
static void expect_entry_key(struct space *space, uint64_t at, uint32_t key)
{
    uint32_t access = 0;
    CHECK(arch_space_query(&space->arch, (virt_t){ at }, nullptr, &access));
    CHECK_EQUAL(access & PAGE_KEYS, arch_keys() > 1 ? key : 0);
}

TEST(space_keys, fifteen_can_be_allocated_where_the_cpu_has_keys)
{
    struct space *space = space_new();
    uint32_t key = 99;
    CHECK(!space_has_keys(space));
    if (arch_keys() == 1) {
        CHECK(space_key_alloc(space, 0, &key) == STATUS_NO_SPACE);
        CHECK(space_key_free(space, 0) == STATUS_BAD_ARGUMENT);
        CHECK(!space_has_keys(space));
        space_release(space);
        return;
    }
    for (uint32_t i = 1; i < KEYS_MOST; i++) {
        CHECK(space_key_alloc(space, KEY_NO_WRITE, &key) == STATUS_OK);
        CHECK_EQUAL(key, i);
        CHECK_EQUAL(arch_key_get(key), KEY_NO_WRITE);
    }
    CHECK(space_has_keys(space));
    CHECK(space_key_alloc(space, 0, &key) == STATUS_NO_SPACE);
    CHECK(space_key_free(space, 7) == STATUS_OK);
    CHECK(space_key_free(space, 7) == STATUS_BAD_ARGUMENT);
    CHECK(space_key_free(space, KEYS_MOST) == STATUS_BAD_ARGUMENT);
    CHECK(space_key_free(space, 32 + 8) == STATUS_BAD_ARGUMENT);
    CHECK(space_key_alloc(space, 0, &key) == STATUS_OK);
    CHECK_EQUAL(key, 7);
    space_release(space);
}

TEST(space_keys, only_allocated_ones_are_given_to_pages)
{
    struct space *space = space_with_keys();
    const uint32_t refused[] = { 1, 15, 16, 5 + 16, 5 + 32, UINT32_MAX - 1 };
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
        CHECK(space_protect_key(space, AT, PAGE_SIZE, READ, refused[i]) == STATUS_BAD_ARGUMENT);
    CHECK_EQUAL(region_access(space, AT), READ_WRITE);
    CHECK(space_protect_key(space, AT, PAGE_SIZE, READ, 5) == STATUS_OK);
    CHECK_EQUAL(region_access(space, AT), READ | KEY_5);
    CHECK_EQUAL(space_key_at(space, AT), 5);
    CHECK_EQUAL(space_key_at(space, AT + PAGE_SIZE), 0);
    CHECK_EQUAL(space_key_at(space, AT - PAGE_SIZE), 0);
    expect_entry_key(space, AT, KEY_5);
    space_release(space);
}

TEST(space_keys, part_regions_and_join_them)
{
    struct space *space = space_with_keys();
    CHECK_EQUAL(space->region_count, 1);
    CHECK(space_protect_key(space, AT + 2 * PAGE_SIZE, 2 * PAGE_SIZE, READ_WRITE, 5) == STATUS_OK);
    CHECK_EQUAL(space->region_count, 3);
    CHECK(space_protect_key(space, AT + 4 * PAGE_SIZE, PAGE_SIZE, READ_WRITE, 5) == STATUS_OK); // the border moves
    CHECK_EQUAL(space->region_count, 3);
    expect_entry_key(space, AT + 4 * PAGE_SIZE, KEY_5);
    expect_entry_key(space, AT + 5 * PAGE_SIZE, 0);
    CHECK(space_protect_key(space, AT + 3 * PAGE_SIZE, PAGE_SIZE, READ_WRITE, 9) == STATUS_OK);
    CHECK_EQUAL(space->region_count, 5);
    CHECK(space_protect(space, AT, 8 * PAGE_SIZE, READ) == STATUS_OK); // each keeps its own
    CHECK_EQUAL(space->region_count, 5);
    CHECK_EQUAL(region_access(space, AT + 3 * PAGE_SIZE), READ | KEY_9);
    CHECK_EQUAL(region_access(space, AT + 4 * PAGE_SIZE), READ | KEY_5);
    CHECK(space_protect_key(space, AT, 8 * PAGE_SIZE, READ_WRITE, 0) == STATUS_OK);
    CHECK_EQUAL(space->region_count, 1);
    expect_entry_key(space, AT + 3 * PAGE_SIZE, 0);
    for (uint64_t i = 0; i < 8; i++)
        CHECK_EQUAL(byte_at(space, AT + i * PAGE_SIZE), i);
    space_release(space);
}

TEST(space_keys, survive_copying_moving_and_giving_up)
{
    struct space *space = space_with_keys(), *child;
    const uint64_t to = AT + 64 * PAGE_SIZE;
    uint64_t where;
    CHECK(space_protect_key(space, AT, 4 * PAGE_SIZE, READ_WRITE, 9) == STATUS_OK);
    CHECK(space_fork(space, &child) == STATUS_OK);
    CHECK_EQUAL(child->keys, ALLOCATED);
    CHECK(write_byte(child, AT, 77)); // a copy
    expect_entry_key(child, AT, KEY_9);
    CHECK(write_byte(space, AT, 78));
    expect_entry_key(space, AT, KEY_9);
    CHECK(space_remap(child, AT, 4 * PAGE_SIZE, 6 * PAGE_SIZE, LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED, to, &where) == STATUS_OK);
    CHECK_EQUAL(region_access(child, to), READ_WRITE | KEY_9);
    expect_entry_key(child, to, KEY_9);
    CHECK(write_byte(child, to + 5 * PAGE_SIZE, 1)); // new there
    expect_entry_key(child, to + 5 * PAGE_SIZE, KEY_9);
    CHECK(space_discard(child, to, PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(byte_at(child, to), 0);
    expect_entry_key(child, to, KEY_9);
    CHECK(map_at(child, to, 1, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK_EQUAL(region_access(child, to), READ_WRITE);
    space_release(child);
    space_release(space);
}
