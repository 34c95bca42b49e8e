// SPDX-License-Identifier: MIT
// shared_test.c: memory that stays one: pages come on demand, once, and all go with the last reference.
#include "space_test.h"

#include <lib/string.h>

// Enough for a second table of pages.
enum : uint64_t { PAGES = 600 };

static struct page_source *source_new(uint64_t size)
{
    struct page_source *source = nullptr;
    CHECK(shared_memory_create(size, &source) == STATUS_OK);
    return source;
}

static void scenario_pages(void)
{
    struct page_source *source = source_new(PAGES * PAGE_SIZE);
    static const uint64_t indexes[] = { 0, 1, 511, 512, PAGES - 1 };
    phys_t first, again;
    for (size_t i = 0; i < ARRAY_LENGTH(indexes); i++) {
        CHECK(source->ops->get(source, indexes[i], true, &first) == STATUS_OK);
        CHECK_EQUAL(*(uint64_t *)direct_map(first), 0);
        *(uint64_t *)direct_map(first) = indexes[i] + 1;
        CHECK(source->ops->get(source, indexes[i], false, &again) == STATUS_OK);
        CHECK_EQUAL(again.raw, first.raw);
        CHECK_EQUAL(*(uint64_t *)direct_map(again), indexes[i] + 1);
        frame_release(first);
        frame_release(again);
    }
    source->ops->retain(source);
    source->ops->release(source);
    source->ops->release(source);
}

TEST(shared_memory, gives_each_page_once_and_all_of_them_back)
{
    expect_no_leak(scenario_pages);
}

TEST(shared_memory, ends_where_its_size_does)
{
    struct page_source *source = source_new(PAGE_SIZE + 1);
    phys_t frame = { 7 };
    CHECK(source->ops->get(source, 2, true, &frame) == STATUS_OUT_OF_RANGE);
    CHECK(source->ops->get(source, UINT64_MAX, true, &frame) == STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(frame.raw, 7);
    CHECK(source->ops->get(source, 1, true, &frame) == STATUS_OK);
    frame_release(frame);
    source->ops->release(source);
}

TEST(shared_memory, offers_only_pages_that_are_there_already)
{
    struct page_source *source = source_new(PAGES * PAGE_SIZE);
    phys_t frames[4], made;
    CHECK_EQUAL(source->ops->get_resident(source, 510, 4, frames), 0);
    for (uint64_t i = 510; i < 513; i++) {
        CHECK(source->ops->get(source, i, true, &made) == STATUS_OK);
        frame_release(made);
    }
    CHECK_EQUAL(source->ops->get_resident(source, 510, 4, frames), 3); // across two tables, up to the first that is missing
    for (size_t i = 0; i < 3; i++)
        frame_release(frames[i]);
    CHECK_EQUAL(source->ops->get_resident(source, 510, 2, frames), 2);
    frame_release(frames[0]);
    frame_release(frames[1]);
    CHECK_EQUAL(source->ops->get_resident(source, PAGES, 4, frames), 0);
    source->ops->release(source);
}

// ---- what an object no longer has ----

static void scenario_forget(void)
{
    struct page_source *source = source_new(4 * PAGE_SIZE);
    struct space *parent, *child;
    uint64_t at;
    CHECK(space_create(&parent) == STATUS_OK);
    const struct map_request request = {
        .size = 4 * PAGE_SIZE, .access = PAGE_READ | PAGE_WRITE, .flags = MAP_SHARED_PAGES, .source = source
    };
    CHECK(space_map(parent, &request, &at) == STATUS_OK);
    CHECK_EQUAL(source->regions, 1);
    CHECK(space_fork(parent, &child) == STATUS_OK);
    CHECK_EQUAL(source->regions, 2);
    CHECK(space_populate(parent, at, 4 * PAGE_SIZE, true) == STATUS_OK);
    CHECK(space_populate(child, at, 4 * PAGE_SIZE, true) == STATUS_OK);
    CHECK(space_unmap(child, at, PAGE_SIZE) == STATUS_OK); // the offset of the rest is not 0
    page_source_forget(source, 2, UINT64_MAX >> PAGE_SHIFT);
    CHECK_EQUAL(space_resident(parent), 2);
    CHECK_EQUAL(space_resident(child), 1);
    page_source_forget(source, 0, 1);
    CHECK_EQUAL(space_resident(parent), 1);
    CHECK_EQUAL(space_resident(child), 1);
    space_release(parent);
    CHECK_EQUAL(source->regions, 1);
    page_source_forget(source, 1, 2);
    CHECK_EQUAL(space_resident(child), 0);
    space_release(child);
    CHECK_EQUAL(source->regions, 0);
    source->ops->release(source);
}

TEST(page_source, forgotten_pages_leave_every_space)
{
    expect_no_leak(scenario_forget);
}
