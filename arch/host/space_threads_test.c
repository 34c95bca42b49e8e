// SPDX-License-Identifier: MIT
// space_threads_test.c: one address space on several CPUs at once: faults beside mmap, munmap, mprotect, madvise and fork of the same space.

#include "workers.h"

#include <arch/interrupt.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/space.h>
#include <helix/test.h>

enum : uint64_t {
    STABLE = 0x1000'0000, // pages that stay: each belongs to one worker, who knows what it wrote there last
    STABLE_PAGES = 64,
    WILD = 0x1020'0000, // pages that come, go and change
    WILD_PAGES = 64,
    STEPS = 4000,
};

static struct space *shared;
static uint64_t last[STABLE_PAGES]; // each its worker's own

static uint64_t stable_at(uint64_t page)
{
    return STABLE + page * PAGE_SIZE + page % 8 * 8;
}

static uint64_t word_at(struct space *space, uint64_t page)
{
    uint64_t word = UINT64_MAX;
    return space_read(space, stable_at(page), &word, sizeof word) == sizeof word ? word : UINT64_MAX;
}

static void write_and_read(struct worker *worker)
{
    uint64_t page = worker_random(worker, STABLE_PAGES / WORKERS) * WORKERS + worker->number, word = last[page] + 1;
    worker->wrong += word_at(shared, page) != last[page];
    worker->wrong += space_write(shared, stable_at(page), &word, sizeof word) != sizeof word;
    last[page] = word;
    worker->wrong += word_at(shared, page) != word;
}

// Its own pages are as they were at the fork; the others' are as they were at some moment, and stay so whatever the parent writes.
static void child_check(struct worker *worker, struct space *child)
{
    uint64_t seen[STABLE_PAGES];
    for (uint64_t page = 0; page < STABLE_PAGES; page++) {
        seen[page] = word_at(child, page);
        worker->wrong += page % WORKERS == worker->number ? seen[page] != last[page] : seen[page] == UINT64_MAX;
    }
    for (int i = 0; i < 4; i++)
        write_and_read(worker); // in the parent
    for (uint64_t page = 0; page < STABLE_PAGES; page++)
        worker->wrong += word_at(child, page) != seen[page];
    uint64_t other = worker_random(worker, STABLE_PAGES), word = UINT64_MAX / 2;
    worker->wrong += space_write(child, stable_at(other), &word, sizeof word) != sizeof word || word_at(child, other) != word;
}

static void fork_and_check(struct worker *worker)
{
    struct space *child;
    if (space_fork(shared, &child) != STATUS_OK) {
        worker->wrong++;
        return;
    }
    child_check(worker, child);
    space_release(child);
}

static void wild_change(struct worker *worker)
{
    uint64_t page = worker_random(worker, WILD_PAGES), size = (1 + worker_random(worker, WILD_PAGES - page)) * PAGE_SIZE,
             at = WILD + page * PAGE_SIZE;
    uint32_t access = worker_random(worker, 2) ? PAGE_READ : PAGE_READ | PAGE_WRITE;
    const struct map_request request = { .hint = at, .size = size, .access = access, .flags = MAP_AT };
    enum status outcome;
    switch (worker_random(worker, 4)) {
    case 0:
        worker->wrong += space_unmap(shared, at, size) != STATUS_OK;
        break;
    case 1:
        outcome = space_protect(shared, at, size, access);
        worker->wrong += outcome != STATUS_OK && outcome != STATUS_NO_MEMORY;
        break;
    case 2:
        outcome = space_discard(shared, at, size);
        worker->wrong += outcome != STATUS_OK && outcome != STATUS_NO_MEMORY;
        break;
    default:
        worker->wrong += space_map(shared, &request, &at) != STATUS_OK;
    }
}

static void wild_fault(struct worker *worker)
{
    uint64_t at = WILD + worker_random(worker, WILD_PAGES * PAGE_SIZE);
    enum status outcome = space_fault(shared, at, worker_random(worker, 2) ? FAULT_USER | FAULT_WRITE : FAULT_USER);
    worker->wrong += outcome != STATUS_OK && outcome != STATUS_NOT_MAPPED && outcome != STATUS_DENIED;
}

static void live(struct worker *worker)
{
    for (uint64_t step = 0; step < STEPS; step++) {
        uint64_t what = worker_random(worker, 128);
        if (what < 4)
            fork_and_check(worker);
        else if (what < 32)
            wild_change(worker);
        else if (what < 80)
            wild_fault(worker);
        else
            write_and_read(worker);
    }
}

static uint64_t free_now(void)
{
    uint64_t total, free;
    heap_trim();
    frames_trim();
    frames_count(&total, &free);
    return free;
}

// What it wrote wrong; all it took is free again.
static uint64_t scenario(void)
{
    const struct map_request stable = {
        .hint = STABLE, .size = STABLE_PAGES * PAGE_SIZE, .access = PAGE_READ | PAGE_WRITE, .flags = MAP_AT
    };
    uint64_t at;
    if (!CHECK_EQUAL(space_create(&shared), STATUS_OK))
        return 1;
    CHECK_EQUAL(space_map(shared, &stable, &at), STATUS_OK);
    for (uint64_t page = 0; page < STABLE_PAGES; page++)
        last[page] = 0;
    workers_run(live);
    for (uint64_t page = 0; page < STABLE_PAGES; page++)
        CHECK_EQUAL(word_at(shared, page), last[page]);
    CHECK_EQUAL(atomic_load(&shared->lock.state), 0);
    CHECK(wait_queue_empty(&shared->fault_waiters));
    space_release(shared);
    workers_forget();
    return workers_wrong();
}

REUSE_TEST(space, stays_whole_on_many_cpus)
{
    uint64_t wrong = scenario(), before = free_now(); // the first leaves slabs behind
    wrong += scenario();
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(free_now(), before);
}
