// SPDX-License-Identifier: MIT
// bitmap.c: a frame policy with one bit per frame: little memory, little code; runs may cost a search.
//
// Purpose     Manages frames with 1/30,000 of the memory they make up.
// How         A tree of bits has the free frames, so that the lowest one is found in a few steps however full memory is. Blocks of 512
//             frames have a count each, and a tree of those that are wholly free. Single frames are the lowest there are. A run of up
//             to a block is looked for in the blocks that promise one of its length or the next power of two; a block where there is
//             none is not looked at again before something is released in it or in the next. Longer ones are made of whole blocks.
// Invariants  block_free[b] counts the members of `free` in block b; b is in `whole` exactly if that is 512. `free` of a zone is the
//             sum of its blocks. A block that is missing from a tree of `promising` is told in `searched`, and no run of that length
//             begins in it. Nothing crosses a zone.
// Locks       None of its own: the frames lock is held around every call.
// Cost        Single frames: some 10 instructions each in batches. Runs: some 200, and some 200 more for each block searched in vain,
//             of which there is at most one for every frame that was released. What only a search of everything can find (runs that
//             are no power of two and fit into few places, runs over several broken blocks) costs a word for every 64 frames.

#include <lib/bitmap.h>

#include <helix/frame_policy.h>
#include <helix/module.h>

#include "bitmap.h"

enum : uint64_t { BLOCK = 512, PLACES = 16 };

struct bitmap bitmap;

static uint64_t blocks_of(uint64_t frames)
{
    return (frames + BLOCK - 1) / BLOCK;
}

static uint64_t bitmap_overhead(struct frame_range range)
{
    uint64_t frames = range.limit - frame_range_base(range), blocks = blocks_of(frames);
    uint64_t words = bit_tree_words(frames) + (1 + BITMAP_CLASSES) * bit_tree_words(blocks);
    return words * sizeof(uint64_t) + blocks * 2 * sizeof(uint16_t);
}

static enum status bitmap_attach(void *memory, struct frame *database, struct frame_range range)
{
    uint64_t base = frame_range_base(range), frames = range.limit - base;
    uint64_t *words = (uint64_t *)memory + bit_tree_words(frames), blocks = blocks_of(frames);
    bitmap.base = base;
    bit_tree_attach(&bitmap.free, memory, frames);
    bit_tree_attach(&bitmap.whole, words, blocks);
    words += bit_tree_words(blocks);
    for (unsigned class = 0; class < BITMAP_CLASSES; class ++, words += bit_tree_words(blocks)) {
        bit_tree_attach(&bitmap.promising[class], words, blocks);
        bit_tree_set_run(&bitmap.promising[class], 0, blocks);
    }
    bitmap.block_free = (uint16_t *)words;
    bitmap.searched = bitmap.block_free + blocks;
    for (unsigned zone = 0; zone <= ZONE_NORMAL; zone++) {
        struct frame_range part = frame_range_in_zone(range, (enum memory_zone)zone);
        bitmap.zones[zone] = (struct bitmap_zone){ .start = part.first - base, .end = part.limit - base };
    }
    return STATUS_OK;
}

static struct bitmap_zone *zone_with(uint64_t number)
{
    return &bitmap.zones[frame_zone(number)];
}

// ---- counts of blocks ----

static void block_promise(uint64_t block)
{
    for (uint32_t missing = bitmap.searched[block]; missing; missing &= missing - 1)
        bit_tree_set(&bitmap.promising[__builtin_ctz(missing)], block);
    bitmap.searched[block] = 0;
}

// Frames of the block have become free. A run that begins in the block before may have become longer, too.
static inline void block_add(uint64_t block, uint64_t count)
{
    if (UNLIKELY(bitmap.searched[block] != 0))
        block_promise(block);
    if (UNLIKELY(block && bitmap.searched[block - 1] != 0 && bit_tree_test(&bitmap.free, block * BLOCK) &&
                 bit_tree_test(&bitmap.free, block * BLOCK - 1)))
        block_promise(block - 1);
    bitmap.block_free[block] = (uint16_t)(bitmap.block_free[block] + count);
    if (bitmap.block_free[block] == BLOCK)
        bit_tree_set(&bitmap.whole, block);
}

static inline void block_remove(uint64_t block, uint64_t count)
{
    if (bitmap.block_free[block] == BLOCK)
        bit_tree_clear(&bitmap.whole, block);
    bitmap.block_free[block] = (uint16_t)(bitmap.block_free[block] - count);
}

static void blocks_change(uint64_t first, uint64_t count, void (*change)(uint64_t block, uint64_t count))
{
    while (count) {
        uint64_t here = MIN(count, BLOCK - first % BLOCK);
        change(first / BLOCK, here);
        first += here;
        count -= here;
    }
}

// ---- giving back ----

static void bitmap_release(uint64_t first, uint64_t count)
{
    bit_tree_set_run(&bitmap.free, first - bitmap.base, count);
    blocks_change(first - bitmap.base, count, block_add);
    zone_with(first)->free += count;
}

static void bitmap_give(const uint32_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bit_tree_set(&bitmap.free, numbers[i] - bitmap.base);
        block_add((numbers[i] - bitmap.base) / BLOCK, 1);
        zone_with(numbers[i])->free++;
    }
}

// ---- handing out ----

// The places in a word of `free` where a run of 2^log <= 64 frames begins, all of it in that word and the next.
static inline uint64_t word_runs(uint64_t word, uint64_t next, unsigned log)
{
    unsigned __int128 runs = (unsigned __int128)next << 64 | word;
    for (unsigned i = 0; i < log; i++)
        runs &= runs >> (1u << i);
    return (uint64_t)runs;
}

// The first run of 2^log frames that begins in the block. `end`: there is none before the zone ends there.
static uint64_t block_search(uint64_t block, uint64_t end, unsigned log)
{
    uint64_t first = block * BLOCK, stop = MIN(first + BLOCK, end);
    if (log > 6) {
        uint64_t last = MIN(stop + (1ull << log) - 1, end);
        uint64_t found = bit_tree_find_run(&bitmap.free, first, last, 1ull << log, 1, UINT64_MAX);
        return found < last ? found : end;
    }
    const uint64_t *words = bitmap.free.levels[0];
    for (uint64_t word = first / 64; word < BITMAP_WORDS(stop); word++) {
        uint64_t runs = word_runs(words[word], word + 1 < BITMAP_WORDS(end) ? words[word + 1] : 0, log);
        uint64_t found = word * 64 + (uint64_t)__builtin_ctzll(runs | 1ull << 63);
        if (runs)
            return found + (1ull << log) <= end ? found : end;
    }
    return end;
}

// A run of 2^log frames, 1 <= log <= BITMAP_CLASSES, in a block that promises one.
static uint64_t promising_search(const struct bitmap_zone *zone, unsigned log)
{
    struct bit_tree *tree = &bitmap.promising[log - 1];
    for (;;) {
        uint64_t block = bit_tree_find(tree, zone->start / BLOCK);
        if (block >= blocks_of(zone->end))
            return zone->end;
        uint64_t found = block_search(block, zone->end, log);
        if (found != zone->end)
            return found;
        bit_tree_clear(tree, block);
        bitmap.searched[block] |= (uint16_t)(1u << (log - 1));
    }
}

static uint64_t whole_search(const struct bitmap_zone *zone, uint64_t count, uint64_t alignment)
{
    uint64_t start = blocks_of(zone->start), end = zone->end / BLOCK;
    uint64_t block = bit_tree_find_run(&bitmap.whole, start, end, blocks_of(count), MAX(alignment / BLOCK, 1), UINT64_MAX);
    return block < end ? block * BLOCK : zone->end;
}

static uint64_t run_find(const struct bitmap_zone *zone, uint64_t count, uint64_t alignment)
{
    uint64_t found = zone->end, room = count + alignment - 1; // that much has an aligned place for it wherever it lies
    if (count == 1 && alignment == 1)
        return bit_tree_find(&bitmap.free, zone->start);
    if (room & (room - 1) || room > BLOCK) // a shorter one may do: among the first places
        found = bit_tree_find_run(&bitmap.free, zone->start, zone->end, count, alignment, PLACES);
    if (found == zone->end && room <= BLOCK)
        found = MIN(align_up(promising_search(zone, 64 - (unsigned)__builtin_clzll(room - 1)), alignment), zone->end);
    if (found == zone->end)
        found = whole_search(zone, count, alignment);
    if (found == zone->end && (room & (room - 1) || room > BLOCK))
        found = bit_tree_find_run(&bitmap.free, zone->start, zone->end, count, alignment, UINT64_MAX);
    return found;
}

static bool zone_take_run(struct bitmap_zone *zone, uint64_t count, uint64_t alignment, uint64_t *first)
{
    if (zone->free < count)
        return false;
    uint64_t found = run_find(zone, count, alignment);
    if (found >= zone->end)
        return false;
    bit_tree_clear_run(&bitmap.free, found, count);
    blocks_change(found, count, block_remove);
    zone->free -= count;
    *first = bitmap.base + found;
    return true;
}

// Takes up to `count` of the free frames of one word of the lowest level.
static uint32_t word_take(uint64_t word, uint32_t *numbers, uint32_t count)
{
    uint64_t free = bitmap.free.levels[0][word], left = free;
    uint32_t taken = 0, first = (uint32_t)(bitmap.base + word * 64);
    for (; left && taken < count; left &= left - 1)
        numbers[taken++] = first + (uint32_t)__builtin_ctzll(left);
    bitmap.free.levels[0][word] = left;
    if (!left)
        bit_tree_lower(&bitmap.free, word);
    block_remove(word * 64 / BLOCK, taken);
    return taken;
}

static uint32_t zone_take(struct bitmap_zone *zone, uint32_t *numbers, uint32_t count)
{
    uint32_t taken = 0;
    while (taken < count && zone->free) {
        uint32_t here = word_take(bit_tree_find(&bitmap.free, zone->start) / 64, numbers + taken, count - taken);
        taken += here;
        zone->free -= here;
    }
    return taken;
}

static uint32_t bitmap_take(uint32_t *numbers, uint32_t count)
{
    uint32_t taken = 0;
    for (int zone = ZONE_NORMAL; zone >= ZONE_DMA && taken < count; zone--)
        taken += zone_take(&bitmap.zones[zone], numbers + taken, count - taken);
    return taken;
}

static enum status bitmap_allocate(uint64_t count, uint64_t alignment, uint64_t below, uint64_t *first)
{
    unsigned zone = frame_zone_below(below);
    do {
        if (zone_take_run(&bitmap.zones[zone], count, alignment, first))
            return STATUS_OK;
    } while (zone-- > ZONE_DMA);
    return STATUS_NO_MEMORY;
}

// ---- figures ----

static void bitmap_count_runs(struct frame_runs *runs)
{
    for (unsigned zone = 0; zone <= ZONE_NORMAL; zone++) {
        uint64_t end = bitmap.zones[zone].end;
        for (uint64_t at = bit_tree_find(&bitmap.free, bitmap.zones[zone].start); at < end;) {
            uint64_t stop = bitmap_find_clear(bitmap.free.levels[0], end, at);
            runs->runs[frame_run_row(stop - at)]++;
            runs->largest = MAX(runs->largest, stop - at);
            at = bit_tree_find(&bitmap.free, stop);
        }
    }
}

static const struct frame_policy bitmap_policy = {
    .name = "bitmap",
    .overhead = bitmap_overhead,
    .attach = bitmap_attach,
    .add = bitmap_release,
    .allocate = bitmap_allocate,
    .take = bitmap_take,
    .release = bitmap_release,
    .give = bitmap_give,
    .free = { &bitmap.zones[ZONE_DMA].free, &bitmap.zones[ZONE_DMA32].free, &bitmap.zones[ZONE_NORMAL].free },
    .count_runs = bitmap_count_runs,
};

MODULE(bitmap, .version = "2.0.0", .description = "frames with one bit each", .provides = "frame_policy", .abi = FRAME_POLICY_ABI,
       .ops = &bitmap_policy);
