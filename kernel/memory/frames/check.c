// SPDX-License-Identifier: MIT
// check.c: what the debug profile knows of every frame: who had it last, and whether anybody wrote to it while it was free
// ([debug] frame_checks).
//
// How         Freed frames are filled with a poison; when one is handed out again, it must be whole (or all zero: cleared ahead). A row
//             per frame keeps the places that allocated and freed it, and a serial number for the report of leaks.
// Locks       None: a frame's row is its owner's, who is alone with it when it comes and when it goes.
// Cost        24 bytes a frame; a fill and a comparison of 4 KiB. Compiled out where not asked for.

#include <generated/profile.h>

#if PROFILE_FRAME_CHECKS

#include <helix/frames.h>

#include <lib/format.h>
#include <lib/string.h>

#include <helix/fail.h>
#include <helix/frame_leaks.h>
#include <helix/panic.h>

#include "../memory.h"

enum : uint64_t { POISON = 0x6b6b'6b6b'6b6b'6b6bull, WORDS = PAGE_SIZE / sizeof(uint64_t) };
enum { SITE_TEXT = 72 };

struct row {
    uint64_t taken_by, freed_by; // return addresses; freed_by 0: not free, or never was handed out
    uint64_t serial;             // of the allocation; 0: not in use
};

static struct row *rows; // of frame_map.first + i
static uint64_t rows_first, rows_limit;
static _Atomic uint64_t serial;

#define CALLER ((uint64_t)(uintptr_t)__builtin_return_address(0))

void frame_check_attach(uint64_t first, uint64_t limit)
{
    rows = direct_map(frame_alloc_boot(((limit - first) * sizeof(struct row) + PAGE_MASK) / PAGE_SIZE));
    rows_first = first;
    rows_limit = limit;
}

static struct row *row_of(uint64_t number)
{
    return number >= rows_first && number < rows_limit ? &rows[number - rows_first] : nullptr;
}

static const char *site_text(char text[SITE_TEXT], uint64_t address)
{
    return symbol_text(text, SITE_TEXT, address);
}

static void check_contents(uint64_t number, const struct row *row, uint64_t by)
{
    const uint64_t *words = direct_map((phys_t){ number << PAGE_SHIFT });
    uint64_t wanted = words[0] ? POISON : 0, at = 0;
    while (at < WORDS && words[at] == wanted)
        at++;
    if (LIKELY(at == WORDS))
        return;
    char taken[SITE_TEXT], freed[SITE_TEXT], place[SITE_TEXT];
    panic("use after free of frame %#lx, written near byte %lu; seen by %s; allocated by %s, freed by %s", (unsigned long)number,
          (unsigned long)(at * sizeof *words), site_text(place, by), site_text(taken, row->taken_by), site_text(freed, row->freed_by));
}

static void frame_taken(uint64_t number, uint64_t by)
{
    struct row *row = row_of(number);
    if (!row)
        return;
    if (row->freed_by)
        check_contents(number, row, by);
    *row = (struct row){ .taken_by = by, .serial = atomic_fetch_add_explicit(&serial, 1, memory_order_relaxed) + 1 };
}

static void frame_freed(uint64_t number, uint64_t by)
{
    struct row *row = row_of(number);
    if (!row)
        return;
    if (UNLIKELY(row->freed_by)) {
        char taken[SITE_TEXT], freed[SITE_TEXT], place[SITE_TEXT];
        panic("double free of frame %#lx, freed again by %s; allocated by %s, freed by %s", (unsigned long)number, site_text(place, by),
              site_text(taken, row->taken_by), site_text(freed, row->freed_by));
    }
    if (!row->taken_by)
        return; // the allocator says what is wrong with it
    row->freed_by = by;
    row->serial = 0;
    uint64_t *words = direct_map((phys_t){ number << PAGE_SHIFT });
    for (size_t i = 0; i < WORDS; i++)
        words[i] = POISON;
}

enum status frame_alloc(size_t pages, uint32_t flags, phys_t *first)
{
    uint64_t by = CALLER;
    if (fail_allocation(by))
        return STATUS_NO_MEMORY;
    phys_t taken = frame_take_any(pages, flags & ~FRAME_ZEROED);
    if (taken.raw == FRAME_NONE.raw)
        return STATUS_NO_MEMORY;
    *first = taken;
    for (size_t i = 0; i < pages; i++)
        frame_taken((first->raw >> PAGE_SHIFT) + i, by);
    if (flags & FRAME_ZEROED)
        memset(direct_map(*first), 0, pages * PAGE_SIZE);
    return STATUS_OK;
}

void frame_check_freed(phys_t first, size_t pages, uint64_t by)
{
    for (size_t i = 0; i < pages; i++)
        frame_freed((first.raw >> PAGE_SHIFT) + i, by);
}

void frame_check_zeroed(phys_t frame, uint64_t by)
{
    const struct row *row = row_of(frame.raw >> PAGE_SHIFT);
    const uint64_t *words = direct_map(frame);
    size_t at = 0;
    while (at < WORDS && !words[at])
        at++;
    if (UNLIKELY(at != WORDS && row && !row->freed_by)) {
        char place[SITE_TEXT];
        panic("frame %#lx given back as zeroed by %s is not, near byte %lu", (unsigned long)(frame.raw >> PAGE_SHIFT), site_text(place, by),
              (unsigned long)(at * sizeof *words));
    }
    frame_check_freed(frame, 1, by);
}

void frame_free(phys_t first, size_t pages)
{
    frame_check_freed(first, pages, CALLER);
    frame_free_run(first, pages);
}

// ---- leaks ----

uint64_t frame_leak_mark(void)
{
    return atomic_load_explicit(&serial, memory_order_relaxed);
}

static struct frame_leak *leak_of(struct frame_leak *leaks, size_t count, size_t *used, uint64_t by)
{
    for (size_t i = 0; i < *used; i++) {
        if (leaks[i].by == by)
            return &leaks[i];
    }
    if (*used == count)
        return nullptr;
    leaks[*used] = (struct frame_leak){ .by = by };
    return &leaks[(*used)++];
}

size_t frame_leaks(uint64_t mark, struct frame_leak *leaks, size_t count)
{
    size_t used = 0;
    for (uint64_t number = rows_first; number < rows_limit; number++) {
        const struct row *row = row_of(number);
        struct frame_leak *leak = row->serial > mark ? leak_of(leaks, count, &used, row->taken_by) : nullptr;
        if (leak)
            leak->frames++;
    }
    return used;
}

#endif
