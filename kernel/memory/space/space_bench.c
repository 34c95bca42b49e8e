// SPDX-License-Identifier: MIT
// space_bench.c: what pages and regions of an address space cost. The space is the row's own and no thread runs in it.

#include <helix/bench.h>

#include <arch/layout.h>
#include <helix/heap.h>
#include <helix/preempt.h>
#include <helix/process.h>
#include <helix/thread.h>

#include "space.h"

// Regions lie at every second page from AT on, so that none grows together with its neighbour.
enum { PAGES = 64, REGIONS = 1'000 };
enum : uint64_t { AT = 0x1000'0000 };

struct bench_space {
    struct space *space;
    uint64_t pages; // of the region that faults are made in
    enum status failure;
};

static void note(struct bench_space *bench, enum status status)
{
    if (status != STATUS_OK)
        bench->failure = status;
}

static void map(struct bench_space *bench, uint64_t at, uint64_t pages)
{
    const struct map_request request = { .hint = at, .size = pages * PAGE_SIZE, .access = PAGE_READ | PAGE_WRITE, .flags = MAP_AT };
    uint64_t where;
    note(bench, space_map(bench->space, &request, &where));
}

static enum status space_prepare(void **state)
{
    struct bench_space *bench = heap_alloc_zeroed(1, sizeof *bench);
    if (!bench)
        return STATUS_NO_MEMORY;
    enum status status = space_create(&bench->space);
    if (status != STATUS_OK) {
        heap_free(bench);
        return status;
    }
    *state = bench;
    return STATUS_OK;
}

static enum status space_finish(void *state)
{
    struct bench_space *bench = state;
    enum status failure = bench->failure;
    space_release(bench->space);
    heap_free(bench);
    return failure;
}

static void region_map(void *state, uint32_t operations)
{
    map(state, AT, operations);
}

static void region_unmap(void *state, uint32_t operations)
{
    struct bench_space *bench = state;
    note(bench, space_unmap(bench->space, AT, operations * PAGE_SIZE));
}

static void pages_fault(void *state, uint32_t operations)
{
    struct bench_space *bench = state;
    for (uint32_t i = 0; i < operations; i++)
        note(bench, space_fault(bench->space, AT + i * PAGE_SIZE, PAGE_WRITE));
}

static void pages_before(void *state, uint32_t operations)
{
    region_map(state, operations);
    pages_fault(state, operations);
}

// One call for all of them; the region goes with its pages.
static void pages_protect(void *state, uint32_t operations)
{
    struct bench_space *bench = state;
    note(bench, space_protect(bench->space, AT, operations * PAGE_SIZE, PAGE_READ));
}

BENCHMARK(page_fault, "page.fault", .category = "memory", .batch = PAGES, .prepare = space_prepare, .before = region_map,
          .run = pages_fault, .after = region_unmap, .finish = space_finish);
BENCHMARK(page_protect, "page.protect", .category = "memory", .batch = PAGES, .prepare = space_prepare, .before = pages_before,
          .run = pages_protect, .after = region_unmap, .finish = space_finish);
BENCHMARK(page_unmap, "page.unmap", .category = "memory", .batch = PAGES, .prepare = space_prepare, .before = pages_before,
          .run = region_unmap, .finish = space_finish);

// ---- regions, in a space that has a thousand others ----

static enum status regions_prepare(void **state)
{
    TRY(space_prepare(state));
    struct bench_space *bench = *state;
    for (uint64_t i = 1; i <= REGIONS; i++)
        map(bench, AT + 2 * (PAGES + i) * PAGE_SIZE, 1);
    if (bench->failure == STATUS_OK)
        return STATUS_OK;
    return space_finish(bench);
}

static void regions_create(void *state, uint32_t operations)
{
    for (uint64_t i = 0; i < operations; i++)
        map(state, AT + 2 * i * PAGE_SIZE, 1);
}

static void regions_drop(void *state, uint32_t operations)
{
    struct bench_space *bench = state;
    note(bench, space_unmap(bench->space, AT, 2 * operations * PAGE_SIZE));
}

static void regions_look_up(void *state, uint32_t operations)
{
    struct bench_space *bench = state;
    rwlock_acquire_shared(&bench->space->lock);
    for (uint64_t i = 0; i < operations; i++)
        if (!space_find(bench->space, AT + 2 * (PAGES + 1 + i * 617 % REGIONS) * PAGE_SIZE))
            bench->failure = STATUS_NOT_FOUND;
    rwlock_release_shared(&bench->space->lock);
}

BENCHMARK(region_create, "region.create", .category = "memory", .batch = PAGES, .prepare = regions_prepare, .run = regions_create,
          .after = regions_drop, .finish = space_finish);
BENCHMARK(region_lookup, "region.lookup", .category = "memory", .batch = PAGES, .prepare = regions_prepare, .run = regions_look_up,
          .finish = space_finish);

// ---- translation caches ----

// The CPU must run the space for it to be in its caches; nobody else gets this CPU meanwhile.
static void enter_space(void *state, uint32_t operations)
{
    preempt_disable();
    bool on = arch_interrupts_disable();
    arch_space_activate(&((struct bench_space *)state)->space->arch);
    arch_interrupts_restore(on);
}

static void leave_space(void *state, uint32_t operations)
{
    struct process *process = thread_current()->process;
    bool on = arch_interrupts_disable();
    arch_space_activate(process && process->space ? &process->space->arch : arch_space_kernel());
    arch_interrupts_restore(on);
    preempt_enable();
}

static void flush_single(void *state, uint32_t operations)
{
    struct bench_space *bench = state;
    while (operations--)
        arch_space_flush(&bench->space->arch, AT, AT + PAGE_SIZE);
}

static void flush_all(void *state, uint32_t operations)
{
    struct bench_space *bench = state;
    while (operations--)
        arch_space_flush(&bench->space->arch, 0, arch_user_end());
}

#define FLUSH(identifier_, name_)                                                                                        \
    BENCHMARK(identifier_, name_, .category = "memory", .batch = PAGES, .prepare = space_prepare, .before = enter_space, \
              .run = identifier_, .after = leave_space, .finish = space_finish)
FLUSH(flush_single, "tlb.flush_single");
FLUSH(flush_all, "tlb.flush_all");
