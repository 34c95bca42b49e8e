// SPDX-License-Identifier: MIT
// memory_bench.c: what a frame, a heap block and a kernel stack cost.

#include <helix/bench.h>

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/kernel_map.h>

static void frame_pair(void *state, uint32_t operations)
{
    phys_t frame;
    while (operations-- && frame_alloc(1, 0, &frame) == STATUS_OK)
        frame_free(frame, 1);
}

static void frame_zeroed_pair(void *state, uint32_t operations)
{
    phys_t frame;
    while (operations-- && frame_alloc(1, FRAME_ZEROED, &frame) == STATUS_OK)
        frame_free(frame, 1);
}

static void frame_run_pair(void *state, uint32_t operations)
{
    phys_t first;
    while (operations-- && frame_alloc(16, 0, &first) == STATUS_OK)
        frame_free(first, 16);
}

static void heap_small_pair(void *state, uint32_t operations)
{
    while (operations--)
        heap_free(heap_alloc(64));
}

static void heap_large_pair(void *state, uint32_t operations)
{
    while (operations--)
        heap_free(heap_alloc(16 * KIB));
}

static void kernel_stack_pair(void *state, uint32_t operations)
{
    virt_t low;
    while (operations-- && kernel_stack_alloc(&low) == STATUS_OK)
        kernel_stack_free(low);
}

struct page_pair {
    phys_t from, to;
};

static enum status page_copy_prepare(void **state)
{
    struct page_pair *pair = heap_alloc(sizeof *pair);
    phys_t both;
    if (!pair || frame_alloc(2, FRAME_ZEROED, &both) != STATUS_OK) {
        heap_free(pair);
        return STATUS_NO_MEMORY;
    }
    *pair = (struct page_pair){ both, { both.raw + PAGE_SIZE } };
    *state = pair;
    return STATUS_OK;
}

static void page_copy(void *state, uint32_t operations)
{
    const struct page_pair *pair = state;
    while (operations--)
        memcpy(direct_map(pair->to), direct_map(pair->from), PAGE_SIZE);
}

static void page_copy_finish(void *state)
{
    struct page_pair *pair = state;
    frame_free(pair->from, 2);
    heap_free(pair);
}

BENCHMARK(frame_pair, .category = "memory", .batch = 100, .run = frame_pair);
BENCHMARK(frame_zeroed_pair, .category = "memory", .batch = 20, .run = frame_zeroed_pair);
BENCHMARK(frame_run_pair, .category = "memory", .batch = 20, .run = frame_run_pair);
BENCHMARK(heap_small_pair, .category = "memory", .batch = 100, .run = heap_small_pair);
BENCHMARK(heap_large_pair, .category = "memory", .batch = 20, .run = heap_large_pair);
BENCHMARK(kernel_stack_pair, .category = "memory", .batch = 100, .run = kernel_stack_pair);
BENCHMARK(page_copy, .category = "memory", .batch = 20, .prepare = page_copy_prepare, .run = page_copy, .finish = page_copy_finish);
