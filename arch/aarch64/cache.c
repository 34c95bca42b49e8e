// SPDX-License-Identifier: MIT
// cache.c: makes code that was written as data visible to instruction fetch (Arm ARM B2.4.4).

#include <arch/page_table.h>

#include <helix/frames.h>

#include "features.h"

enum : uint64_t { CACHE_DATA_COHERENT = 1 << 28, CACHE_INSTRUCTIONS_COHERENT = 1 << 29 }; // CTR_EL0: IDC, DIC

static void page_publish(phys_t frame)
{
    uint64_t type = system_register_read("ctr_el0");
    uint64_t from = virt_of(direct_map(frame)).raw, line = 4ull << (type >> 16 & 0xf);
    for (uint64_t at = from; !(type & CACHE_DATA_COHERENT) && at < from + PAGE_SIZE; at += line)
        __asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
    __asm__ volatile("dsb ish" : : : "memory");
    if (!(type & CACHE_INSTRUCTIONS_COHERENT)) // all of it: the page may be cached under a program's address
        __asm__ volatile("ic ialluis\n\tdsb ish" : : : "memory");
    __asm__ volatile("isb" : : : "memory");
}

// Pages of programs are mapped again and again, and stay published: the flag says so until somebody writes them.
void cache_publish_code(phys_t frame)
{
    struct frame *record = frame_of(frame);
    bool counted = record && record->state == FRAME_USED;
    if (counted && atomic_load_explicit(&record->published, memory_order_acquire))
        return;
    page_publish(frame);
    if (counted)
        atomic_store_explicit(&record->published, true, memory_order_release);
}
