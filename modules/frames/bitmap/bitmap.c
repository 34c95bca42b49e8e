// SPDX-License-Identifier: MIT
// bitmap.c: a frame policy with one bit per frame: little memory, little code; runs cost a search.
//
// Purpose     Manages frames with 1/32,768 of the memory they make up.
// How         A set bit is a frame that is not free. Each zone is a stretch of the map with a hint below which nothing is free.
// Invariants  `free` counts the clear bits of the zone. No clear bit lies below `hint`.
// Locks       None of its own: the frames lock is held around every call.
// Cost        Single frames: a word of the map for every 64, amortised. Runs: a search that may pass the whole zone.

#include <lib/bitmap.h>
#include <lib/string.h>

#include <helix/frame_policy.h>
#include <helix/module.h>

#include "bitmap.h"

struct bitmap bitmap;

static struct bitmap_zone *zone_with(uint64_t number)
{
    return &bitmap.zones[number < ZONE_DMA_END ? ZONE_DMA : number < ZONE_DMA32_END ? ZONE_DMA32 : ZONE_NORMAL];
}

static uint64_t bitmap_overhead(uint64_t frames)
{
    return BITMAP_WORDS(frames) * sizeof *bitmap.map;
}

static enum status bitmap_attach(void *memory, struct frame *database, uint64_t frames)
{
    static const uint64_t ends[] = { ZONE_DMA_END, ZONE_DMA32_END, ZONE_NORMAL_END };
    uint64_t start = 0;
    bitmap.map = memory;
    memset(bitmap.map, 0xff, bitmap_overhead(frames));
    for (unsigned zone = 0; zone <= ZONE_NORMAL; zone++) {
        uint64_t end = MIN(ends[zone], frames);
        bitmap.zones[zone] = (struct bitmap_zone){ .start = start, .end = end, .hint = end };
        start = end;
    }
    return STATUS_OK;
}

static void bitmap_release(uint64_t first, uint64_t count)
{
    struct bitmap_zone *zone = zone_with(first);
    bitmap_clear_run(bitmap.map, first, count);
    zone->free += count;
    zone->hint = MIN(zone->hint, first);
}

static bool zone_take_run(struct bitmap_zone *zone, uint64_t count, uint64_t alignment, uint64_t *first)
{
    if (zone->free < count)
        return false;
    uint64_t found = bitmap_find_clear_run(bitmap.map, zone->end, zone->hint, count, alignment);
    if (found >= zone->end)
        return false;
    bitmap_set_run(bitmap.map, found, count);
    zone->free -= count;
    if (found == zone->hint)
        zone->hint = found + count;
    *first = found;
    return true;
}

static enum status bitmap_allocate(uint64_t count, uint64_t alignment, uint64_t below, uint64_t *first)
{
    unsigned zone = below <= ZONE_DMA_END ? ZONE_DMA : below <= ZONE_DMA32_END ? ZONE_DMA32 : ZONE_NORMAL;
    do {
        if (zone_take_run(&bitmap.zones[zone], count, alignment, first))
            return STATUS_OK;
    } while (zone-- > ZONE_DMA);
    return STATUS_NO_MEMORY;
}

// Takes up to `count` of the free frames of one word of the bitmap.map.
static uint32_t word_take(uint64_t word, uint32_t *numbers, uint32_t count)
{
    uint64_t free = ~bitmap.map[word];
    uint32_t taken = 0;
    for (; free && taken < count; free &= free - 1)
        numbers[taken++] = (uint32_t)(word * 64 + (uint64_t)__builtin_ctzll(free));
    for (uint32_t i = 0; i < taken; i++)
        bitmap_set(bitmap.map, numbers[i]);
    return taken;
}

static uint32_t zone_take(struct bitmap_zone *zone, uint32_t *numbers, uint32_t count)
{
    uint32_t taken = 0;
    while (taken < count && zone->free) {
        uint64_t found = bitmap_find_clear(bitmap.map, zone->end, zone->hint);
        // Zones start at multiples of 64; the last one may end inside a word, whose further bits are set for ever.
        uint32_t here = word_take(found / 64, numbers + taken, count - taken);
        taken += here;
        zone->free -= here;
        zone->hint = numbers[taken - 1] + 1;
    }
    return taken;
}

static void numbers_reverse(uint32_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count / 2; i++) {
        uint32_t other = numbers[count - 1 - i];
        numbers[count - 1 - i] = numbers[i];
        numbers[i] = other;
    }
}

static uint32_t bitmap_take(uint32_t *numbers, uint32_t count)
{
    uint32_t taken = 0;
    for (int zone = ZONE_NORMAL; zone >= ZONE_DMA && taken < count; zone--)
        taken += zone_take(&bitmap.zones[zone], numbers + taken, count - taken);
    numbers_reverse(numbers, taken); // the cache hands out its last entry first
    return taken;
}

static uint64_t bitmap_free_in_zone(enum memory_zone zone)
{
    return zone <= ZONE_NORMAL ? bitmap.zones[zone].free : 0;
}

static uint64_t bitmap_free_count(void)
{
    return bitmap.zones[ZONE_DMA].free + bitmap.zones[ZONE_DMA32].free + bitmap.zones[ZONE_NORMAL].free;
}

static uint64_t bitmap_largest_free(void)
{
    uint64_t largest = 0;
    for (unsigned zone = 0; zone <= ZONE_NORMAL; zone++) {
        uint64_t end = bitmap.zones[zone].end;
        uint64_t at = bitmap_find_clear(bitmap.map, end, bitmap.zones[zone].hint);
        while (at < end) {
            uint64_t taken = bitmap_find_set(bitmap.map, end, at);
            largest = MAX(largest, taken - at);
            at = bitmap_find_clear(bitmap.map, end, taken);
        }
    }
    return largest;
}

static const struct frame_policy bitmap_policy = {
    .name = "bitmap",
    .overhead = bitmap_overhead,
    .attach = bitmap_attach,
    .add = bitmap_release,
    .allocate = bitmap_allocate,
    .take = bitmap_take,
    .release = bitmap_release,
    .free_count = bitmap_free_count,
    .free_in_zone = bitmap_free_in_zone,
    .largest_free = bitmap_largest_free,
};

MODULE(bitmap, .version = "1.0.0", .description = "frames with one bit each", .provides = "frame_policy", .abi = FRAME_POLICY_ABI,
       .ops = &bitmap_policy);
