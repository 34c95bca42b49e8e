// SPDX-License-Identifier: MIT
// frame_threads_test.c: frames on several CPUs at once, which are POSIX threads here. Under ThreadSanitizer too (tests/unit.mk).

#include <pthread.h>
#include <string.h>

#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/test.h>

enum { THREADS = 4, HELD = 300, STEPS = 20'000 };

static struct worker {
    struct cpu cpu;
    struct {
        phys_t first;
        size_t pages;
    } held[HELD];
    uint64_t seed, wrong, refused;

    uint64_t pages; // held now
} workers[THREADS];

static uint64_t worker_random(struct worker *worker, uint64_t below)
{
    worker->seed = worker->seed * 6'364'136'223'846'793'005ull + 1'442'695'040'888'963'407ull;
    return (worker->seed >> 33) % below;
}

// Every page that is held carries its holder's stamp; pages that come cleared are looked at.
static void stamp(struct worker *worker, size_t slot, bool zeroed)
{
    for (size_t i = 0; i < worker->held[slot].pages; i++) {
        uint64_t *page = direct_map((phys_t){ worker->held[slot].first.raw + i * PAGE_SIZE });
        if (zeroed)
            worker->wrong += page[0] != 0 || page[511] != 0;
        page[0] = page[511] = (uint64_t)(worker - workers) << 32 | slot;
    }
}

static void check_stamp(struct worker *worker, size_t slot)
{
    for (size_t i = 0; i < worker->held[slot].pages; i++) {
        const uint64_t *page = direct_map((phys_t){ worker->held[slot].first.raw + i * PAGE_SIZE });
        worker->wrong += page[0] != ((uint64_t)(worker - workers) << 32 | slot) || page[0] != page[511];
    }
}

static void take(struct worker *worker, size_t slot)
{
    bool run = !worker_random(worker, 16), zeroed = !worker_random(worker, 8);
    size_t pages = run ? 1 + worker_random(worker, 40) : 1;
    uint32_t flags = (zeroed ? FRAME_ZEROED : 0u) | (worker_random(worker, 4) ? 0u : FRAME_USER);
    if (frame_alloc(pages, flags, &worker->held[slot].first) != STATUS_OK) {
        worker->refused++;
        return;
    }
    worker->held[slot].pages = pages;
    stamp(worker, slot, zeroed);
}

static void give(struct worker *worker, size_t slot)
{
    size_t pages = worker->held[slot].pages;
    check_stamp(worker, slot);
    if (pages == 1 && worker_random(worker, 2)) {
        frame_retain(worker->held[slot].first);
        frame_release(worker->held[slot].first);
        frame_release(worker->held[slot].first);
    } else {
        frame_free(worker->held[slot].first, pages);
    }
    worker->held[slot].pages = 0;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    arch_cpu_init(&worker->cpu);
    for (int step = 0; step < STEPS; step++) {
        size_t slot = worker_random(worker, HELD);
        if (worker->held[slot].pages)
            give(worker, slot);
        else
            take(worker, slot);
        if (step % 512 == 0)
            frames_idle();
        if (step % 4096 == 0)
            frames_trim();
    }
    for (size_t slot = 0; slot < HELD; slot++) {
        if (worker->held[slot].pages)
            give(worker, slot);
    }
    return nullptr;
}

// Takes all there is, in a chain through the frames, and gives it back.
static void *devour(void *argument)
{
    struct worker *worker = argument;
    arch_cpu_init(&worker->cpu);
    phys_t chain = {}, frame;
    while (frame_alloc(1, 0, &frame) == STATUS_OK) {
        *(phys_t *)direct_map(frame) = chain;
        chain = frame;
        worker->pages++;
    }
    for (; chain.raw; chain = frame) {
        frame = *(phys_t *)direct_map(chain);
        frame_free(chain, 1);
    }
    return nullptr;
}

static uint64_t free_now(void)
{
    uint64_t total, free;
    frames_count(&total, &free);
    return free;
}

static void workers_run(void *(*run)(void *))
{
    pthread_t threads[THREADS];
    memset(workers, 0, sizeof workers);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].seed = i + 1;
        CHECK(cpu_add(&workers[i].cpu));
    }
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], nullptr, run, &workers[i]) == 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], nullptr);
}

static void workers_forget(void)
{
    frames_trim();
    for (size_t i = 0; i < THREADS; i++)
        cpu_remove_last();
}

TEST(frames, belong_to_one_on_many_cpus)
{
    frames_trim();
    uint64_t before = free_now(), wrong = 0;
    workers_run(work);
    for (size_t i = 0; i < THREADS; i++)
        wrong += workers[i].wrong + workers[i].refused;
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(free_now(), before);
    workers_forget();
    CHECK_EQUAL(free_now(), before);
}

// What the caches of the others hold is not lost to the one who needs it.
TEST(frames, are_all_found_on_many_cpus)
{
    frames_trim();
    uint64_t before = free_now();
    for (int i = 0; i < 20; i++)
        frames_idle(); // this CPU's pool is one of them
    workers_run(devour);
    CHECK_EQUAL(free_now(), before);
    CHECK(workers[0].pages + workers[1].pages + workers[2].pages + workers[3].pages >= before);
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
