// SPDX-License-Identifier: MIT
// translation.c: what a CPU's memory management unit does, for the host port: walks the loaded tables by itself, not by the
// kernel's own walks, and remembers what it found under (tag, page) for as long as it can. A flush that the kernel forgets shows as an
// access through an old frame or an old right.

#include "translation.h"

#include <stdio.h>
#include <stdlib.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/page_table.h>

#include <helix/frames.h>

enum { REMEMBERED = 256 };

struct remembered {
    bool valid, writable;
    uint16_t tag;
    uint64_t page;
    uint64_t frame;
};

// Each CPU has one.
static thread_local struct {
    uint64_t root;
    uint16_t tag;
    bool loaded;
    struct remembered entry[REMEMBERED];
} unit;

static struct remembered *remembered_slot(uint64_t at)
{
    return &unit.entry[at / PAGE_SIZE % REMEMBERED];
}

// Whoever got the CPU between naming a space as the loaded one and this would lose his own; and who is asked to leave a space in between
// would not have left.
static void check_nobody_comes_between(void)
{
    if (!host_cpu->interrupts)
        return;
    fprintf(stderr, "a space is loaded with interrupts on\n");
    abort();
}

void host_translation_load(phys_t root, uint16_t tag, bool kernel)
{
    check_nobody_comes_between();
    unit.root = root.raw;
    unit.tag = tag;
    unit.loaded = !kernel;
}

void host_translation_forget(uint16_t tag, uint64_t at)
{
    struct remembered *entry = remembered_slot(at);
    if (entry->page == at / PAGE_SIZE && entry->tag == tag)
        entry->valid = false;
}

void host_translation_forget_space(uint16_t tag)
{
    for (unsigned i = 0; i < REMEMBERED; i++) {
        if (unit.entry[i].tag == tag)
            unit.entry[i].valid = false;
    }
}

void host_translation_forget_users(void)
{
    memset(unit.entry, 0, sizeof unit.entry);
}

// The walk of the hardware. Rights are those that every level gives.
static bool walk(uint64_t at, struct remembered *found)
{
    uint64_t table = unit.root, rights = PAGE_ENTRY_USER | PAGE_ENTRY_WRITE;
    for (int shift = 39; shift >= 12; shift -= 9) {
        const struct table_entry *entries = direct_map((phys_t){ table });
        uint64_t entry =
            atomic_load_explicit(&entries[at >> shift & 511].raw, memory_order_acquire); // what it leads to was there before it
        rights &= entry;
        if (!(entry & PAGE_ENTRY_PRESENT) || !(rights & PAGE_ENTRY_USER))
            return false;
        table = entry & PAGE_ENTRY_FRAME;
        if (shift > 12 && entry & PAGE_ENTRY_LARGE) {
            table += at & ((1ull << shift) - 1) & ~(uint64_t)PAGE_MASK;
            break;
        }
    }
    *found = (struct remembered){ true, rights & PAGE_ENTRY_WRITE, unit.tag, at / PAGE_SIZE, table };
    return true;
}

char *host_translate(uint64_t at, uint32_t wanted)
{
    if (!unit.loaded)
        return nullptr;
    struct remembered *entry = remembered_slot(at);
    bool hit = entry->valid && entry->tag == unit.tag && entry->page == at / PAGE_SIZE;
    if (!hit && !walk(at, entry))
        return nullptr;
    if (wanted & PAGE_WRITE && !entry->writable) {
        entry->valid = false; // a fault forgets what led to it
        return nullptr;
    }
    return (char *)direct_map((phys_t){ entry->frame }) + (at & PAGE_MASK);
}
