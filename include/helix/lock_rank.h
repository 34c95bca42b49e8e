// SPDX-License-Identifier: MIT
// lock_rank.h: the lock order of the whole kernel, outermost first, on one page.
#pragma once

#include <stdint.h>

enum lock_rank : uint8_t {
    RANK_NONE,
    // Mutexes: held across sleeps.
    RANK_FILE_OFFSET, // an open file's position, round whatever its reads and writes do
    RANK_MODULE_SLOT, // a swap in a slot
    RANK_MOUNT,       // the mount table
    RANK_RENAME,      // one rename at a time
    RANK_NODE,        // a directory or file; parent before child, then by address
    RANK_FILES,       // advisory file locks
    RANK_PIPE,
    RANK_TERMINAL,    // a tty's line discipline
    RANK_REGISTRY,    // process tree, groups and sessions (kernel/execution/process.c); looking into /proc asks it below a node
    RANK_SPACE,       // an address space's regions and page tables (struct rwlock: faults share it, changes of regions hold it alone)
    RANK_REGION,      // one region's pages, while a fault is served; the space's lock is shared meanwhile. Page sources are asked below it
    RANK_PAGE_CACHES, // the list of page caches (kernel/fs/page_cache.c)
    // Spinlocks: preemption off, some with interrupts off.
    RANK_ENTRIES,     // the cached tree of names (kernel/fs/entry.c)
    RANK_EVENTS,      // the subscriptions of the event bus (kernel/core/event.c)
    RANK_DESCRIPTORS, // the slots of a descriptor table
    RANK_PAGES,       // a file's pages (modules/fs/ramfs)
    RANK_SIGNALS,     // a process's pending signals and actions
    RANK_FUTEX,       // a futex bucket
    RANK_LATER,       // what interrupt handlers leave for a thread to do (kernel/userspace/job.c)
    RANK_WAIT_QUEUE,
    RANK_TIMER,
    RANK_THREAD_TABLE, // threads by id
    RANK_THREAD,       // a thread's state
    RANK_RUN_QUEUE,    // a scheduler policy's queue
    RANK_ADDRESS_TAGS, // ASIDs and PCIDs; taken while threads are switched
    RANK_KERNEL_MAP,   // who has which part of the kernel half
    RANK_KERNEL_SPACE, // the kernel half of the page tables
    RANK_LARGE_PAGES,  // references and spare tables of 2 MiB user pages (arch/common/space_large.c)
    RANK_HEAP_CHECK,   // lists of live and freed blocks, debug profile
    RANK_HEAP_DEPOT,   // full and empty magazines of a class
    RANK_HEAP,         // a class of the heap policy
    RANK_FRAMES,
    RANK_DRIVER,  // device registers
    RANK_LOG,     // everything may log
    RANK_CONSOLE, // innermost: registers of the device that log lines go to
    RANKS,
    RANK_FIRST_SPINLOCK = RANK_ENTRIES,
};

// For reports. There only where locks are checked (lock_check.h).
const char *lock_rank_name(enum lock_rank rank);
