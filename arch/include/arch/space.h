// SPDX-License-Identifier: MIT
// space.h: address spaces of the hardware: page tables and the translation cache. Implemented in arch/common/space.c for ports whose
// tables are as page_table.h says.
//
// Everything here works on single pages or runs of pages of PAGE_SIZE. The generic layer above (kernel/memory)
// knows regions, sharing and copy on write; this layer knows only "this page is that frame with this access".
// User spaces share the kernel half. A mapped page holds one reference on its frame, but for PAGE_BORROWED: who maps gives it away,
// what takes a page out releases it. Callers hold the space's lock exclusively unless a function says otherwise; other CPUs may be
// running the space. arch/table_walk.h has what one fault does to one page.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

enum page_access : uint32_t {
    PAGE_READ = 1 << 0,
    PAGE_WRITE = 1 << 1,
    PAGE_EXECUTE = 1 << 2, // write and execute together are refused with STATUS_DENIED (W^X) for kernel pages
    PAGE_USER = 1 << 3,
    PAGE_UNCACHED = 1 << 4, // device registers
    PAGE_GLOBAL = 1 << 5,   // kernel half: survives a switch of space
    PAGE_BORROWED = 1 << 6, // the mapping holds no reference on its frame
    PAGE_KEYS = 15 << 8,    // the protection key (keys.h), PAGE_KEY_SHIFT bits up; ports without keys pass over it
};

enum { PAGE_KEY_SHIFT = 8 };

#include <arch/impl/space.h> // struct arch_space (table_space.h)

// Replaces boot code's page tables by the kernel's own: the image with W^X, the direct map of every range of `boot`'s memory that is
// neither reserved nor bad, with the largest pages the CPU has, nothing at user addresses.
// Uses boot memory only (frame_alloc_boot). Before the frame allocator exists. One call.
struct boot_info;
void arch_space_init_kernel(const struct boot_info *boot);

// The space that holds only the kernel half; idle and kernel threads run in whatever is loaded.
struct arch_space *arch_space_kernel(void);

// An empty user space. STATUS_NO_MEMORY: nothing was taken.
enum status arch_space_create(struct arch_space *space);

// Takes the user half apart in one pass: releases every mapped page and frees all tables. Nobody is to run in it again; CPUs that
// still have it loaded leave it first.
void arch_space_destroy(struct arch_space *space);

// Makes page `at` refer to `frame`, with the caller's reference on it. What was there is flushed first and its reference is the caller's
// again. STATUS_NO_MEMORY: a table is missing and nothing changed.
enum status arch_space_map(struct arch_space *space, virt_t at, phys_t frame, uint32_t access);

// What one page translates to; false: nothing mapped. *access without any right: a frame that nobody may touch. `frame` and `access` may
// be nullptr. The lock may be shared.
bool arch_space_query(const struct arch_space *space, virt_t at, phys_t *frame, uint32_t *access);

// How many pages of [from, to) are mapped. The lock may be shared. Cost: a load for each.
uint64_t arch_space_count(const struct arch_space *space, virt_t from, virt_t to);

// Calls visit for each mapped page of [from, to), a large one as the run of pages that it covers there. The lock may be shared: what others
// change meanwhile is told as it was or as it is.
struct mapped_pages {
    uint64_t at;     // the first page's address
    phys_t frame;    // the first page's, the others' follow
    uint64_t pages;  // 1, or more of a large page
    uint32_t access; // as arch_space_query; with PAGE_BORROWED
    bool large;
    phys_t record;    // the frame whose record counts the references: the run's head for a large page
    uint32_t sharers; // spaces that have the page by the very entry: more than 1 where tables are shared
};
void arch_space_each_page(const struct arch_space *space, virt_t from, virt_t to,
                          void (*visit)(void *context, const struct mapped_pages *pages), void *context);

// Fork shares whole tables, and pages may be large. Who is to take pages out of [from, to) first sees to it that no shared table
// and no large page crosses its ends; who is to change pages in it, that all tables in it are the space's own. STATUS_NO_MEMORY: what
// every page is and may has not changed. A few instructions for a space that never had such tables or pages.
enum status arch_space_own_edges(struct arch_space *space, virt_t from, virt_t to);
enum status arch_space_own(struct arch_space *space, virt_t from, virt_t to);

// Takes every mapped page in [from, to), whose edges are the space's own, out and releases it. The translation caches of all CPUs are
// clean before the first frame of a batch is released.
void arch_space_unmap(struct arch_space *space, virt_t from, virt_t to);

// Changes the access of every mapped page in [from, to), which is the space's own; pages not mapped stay so. Access without read, write
// and execute keeps the frame and lets nobody touch it. A borrowed page never becomes writable. Flushed on return.
void arch_space_protect(struct arch_space *space, virt_t from, virt_t to, uint32_t access);

// Moves the mapped pages of [from, from + size) to [to, to + size), where nothing is mapped; the ranges do not overlap. They keep frame
// and access. STATUS_NO_MEMORY: nothing moved.
enum status arch_space_move(struct arch_space *space, virt_t from, virt_t to, uint64_t size);

// Makes what that needs, even while something is mapped at `to`: for those who would rather know before they take it out. STATUS_NO_MEMORY.
enum status arch_space_move_prepare(struct arch_space *space, virt_t from, virt_t to, uint64_t size);

// Fork: every page of [from, to) of `source` is one of `target` as well, writable in neither, with one reference more. Tables that lie in
// [whole_from, whole_to) may be shared whole, with what they map outside [from, to); a later call passes over what the target has
// then. STATUS_NO_MEMORY: part of it is in the target, whose owner destroys it. In any case the source must be flushed (arch_space_flush)
// before its lock is given up. Both locks, or nobody else sees the target.
enum status arch_space_share(struct arch_space *source, struct arch_space *target, virt_t from, virt_t to, virt_t whole_from,
                             virt_t whole_to);

// One page of any size, in a user space or the kernel's, `at` and `frame` aligned to it: `level` 0 is 4 KiB, 1 is 2 MiB, 2 is 1 GiB. It
// borrows its frames. map: STATUS_UNSUPPORTED (the CPU has no such pages), STATUS_ALREADY_MAPPED (a page or a table is there),
// STATUS_NO_MEMORY. unmap, protect: STATUS_NOT_MAPPED (no page of this size is there), STATUS_DENIED (it is not borrowed). Nothing changed
// then; otherwise all CPUs have forgotten what was before.
enum status arch_page_map(struct arch_space *space, virt_t at, unsigned level, phys_t frame, uint32_t access);
enum status arch_page_unmap(struct arch_space *space, virt_t at, unsigned level, phys_t *frame);
enum status arch_page_protect(struct arch_space *space, virt_t at, unsigned level, uint32_t access);

// Makes all CPUs forget one kernel page; everything.
void arch_kernel_flush(virt_t at);
void arch_kernel_flush_all(void);

// Makes all CPUs forget what they remember of the pages in [from, to): those that run the space at once, the others before they do again.
// The lock may be shared. No lock is held that is ever taken with interrupts off.
void arch_space_flush(struct arch_space *space, uint64_t from, uint64_t to);

// As that, of one page and the tables on the way to it.
void arch_space_flush_way(struct arch_space *space, uint64_t at);

// Serves what other CPUs have asked this one to forget. From their interrupt (IPI_FLUSH), or wherever a CPU waits for others.
// Preemption or interrupts off.
void arch_flush_serve(void);

// What CPUs have been made to forget, since boot.
struct flush_counters {
    uint64_t pages, whole; // single pages, and everything of a space or of all
    uint64_t remote;       // flushes that took messages to other CPUs
    uint64_t received;     // messages that were served
};
void arch_flush_count(struct flush_counters *total); // of all CPUs

// Loads the space on this CPU. Interrupts off. A no-op when it is loaded already.
void arch_space_activate(struct arch_space *space);

// The kernel half: maps `pages` frames from `frame` on for kernel stacks and devices, within KERNEL_AREA_START … _END (layout.h) or where
// page_table_start maps them. STATUS_DENIED: writable and executable; STATUS_NO_MEMORY: nothing is mapped. Thread context or boot code.
enum status arch_kernel_map(virt_t at, phys_t frame, size_t pages, uint32_t access);
void arch_kernel_unmap(virt_t at, size_t pages); // translation caches of all CPUs are clean on return
