// SPDX-License-Identifier: MIT
// frame_threads_test.c: frames on several CPUs at once, which are POSIX threads here. Under ThreadSanitizer too (tests/unit.mk).

#include "workers.h"

#include <string.h>

#include <helix/frames.h>
#include <helix/test.h>

enum { HELD = 300, STEPS = 20'000 };

static struct holding {
    phys_t first;
    size_t pages;
} held[WORKERS][HELD];

static _Atomic uint64_t refused, taken;

// Every page that is held carries its holder's stamp; pages that come cleared are looked at.
static void stamp(struct worker *worker, size_t slot, bool zeroed)
{
    struct holding *mine = &held[worker->number][slot];
    for (size_t i = 0; i < mine->pages; i++) {
        uint64_t *page = direct_map((phys_t){ mine->first.raw + i * PAGE_SIZE });
        if (zeroed)
            worker->wrong += page[0] != 0 || page[511] != 0;
        page[0] = page[511] = worker->number << 32 | slot;
    }
}

static void check_stamp(struct worker *worker, size_t slot)
{
    struct holding *mine = &held[worker->number][slot];
    for (size_t i = 0; i < mine->pages; i++) {
        const uint64_t *page = direct_map((phys_t){ mine->first.raw + i * PAGE_SIZE });
        worker->wrong += page[0] != (worker->number << 32 | slot) || page[0] != page[511];
    }
}

static void take(struct worker *worker, size_t slot)
{
    struct holding *mine = &held[worker->number][slot];
    bool run = !worker_random(worker, 16), zeroed = !worker_random(worker, 8);
    size_t pages = run ? 1 + worker_random(worker, 40) : 1;
    uint32_t flags = (zeroed ? FRAME_ZEROED : 0u) | (worker_random(worker, 4) ? 0u : FRAME_USER);
    if (frame_alloc(pages, flags, &mine->first) != STATUS_OK) {
        refused++;
        return;
    }
    mine->pages = pages;
    stamp(worker, slot, zeroed);
}

static void give(struct worker *worker, size_t slot)
{
    struct holding *mine = &held[worker->number][slot];
    size_t pages = mine->pages;
    check_stamp(worker, slot);
    if (pages == 1 && worker_random(worker, 2)) {
        frame_retain(mine->first);
        frame_release(mine->first);
        frame_release(mine->first);
    } else {
        frame_free(mine->first, pages);
    }
    mine->pages = 0;
}

static void work(struct worker *worker)
{
    for (int step = 0; step < STEPS; step++) {
        size_t slot = worker_random(worker, HELD);
        if (held[worker->number][slot].pages)
            give(worker, slot);
        else
            take(worker, slot);
        if (step % 512 == 0)
            frames_idle();
        if (step % 4096 == 0)
            frames_trim();
    }
    for (size_t slot = 0; slot < HELD; slot++) {
        if (held[worker->number][slot].pages)
            give(worker, slot);
    }
}

// Takes all there is, in a chain through the frames, and gives it back.
static void devour(struct worker *worker)
{
    phys_t chain = {}, frame;
    while (frame_alloc(1, 0, &frame) == STATUS_OK) {
        *(phys_t *)direct_map(frame) = chain;
        chain = frame;
        taken++;
    }
    for (; chain.raw; chain = frame) {
        frame = *(phys_t *)direct_map(chain);
        frame_free(chain, 1);
    }
}

static uint64_t free_now(void)
{
    uint64_t total, free;
    frames_count(&total, &free);
    return free;
}

REUSE_TEST(frames, belong_to_one_on_many_cpus)
{
    frames_trim();
    uint64_t before = free_now();
    memset(held, 0, sizeof held);
    refused = 0;
    workers_run(work);
    CHECK_EQUAL(workers_wrong() + refused, 0);
    CHECK_EQUAL(free_now(), before);
    workers_forget();
    CHECK_EQUAL(free_now(), before);
}

// What the caches of the others hold is not lost to the one who needs it.
REUSE_TEST(frames, are_all_found_on_many_cpus)
{
    frames_trim();
    uint64_t before = free_now();
    for (int i = 0; i < 20; i++)
        frames_idle(); // this CPU's pool is one of them
    taken = 0;
    workers_run(devour);
    CHECK_EQUAL(free_now(), before);
    CHECK(taken >= before);
    uint64_t alone = 0;
    phys_t chain = {}, frame;
    while (frame_alloc(1, 0, &frame) == STATUS_OK) { // the workers' caches are full, and they are gone
        *(phys_t *)direct_map(frame) = chain;
        chain = frame;
        alone++;
    }
    for (; chain.raw; chain = frame) {
        frame = *(phys_t *)direct_map(chain);
        frame_free(chain, 1);
    }
    CHECK_EQUAL(alone, before);
    workers_forget();
    CHECK_EQUAL(free_now(), before);
}
