// SPDX-License-Identifier: MIT
// buddy.c: a frame policy of blocks of 2^order frames, 4 KiB to 8 MiB.
//
// Purpose     Finds runs of frames in constant time and puts freed ones together again, so that large runs stay available.
// How         A free block of order n starts at a multiple of 2^n frames. Its first frame carries the order, a mark and the links of
//             the list of free blocks of its zone and order. A request takes the smallest block that is large enough and gives
//             the rest back. A freed block merges with its buddy (its number with bit n flipped) for as long as that is free.
// Invariants  A frame has BLOCK_START exactly if it starts a free block. Blocks never cross zones, whose ends are multiples of the
//             largest block. `orders` has a bit for every non-empty list.
// Locks       None of its own: the frames lock is held around every call.
// Cost        allocate and release: at most BUDDY_MAX_ORDER steps, usually one. Larger than 8 MiB is refused.

#include <helix/frame_policy.h>
#include <helix/module.h>

#include "buddy.h"

enum { BLOCK_START = 1 << 0 };
enum : uint32_t { NOTHING = UINT32_MAX };
enum : uint64_t { LARGEST_BLOCK = 1ull << BUDDY_MAX_ORDER };

struct buddy buddy;

static struct buddy_zone *zone_with(uint64_t number)
{
    return &buddy.zones[number < ZONE_DMA_END ? ZONE_DMA : number < ZONE_DMA32_END ? ZONE_DMA32 : ZONE_NORMAL];
}

static uint64_t buddy_overhead(uint64_t frames)
{
    return 0; // everything is in the free frames' own struct frame
}

static enum status buddy_attach(void *memory, struct frame *frames, uint64_t count)
{
    buddy.database = frames;
    buddy.limit = count;
    for (unsigned i = 0; i < ARRAY_LENGTH(buddy.zones); i++) {
        buddy.zones[i] = (struct buddy_zone){};
        for (unsigned order = 0; order < BUDDY_LISTS; order++)
            buddy.zones[i].heads[order] = NOTHING;
    }
    return STATUS_OK;
}

// ---- the lists ----

static void block_link(struct buddy_zone *zone, uint64_t number, unsigned order)
{
    struct frame *block = &buddy.database[number];
    uint32_t head = zone->heads[order];
    block->order = (uint8_t)order;
    block->flags = BLOCK_START;
    block->link.next = head;
    block->link.previous = NOTHING;
    if (head != NOTHING)
        buddy.database[head].link.previous = (uint32_t)number;
    zone->heads[order] = (uint32_t)number;
    zone->orders |= 1u << order;
}

static void block_unlink(struct buddy_zone *zone, uint64_t number)
{
    struct frame *block = &buddy.database[number];
    uint32_t next = block->link.next, previous = block->link.previous;
    block->flags = 0;
    if (next != NOTHING)
        buddy.database[next].link.previous = previous;
    if (previous != NOTHING) {
        buddy.database[previous].link.next = next;
        return;
    }
    zone->heads[block->order] = next;
    if (next == NOTHING)
        zone->orders &= ~(1u << block->order);
}

// ---- giving back ----

static bool starts_block(uint64_t number, unsigned order)
{
    return number < buddy.limit && buddy.database[number].flags & BLOCK_START && buddy.database[number].order == order;
}

static void block_merge(struct buddy_zone *zone, uint64_t number, unsigned order)
{
    for (; order < BUDDY_MAX_ORDER; order++) {
        uint64_t neighbour = number ^ (1ull << order);
        if (!starts_block(neighbour, order))
            break;
        block_unlink(zone, neighbour);
        number &= ~(1ull << order);
    }
    block_link(zone, number, order);
}

// Cuts the run into the largest aligned blocks.
static void buddy_release(uint64_t first, uint64_t count)
{
    struct buddy_zone *zone = zone_with(first);
    zone->free += count;
    while (count) {
        unsigned order = (unsigned)__builtin_ctzll(first | LARGEST_BLOCK);
        while (1ull << order > count)
            order--;
        block_merge(zone, first, order);
        first += 1ull << order;
        count -= 1ull << order;
    }
}

// ---- handing out ----

static unsigned order_for(uint64_t count)
{
    return count <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(count - 1);
}

// Takes `count` frames from the start of a free block and gives the rest back.
static uint64_t block_cut(struct buddy_zone *zone, uint32_t number, uint64_t count)
{
    uint64_t size = 1ull << buddy.database[number].order;
    block_unlink(zone, number);
    zone->free -= size;
    if (size > count)
        buddy_release(number + count, size - count);
    return number;
}

static enum status buddy_allocate(uint64_t count, uint64_t alignment, uint64_t below, uint64_t *first)
{
    if (count > LARGEST_BLOCK || alignment > LARGEST_BLOCK)
        return STATUS_NO_MEMORY;
    unsigned order = order_for(MAX(count, alignment)); // a block is aligned to its size
    unsigned zone = below <= ZONE_DMA_END ? ZONE_DMA : below <= ZONE_DMA32_END ? ZONE_DMA32 : ZONE_NORMAL;
    do {
        uint32_t fitting = buddy.zones[zone].orders >> order;
        if (fitting) {
            *first = block_cut(&buddy.zones[zone], buddy.zones[zone].heads[order + (unsigned)__builtin_ctz(fitting)], count);
            return STATUS_OK;
        }
    } while (zone-- > ZONE_DMA);
    return STATUS_NO_MEMORY;
}

// Small blocks first: single frames are what fragments are good for.
static uint32_t buddy_take(uint32_t *numbers, uint32_t count)
{
    uint32_t taken = 0;
    for (int zone = ZONE_NORMAL; zone >= ZONE_DMA; zone--) {
        while (taken < count && buddy.zones[zone].orders) {
            uint32_t head = buddy.zones[zone].heads[__builtin_ctz(buddy.zones[zone].orders)];
            uint64_t size = MIN(1ull << buddy.database[head].order, count - taken);
            uint64_t first = block_cut(&buddy.zones[zone], head, size);
            for (uint64_t i = size; i > 0; i--) // the cache hands out its last entry first: ascending
                numbers[taken + size - i] = (uint32_t)(first + i - 1);
            taken += (uint32_t)size;
        }
    }
    return taken;
}

// ---- figures ----

static uint64_t buddy_free_in_zone(enum memory_zone zone)
{
    return zone <= ZONE_NORMAL ? buddy.zones[zone].free : 0;
}

static uint64_t buddy_free_count(void)
{
    return buddy.zones[ZONE_DMA].free + buddy.zones[ZONE_DMA32].free + buddy.zones[ZONE_NORMAL].free;
}

static uint64_t buddy_largest_free(void)
{
    uint32_t orders = buddy.zones[ZONE_DMA].orders | buddy.zones[ZONE_DMA32].orders | buddy.zones[ZONE_NORMAL].orders;
    return orders ? 1ull << (31 - (unsigned)__builtin_clz(orders)) : 0;
}

static const struct frame_policy buddy_policy = {
    .name = "buddy",
    .overhead = buddy_overhead,
    .attach = buddy_attach,
    .add = buddy_release,
    .allocate = buddy_allocate,
    .take = buddy_take,
    .release = buddy_release,
    .free_count = buddy_free_count,
    .free_in_zone = buddy_free_in_zone,
    .largest_free = buddy_largest_free,
};

MODULE(buddy, .version = "1.0.0", .description = "frames in blocks of 4 KiB to 8 MiB that merge", .provides = "frame_policy",
       .abi = FRAME_POLICY_ABI, .ops = &buddy_policy);
