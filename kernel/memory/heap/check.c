// SPDX-License-Identifier: MIT
// check.c: what the debug profile puts round every heap block, so that whoever spoils one is named ([debug] heap_checks).
//
// Purpose     A bad free, a double free, a write outside of a block or after its end of life and a leak are each told with the block,
//             its class and the places that allocated and freed it, as near to the deed as can be.
// How         A head stands before each block: size, places, a guard word next to the data. Behind the data a red zone reaches to the
//             end of the object. Freeing fills the data with a poison and puts the block into a quarantine, oldest first; when it leaves,
//             and once more when its memory is used again, the poison must be whole. Live blocks are in a list for the leak report.
// Invariants  A head's guard is GUARD_LIVE or GUARD_FREED, mixed with its address; no other word of the heap's memory is either.
// Locks       One, RANK_HEAP_CHECK, for both lists. Nothing is filled or compared with it held, but for the leak report's walk.
// Cost        80 bytes a block and some 200 instructions a pair; larger blocks one page more. Compiled out where not asked for.
// Not here    Which allocation fails on purpose (fail.c).

#include <generated/profile.h>

#if PROFILE_HEAP_CHECKS

#include <helix/heap.h>

#include <lib/format.h>
#include <lib/list.h>
#include <lib/string.h>

#include <helix/fail.h>
#include <helix/heap_leaks.h>
#include <helix/heap_policy.h>
#include <helix/panic.h>
#include <helix/spinlock.h>
#include <helix/timer.h>

#include "../memory.h"

enum : uint8_t { POISON_FREED = 0x6b, POISON_NEW = 0x5a, RED_ZONE = 0xbd };
enum : uint64_t { GUARD_LIVE = 0xa11e'0b1e'c7a1'1e5aull, GUARD_FREED = 0xdead'0b1e'c7de'ad5aull };
enum { RED_ZONE_LEAST = 16, SITE_TEXT = 72 };
// What waits at most; less where memory is short (heap_trim).
enum { QUARANTINE_BLOCKS = 1024, QUARANTINE_BYTES = 512 * 1024 };

struct head {
    struct list_node link; // in live or quarantine
    size_t size;           // as asked for
    uint64_t taken_by;     // return addresses
    uint64_t freed_by;
    uint64_t serial; // of the allocation
    uint64_t taken_ns;
    uint64_t guard; // last: the block begins behind it
};
static_assert(sizeof(struct head) == 64);

static struct spinlock lock = SPINLOCK(RANK_HEAP_CHECK);
static struct list_node live GUARDED_BY(lock) = LIST_HEAD(live);             // oldest first
static struct list_node quarantine GUARDED_BY(lock) = LIST_HEAD(quarantine); // oldest first
static uint64_t quarantine_blocks GUARDED_BY(lock);
static uint64_t quarantine_bytes GUARDED_BY(lock);
static uint64_t serial GUARDED_BY(lock);

#define CALLER ((uint64_t)(uintptr_t)__builtin_return_address(0))

// ---- where a block lies ----

static uint64_t guard_of(const struct head *head, uint64_t kind)
{
    return kind ^ (uint64_t)(uintptr_t)head;
}

static uint8_t *data_of(const struct head *head)
{
    return (uint8_t *)(uintptr_t)(head + 1);
}

static size_t small_size(size_t size)
{
    return sizeof(struct head) + size + RED_ZONE_LEAST;
}

// Whether block and surroundings are one object; otherwise the block begins on the second page of its frames.
static bool is_small(size_t size)
{
    return size <= HEAP_CLASS_LARGEST && small_size(size) <= HEAP_CLASS_LARGEST;
}

static void *memory_of(struct head *head)
{
    return is_small(head->size) ? (uint8_t *)head : data_of(head) - PAGE_SIZE;
}

static uint8_t *end_of(const struct head *head)
{
    if (is_small(head->size))
        return (uint8_t *)(uintptr_t)head + heap_class_size(heap_class_for(small_size(head->size)));
    return (uint8_t *)(uintptr_t)align_up((uintptr_t)data_of(head) + head->size + RED_ZONE_LEAST, PAGE_SIZE);
}

// ---- reports ----

static const char *site_text(char text[SITE_TEXT], uint64_t address)
{
    return symbol_text(text, SITE_TEXT, address);
}

static const char *class_text(char text[24], size_t size)
{
    if (is_small(size))
        format_text(text, 24, "class %zu", heap_class_size(heap_class_for(small_size(size))));
    else
        format_text(text, 24, "whole frames");
    return text;
}

[[noreturn, gnu::cold]] static void report(const struct head *head, const char *what, uint64_t by, const char *more)
{
    char taken[SITE_TEXT], freed[SITE_TEXT], place[SITE_TEXT], class[24];
    panic("%s heap block %p (%zu bytes, %s)%s by %s; allocated by %s, freed by %s", what, (const void *)data_of(head), head->size,
          class_text(class, head->size), more, site_text(place, by), site_text(taken, head->taken_by), site_text(freed, head->freed_by));
}

static size_t first_other(const uint8_t *from, const uint8_t *end, uint8_t wanted)
{
    size_t length = (size_t)(end - from), at = 0;
    while (at < length && from[at] == wanted)
        at++;
    return at;
}

// `by` found it, which need not be who did it.
static void check_red_zone(const struct head *head, uint64_t by)
{
    const uint8_t *from = data_of(head) + head->size, *end = end_of(head);
    size_t at = first_other(from, end, RED_ZONE);
    if (LIKELY(at == (size_t)(end - from)))
        return;
    char more[64];
    format_text(more, sizeof more, ", byte %zu behind its end overwritten; seen", at);
    report(head, "write past", by, more);
}

static void check_poison(const struct head *head, uint64_t by)
{
    size_t at = first_other(data_of(head), data_of(head) + head->size, POISON_FREED);
    if (LIKELY(at == head->size))
        return;
    char more[64];
    format_text(more, sizeof more, ", byte %zu written after it was freed; seen", at);
    report(head, "use after free of", by, more);
}

// ---- which block a pointer means ----

[[noreturn, gnu::cold]] static void bad_pointer(const void *block, uint64_t by, const struct head *around)
{
    char place[SITE_TEXT], taken[SITE_TEXT], class[24];
    if (around && around->guard == guard_of(around, GUARD_LIVE))
        panic("bad free by %s: %p is no block of the heap: %zu bytes into a block of %zu bytes (%s) allocated by %s", site_text(place, by),
              block, (size_t)((const uint8_t *)block - data_of(around)), around->size, class_text(class, around->size),
              site_text(taken, around->taken_by));
    panic("bad free by %s: %p is no block of the heap", site_text(place, by), block);
}

// The head of a block, whatever its guard says; panics where no block can be.
static struct head *head_at(void *block, uint64_t by)
{
    char place[SITE_TEXT];
    struct head *head = (struct head *)block - 1;
    phys_t at = direct_map_phys(head);
    const struct frame *frame = frame_of(at);
    if (!frame)
        panic("bad free by %s: %p is not on the heap", site_text(place, by), block);
    if (frame->state == FRAME_SLAB) {
        uint64_t base = align_down((uintptr_t)head, heap_class_size(heap_class_of(frame->heap_class)));
        if (base != (uintptr_t)head)
            bad_pointer(block, by, (struct head *)base);
    } else if (frame->state != FRAME_HEAP || !is_aligned((uintptr_t)block, PAGE_SIZE)) {
        bad_pointer(block, by, nullptr);
    }
    return head;
}

static struct head *live_head(void *block, uint64_t by)
{
    struct head *head = head_at(block, by);
    if (UNLIKELY(head->guard == guard_of(head, GUARD_FREED)))
        report(head, "double free of", by, ", freed again");
    if (UNLIKELY(head->guard != guard_of(head, GUARD_LIVE))) {
        char place[SITE_TEXT];
        panic("bad free by %s: %p is no block of the heap, or what stands before it was overwritten", site_text(place, by), block);
    }
    return head;
}

// ---- taking ----

static void *memory_take(size_t size, bool zeroed)
{
    if (is_small(size))
        return zeroed ? heap_take_zeroed(small_size(size)) : heap_take_size(small_size(size));
    size_t total;
    if (__builtin_add_overflow(size, PAGE_SIZE + RED_ZONE_LEAST, &total))
        return nullptr;
    return zeroed ? heap_take_zeroed(total) : heap_take_size(total);
}

// An object that was a block before still has that one's head and poison; what a magazine or a slab wrote is in the links.
static void check_history(const struct head *head, uint64_t by)
{
    if (head->guard != guard_of(head, GUARD_FREED) || !is_small(head->size))
        return;
    if (heap_code(heap_class_for(small_size(head->size))) == frame_of(direct_map_phys(head))->heap_class)
        check_poison(head, by);
}

static void live_add(struct head *head)
{
    uint64_t now = time_ns();
    head->taken_ns = now;
    spinlock_acquire(&lock);
    head->serial = ++serial;
    list_add_tail(&live, &head->link);
    spinlock_release(&lock);
}

static void *block_new(size_t size, bool zeroed, uint64_t by)
{
    if (UNLIKELY(!heap_policy))
        return zeroed ? heap_take_zeroed(size) : heap_take_size(size);
    if (fail_allocation(by))
        return nullptr;
    uint8_t *memory = memory_take(size, false);
    if (!memory) {
        heap_check_trim();
        memory = memory_take(size, false);
    }
    if (!memory)
        return nullptr;
    struct head *head = is_small(size) ? (struct head *)memory : (struct head *)(memory + PAGE_SIZE) - 1;
    if (is_small(size))
        check_history(head, by);
    head->size = size;
    head->taken_by = by;
    head->freed_by = 0;
    head->guard = guard_of(head, GUARD_LIVE);
    memset(data_of(head), zeroed ? 0 : POISON_NEW, size);
    memset(data_of(head) + size, RED_ZONE, (size_t)(end_of(head) - data_of(head)) - size);
    live_add(head);
    return data_of(head);
}

// ---- giving back ----

// The oldest block in quarantine once there are more than `blocks` or more than `bytes`; nullptr: there are not.
static struct head *quarantine_take(uint64_t blocks, uint64_t bytes)
{
    struct head *head = nullptr;
    spinlock_acquire(&lock);
    if (quarantine_blocks > blocks || quarantine_bytes > bytes) {
        head = container_of(list_take(&quarantine), struct head, link);
        quarantine_blocks--;
        quarantine_bytes -= head->size;
    }
    spinlock_release(&lock);
    return head;
}

static void quarantine_leave(uint64_t blocks, uint64_t bytes, uint64_t by)
{
    for (struct head *head; (head = quarantine_take(blocks, bytes));) {
        check_poison(head, by);
        check_red_zone(head, by);
        heap_give(memory_of(head));
    }
}

void heap_check_trim(void)
{
    quarantine_leave(0, 0, CALLER);
}

static void block_free(void *block, uint64_t by)
{
    if (!block || boot_heap_owns(block))
        return;
    struct head *head = live_head(block, by);
    check_red_zone(head, by);
    spinlock_acquire(&lock);
    list_remove(&head->link);
    spinlock_release(&lock);
    head->freed_by = by;
    head->guard = guard_of(head, GUARD_FREED);
    memset(data_of(head), POISON_FREED, head->size);
    spinlock_acquire(&lock);
    list_add_tail(&quarantine, &head->link);
    quarantine_blocks++;
    quarantine_bytes += head->size;
    spinlock_release(&lock);
    quarantine_leave(QUARANTINE_BLOCKS, QUARANTINE_BYTES, by);
}

// ---- heap.h ----

void *heap_alloc(size_t size)
{
    return block_new(size, false, CALLER);
}

void *heap_alloc_zeroed(size_t count, size_t size)
{
    size_t total;
    return __builtin_mul_overflow(count, size, &total) ? nullptr : block_new(total, true, CALLER);
}

void heap_free(void *block)
{
    block_free(block, CALLER);
}

// Always elsewhere, so that pointers into the old block show.
void *heap_resize(void *block, size_t size)
{
    uint64_t by = CALLER;
    size_t old = !block ? 0 : boot_heap_owns(block) ? boot_heap_usable_size(block) : live_head(block, by)->size;
    void *moved = block_new(size, false, by);
    if (!moved)
        return nullptr;
    if (old)
        memcpy(moved, block, MIN(old, size));
    block_free(block, by);
    return moved;
}

char *heap_copy_string(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = block_new(size, false, CALLER);
    return copy ? memcpy(copy, text, size) : nullptr;
}

// ---- leaks ----

static struct leak_site *site_row(struct leak_site *rows, size_t count, size_t *used, uint64_t by)
{
    for (size_t i = 0; i < *used; i++) {
        if (rows[i].by == by)
            return &rows[i];
    }
    if (*used == count)
        return nullptr;
    rows[*used] = (struct leak_site){ .by = by };
    return &rows[(*used)++];
}

size_t heap_leaks(uint64_t mark, struct leak_site *rows, size_t count, uint64_t *blocks, uint64_t *bytes)
{
    size_t used = 0;
    *blocks = *bytes = 0;
    spinlock_acquire(&lock);
    for (struct list_node *node = live.previous; node != &live; node = node->previous) {
        const struct head *head = container_of(node, struct head, link);
        if (head->serial <= mark)
            break;
        ++*blocks;
        *bytes += head->size;
        struct leak_site *row = site_row(rows, count, &used, head->taken_by);
        if (!row)
            continue;
        row->blocks++;
        row->bytes += head->size;
        row->oldest_ns = head->taken_ns; // the walk is from the youngest to the oldest
    }
    spinlock_release(&lock);
    return used;
}

uint64_t heap_leak_mark(void)
{
    spinlock_acquire(&lock);
    uint64_t now = serial;
    spinlock_release(&lock);
    return now;
}

#endif
