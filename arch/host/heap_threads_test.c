// SPDX-License-Identifier: MIT
// heap_threads_test.c: the heap on several CPUs at once: objects that one takes and another frees, slabs that grow and go, magazines that
// wander through the depot.

#include "workers.h"

#include <string.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/test.h>

enum { PLACES = 512, STEPS = 20'000 };

// Blocks that belong to nobody in particular: who takes one out of its place owns it.
struct block {
    uint64_t size; // bytes, the first 16 of which are this struct
    uint64_t stamp;
};
static _Atomic(struct block *) places[PLACES];
static _Atomic uint64_t stamps;

static void block_fill(struct block *block, uint64_t size)
{
    uint8_t stamp = (uint8_t)++stamps;
    block->size = size;
    block->stamp = stamp;
    memset(block + 1, stamp, size - sizeof *block);
}

static bool block_whole(const struct block *block)
{
    const uint8_t *bytes = (const uint8_t *)(block + 1);
    for (uint64_t i = 0; i < block->size - sizeof *block; i++) {
        if (bytes[i] != (uint8_t)block->stamp)
            return false;
    }
    return true;
}

static void block_end(struct worker *worker, struct block *block)
{
    worker->wrong += !block_whole(block);
    heap_free(block);
}

static struct block *block_new(struct worker *worker)
{
    uint64_t most = worker_random(worker, 50) ? HEAP_CLASS_LARGEST >> worker_random(worker, 7) : 3 * PAGE_SIZE;
    uint64_t size = sizeof(struct block) + worker_random(worker, most - sizeof(struct block) + 1);
    struct block *block = heap_alloc(size);
    worker->wrong += !block;
    if (block)
        block_fill(block, size);
    return block;
}

static struct block *block_grown(struct worker *worker, struct block *block)
{
    uint64_t size = block->size, stamp = block->stamp;
    struct block *grown = heap_resize(block, size + 100);
    worker->wrong += !grown || grown->size != size || grown->stamp != stamp || !block_whole(grown);
    return grown ? grown : block;
}

static void work(struct worker *worker)
{
    for (int step = 0; step < STEPS; step++) {
        _Atomic(struct block *) *place = &places[worker_random(worker, PLACES)];
        struct block *block = atomic_exchange(place, nullptr);
        if (block && !worker_random(worker, 8))
            block = block_grown(worker, block);
        else if (block)
            block = (block_end(worker, block), nullptr);
        else
            block = block_new(worker);
        block = atomic_exchange(place, block);
        if (block)
            block_end(worker, block);
        if (step % 4096 == 4095)
            heap_trim();
    }
}

static void rest_free(void)
{
    for (size_t i = 0; i < PLACES; i++) {
        heap_free(places[i]);
        places[i] = nullptr;
    }
    heap_trim();
}

REUSE_TEST(heap, is_shared_on_many_cpus)
{
    struct heap_statistics before, after;
    workers_run(work);
    uint64_t wrong = workers_wrong();
    rest_free();
    workers_forget();
    heap_statistics(&before);
    workers_run(work);
    wrong += workers_wrong();
    rest_free();
    workers_forget();
    heap_statistics(&after);
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(after.used, before.used);
    CHECK_EQUAL(after.held, before.held);
}

// What one makes, the next in a ring frees: all frees are of objects that another CPU took.
enum { RING = 64, ROUNDS = 20'000 };
static struct {
    _Atomic(void *) slots[RING];
} rings[WORKERS];

static void pass_on(struct worker *worker)
{
    _Atomic(void *) *out = rings[worker->number].slots, *in = rings[(worker->number + 1) % WORKERS].slots;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t *mine = heap_alloc(48);
        if (mine)
            mine[0] = mine[5] = (uint64_t)(uintptr_t)mine;
        worker->wrong += !mine;
        heap_free(atomic_exchange(&out[round % RING], mine));
        uint64_t *other = atomic_exchange(&in[worker_random(worker, RING)], nullptr);
        worker->wrong += other && (other[0] != (uint64_t)(uintptr_t)other || other[5] != other[0]);
        heap_free(other);
    }
}

TEST(heap, takes_back_what_others_took_on_many_cpus)
{
    struct heap_statistics before, after;
    heap_statistics(&before);
    workers_run(pass_on);
    for (size_t i = 0; i < WORKERS * RING; i++)
        heap_free(atomic_exchange(&rings[i / RING].slots[i % RING], nullptr));
    heap_trim();
    workers_forget();
    heap_statistics(&after);
    CHECK_EQUAL(workers_wrong(), 0);
    CHECK_EQUAL(after.used, before.used);
}
