// SPDX-License-Identifier: MIT
// space.h: address spaces: ordered regions over the port's page tables.
#pragma once

#include <stdatomic.h>

#include <abi/status.h>
#include <lib/list.h>
#include <lib/tree.h>
#include <lib/types.h>

#include <arch/space.h>

#include <helix/rwlock.h>
#include <helix/wait.h>

// Where the pages of a file mapping come from; the first member of whatever owns them (a file-system node).
struct page_source;
struct page_source_ops {
    // The frame of page `index` with one more reference, reading it in if need be. STATUS_OUT_OF_RANGE: beyond the end of the object.
    enum status (*get)(struct page_source *source, uint64_t index, bool for_write, phys_t *frame);
    // Up to `count` frames that are in memory already, from `index` on, each with one more reference; returns how many. May be 0.
    size_t (*get_resident)(struct page_source *source, uint64_t index, size_t count, phys_t *frames);
    void (*retain)(struct page_source *source);
    void (*release)(struct page_source *source);
    // What /proc/PID/maps shows; writes a NUL-terminated text.
    void (*describe)(struct page_source *source, char *text, size_t size);
    // Gives pages [first, end) up: they read as zeros from now on. nullptr: it cannot. Sleeps; no lock of a space is held.
    enum status (*remove)(struct page_source *source, uint64_t first, uint64_t end);
    // The file's device and number, as stat tells them; nullptr: it is none.
    void (*identify)(struct page_source *source, uint64_t *device, uint64_t *number);
};
struct page_source {
    const struct page_source_ops *ops;
    _Atomic uint32_t regions; // that map it
};

// Pages [first, end) of an object are its no longer (it was truncated): takes them out of all spaces, private copies too. The source gives
// them to nobody any more. A space for whose page tables memory is wanting keeps what it has mapped, frames and all. Thread context; the
// caller may hold the object's lock (RANK_NODE), none of a space.
void page_source_forget(struct page_source *source, uint64_t first, uint64_t end);

// Page `index` of the object was `frame`, and is its no longer (a hole was made): takes that frame out of all spaces; private copies stay.
// Otherwise as page_source_forget.
void page_source_forget_frame(struct page_source *source, uint64_t index, phys_t frame);

enum region_flags : uint32_t {
    REGION_SHARED = 1 << 0,          // writes reach the source and other spaces
    REGION_GROWS_DOWN = 1 << 1,      // a stack
    REGION_ANONYMOUS_PAGES = 1 << 2, // may hold pages of its own (written private pages), so fork must share its tables
    REGION_HEAP = 1 << 3,            // brk
    REGION_STACK = 1 << 4,           // names it in /proc/PID/maps
    REGION_NO_WRITE = 1 << 5,        // shared mapping of a file that was opened for reading: may never become writable
    REGION_NO_RESERVE = 1 << 6,      // not held against the size of RAM (MAP_NORESERVE)
    REGION_LOCKED = 1 << 7,          // its pages are counted against RLIMIT_MEMLOCK and never taken back (mlock)
    REGION_HUGE = 1 << 8,            // large pages wanted (MADV_HUGEPAGE) …
    REGION_NO_HUGE = 1 << 9,         // … never wanted (MADV_NOHUGEPAGE)
    REGION_DONT_FORK = 1 << 10,      // a child does not get it (MADV_DONTFORK)
    REGION_TOUCHED = 1 << 12,        // may hold borrowed pages; a region without source, this and REGION_ANONYMOUS_PAGES has no page
    REGION_WIPE_ON_FORK = 1 << 11,   // a child finds zeros in it (MADV_WIPEONFORK); private and anonymous only
};

// What a region's access can consist of; the protection key stands in it as arch/space.h says (PAGE_KEY_SHIFT).
enum : uint32_t { REGION_RIGHTS = PAGE_READ | PAGE_WRITE | PAGE_EXECUTE, REGION_ACCESS = REGION_RIGHTS | PAGE_KEYS };

// One thread at a time serves faults of a region: 4 bytes, whose waiters stand in the space's `fault_waiters`.
struct CAPABILITY("region") region_lock {
    _Atomic uint32_t state; // enum region_lock_state (kernel/memory/space/space.h)
};

// [start, end), page-aligned. Neighbours with equal access, flags and adjoining offsets of one source are merged.
// All of it changes with the space's lock held exclusively; REGION_ANONYMOUS_PAGES may also be set with it shared and `lock` held.
struct region {
    struct tree_node node;
    uint64_t start, end;
    uint64_t gap, largest_gap;  // free bytes right below it (and its guard); the most of any region in its subtree
    uint32_t access;            // REGION_ACCESS: rights (none: PROT_NONE) and the protection key
    _Atomic uint32_t flags;     // enum region_flags
    struct page_source *source; // nullptr: anonymous
    uint64_t offset;            // of `start` in the source, in bytes
    struct region_lock lock;    // RANK_REGION, with the space's lock shared: what its page-table entries hold
};

struct space {
    struct rwlock lock; // RANK_SPACE. Shared: faults, looking. Exclusive: everything that changes regions, and fork.
    struct arch_space arch;
    struct tree regions;             // by start; never overlap
    _Atomic(struct region *) recent; // hit by the last fault: most faults come in runs
    struct region *spare_regions;    // freed ones, kept for those to come; spare_count of them
    struct wait_queue fault_waiters; // for any region's lock
    uint64_t heap_start, heap_end;   // brk; 0: no heap
    uint64_t map_top;                // mmap searches downwards from here
    uint32_t region_count, spare_count;
    uint32_t keys;                                 // protection keys that are allocated, a bit each; key 0 is from the start
    uint64_t limit_data, limit_space, limit_stack; // bytes; UINT64_MAX: none
    uint64_t limit_locked;                         // as of the last call that locks; UINT64_MAX: none
    bool lock_future, lock_future_at_fault;        // mlockall: what is mapped from now on is locked; its pages come at faults
    uint64_t mapped;                               // bytes in regions …
    uint64_t data, locked;                         // … of which private and writable but no stack; with REGION_LOCKED
    uint64_t mapped_peak;                          // bytes: the most `mapped` had been when it last fell
    _Atomic uint64_t resident_peak;                // pages: the most that were counted, and that is before much is unmapped, and when asked
    _Atomic uint32_t references;                   // threads of the process, and whoever looks at it
    _Atomic uint64_t faults_minor, faults_copied;
    struct list_node link; // among all spaces (kernel/memory/space/source.c)
    // For /proc: where the program put its text, arguments and environment.
    uint64_t argument_start, argument_end, environment_start, environment_end;
};

// Takes from boot memory what all spaces share; before frames_init. Once.
void space_init(void);

// An empty one with one reference for the caller. STATUS_NO_MEMORY.
enum status space_create(struct space **space);
void space_retain(struct space *space);
void space_release(struct space *space); // the last one unmaps and frees everything

// A process's space changes while others look at it (execve, exit). They borrow it, with a reference, nullptr when there is none;
// the process itself exchanges it and gets the old one, reference included. Any context that may take a spinlock.
struct space *space_borrow(struct space *const *slot);
struct space *space_exchange(struct space **slot, struct space *space);

// A copy for fork: private pages become copy-on-write in both. STATUS_NO_MEMORY: nothing is left behind.
enum status space_fork(struct space *parent, struct space **child);

enum map_flags : uint32_t {
    MAP_SHARED_PAGES = 1 << 0, // with a source: shared; without: anonymous memory shared across fork
    MAP_AT = 1 << 1,           // exactly at `hint`, replacing what is there
    MAP_AT_FREE = 1 << 2,      // exactly at `hint`, STATUS_EXISTS if anything is there
    MAP_STACK_REGION = 1 << 3,
    MAP_PREFAULT = 1 << 4,   // MAP_POPULATE
    MAP_GROWS_DOWN = 1 << 5, // grows at faults below it
    MAP_NO_WRITE = 1 << 6,   // may never become writable (REGION_NO_WRITE)
    MAP_NO_RESERVE = 1 << 7, // may be larger than RAM
    MAP_LOCK = 1 << 8,       // REGION_LOCKED
};

struct map_request {
    uint64_t hint; // page-aligned
    uint64_t size; // bytes, rounded up to pages
    uint32_t access;
    uint32_t flags;             // enum map_flags
    struct page_source *source; // a reference of its own is taken
    uint64_t offset;            // page-aligned
};

// STATUS_BAD_ARGUMENT (size 0, misaligned), STATUS_NO_MEMORY (limits, no gap, beyond the user half), STATUS_OVERFLOW (the source
// cannot be that long), STATUS_NOT_PERMITTED (MAP_AT in the lowest 64 KiB), STATUS_EXISTS, STATUS_AGAIN (locked, and beyond the
// limit). Nothing changed then.
enum status space_map(struct space *space, const struct map_request *request, uint64_t *at);

// Unmaps whatever lies in [at, at + size), splitting regions at the edges. Nothing mapped there is no error (POSIX).
enum status space_unmap(struct space *space, uint64_t at, uint64_t size);

// Gives a range other rights (REGION_RIGHTS), and a protection key unless each region is to keep its own. STATUS_NO_MEMORY when part of the
// range is not mapped (POSIX ENOMEM), STATUS_DENIED when a part may never be written: what lies before that part changed. STATUS_BAD_ARGUMENT
// when `at` is no page or the key is not allocated; nothing changed then.
enum : uint32_t { SPACE_KEY_KEPT = UINT32_MAX };
enum status space_protect_key(struct space *space, uint64_t at, uint64_t size, uint32_t access, uint32_t key);

static inline enum status space_protect(struct space *space, uint64_t at, uint64_t size, uint32_t access)
{
    return space_protect_key(space, at, size, access, SPACE_KEY_KEPT);
}

// Linux pkey_alloc and pkey_free (arch/keys.h has the rights, which are the running thread's). STATUS_NO_SPACE: all keys are taken, or the
// CPU has none. free, which leaves pages their key: STATUS_BAD_ARGUMENT, not allocated. Nothing changed then.
enum status space_key_alloc(struct space *space, uint32_t rights, uint32_t *key);
enum status space_key_free(struct space *space, uint32_t key);

// Whether others than key 0 are allocated; whether this one is; the key of the page at `address`, 0 where nothing is mapped.
bool space_has_keys(const struct space *space);
bool space_key_known(const struct space *space, uint32_t key);
uint32_t space_key_at(struct space *space, uint64_t address);

// Where the first region of [at, at + size) starts, if it is one that grows down (PROT_GROWSDOWN). STATUS_NO_MEMORY: nothing there; STATUS_BAD_ARGUMENT: a region that does not grow.
enum status space_stack_start(struct space *space, uint64_t at, uint64_t size, uint64_t *start);

// Empties a space for good whose threads have all been told to end: their memory is free before they have gone. Sleeps.
void space_reap(struct space *space);

// Linux brk: sets the end of the heap when it can; returns the end that is in force.
uint64_t space_brk(struct space *space, uint64_t end);

// Linux mremap. `flags` as MREMAP_MAYMOVE / MREMAP_FIXED / MREMAP_DONTUNMAP. STATUS_BAD_ADDRESS: [at, at + old_size) is not within one region.
enum status space_remap(struct space *space, uint64_t at, uint64_t old_size, uint64_t new_size, uint32_t flags, uint64_t new_at,
                        uint64_t *result);

// Linux madvise for those in abi/linux/mman.h but MADV_POPULATE_…: what it changes, or nothing where it is a hint that nothing follows from.
// STATUS_BAD_ARGUMENT: unknown, no page, or no advice for a region of the range (what lies before that was served). STATUS_NO_MEMORY:
// part of the range is not mapped; the rest was served all the same.
enum status space_advise(struct space *space, uint64_t at, uint64_t size, uint32_t advice);
bool space_advice_known(uint32_t advice);

// Has the files that [at, at + size) maps give those pages up (MADV_REMOVE). STATUS_NO_MEMORY: part of it is not mapped; STATUS_DENIED: a
// mapping that is not shared, or may never write; STATUS_BAD_ARGUMENT: of no file, or of one that cannot, or locked.
enum status space_remove(struct space *space, uint64_t at, uint64_t size);

// Drops the pages of [at, at+size) (MADV_DONTNEED): they read as zero or as the file's again. As space_advise.
enum status space_discard(struct space *space, uint64_t at, uint64_t size);

// Brings every page of a range of whole pages in, for reading or for writing. Fails as space_fault does, with what came before in memory.
// The second does it for what is mapped of a range, as each region's access allows, and goes on with the next region after a failure.
enum status space_populate(struct space *space, uint64_t at, uint64_t size, bool write);
enum status space_populate_regions(struct space *space, uint64_t at, uint64_t size);

// Linux mincore: one byte per page, 1 when it is in memory. STATUS_NO_MEMORY: one is not mapped; what is before it was written.
enum status space_residency(struct space *space, uint64_t at, size_t pages, uint8_t *resident);

// Linux mlock, munlock, mlockall and munlockall on whole pages. `now`: brings them in. STATUS_NO_MEMORY: the limit, part of the range is not
// mapped, or (the region stays locked) a page that its access forbids to bring in; STATUS_AGAIN: no memory to bring all in.
enum space_lock_flags : uint32_t { SPACE_LOCK_PRESENT = 1, SPACE_LOCK_FUTURE = 2, SPACE_LOCK_AT_FAULT = 4 }; // as MCL_…
enum status space_lock(struct space *space, uint64_t at, uint64_t size, bool now);
enum status space_unlock(struct space *space, uint64_t at, uint64_t size);
enum status space_lock_all(struct space *space, uint32_t what);
enum status space_unlock_all(struct space *space);

// Serves a fault at `address` (enum fault_kind bits). STATUS_OK: retry. STATUS_NOT_MAPPED (SIGSEGV, MAPERR), STATUS_DENIED
// (SIGSEGV, ACCERR), STATUS_OUT_OF_RANGE (SIGBUS), STATUS_NO_MEMORY (the culprit is killed).
// Thread context; may sleep; must not be called with the space's lock held.
enum status space_fault(struct space *space, uint64_t address, uint32_t kind);

// The region that holds `address`, nullptr if none. The lock is held, shared at least.
struct region *space_find(struct space *space, uint64_t address) MUST_SHARE(space->lock);

// Calls visit for each region in order, with the lock held.
void space_each(struct space *space, void (*visit)(void *context, const struct region *region), void *context);

// Whether every byte of [at, at + size) lies in a region.
bool space_holds(struct space *space, uint64_t at, uint64_t size);

// Whether a region of [at, at + size) has REGION_LOCKED.
bool space_holds_locked(struct space *space, uint64_t at, uint64_t size);

// Reads or writes another process's memory through its page tables (for /proc/PID/cmdline); bytes moved. Faults are served; what
// the region's access forbids is not done.
size_t space_read(struct space *space, uint64_t at, void *to, size_t size);
size_t space_write(struct space *space, uint64_t at, const void *from, size_t size);

// Copies from one space into another without a fault; returns how many bytes, which ends at the first page that is not mapped with that
// right, and is 0 when a lock is not to be had at once or both are the same. Neither lock is held.
size_t space_transfer(struct space *source, uint64_t from, struct space *target, uint64_t to, size_t size);

// The page that holds `at`, as the kernel reaches it, made writable first if `write`. For a space that no thread runs yet: the
// pointer is good until the space changes. Fails as space_fault does.
enum status space_page(struct space *space, uint64_t at, bool write, void **page);

// Figures for /proc/PID/stat, statm and status. Bytes.
struct space_usage {
    uint64_t mapped;            // VSZ
    uint64_t resident;          // RSS
    uint64_t shared;            // in regions with a source
    uint64_t locked;            // mlock
    uint64_t mapped_peak;       // the most VSZ ever was …
    uint64_t resident_peak;     // … and RSS, as far as it was looked at: before every fall by a quarter of the space, and now
    uint64_t text, data, stack; // executable; writable and private; stacks
    uint64_t faults_minor, faults_copied;
};
void space_usage(struct space *space, struct space_usage *usage);

// Pages that are mapped now, counted in the page tables. Thread context, the lock not held.
uint64_t space_resident(struct space *space);

// What a region has in memory, for /proc/PID/smaps. Bytes; each page is shared or private, clean or dirty: dirty is what its source does not
// have (yet). A page of zeros that was only read counts as none, as on Linux.
struct region_usage {
    uint64_t resident, shared_clean, shared_dirty, private_clean, private_dirty, anonymous, large;
    uint64_t proportional; // each page divided by those that have it, in 1/4096 bytes
};
void region_usage(const struct space *space, const struct region *region, struct region_usage *usage) MUST_SHARE(space->lock);
