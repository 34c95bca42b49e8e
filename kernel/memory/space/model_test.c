// SPDX-License-Identifier: MIT
// model_test.c: random requests against a model of an address space that is too plain to be wrong: an array of pages.
//
// After every step the request must have ended as the model says; every few steps contents, access, counts, the tree's sums and the place
// of the next mapping are compared. A failure prints the seed and the step, which SEED_FIXED repeats.
#include "space_test.h"

#include <abi/linux/mman.h>

#include <arch/keys.h>

#include <helix/log.h>
#include <helix/random.h>

enum { MODEL_PAGES = 3 * 512, MODEL_KEYS = 3, COMPARE_EVERY = 50, FORKED_STEPS = 4, SEEDS = 3 };
enum : uint32_t { SEED_FIXED = 1 }; // the first; the others come from the generator

// Pages that were written are resident; those that were only read may be, and are not after fork.
struct model_page {
    bool mapped, written, seen, large; // large: large pages are wanted
    uint16_t access;                   // the protection key as well
    uint8_t value;
};

// How much of the model a run uses: little, so that requests meet each other often, or so much that tables fill up and are shared by fork.
struct model_size {
    uint32_t pages, range, steps; // range: the longest request
    bool large_pages;             // may come, with pages that nobody asked for
};

static const struct model_size dense = { 64, 8, 1500, false }, wide = { MODEL_PAGES, 1100, 200, true };

struct model {
    struct space *space;
    const struct model_size *size;
    struct model_page page[MODEL_PAGES];
};

static struct model parent_model, child_model; // too large for a kernel stack

// One request: pages [first, first + count), and what else it needs.
struct step {
    uint32_t first, count, other;
    uint32_t access;
    uint8_t value;
};

static uint32_t random_state, wrong;

#define SEE(condition_)           (wrong += !CHECK(condition_))
#define SEE_EQUAL(actual_, want_) (wrong += !CHECK_EQUAL(actual_, want_))

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1'664'525 + 1'013'904'223;
    return (random_state >> 8) % limit;
}

static uint64_t address_of(uint32_t page)
{
    return AT + page * PAGE_SIZE;
}

static bool model_whole(const struct model *model, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        if (!model->page[i].mapped)
            return false;
    }
    return true;
}

static void step_map(struct model *model, const struct step *step)
{
    SEE(map_at(model->space, address_of(step->first), step->count, step->access, nullptr, 0) == STATUS_OK);
    for (uint32_t i = step->first; i < step->first + step->count; i++)
        model->page[i] = (struct model_page){ .mapped = true, .access = (uint16_t)step->access };
}

static void step_unmap(struct model *model, const struct step *step)
{
    SEE(space_unmap(model->space, address_of(step->first), step->count * PAGE_SIZE) == STATUS_OK);
    for (uint32_t i = step->first; i < step->first + step->count; i++)
        model->page[i] = (struct model_page){};
}

static void step_protect(struct model *model, const struct step *step)
{
    bool whole = model_whole(model, step->first, step->count);
    SEE(space_protect(model->space, address_of(step->first), step->count * PAGE_SIZE, step->access) ==
        (whole ? STATUS_OK : STATUS_NO_MEMORY));
    for (uint32_t i = step->first; i < step->first + step->count && model->page[i].mapped; i++)
        model->page[i].access = (uint16_t)(step->access | (model->page[i].access & PAGE_KEYS)); // up to the first hole
}

static void step_key(struct model *model, const struct step *step)
{
    uint32_t key = step->value % MODEL_KEYS;
    bool whole = model_whole(model, step->first, step->count);
    SEE(space_protect_key(model->space, address_of(step->first), step->count * PAGE_SIZE, step->access, key) ==
        (whole ? STATUS_OK : STATUS_NO_MEMORY));
    for (uint32_t i = step->first; i < step->first + step->count && model->page[i].mapped; i++)
        model->page[i].access = (uint16_t)(step->access | key << PAGE_KEY_SHIFT);
}

static void step_discard(struct model *model, const struct step *step)
{
    bool whole = model_whole(model, step->first, step->count);
    SEE(space_discard(model->space, address_of(step->first), step->count * PAGE_SIZE) == (whole ? STATUS_OK : STATUS_NO_MEMORY));
    for (uint32_t i = step->first; i < step->first + step->count; i++) {
        model->page[i].value = 0;
        model->page[i].written = model->page[i].seen = false;
    }
}

static void step_want_large_pages(struct model *model, const struct step *step)
{
    if (!model_whole(model, step->first, step->count))
        return;
    for (uint32_t i = step->first; i < step->first + step->count; i++)
        model->page[i].large = true;
    SEE(space_advise(model->space, address_of(step->first), step->count * PAGE_SIZE, LINUX_MADV_HUGEPAGE) == STATUS_OK);
}

static void step_write(struct model *model, const struct step *step)
{
    for (uint32_t i = step->first; i < step->first + step->count; i++) {
        struct model_page *page = &model->page[i];
        bool may = page->mapped && page->access & PAGE_WRITE;
        SEE_EQUAL(write_byte(model->space, address_of(i), step->value), may);
        page->value = may ? step->value : page->value;
        page->written |= may;
    }
}

// Fresh memory written at once: of a whole block of 512 pages it becomes one page of 2 MiB, if there may be any.
static void step_fill(struct model *model, const struct step *step)
{
    struct step fill = *step;
    if (model->size->large_pages) {
        fill.first = align_down(step->first, 512);
        fill.count = MIN(512 * (1 + random_below(2)), model->size->pages - fill.first);
    }
    fill.access = READ_WRITE;
    step_map(model, &fill);
    step_write(model, &fill);
}

// Moves pages to where others are, which then are no more; both ranges are of one access each.
static void step_move(struct model *model, const struct step *step)
{
    uint32_t to = random_below(model->size->pages - step->count);
    const struct model_page *first = &model->page[step->first];
    uint64_t at;
    if (to < step->first + step->count && step->first < to + step->count)
        return;
    bool whole = model_whole(model, step->first, step->count);
    for (uint32_t i = step->first; i < step->first + step->count; i++)
        whole &= model->page[i].access == first->access && model->page[i].large == first->large;
    enum status outcome = space_remap(model->space, address_of(step->first), step->count * PAGE_SIZE, step->count * PAGE_SIZE,
                                      LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED, address_of(to), &at);
    SEE(outcome == (whole ? STATUS_OK : STATUS_BAD_ADDRESS));
    for (uint32_t i = 0; whole && i < step->count; i++) {
        model->page[to + i] = model->page[step->first + i];
        model->page[step->first + i] = (struct model_page){};
    }
}

static void model_compare(struct model *model);
static void any_step(struct model *model, bool may_fork);

// Both write and go on for a while. The child is compared, changed and dropped: nothing of it may show in the parent, nor the parent's
// writes in it.
static void step_fork(struct model *model, const struct step *step)
{
    struct model *child = &child_model;
    struct step parents = *step;
    parents.value ^= 0x55;
    if (random_below(2))
        step_fill(model, step);
    *child = *model;
    SEE(space_fork(model->space, &child->space) == STATUS_OK);
    step_write(random_below(2) ? model : child, &parents);
    for (int i = 0; i < FORKED_STEPS; i++) {
        any_step(child, false);
        any_step(model, false);
    }
    for (parents.access = 0; parents.access <= READ_WRITE; parents.access += READ_WRITE) // rights to and fro uncover nothing
        step_protect(model, &parents);
    step_write(model, &parents);
    model_compare(child);
    step_write(child, step);
    model_compare(child);
    model_compare(model);
    space_release(child->space);
}

static void (*const steps[])(struct model *model, const struct step *step) = {
    step_map,   step_unmap, step_protect, step_protect,          step_key,  step_discard,
    step_write, step_write, step_move,    step_want_large_pages, step_fill, step_fork,
};

static void any_step(struct model *model, bool may_fork)
{
    struct step step = { .count = 1 + random_below(model->size->range), .value = (uint8_t)random_below(256) };
    step.first = random_below(model->size->pages - step.count);
    step.access = (uint32_t[]){ 0, READ, READ_WRITE, READ_WRITE }[random_below(4)];
    steps[random_below((uint32_t)ARRAY_LENGTH(steps) - !may_fork)](model, &step); // step_fork is the last
}

// ---- comparing ----

static uint64_t sum_below(const struct tree_node *node)
{
    return node ? container_of(node, struct region, node)->largest_gap : 0;
}

static uint64_t gap_before(const struct region *previous, const struct region *region)
{
    uint64_t bottom = previous ? previous->end : SPACE_LOWEST, low = region_low(region);
    return low > bottom ? low - bottom : 0;
}

// Where a mapping of `size` bytes must go: every gap looked at, from the top.
static uint64_t plain_gap(struct space *space, uint64_t size) MUST_SHARE(space->lock)
{
    uint64_t top = space->map_top;
    for (struct tree_node *node = tree_last(&space->regions); node; node = tree_previous(node)) {
        const struct region *region = region_of(node);
        if (region->end < top && top - region->end >= size)
            return top - size;
        top = MIN(top, region_low(region));
    }
    return top >= SPACE_LOWEST + size ? top - size : 0;
}

static void compare_tree(struct space *space) MUST_SHARE(space->lock)
{
    uint64_t data = 0, count = 0;
    struct region *previous = nullptr;
    for (struct region *region = region_of(tree_first(&space->regions)); region; previous = region, region = region_next(region)) {
        uint64_t below = MAX(sum_below(region->node.left), sum_below(region->node.right));
        SEE(region->start < region->end);
        SEE(!previous || previous->end <= region->start);
        SEE(!previous || !region_alike(previous, region));
        SEE_EQUAL(region->gap, gap_before(previous, region));
        SEE_EQUAL(region->largest_gap, MAX(below, MIN(region->gap, GAP_COUNTED)));
        data += region->access & PAGE_WRITE ? region_size(region) : 0;
        count++;
    }
    SEE_EQUAL(space->region_count, count);
    SEE_EQUAL(space->data, data);
    for (uint64_t size = PAGE_SIZE; size <= 512 * GIB; size *= 2) {
        struct room room = {};
        uint64_t plain = plain_gap(space, size);
        bool found = space_find_gap(space, size, &room);
        SEE_EQUAL(found ? room.at : 0, plain);
        SEE(!found || (!room.below || room.below->end <= room.at));
        SEE(!found || !room.above || region_low(room.above) >= room.at + size);
    }
}

static void compare_pages(const struct model *model, uint64_t *mapped) MUST_SHARE(model->space->lock)
{
    uint32_t access;
    for (uint32_t i = 0; i < model->size->pages; i++) {
        const struct region *region = space_find(model->space, address_of(i));
        *mapped += model->page[i].mapped ? PAGE_SIZE : 0;
        SEE_EQUAL(region != nullptr, model->page[i].mapped);
        if (region)
            SEE_EQUAL(region->access, model->page[i].access);
        if (region && arch_space_query(&model->space->arch, (virt_t){ address_of(i) }, nullptr, &access) && access & PAGE_READ &&
            arch_keys() > 1)
            SEE_EQUAL(access & PAGE_KEYS, region->access & PAGE_KEYS);
    }
}

static void model_compare(struct model *model)
{
    uint64_t mapped = 0, written = 0, seen = 0, resident = space_resident(model->space);
    rwlock_acquire_shared(&model->space->lock);
    compare_pages(model, &mapped);
    compare_tree(model->space);
    rwlock_release_shared(&model->space->lock);
    SEE_EQUAL(model->space->mapped, mapped);
    for (uint32_t i = 0; i < model->size->pages; i++) {
        written += model->page[i].written;
        seen += model->page[i].written || model->page[i].seen;
    }
    SEE(written <= resident);
    SEE(resident <= seen || model->size->large_pages);
    for (uint32_t i = 0; i < model->size->pages; i++) {
        if (!model->page[i].mapped || !(model->page[i].access & PAGE_READ))
            continue;
        model->page[i].seen = true; // looking brings it in
        SEE_EQUAL(byte_at(model->space, address_of(i)), model->page[i].value);
    }
}

static void model_run(const struct model_size *size, uint32_t seed)
{
    struct model *model = &parent_model;
    unsigned i;
    *model = (struct model){ .space = space_new(), .size = size };
    model->space->keys = (1 << MODEL_KEYS) - 1; // as if they had been allocated, where the CPU has none, too
    random_state = seed;
    wrong = 0;
    for (i = 0; i < size->steps && !wrong; i++) {
        any_step(model, true);
        if (i % COMPARE_EVERY == 0)
            model_compare(model);
    }
    model_compare(model);
    space_release(model->space);
    if (wrong)
        console_print("     with seed %u, in step %u\n", seed, i);
}

static uint32_t seed_now;
static const struct model_size *size_now;

static void scenario_model(void)
{
    model_run(size_now, seed_now);
}

static void run_seeds(const struct model_size *size, int seeds)
{
    seed_now = SEED_FIXED;
    size_now = size;
    expect_no_leak(scenario_model);
    for (int i = 1; i < seeds; i++) {
        random_bytes(&seed_now, sizeof seed_now);
        scenario_model();
    }
}

REUSE_TEST(space, agrees_with_a_plain_model_over_random_requests)
{
    run_seeds(&dense, SEEDS);
}

REUSE_TEST(space, agrees_with_a_plain_model_over_full_tables)
{
    run_seeds(&wide, SEEDS);
}
