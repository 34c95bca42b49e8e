// SPDX-License-Identifier: MIT
// buddy.c: a frame policy of blocks of 2^order frames, 4 KiB to 8 MiB.
//
// Purpose     Finds runs of frames in bounded time and puts freed ones together again, so that large runs stay available.
// How         A free block of order n starts at a multiple of 2^n frames; it is a bit in the tree of its order, so that nothing is
//             written into free memory or its struct frames. A request takes the lowest block of the smallest order that is large
//             enough and gives the rest back. A freed block merges with its buddy (its number with bit n flipped) for as long as
//             that is free. Runs beyond 8 MiB are made of neighbouring blocks of 8 MiB.
// Invariants  Free blocks do not overlap and two buddies are never both free (below the largest order). Blocks never cross zones,
//             whose ends are multiples of the largest block.
// Locks       None of its own: the frames lock is held around every call.
// Cost        Memory: a quarter of a byte for each frame. allocate and release: at most BUDDY_MAX_ORDER steps of some 20
//             instructions, usually one or two; beyond 8 MiB a bit for every 8 MiB of memory.

#include <helix/frame_policy.h>
#include <helix/module.h>

#include "buddy.h"

enum : uint64_t { LARGEST_BLOCK = 1ull << BUDDY_MAX_ORDER };

struct buddy buddy;

static uint64_t blocks_of(struct frame_range range, unsigned order)
{
    return align_up(range.limit - frame_range_base(range), 1ull << order) >> order;
}

static uint64_t buddy_overhead(struct frame_range range)
{
    uint64_t words = 0;
    for (unsigned order = 0; order < BUDDY_LISTS; order++)
        words += bit_tree_words(blocks_of(range, order));
    return words * sizeof(uint64_t);
}

static enum status buddy_attach(void *memory, struct frame *database, struct frame_range range)
{
    uint64_t *words = memory;
    uint64_t base = frame_range_base(range);
    buddy.base = base;
    for (unsigned order = 0; order < BUDDY_LISTS; order++) {
        bit_tree_attach(&buddy.blocks[order], words, blocks_of(range, order));
        words += bit_tree_words(blocks_of(range, order));
    }
    for (unsigned zone = 0; zone <= ZONE_NORMAL; zone++) {
        struct frame_range part = frame_range_in_zone(range, (enum memory_zone)zone);
        buddy.zones[zone] = (struct buddy_zone){ .start = part.first - base, .end = part.limit - base };
    }
    return STATUS_OK;
}

static struct buddy_zone *zone_with(uint64_t number)
{
    return &buddy.zones[frame_zone(number)];
}

// ---- blocks, by the index of their first frame ----

static inline void blocks_count(struct buddy_zone *zone, unsigned order, uint64_t blocks)
{
    zone->blocks[order] = blocks;
    zone->orders = (zone->orders & ~(1u << order)) | (uint32_t)(blocks != 0) << order;
}

static inline void block_insert(struct buddy_zone *zone, uint64_t index, unsigned order)
{
    bit_tree_set(&buddy.blocks[order], index >> order);
    blocks_count(zone, order, zone->blocks[order] + 1);
}

static inline void block_remove(struct buddy_zone *zone, uint64_t index, unsigned order)
{
    bit_tree_clear(&buddy.blocks[order], index >> order);
    blocks_count(zone, order, zone->blocks[order] - 1);
}

static inline uint64_t block_lowest(const struct buddy_zone *zone, unsigned order)
{
    return bit_tree_find(&buddy.blocks[order], zone->start >> order) << order;
}

// ---- giving back ----

// `index` may lie anywhere in the block: its lower bits say nothing.
static inline void block_release(struct buddy_zone *zone, uint64_t index, unsigned order)
{
    for (; order < BUDDY_MAX_ORDER; order++) {
        uint64_t number = (index >> order) ^ 1;
        if (number >= buddy.blocks[order].limit || !bit_tree_test(&buddy.blocks[order], number))
            break;
        block_remove(zone, number << order, order);
    }
    block_insert(zone, index, order);
}

// Cuts the run into the largest aligned blocks.
static void run_release(struct buddy_zone *zone, uint64_t index, uint64_t count)
{
    zone->free += count;
    while (count) {
        unsigned order = (unsigned)__builtin_ctzll(index | LARGEST_BLOCK);
        while (1ull << order > count)
            order--;
        block_release(zone, index, order);
        index += 1ull << order;
        count -= 1ull << order;
    }
}

static void buddy_release(uint64_t first, uint64_t count)
{
    run_release(zone_with(first), first - buddy.base, count);
}

static void buddy_give(const uint32_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct buddy_zone *zone = zone_with(numbers[i]);
        block_release(zone, numbers[i] - buddy.base, 0);
        zone->free++;
    }
}

// ---- handing out ----

static unsigned order_for(uint64_t count)
{
    return count <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(count - 1);
}

// Takes `count` frames from the start of a free block and gives the rest back.
static uint64_t block_cut(struct buddy_zone *zone, unsigned order, uint64_t count)
{
    uint64_t index = block_lowest(zone, order), size = 1ull << order;
    block_remove(zone, index, order);
    zone->free -= size;
    if (size > count)
        run_release(zone, index + count, size - count);
    return index;
}

// Whole largest blocks, one behind the other. False: there are not so many together.
static bool blocks_take(struct buddy_zone *zone, uint64_t count, uint64_t alignment, uint64_t *index)
{
    struct bit_tree *tree = &buddy.blocks[BUDDY_MAX_ORDER];
    uint64_t blocks = (count + LARGEST_BLOCK - 1) / LARGEST_BLOCK, end = zone->end / LARGEST_BLOCK;
    uint64_t found = bit_tree_find_run(tree, zone->start / LARGEST_BLOCK, end, blocks, MAX(alignment / LARGEST_BLOCK, 1), UINT64_MAX);
    if (found >= end)
        return false;
    bit_tree_clear_run(tree, found, blocks);
    blocks_count(zone, BUDDY_MAX_ORDER, zone->blocks[BUDDY_MAX_ORDER] - blocks);
    zone->free -= blocks * LARGEST_BLOCK;
    *index = found * LARGEST_BLOCK;
    run_release(zone, *index + count, blocks * LARGEST_BLOCK - count);
    return true;
}

static bool zone_take_run(struct buddy_zone *zone, uint64_t count, uint64_t alignment, uint64_t *index)
{
    uint64_t size = MAX(count, alignment); // a block is aligned to its size
    if (zone->free < count)
        return false;
    if (size > LARGEST_BLOCK)
        return blocks_take(zone, count, alignment, index);
    unsigned order = order_for(size);
    uint32_t fitting = zone->orders >> order;
    if (!fitting)
        return false;
    *index = block_cut(zone, order + (unsigned)__builtin_ctz(fitting), count);
    return true;
}

static enum status buddy_allocate(uint64_t count, uint64_t alignment, uint64_t below, uint64_t *first)
{
    unsigned zone = frame_zone_below(below);
    uint64_t index;
    do {
        if (zone_take_run(&buddy.zones[zone], count, alignment, &index)) {
            *first = buddy.base + index;
            return STATUS_OK;
        }
    } while (zone-- > ZONE_DMA);
    return STATUS_NO_MEMORY;
}

// Blocks of order 0, a word of their tree at a time.
static uint32_t singles_take(struct buddy_zone *zone, uint32_t *numbers, uint32_t count)
{
    struct bit_tree *tree = &buddy.blocks[0];
    uint64_t word = block_lowest(zone, 0) / 64, left = tree->levels[0][word];
    uint32_t taken = 0, first = (uint32_t)(buddy.base + word * 64);
    for (; left && taken < count; left &= left - 1)
        numbers[taken++] = first + (uint32_t)__builtin_ctzll(left);
    tree->levels[0][word] = left;
    if (!left)
        bit_tree_lower(tree, word);
    blocks_count(zone, 0, zone->blocks[0] - taken);
    zone->free -= taken;
    return taken;
}

static uint32_t block_take(struct buddy_zone *zone, uint32_t *numbers, uint32_t count)
{
    unsigned order = (unsigned)__builtin_ctz(zone->orders);
    if (!order)
        return singles_take(zone, numbers, count);
    uint32_t size = (uint32_t)MIN(1ull << order, count), first = (uint32_t)(buddy.base + block_cut(zone, order, size));
    for (uint32_t i = 0; i < size; i++)
        numbers[i] = first + i;
    return size;
}

// Small blocks first: single frames are what fragments are good for.
static uint32_t buddy_take(uint32_t *numbers, uint32_t count)
{
    uint32_t taken = 0;
    for (int zone = ZONE_NORMAL; zone >= ZONE_DMA; zone--) {
        while (taken < count && buddy.zones[zone].orders)
            taken += block_take(&buddy.zones[zone], numbers + taken, count - taken);
    }
    return taken;
}

// ---- figures ----

static uint64_t largest_in_zone(const struct buddy_zone *zone)
{
    const struct bit_tree *tree = &buddy.blocks[BUDDY_MAX_ORDER];
    uint64_t largest = zone->orders ? 1ull << (31 - (unsigned)__builtin_clz(zone->orders)) : 0, end = zone->end / LARGEST_BLOCK;
    for (uint64_t at = bit_tree_find(tree, zone->start / LARGEST_BLOCK); at < end;) {
        uint64_t stop = MIN(bit_tree_find_gap(tree, at), end);
        largest = MAX(largest, (stop - at) * LARGEST_BLOCK);
        at = bit_tree_find(tree, stop);
    }
    return largest;
}

static void buddy_count_runs(struct frame_runs *runs)
{
    for (unsigned zone = 0; zone <= ZONE_NORMAL; zone++) {
        for (unsigned order = 0; order < BUDDY_LISTS; order++)
            runs->runs[order] += buddy.zones[zone].blocks[order];
        runs->largest = MAX(runs->largest, largest_in_zone(&buddy.zones[zone]));
    }
}

static const struct frame_policy buddy_policy = {
    .name = "buddy",
    .overhead = buddy_overhead,
    .attach = buddy_attach,
    .add = buddy_release,
    .allocate = buddy_allocate,
    .take = buddy_take,
    .release = buddy_release,
    .give = buddy_give,
    .free = { &buddy.zones[ZONE_DMA].free, &buddy.zones[ZONE_DMA32].free, &buddy.zones[ZONE_NORMAL].free },
    .count_runs = buddy_count_runs,
};

MODULE(buddy, .version = "2.0.0", .description = "frames in blocks of 4 KiB to 8 MiB that merge", .provides = "frame_policy",
       .abi = FRAME_POLICY_ABI, .ops = &buddy_policy);
