// SPDX-License-Identifier: MIT
// tlsf.c: a frame policy of free runs in lists by size: two-level segregated fit. The same few steps whatever memory looks like.
//
// Purpose     Runs of any length in bounded time, with little lost: a run is cut where it begins and the rest stays a run.
// How         Free frames that lie side by side are one run. Runs whose sizes share their leading bits are in one list; a bit for each
//             list that is not empty finds the first list whose every run is large enough. A released run grows by the free
//             neighbours on either side. How long a run is stands in the struct frames of its own ends (run_measure below).
// Invariants  A frame's bit in the map is set exactly if it is in a run. No two runs of a zone touch. Every run is in the list of its
//             size. Runs never cross zones.
// Locks       None of its own: the frames lock is held around every call.
// Cost        allocate and release: some 100 to 200 instructions, and a word of the map for every 64 frames of the run. An aligned run
//             is looked for in TRIES runs of the fitting lists before one large enough for any alignment is cut.
// Not here    Whether a run is in use: struct frames of allocated frames are the framework's.

#include <lib/bitmap.h>

#include <helix/frame_policy.h>
#include <helix/module.h>

#include "tlsf.h"

enum : uint32_t { NOTHING = UINT32_MAX };
enum { TRIES = 16 };

struct tlsf tlsf;

static uint64_t tlsf_overhead(struct frame_range range)
{
    return BITMAP_WORDS(range.limit - range.first + 1) * sizeof(uint64_t);
}

static enum status tlsf_attach(void *memory, struct frame *database, struct frame_range range)
{
    tlsf = (struct tlsf){ .database = database, .map = memory, .range = range };
    for (unsigned zone = 0; zone <= ZONE_NORMAL; zone++) {
        for (unsigned level = 0; level < TLSF_LEVELS; level++) {
            for (unsigned step = 0; step < TLSF_STEPS; step++)
                tlsf.zones[zone].heads[level][step] = NOTHING;
        }
    }
    return STATUS_OK;
}

static struct tlsf_zone *zone_with(uint64_t number)
{
    return &tlsf.zones[frame_zone(number)];
}

static inline bool is_free(uint64_t number)
{
    return number >= tlsf.range.first && number < tlsf.range.limit && bitmap_get(tlsf.map, number - tlsf.range.first);
}

// ---- the lists ----

struct list {
    unsigned level, step;
};

static inline unsigned log_of(uint64_t count)
{
    return 63 - (unsigned)__builtin_clzll(count);
}

// The list that a run of `count` frames is in.
static inline struct list list_of(uint64_t count)
{
    if (count < TLSF_STEPS)
        return (struct list){ 0, (unsigned)count };
    unsigned log = log_of(count);
    return (struct list){ log - TLSF_STEP_BITS + 1, (unsigned)(count >> (log - TLSF_STEP_BITS)) % TLSF_STEPS };
}

// The least size that is not less than `count` and begins a list.
static inline uint64_t list_size_for(uint64_t count)
{
    if (count < TLSF_STEPS)
        return count;
    return align_up(count, 1ull << (log_of(count) - TLSF_STEP_BITS));
}

// A run tells its length by its ends. Of one or two frames the map says it; a longer one has it in its second frame, and in the last
// where it begins.
static void run_measure(uint64_t first, uint64_t count)
{
    if (count < 3)
        return;
    tlsf.database[first + 1].link.next = (uint32_t)count;
    tlsf.database[first + count - 1].link.next = (uint32_t)first;
}

// A run of one frame does not touch the next free frame: that is in another zone or it would be one run. So zones are looked at too.
static inline bool follows(uint64_t first, uint64_t distance)
{
    return is_free(first + distance) && frame_zone(first + distance) == frame_zone(first);
}

static uint64_t run_length(uint64_t first)
{
    if (!follows(first, 1))
        return 1;
    return follows(first, 2) ? tlsf.database[first + 1].link.next : 2;
}

// Where the run that ends with frame `last` begins.
static uint64_t run_start(uint64_t last)
{
    if (!is_free(last - 1) || frame_zone(last - 1) != frame_zone(last))
        return last;
    return is_free(last - 2) && frame_zone(last - 2) == frame_zone(last) ? tlsf.database[last].link.next : last - 1;
}

static void run_link(struct tlsf_zone *zone, uint64_t first, uint64_t count)
{
    struct list list = list_of(count);
    uint32_t *head = &zone->heads[list.level][list.step];
    struct frame *run = &tlsf.database[first];
    run->link.next = *head;
    run->link.previous = NOTHING;
    if (*head != NOTHING)
        tlsf.database[*head].link.previous = (uint32_t)first;
    *head = (uint32_t)first;
    zone->steps[list.level] |= (uint8_t)(1u << list.step);
    zone->levels |= 1u << list.level;
    run_measure(first, count);
}

static void run_unlink(struct tlsf_zone *zone, uint64_t first, uint64_t count)
{
    uint32_t next = tlsf.database[first].link.next, previous = tlsf.database[first].link.previous;
    if (next != NOTHING)
        tlsf.database[next].link.previous = previous;
    if (previous != NOTHING) {
        tlsf.database[previous].link.next = next;
        return;
    }
    struct list list = list_of(count);
    zone->heads[list.level][list.step] = next;
    if (next != NOTHING)
        return;
    zone->steps[list.level] &= (uint8_t)~(1u << list.step);
    if (!zone->steps[list.level])
        zone->levels &= ~(1u << list.level);
}

// ---- giving back ----

static inline void run_release(struct tlsf_zone *zone, uint64_t first, uint64_t count)
{
    uint64_t start = first, end = first + count;
    if (is_free(first - 1) && frame_zone(first - 1) == frame_zone(first)) {
        start = run_start(first - 1);
        run_unlink(zone, start, first - start);
    }
    if (is_free(end) && frame_zone(end) == frame_zone(first)) {
        uint64_t length = run_length(end);
        run_unlink(zone, end, length);
        end += length;
    }
    run_link(zone, start, end - start);
    zone->free += count;
}

static void tlsf_release(uint64_t first, uint64_t count)
{
    if (!count)
        return;
    run_release(zone_with(first), first, count);
    bitmap_set_run(tlsf.map, first - tlsf.range.first, count);
}

static void tlsf_give(const uint32_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        run_release(zone_with(numbers[i]), numbers[i], 1);
        bitmap_set(tlsf.map, numbers[i] - tlsf.range.first);
    }
}

// ---- handing out ----

// The first list that is not empty from this one on. False: there is none.
static bool list_next(const struct tlsf_zone *zone, struct list *list)
{
    uint32_t steps = list->step < TLSF_STEPS ? zone->steps[list->level] & ~0u << list->step : 0;
    if (!steps) {
        uint32_t levels = zone->levels & ~0u << (list->level + 1);
        if (!levels)
            return false;
        list->level = (unsigned)__builtin_ctz(levels);
        steps = zone->steps[list->level];
    }
    list->step = (unsigned)__builtin_ctz(steps);
    return true;
}

// A free run, and the part of it that is asked for.
struct place {
    uint64_t run, length; // frames
    uint64_t first;
};

static inline bool place_fits(struct place *place, uint64_t count, uint64_t alignment)
{
    place->length = run_length(place->run);
    place->first = align_up(place->run, alignment);
    return place->first + count <= place->run + place->length;
}

// In the lists whose runs may be large enough and need not be.
static bool place_try(const struct tlsf_zone *zone, uint64_t count, uint64_t alignment, struct place *place)
{
    struct list list = list_of(count), last = list_of(count + alignment - 1);
    int tries = TRIES;
    while (list_next(zone, &list) && (list.level < last.level || (list.level == last.level && list.step <= last.step))) {
        for (uint32_t run = zone->heads[list.level][list.step]; run != NOTHING; run = tlsf.database[run].link.next) {
            place->run = run;
            if (place_fits(place, count, alignment))
                return true;
            if (!--tries)
                return false;
        }
        list.step++;
    }
    return false;
}

// The first run of the first list all of whose runs are large enough.
static bool place_take(const struct tlsf_zone *zone, uint64_t count, uint64_t alignment, struct place *place)
{
    struct list list = list_of(list_size_for(count + alignment - 1));
    if (!list_next(zone, &list))
        return false;
    place->run = zone->heads[list.level][list.step];
    return place_fits(place, count, alignment);
}

static void place_cut(struct tlsf_zone *zone, const struct place *place, uint64_t count)
{
    uint64_t before = place->first - place->run, behind = place->length - before - count;
    run_unlink(zone, place->run, place->length);
    bitmap_clear_run(tlsf.map, place->first - tlsf.range.first, count);
    zone->free -= count;
    if (before)
        run_link(zone, place->run, before);
    if (behind)
        run_link(zone, place->first + count, behind);
}

static enum status tlsf_allocate(uint64_t count, uint64_t alignment, uint64_t below, uint64_t *first)
{
    for (int number = frame_zone_below(below); number >= ZONE_DMA; number--) {
        struct tlsf_zone *zone = &tlsf.zones[number];
        struct place place;
        if (zone->free < count || !(place_try(zone, count, alignment, &place) || place_take(zone, count, alignment, &place)))
            continue;
        place_cut(zone, &place, count);
        *first = place.first;
        return STATUS_OK;
    }
    return STATUS_NO_MEMORY;
}

// From the shortest runs: single frames are what fragments are good for.
static uint32_t zone_take(struct tlsf_zone *zone, uint32_t *numbers, uint32_t count)
{
    uint32_t taken = 0;
    while (taken < count && zone->levels) {
        struct list list = {};
        (void)list_next(zone, &list);
        uint32_t run = zone->heads[list.level][list.step];
        struct place place = { .run = run, .length = run_length(run), .first = run };
        uint32_t here = (uint32_t)MIN(place.length, count - taken);
        place_cut(zone, &place, here);
        for (uint32_t i = 0; i < here; i++)
            numbers[taken++] = run + i;
    }
    return taken;
}

static uint32_t tlsf_take(uint32_t *numbers, uint32_t count)
{
    uint32_t taken = 0;
    for (int zone = ZONE_NORMAL; zone >= ZONE_DMA && taken < count; zone--)
        taken += zone_take(&tlsf.zones[zone], numbers + taken, count - taken);
    return taken;
}

// ---- figures ----

static void tlsf_count_runs(struct frame_runs *runs)
{
    for (unsigned zone = 0; zone <= ZONE_NORMAL; zone++) {
        for (struct list list = {}; list_next(&tlsf.zones[zone], &list); list.step++) {
            for (uint32_t run = tlsf.zones[zone].heads[list.level][list.step]; run != NOTHING; run = tlsf.database[run].link.next) {
                uint64_t length = run_length(run);
                runs->runs[frame_run_row(length)]++;
                runs->largest = MAX(runs->largest, length);
            }
        }
    }
}

static const struct frame_policy tlsf_policy = {
    .name = "tlsf",
    .overhead = tlsf_overhead,
    .attach = tlsf_attach,
    .add = tlsf_release,
    .allocate = tlsf_allocate,
    .take = tlsf_take,
    .release = tlsf_release,
    .give = tlsf_give,
    .free = { &tlsf.zones[ZONE_DMA].free, &tlsf.zones[ZONE_DMA32].free, &tlsf.zones[ZONE_NORMAL].free },
    .count_runs = tlsf_count_runs,
};

MODULE(tlsf, .version = "1.0.0", .description = "frames in runs of any length, in bounded time", .provides = "frame_policy",
       .abi = FRAME_POLICY_ABI, .ops = &tlsf_policy);
