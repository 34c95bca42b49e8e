// SPDX-License-Identifier: MIT
// space_model_test.c: random requests against a model of an address space that is too plain to be wrong.
#include "space_test.h"

enum { MODEL_PAGES = 64, MODEL_STEPS = 3000 };
struct model_page {
    bool mapped;
    uint8_t access, value;
};

static uint32_t random_next(uint32_t *state)
{
    *state = *state * 1'664'525 + 1'013'904'223;
    return *state >> 8;
}

static void model_step(struct space *space, struct model_page *model, uint32_t *state)
{
    uint32_t first = random_next(state) % MODEL_PAGES, count = 1 + random_next(state) % MIN(8u, MODEL_PAGES - first);
    uint32_t access = random_next(state) % 2 ? READ_WRITE : READ, what = random_next(state) % 4;
    uint64_t at = AT + first * PAGE_SIZE, size = count * PAGE_SIZE;
    bool whole = true;
    for (uint32_t i = first; i < first + count; i++)
        whole &= model[i].mapped;
    if (what == 0)
        CHECK(map_at(space, at, count, access, nullptr, 0) == STATUS_OK);
    else if (what == 1)
        CHECK(space_unmap(space, at, size) == STATUS_OK);
    else if (what == 2)
        CHECK(space_protect(space, at, size, access) == (whole ? STATUS_OK : STATUS_NO_MEMORY));
    for (uint32_t i = first; i < first + count; i++) {
        if (what == 0)
            model[i] = (struct model_page){ true, (uint8_t)access, 0 };
        else if (what == 1)
            model[i] = (struct model_page){};
        else if (what == 2 && whole)
            model[i].access = (uint8_t)access;
        else if (what == 3 && write_byte(space, AT + i * PAGE_SIZE, (uint8_t)random_next(state)))
            model[i].value = byte_at(space, AT + i * PAGE_SIZE);
    }
}

static void model_compare(struct space *space, const struct model_page *model)
{
    uint64_t mapped = 0;
    for (uint32_t i = 0; i < MODEL_PAGES; i++) {
        mapped += model[i].mapped ? PAGE_SIZE : 0;
        rwlock_acquire(&space->lock);
        const struct region *region = space_find(space, AT + i * PAGE_SIZE);
        CHECK_EQUAL(region != nullptr, model[i].mapped);
        if (region)
            CHECK_EQUAL(region->access, model[i].access);
        rwlock_release(&space->lock);
        if (model[i].mapped)
            CHECK_EQUAL(byte_at(space, AT + i * PAGE_SIZE), model[i].value);
    }
    CHECK_EQUAL(space->mapped, mapped);
    for (struct region *region = region_of(tree_first(&space->regions)), *next; region; region = next) {
        next = region_next(region);
        CHECK(region->start < region->end);
        CHECK(!next || region->end < next->start || (region->end == next->start && region->access != next->access));
    }
}

static void scenario_model(void)
{
    struct model_page model[MODEL_PAGES] = {};
    struct space *space = space_new();
    uint32_t state = 1;
    for (unsigned step = 0; step < MODEL_STEPS; step++) {
        model_step(space, model, &state);
        if (step % 100 == 0)
            model_compare(space, model);
    }
    model_compare(space, model);
    space_release(space);
}

TEST(space, agrees_with_a_plain_model_over_random_requests)
{
    expect_no_leak(scenario_model);
}
