// SPDX-License-Identifier: MIT
// transfer_test.c: bytes from space to space: what arrives, and at what a transfer stops.
#include "space_test.h"

enum : uint64_t { PAGES = 6, FROM = AT, TO = 0x7000'0000 };

struct pair {
    struct space *source, *target;
};

// Two regions of the source hold its pages, and those of the target are there and hold 0xff.
static struct pair pair_new(void)
{
    struct pair pair = { space_new(), space_new() };
    CHECK(map_at(pair.source, FROM, 2, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(map_at(pair.source, FROM + 2 * PAGE_SIZE, PAGES - 2, READ_WRITE, nullptr, MAP_NO_RESERVE) == STATUS_OK);
    CHECK(map_at(pair.target, TO, PAGES, READ_WRITE, nullptr, 0) == STATUS_OK);
    for (uint64_t at = 0; at < PAGES * PAGE_SIZE; at += 64) {
        CHECK(write_byte(pair.source, FROM + at, (uint8_t)(at >> 6)));
        CHECK(write_byte(pair.target, TO + at, 0xff));
    }
    return pair;
}

static void pair_end(struct pair pair)
{
    space_release(pair.source);
    space_release(pair.target);
}

static size_t transfer(struct pair pair, uint64_t from, uint64_t to, size_t size)
{
    return space_transfer(pair.source, FROM + from, pair.target, TO + to, size);
}

static void scenario_whole(void)
{
    struct pair pair = pair_new();
    size_t size = 4 * PAGE_SIZE;
    CHECK_EQUAL(transfer(pair, 128, 3 * 64, size), size); // each side crosses pages at other places
    for (uint64_t at = 0; at < size; at += 64)
        CHECK_EQUAL(byte_at(pair.target, TO + 3 * 64 + at), (uint8_t)((128 + at) >> 6));
    CHECK_EQUAL(byte_at(pair.target, TO + 2 * 64), 0xff);
    CHECK_EQUAL(byte_at(pair.target, TO + 3 * 64 + size), 0xff);
    pair_end(pair);
}

TEST(space_transfer, bytes_arrive_across_pages_and_regions)
{
    expect_no_leak(scenario_whole);
}

static void scenario_missing(void)
{
    struct pair pair = pair_new();
    CHECK(space_discard(pair.target, TO + 3 * PAGE_SIZE, PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(transfer(pair, 0, 0, PAGES * PAGE_SIZE), 3 * PAGE_SIZE); // a page of the target is not there
    CHECK(space_discard(pair.source, FROM + 2 * PAGE_SIZE, PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(transfer(pair, 100, 100, PAGES * PAGE_SIZE), 2 * PAGE_SIZE - 100); // and now one of the source
    CHECK_EQUAL(transfer(pair, PAGES * PAGE_SIZE, 0, 1), 0);                       // nothing was ever mapped there
    CHECK_EQUAL(transfer(pair, 0, PAGES * PAGE_SIZE, 1), 0);
    pair_end(pair);
}

TEST(space_transfer, stops_at_a_page_that_is_not_there_and_brings_none_in)
{
    expect_no_leak(scenario_missing);
}

static void scenario_access(void)
{
    struct pair pair = pair_new();
    CHECK(space_protect(pair.target, TO + PAGE_SIZE, PAGE_SIZE, READ) == STATUS_OK);
    CHECK_EQUAL(transfer(pair, 0, 0, PAGES * PAGE_SIZE), PAGE_SIZE);
    CHECK_EQUAL(byte_at(pair.target, TO + PAGE_SIZE), 0xff);
    CHECK(space_protect(pair.source, FROM, PAGE_SIZE, 0) == STATUS_OK);
    CHECK_EQUAL(transfer(pair, 0, 0, PAGE_SIZE), 0);
    CHECK(space_protect(pair.source, FROM + PAGE_SIZE, PAGE_SIZE, READ) == STATUS_OK);
    CHECK_EQUAL(transfer(pair, PAGE_SIZE, 0, PAGE_SIZE), PAGE_SIZE); // reading is enough
    pair_end(pair);
}

TEST(space_transfer, respects_what_each_side_may_do)
{
    expect_no_leak(scenario_access);
}

static void scenario_fork(void)
{
    struct pair pair = pair_new();
    struct space *child;
    CHECK(space_fork(pair.target, &child) == STATUS_OK);
    CHECK_EQUAL(transfer(pair, 0, 0, PAGE_SIZE), 0); // the page is the child's too
    CHECK(write_byte(pair.target, TO, 1));           // until it is copied
    CHECK_EQUAL(transfer(pair, 64, 0, PAGE_SIZE), PAGE_SIZE);
    CHECK_EQUAL(byte_at(pair.target, TO), 1);
    CHECK_EQUAL(byte_at(child, TO), 0xff);
    space_release(child);
    pair_end(pair);
}

TEST(space_transfer, writes_into_no_page_that_fork_shares)
{
    expect_no_leak(scenario_fork);
}

static void scenario_refused(void)
{
    struct pair pair = pair_new(), same = { pair.target, pair.target };
    CHECK_EQUAL(space_transfer(same.source, TO, same.target, TO + PAGE_SIZE, 1), 0);
    CHECK_EQUAL(transfer(pair, UINT64_MAX - FROM - 10, 0, 100), 0);
    CHECK_EQUAL(transfer(pair, 0, UINT64_MAX - TO - 10, 100), 0);
    CHECK_EQUAL(transfer(pair, arch_user_end() - FROM, 0, 1), 0);
    CHECK_EQUAL(transfer(pair, 0, arch_user_end() - TO, 1), 0);
    struct space *const locked[] = { pair.source, pair.target };
    for (size_t i = 0; i < 2; i++) {
        rwlock_acquire(&locked[i]->lock);
        CHECK_EQUAL(transfer(pair, 0, 0, 1), 0);
        rwlock_release(&locked[i]->lock);
        CHECK_EQUAL(transfer(pair, 0, 0, 1), 1); // and the locks are free again
    }
    pair_end(pair);
}

TEST(space_transfer, refuses_one_space_wild_addresses_and_locks_that_are_held)
{
    expect_no_leak(scenario_refused);
}
