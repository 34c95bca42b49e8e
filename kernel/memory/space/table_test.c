// SPDX-License-Identifier: MIT
// table_test.c: large pages, and tables that fork shares, seen through what programs find in their memory.
#include "space_test.h"

#include <abi/linux/mman.h>

#include <arch/cpu.h>
#include <arch/table_walk.h>

#include <helix/cpu.h>
#include <helix/preempt.h>

enum : uint64_t { BLOCK_PAGES = LARGE_SIZE / PAGE_SIZE };
enum : uint64_t { BLOCK_AT = 0x4000'0000 }; // aligned to 1 GiB

static uint64_t page_at(uint64_t n)
{
    return BLOCK_AT + n * PAGE_SIZE;
}

// A table full of pages of its own, page n holding the byte n. Touched from the end, so that no large page is made.
static struct space *full_table(void)
{
    struct space *space = space_new();
    CHECK(map_at(space, BLOCK_AT, BLOCK_PAGES, READ_WRITE, nullptr, 0) == STATUS_OK);
    for (uint64_t n = BLOCK_PAGES; n-- > 0;)
        CHECK(write_byte(space, page_at(n), (uint8_t)n));
    return space;
}

static uint64_t pages_that_differ(struct space *space, uint64_t from, uint64_t to)
{
    uint64_t wrong = 0;
    for (uint64_t n = from; n < to; n++)
        wrong += byte_at(space, page_at(n)) != (uint8_t)n;
    return wrong;
}

static bool may_write(struct space *space, uint64_t n)
{
    uint32_t access = 0;
    return arch_space_query(&space->arch, (virt_t){ page_at(n) }, nullptr, &access) && access & PAGE_WRITE;
}

// ---- shared tables ----

static void scenario_shared_table(void)
{
    struct space *parent = full_table(), *child = nullptr;
    CHECK(may_write(parent, 7));
    uint64_t before = frames_free_now();
    CHECK(space_fork(parent, &child) == STATUS_OK);
    CHECK(before - frames_free_now() <= 8); // the way to the table, not its pages' twins
    CHECK_EQUAL(space_resident(child), BLOCK_PAGES);
    CHECK(!may_write(parent, 7) && !may_write(child, 7));
    CHECK(write_byte(child, page_at(7), 77));
    CHECK_EQUAL(byte_at(parent, page_at(7)), 7);
    CHECK(write_byte(parent, page_at(8), 88));
    CHECK_EQUAL(byte_at(child, page_at(8)), 8);
    CHECK_EQUAL(byte_at(child, page_at(7)), 77);
    CHECK_EQUAL(pages_that_differ(parent, 0, 8) + pages_that_differ(parent, 9, BLOCK_PAGES), 0);
    space_release(child);
    CHECK_EQUAL(pages_that_differ(parent, 9, BLOCK_PAGES), 0);
    space_release(parent);
}

REUSE_TEST(space_table, fork_shares_a_full_table_until_somebody_writes)
{
    expect_no_leak(scenario_shared_table);
}

static void scenario_last_one(void)
{
    struct space *parent = full_table(), *child = nullptr, *grandchild = nullptr;
    CHECK(space_fork(parent, &child) == STATUS_OK);
    CHECK(space_fork(child, &grandchild) == STATUS_OK);
    space_release(parent);
    space_release(child);
    uint64_t before = frames_free_now();
    CHECK(write_byte(grandchild, page_at(3), 33)); // nobody else is left: neither table nor page is copied
    CHECK_EQUAL(frames_free_now(), before);
    CHECK(may_write(grandchild, 3) && may_write(grandchild, 4));
    CHECK_EQUAL(pages_that_differ(grandchild, 4, BLOCK_PAGES), 0);
    space_release(grandchild);
}

REUSE_TEST(space_table, the_last_space_takes_a_shared_table_as_it_is)
{
    expect_no_leak(scenario_last_one);
}

static void scenario_parts(void)
{
    struct space *parent = full_table(), *child = nullptr;
    CHECK(space_fork(parent, &child) == STATUS_OK);
    CHECK(space_unmap(child, page_at(100), 10 * PAGE_SIZE) == STATUS_OK);
    CHECK(space_protect(child, page_at(200), PAGE_SIZE, PAGE_READ) == STATUS_OK);
    CHECK(space_discard(child, page_at(300), PAGE_SIZE) == STATUS_OK);
    CHECK(!write_byte(child, page_at(100), 1) && !write_byte(child, page_at(200), 1));
    CHECK_EQUAL(byte_at(child, page_at(300)), 0);
    CHECK_EQUAL(pages_that_differ(parent, 0, BLOCK_PAGES), 0);
    CHECK_EQUAL(space_resident(parent), BLOCK_PAGES);
    space_release(child);
    CHECK(space_fork(parent, &child) == STATUS_OK);
    CHECK(space_unmap(child, BLOCK_AT, LARGE_SIZE) == STATUS_OK); // the table as a whole
    CHECK_EQUAL(space_resident(child), 0);
    CHECK_EQUAL(pages_that_differ(parent, 0, BLOCK_PAGES), 0);
    uint64_t moved = 0;
    space_release(child);
    CHECK(space_fork(parent, &child) == STATUS_OK);
    CHECK(space_remap(child, page_at(10), 5 * PAGE_SIZE, 5 * PAGE_SIZE, LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED, AT, &moved) ==
          STATUS_OK);
    CHECK_EQUAL(byte_at(child, AT + 4 * PAGE_SIZE), 14);
    CHECK_EQUAL(pages_that_differ(parent, 0, BLOCK_PAGES), 0);
    space_release(parent);
    CHECK_EQUAL(byte_at(child, page_at(20)), 20);
    space_release(child);
}

REUSE_TEST(space_table, a_part_of_a_shared_table_changes_in_one_space_only)
{
    expect_no_leak(scenario_parts);
}

static void scenario_kept(void)
{
    struct space *parent = full_table(), *child = nullptr;
    rwlock_acquire(&parent->lock);
    CHECK(region_isolate(parent, page_at(100), page_at(101)) == STATUS_OK && region_isolate(parent, page_at(50), page_at(51)) == STATUS_OK);
    space_find(parent, page_at(100))->flags |= REGION_DONT_FORK;
    space_find(parent, page_at(50))->flags |= REGION_WIPE_ON_FORK;
    rwlock_release(&parent->lock);
    CHECK(space_fork(parent, &child) == STATUS_OK);
    uint8_t byte;
    CHECK_EQUAL(space_read(child, page_at(100), &byte, 1), 0);
    CHECK_EQUAL(byte_at(child, page_at(50)), 0);
    CHECK_EQUAL(byte_at(child, page_at(49)), 49);
    CHECK_EQUAL(byte_at(child, page_at(101)), 101);
    CHECK_EQUAL(pages_that_differ(parent, 0, BLOCK_PAGES), 0);
    space_release(child);
    space_release(parent);
}

REUSE_TEST(space_table, a_child_gets_no_page_that_it_must_not_have_through_a_shared_table)
{
    expect_no_leak(scenario_kept);
}

// ---- large pages ----

// Two blocks, the first of which is one page; false: no 2 MiB could be had, as the allocator itself says.
static bool large_block(struct space **made)
{
    phys_t run;
    if (frame_alloc(BLOCK_PAGES, FRAME_ALIGNED | FRAME_USER, &run) != STATUS_OK)
        return false;
    frame_free(run, BLOCK_PAGES);
    struct space *space = space_new();
    CHECK(map_at(space, BLOCK_AT, 2 * BLOCK_PAGES, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(write_byte(space, BLOCK_AT, 0));
    CHECK_EQUAL(space_resident(space), BLOCK_PAGES);
    for (uint64_t n = 1; n < BLOCK_PAGES; n++)
        CHECK(write_byte(space, page_at(n), (uint8_t)n));
    CHECK_EQUAL(space_resident(space), BLOCK_PAGES);
    *made = space;
    return true;
}

static void scenario_large(void)
{
    struct space *space;
    phys_t first, last;
    if (!large_block(&space))
        return;
    CHECK(arch_space_query(&space->arch, (virt_t){ BLOCK_AT }, &first, nullptr));
    CHECK(arch_space_query(&space->arch, (virt_t){ page_at(BLOCK_PAGES - 1) }, &last, nullptr));
    CHECK(is_aligned(first.raw, LARGE_SIZE));
    CHECK_EQUAL(last.raw, first.raw + LARGE_SIZE - PAGE_SIZE);
    CHECK_EQUAL(frame_of(first)->state, FRAME_LARGE);
    CHECK(space_protect(space, BLOCK_AT, LARGE_SIZE, PAGE_READ) == STATUS_OK);
    CHECK_EQUAL(frame_of(first)->state, FRAME_LARGE);
    CHECK(!write_byte(space, page_at(9), 1));
    CHECK(space_protect(space, BLOCK_AT, LARGE_SIZE, READ_WRITE) == STATUS_OK);
    CHECK(write_byte(space, page_at(9), 9));
    CHECK_EQUAL(frame_of(first)->state, FRAME_LARGE); // written again without a copy
    CHECK(space_unmap(space, page_at(100), PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(space_resident(space), BLOCK_PAGES - 1);
    CHECK_EQUAL(pages_that_differ(space, 0, 100) + pages_that_differ(space, 101, BLOCK_PAGES), 0);
    CHECK(space_discard(space, page_at(101), 3 * PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(byte_at(space, page_at(102)), 0);
    space_release(space);
}

REUSE_TEST(space_table, a_block_is_one_page_until_a_part_of_it_changes)
{
    expect_no_leak(scenario_large);
}

static void scenario_large_fork(void)
{
    struct space *parent, *child = nullptr, *third = nullptr;
    if (!large_block(&parent))
        return;
    CHECK(space_fork(parent, &child) == STATUS_OK && space_fork(child, &third) == STATUS_OK);
    CHECK_EQUAL(space_resident(child), BLOCK_PAGES);
    CHECK(write_byte(child, page_at(7), 77));
    CHECK(write_byte(parent, page_at(8), 88));
    CHECK_EQUAL(byte_at(parent, page_at(7)), 7);
    CHECK_EQUAL(byte_at(child, page_at(8)), 8);
    CHECK_EQUAL(pages_that_differ(third, 0, BLOCK_PAGES), 0); // its own page is still large, over a broken run
    space_release(parent);
    CHECK_EQUAL(pages_that_differ(child, 8, BLOCK_PAGES), 0);
    CHECK(space_unmap(third, BLOCK_AT, LARGE_SIZE) == STATUS_OK);
    space_release(third);
    CHECK_EQUAL(byte_at(child, page_at(7)), 77);
    space_release(child);
}

REUSE_TEST(space_table, a_large_page_is_copied_on_write_by_its_small_parts)
{
    expect_no_leak(scenario_large_fork);
}

static void scenario_large_mode(void)
{
    struct space *space = space_new();
    CHECK(map_at(space, BLOCK_AT, 2 * BLOCK_PAGES, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(write_byte(space, page_at(5), 1)); // not from its start
    CHECK_EQUAL(space_resident(space), 1);
    rwlock_acquire(&space->lock);
    space_find(space, BLOCK_AT)->flags |= REGION_NO_HUGE;
    rwlock_release(&space->lock);
    CHECK(write_byte(space, page_at(BLOCK_PAGES), 1));
    CHECK_EQUAL(space_resident(space), 2);
    CHECK_EQUAL(byte_at(space, page_at(BLOCK_PAGES + 1)), 0);
    CHECK_EQUAL(space_resident(space), 3); // the frame of zeros
    CHECK(write_byte(space, page_at(BLOCK_PAGES + 1), 5));
    CHECK_EQUAL(byte_at(space, page_at(BLOCK_PAGES + 1)), 5);
    CHECK_EQUAL(byte_at(space, page_at(BLOCK_PAGES + 2)), 0);
    space_release(space);
}

TEST(space_table, memory_that_does_not_ask_for_large_pages_gets_small_ones)
{
    expect_no_leak(scenario_large_mode);
}

// ---- a family of spaces against a model ----

enum { FAMILY = 4, MODEL_BLOCKS = 3, FAMILY_PAGES = MODEL_BLOCKS * (int)BLOCK_PAGES, FAMILY_STEPS = 1500 };

struct member {
    struct space *space;
    uint8_t value[FAMILY_PAGES];
    bool mapped[FAMILY_PAGES];
};

static struct member family[FAMILY];

static uint32_t random_next(uint32_t *state)
{
    *state = *state * 1'664'525 + 1'013'904'223;
    return *state >> 8;
}

static void member_check(struct member *member, uint32_t n)
{
    uint8_t byte = 0xee;
    CHECK_EQUAL(space_read(member->space, page_at(n), &byte, 1), member->mapped[n] ? 1 : 0);
    if (member->mapped[n])
        CHECK_EQUAL(byte, member->value[n]);
}

static void member_write(struct member *member, uint32_t n, uint8_t byte)
{
    CHECK_EQUAL(write_byte(member->space, page_at(n), byte), member->mapped[n]);
    if (member->mapped[n])
        member->value[n] = byte;
}

// What a member does with a run of its pages: 0 map anew, 1 unmap, 2 discard, 3 take the right to write and give it back.
static void member_change(struct member *member, uint32_t n, uint32_t count, uint32_t what)
{
    uint64_t at = page_at(n), size = count * PAGE_SIZE;
    if (what == 0)
        CHECK(map_at(member->space, at, count, READ_WRITE, nullptr, 0) == STATUS_OK);
    else if (what == 1)
        CHECK(space_unmap(member->space, at, size) == STATUS_OK);
    else if (what == 2)
        (void)!space_discard(member->space, at, size);
    else
        (void)!(space_protect(member->space, at, size, PAGE_READ) == STATUS_OK &&
                space_protect(member->space, at, size, READ_WRITE) == STATUS_OK);
    for (uint32_t i = n; i < n + count && what < 3; i++) {
        member->value[i] = 0;
        member->mapped[i] = what == 2 ? member->mapped[i] : what == 0;
    }
}

static void member_fork(struct member *parent, struct member *child)
{
    if (child == parent)
        return;
    if (child->space)
        space_release(child->space);
    *child = *parent;
    CHECK(space_fork(parent->space, &child->space) == STATUS_OK);
}

static void family_step(uint32_t *state)
{
    struct member *member = &family[random_next(state) % FAMILY];
    uint32_t what = random_next(state) % 16, n = random_next(state) % FAMILY_PAGES;
    uint32_t most = what % 2 ? 4 : FAMILY_PAGES, count = 1 + random_next(state) % MIN(most, FAMILY_PAGES - n);
    if (what == 15 || !member->space) {
        struct member *parent = &family[random_next(state) % FAMILY];
        if (parent->space)
            member_fork(parent, member);
    } else if (what == 14) { // a run of writes, which fills tables and makes large pages
        for (uint32_t i = align_down(n, BLOCK_PAGES); i < FAMILY_PAGES && i < n + 300; i++)
            member_write(member, i, (uint8_t)(i + what));
    } else if (what < 4) {
        member_change(member, n, count, what);
    } else {
        member_write(member, n, (uint8_t)random_next(state));
        member_check(member, random_next(state) % FAMILY_PAGES);
    }
}

static void scenario_family(void)
{
    uint32_t state = 4;
    family[0].space = space_new();
    member_change(&family[0], 0, FAMILY_PAGES, 0);
    for (unsigned step = 0; step < FAMILY_STEPS; step++)
        family_step(&state);
    for (unsigned i = 0; i < FAMILY; i++) {
        for (uint32_t n = 0; n < FAMILY_PAGES && family[i].space; n++)
            member_check(&family[i], n);
        if (family[i].space)
            space_release(family[i].space);
        family[i] = (struct member){};
    }
}

REUSE_TEST(space_table, agrees_with_a_model_while_a_family_forks_and_writes)
{
    expect_no_leak(scenario_family);
}

// ---- leaving ----

// The thread that drops the last reference runs in the space, and may lose the CPU at any instruction: the host aborts when a space is
// loaded where that could come between.
TEST(space_table, a_dying_space_is_left_with_nobody_let_in)
{
    struct space *space = space_new();
    bool on = arch_interrupts_disable();
    arch_space_activate(&space->arch);
    arch_interrupts_enable();
    space_release(space);
    (void)arch_interrupts_disable();
    const struct arch_space *loaded = cpu_local()->arch.space;
    arch_interrupts_restore(on);
    CHECK(loaded != &space->arch);
}
