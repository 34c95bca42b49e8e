// SPDX-License-Identifier: MIT
// memory_bench.c: what frames, heap blocks, kernel stacks and memory itself cost.

#include <helix/bench.h>

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/kernel_map.h>

// ---- frames and stacks ----

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

static void slab_pair(void *state, uint32_t operations)
{
    while (operations--)
        heap_free(heap_alloc(64));
}

static void stack_pair(void *state, uint32_t operations)
{
    virt_t low;
    while (operations-- && kernel_stack_alloc(&low) == STATUS_OK)
        kernel_stack_free(low);
}

BENCHMARK(frame_pair, "allocator.frame_pair", .category = "memory", .batch = 100, .run = frame_pair);
BENCHMARK(frame_zeroed_pair, "allocator.frame_zeroed_pair", .category = "memory", .batch = 20, .run = frame_zeroed_pair);
BENCHMARK(frame_run_pair, "allocator.frame_run_16_pair", .category = "memory", .batch = 20, .run = frame_run_pair);
BENCHMARK(slab_pair, "allocator.slab_pair", .category = "memory", .batch = 100, .run = slab_pair);
BENCHMARK(stack_pair, "allocator.kernel_stack_pair", .category = "memory", .batch = 100, .run = stack_pair);

// ---- blocks of the heap: a batch of them is taken, a batch of them is given back ----

enum { BLOCKS = 64, LARGE_BLOCKS = 4, HUGE_BLOCKS = 1 };
struct blocks {
    size_t size;
    bool failed;
    void *block[BLOCKS];
};

static enum status blocks_prepare(void **state, size_t size)
{
    struct blocks *blocks = heap_alloc_zeroed(1, sizeof *blocks);
    if (!blocks)
        return STATUS_NO_MEMORY;
    blocks->size = size;
    *state = blocks;
    return STATUS_OK;
}

static enum status blocks_16(void **state)
{
    return blocks_prepare(state, 16);
}
static enum status blocks_64(void **state)
{
    return blocks_prepare(state, 64);
}
static enum status blocks_256(void **state)
{
    return blocks_prepare(state, 256);
}
static enum status blocks_4k(void **state)
{
    return blocks_prepare(state, 4 * KIB);
}
static enum status blocks_64k(void **state)
{
    return blocks_prepare(state, 64 * KIB);
}
static enum status blocks_1m(void **state)
{
    return blocks_prepare(state, MIB);
}

static void blocks_take(void *state, uint32_t operations)
{
    struct blocks *blocks = state;
    for (uint32_t i = 0; i < operations; i++)
        blocks->failed |= !(blocks->block[i] = heap_alloc(blocks->size));
}

static void blocks_give(void *state, uint32_t operations)
{
    struct blocks *blocks = state;
    for (uint32_t i = 0; i < operations; i++)
        heap_free(blocks->block[i]);
}

static enum status blocks_finish(void *state)
{
    bool failed = ((struct blocks *)state)->failed;
    heap_free(state);
    return failed ? STATUS_NO_MEMORY : STATUS_OK;
}

#define TAKING(identifier_, name_, prepare_, batch_)                                                                                    \
    BENCHMARK(identifier_, name_, .category = "memory", .batch = batch_, .prepare = prepare_, .run = blocks_take, .after = blocks_give, \
              .finish = blocks_finish)
#define GIVING(identifier_, name_, prepare_, batch_)                                                                                     \
    BENCHMARK(identifier_, name_, .category = "memory", .batch = batch_, .prepare = prepare_, .before = blocks_take, .run = blocks_give, \
              .finish = blocks_finish)
TAKING(alloc_16, "alloc.small_16", blocks_16, BLOCKS);
TAKING(alloc_64, "alloc.small_64", blocks_64, BLOCKS);
TAKING(alloc_256, "alloc.small_256", blocks_256, BLOCKS);
TAKING(alloc_4k, "alloc.medium_4k", blocks_4k, BLOCKS);
TAKING(alloc_64k, "alloc.large_64k", blocks_64k, LARGE_BLOCKS);
TAKING(alloc_1m, "alloc.huge_1m", blocks_1m, HUGE_BLOCKS);
GIVING(free_small, "free.small", blocks_64, BLOCKS);
GIVING(free_large, "free.large", blocks_64k, LARGE_BLOCKS);

// ---- memory itself: a word read from each of so many cache lines of 256 KiB; and a page copied ----

enum { LINE = 64, LINES = 256 * KIB / LINE, STRIDE_LINES = 67, ACCESSES = 512 };

static enum status lines_prepare(void **state)
{
    *state = heap_alloc_zeroed(LINES, LINE);
    return *state ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status lines_finish(void *state)
{
    heap_free(state);
    return STATUS_OK;
}

static void lines_read(const volatile char *memory, uint32_t operations, uint32_t step)
{
    for (uint32_t i = 0, line = 0; i < operations; i++, line = (line + step) % LINES)
        (void)*(const volatile uint64_t *)(memory + line * LINE);
}

static void access_sequential(void *state, uint32_t operations)
{
    lines_read(state, operations, 1);
}

static void access_stride(void *state, uint32_t operations)
{
    lines_read(state, operations, STRIDE_LINES);
}

static void access_random(void *state, uint32_t operations)
{
    const volatile char *memory = state;
    for (uint32_t i = 0, place = 1; i < operations; i++, place = place * 1'664'525 + 1'013'904'223)
        (void)*(const volatile uint64_t *)(memory + (place >> 8) % LINES * LINE);
}

#define ACCESS(identifier_, name_)                                                                                       \
    BENCHMARK(identifier_, name_, .category = "memory", .batch = ACCESSES, .prepare = lines_prepare, .run = identifier_, \
              .finish = lines_finish)
ACCESS(access_sequential, "access.sequential");
ACCESS(access_random, "access.random");
ACCESS(access_stride, "access.stride");

static enum status page_copy_prepare(void **state)
{
    phys_t both;
    TRY(frame_alloc(2, FRAME_ZEROED, &both));
    *state = direct_map(both);
    return STATUS_OK;
}

static void page_copy(void *state, uint32_t operations)
{
    while (operations--)
        memcpy((char *)state + PAGE_SIZE, state, PAGE_SIZE);
}

static void page_clear(void *state, uint32_t operations)
{
    while (operations--)
        memset(state, 0, PAGE_SIZE);
}

static enum status page_copy_finish(void *state)
{
    frame_free(direct_map_phys(state), 2);
    return STATUS_OK;
}

BENCHMARK(page_copy, "page.copy", .category = "memory", .batch = 20, .prepare = page_copy_prepare, .run = page_copy,
          .finish = page_copy_finish);
BENCHMARK(page_clear, "page.clear", .category = "memory", .batch = 20, .prepare = page_copy_prepare, .run = page_clear,
          .finish = page_copy_finish);
