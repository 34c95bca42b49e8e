// SPDX-License-Identifier: MIT
// frames.h: physical memory in frames of 4 KiB.
//
// Boot: frame_alloc_boot() takes from a bump pointer over the boot memory map. frames_init() hands the rest to the policy
// that the profile chose (frame_policy.h). From then on every frame has a struct frame with a reference count.
#pragma once

#include <stdatomic.h>

#include <abi/status.h>
#include <lib/list.h>
#include <lib/types.h>

#include <arch/layout.h>

#include <generated/profile.h>

struct boot_info;

enum memory_zone : uint8_t {
    ZONE_DMA,    // below 16 MiB
    ZONE_DMA32,  // below 4 GiB
    ZONE_NORMAL, // from 4 GiB on
    ZONE_HIGH,   // beyond the direct map (none on 64-bit ports)
    ZONE_DEVICE, // memory-mapped registers: never allocated
    ZONES,
};

// Where zones end, in frame numbers. No zone boundary lies inside a block of 8 MiB.
enum : uint64_t {
    ZONE_DMA_END = 16 * MIB / PAGE_SIZE,
    ZONE_DMA32_END = 4 * GIB / PAGE_SIZE,
    // Frame numbers have 32 bits, and what the direct map does not reach is left alone.
    ZONE_NORMAL_END = DIRECT_MAP_SIZE / PAGE_SIZE < UINT32_MAX ? DIRECT_MAP_SIZE / PAGE_SIZE : UINT32_MAX,
};

enum frame_state : uint8_t {
    FRAME_FREE,     // with the policy or in a CPU's cache
    FRAME_USED,     // handed out by frame_alloc
    FRAME_SLAB,     // a slab of the heap
    FRAME_HEAP,     // first frame of a large heap block of `count` frames
    FRAME_TABLE,    // a page table; `references`: the tables above that point to it; `link` and `count` are the owner's
    FRAME_LARGE,    // first frame of a 2 MiB page of user memory; `references` counts for all 512
    FRAME_RESERVED, // firmware, kernel image, boot memory, holes
};

// One per frame of RAM. 16 bytes; reached with frame_of(). The first eight are the framework's while the frame is free and its owner's
// while it is in use; they say FREE as zero. The second eight are the policy's while the frame is free, and hold anything at first.
struct frame {
    union {
        struct {
            union {
                _Atomic uint32_t references; // of mappings and page caches; 0 only while free or reserved
                struct {
                    uint16_t first_free; // FRAME_SLAB: the heap's
                    uint16_t used;
                } slab;
            };
            enum frame_state state;
            union {
                uint8_t order;          // FRAME_SLAB: the heap's
                _Atomic bool published; // FRAME_USED: instruction fetch sees its bytes as they are (frame_written)
            };
            uint8_t heap_class; // FRAME_SLAB: what heap_code() makes of the class of its objects; 0 in every other state
            uint8_t mark;       // FRAME_USED: the framework's
        };
        uint64_t head; // all of the above in one word
    };
    union {
        uint64_t count; // FRAME_HEAP: frames in the block
        struct {
            uint32_t next, previous; // FRAME_FREE: the policy's; FRAME_SLAB: the heap's. Frame numbers
        } link;
    };
};
static_assert(sizeof(struct frame) == 16);

enum frame_flags : uint32_t {
    FRAME_ZEROED = 1 << 0,  // contents are all zero
    FRAME_DMA = 1 << 1,     // below 16 MiB
    FRAME_DMA32 = 1 << 2,   // below 4 GiB
    FRAME_USER = 1 << 3,    // for a user program: refused while only the kernel's reserve is left
    FRAME_ALIGNED = 1 << 4, // the run begins at a multiple of its size: a power of two up to 1 GiB, or it is refused
};

// The direct map: all RAM, readable and writable, never executable.
extern uint64_t direct_map_base; // [const] after arch_space_init_kernel

static inline void *direct_map(phys_t frame)
{
    return (void *)(uintptr_t)(direct_map_base + frame.raw);
}

static inline phys_t direct_map_phys(const void *pointer)
{
    return (phys_t){ (uint64_t)(uintptr_t)pointer - direct_map_base };
}

// Physical pages before there is an allocator, zeroed, never freed. Panics when memory ends: nothing can run without.
phys_t frame_alloc_boot(size_t pages);

// Builds the frame database and gives all free memory to the profile's policy. Once.
// STATUS_NOT_FOUND, STATUS_UNSUPPORTED: slot_fill() refused the module.
enum status frames_init(const struct boot_info *boot);

// Contiguous physical frames, `pages` (>= 1) of them, with reference count 1 each. STATUS_NO_MEMORY: nothing changed.
// Any context but interrupt handlers. Single frames with FRAME_ZEROED come from the CPU's pool of zeroed frames while it has any.
#if PROFILE_FRAME_CHECKS
enum status frame_alloc(size_t pages, uint32_t flags, phys_t *first); // frame_check.c
#else
static inline enum status frame_alloc(size_t pages, uint32_t flags, phys_t *first);
#endif

// Frees frames whatever their reference count and whichever state in use they are in; for owners that share them with nobody any more.
#if PROFILE_FRAME_CHECKS
void frame_free(phys_t first, size_t pages);
#else
static inline void frame_free(phys_t first, size_t pages);
#endif

// As frame_free of one frame whose bytes are all zero: it goes to the CPU's pool of zeroed frames while that has room. The debug profile
// looks whether they are.
void frame_free_zeroed(phys_t frame);

// As frame_free, for who has a frame's address from somebody he does not trust: looks first, of all of them. STATUS_BAD_ALIGNMENT;
// STATUS_BAD_ARGUMENT: no pages; STATUS_BAD_ADDRESS: (some are) no RAM, or nobody was ever given them; STATUS_NOT_MAPPED: free already;
// STATUS_DENIED: reserved, the heap's, page tables or large pages; STATUS_BUSY: others have references on them. Nothing changed then.
enum status frame_free_checked(phys_t first, size_t pages);

// What the two come down to: one frame with no flag but FRAME_USER; anything. FRAME_NONE: there is no memory.
static const phys_t FRAME_NONE = { UINT64_MAX };
phys_t frame_take(uint32_t flags);
phys_t frame_take_any(size_t pages, uint32_t flags);
void frame_free_single(phys_t frame);
void frame_free_run(phys_t first, size_t pages);

#if !PROFILE_FRAME_CHECKS
static inline enum status frame_alloc(size_t pages, uint32_t flags, phys_t *first)
{
    bool simple = __builtin_constant_p(pages) && pages == 1 && __builtin_constant_p(flags) && !(flags & ~(uint32_t)FRAME_USER);
    phys_t taken = simple ? frame_take(flags) : frame_take_any(pages, flags);
    if (UNLIKELY(taken.raw == FRAME_NONE.raw))
        return STATUS_NO_MEMORY;
    *first = taken;
    return STATUS_OK;
}

static inline void frame_free(phys_t first, size_t pages)
{
    if (__builtin_constant_p(pages) && pages == 1)
        frame_free_single(first);
    else
        frame_free_run(first, pages);
}
#endif

// Shared frames: one more reference; and one less, freeing the frame with the last.
void frame_retain(phys_t frame);
void frame_release(phys_t frame);

enum frame_block : uint8_t {
    BLOCK_UNKNOWN, // holes and what others hold: no frame of it was ever the policy's
    BLOCK_FREE,    // all of it is the policy's, and has been since it was added
    BLOCK_OPENING, // a CPU is writing its struct frames
    BLOCK_READY,   // its struct frames say what is what
};
enum : uint64_t { FRAME_BLOCK = 512 }; // frames

// [const] after frames_init; first and limit are 0 before. In one place, so that one address finds it all.
struct frame_map {
    uint64_t first, span;   // frame numbers: the first there may be, and how many
    struct frame *database; // of number n: database[n]. RAM need not begin at 0. Garbage until the framework has to do with its block
    uint64_t head_used;     // `head` of a frame just handed out
    uint64_t limit;         // first + span
    _Atomic enum frame_block *blocks; // one per block, by frame number
};
extern struct frame_map frame_map;

// Whether the struct frame of that number says what the frame is.
static inline bool frame_known(uint64_t number)
{
    return number < frame_map.limit && atomic_load_explicit(&frame_map.blocks[number / FRAME_BLOCK], memory_order_acquire) == BLOCK_READY;
}

// nullptr for an address that is no RAM, and for RAM that nobody was ever given.
static inline struct frame *frame_of(phys_t frame)
{
    uint64_t number = frame.raw >> PAGE_SHIFT;
    return LIKELY(frame_known(number)) ? &frame_map.database[number] : nullptr;
}

// After the kernel wrote into a frame that programs may have mapped executable: it is published anew when it is next mapped so. A
// program that writes code itself has to say so to its processor, as on Linux.
static inline void frame_written(phys_t frame)
{
    struct frame *record = frame_of(frame);
    if (record && UNLIKELY(atomic_load_explicit(&record->published, memory_order_relaxed)))
        atomic_store_explicit(&record->published, false, memory_order_release);
}

// Gives memory that boot code held (boot heap, initramfs, ACPI tables) to the policy: the whole pages in it that the
// frame database covers. Memory that the policy owns already is a broken invariant (panic).
void frames_donate(phys_t start, uint64_t size);

struct frame_statistics {
    struct {
        uint64_t total, free; // frames
    } zone[ZONES];
    uint64_t total, free; // frames the policy has ever owned; of them free now (CPU caches included). Sums of the zones
    uint64_t allocations, frees, failures;
    uint64_t lost;                       // of the used: freed, but the policy never gives a frame out twice
    uint64_t cached;                     // of the free: in the CPUs' caches and pools
    uint64_t zeroed_free;                // of the cached: cleared ahead
    uint64_t zeroed_hits, zeroed_misses; // single frames with FRAME_ZEROED: from a pool, and cleared at the request
};
// A picture of this moment. Thread context. Some 200 instructions for each CPU.
void frames_statistics(struct frame_statistics *statistics);

// Frames in all and free ones, those in caches included: the same figures, for less.
void frames_count(uint64_t *total, uint64_t *free);

// Whether freed frames are ever handed out again: not by every policy.
bool frames_reused(void);

// How the free frames hang together; those in caches are left out. May take a step for every 64 frames of memory, preemption off.
enum { FRAME_ORDERS = 20 };
struct frame_runs {
    const char *policy;
    uint64_t largest;            // frames in the largest run that can be had
    uint64_t runs[FRAME_ORDERS]; // free runs of 2^n to 2^(n+1) - 1 frames; the last: and longer. A buddy's blocks count each
};
void frames_runs(struct frame_runs *runs);

// A step of work for a CPU that has nothing else to do: clears one frame for its pool. Says whether there is more to do.
// Thread context, at most some 600 instructions with preemption off.
bool frames_idle(void);

// Gives the frames in the CPUs' caches and pools back to the policy, so that they merge into larger runs.
void frames_trim(void);

// How short memory is, from watermarks on the free share (pressure.h). Looks at the figures; thread context, anything held that stands before
// RANK_WAIT_QUEUE.
enum memory_pressure { PRESSURE_NORMAL, PRESSURE_LOW, PRESSURE_CRITICAL, PRESSURE_OUT_OF_MEMORY };
enum memory_pressure frames_pressure(void);

// ---- the reserve (kernel/memory/space/reserve.c): user programs may not take the last frames, which keep the kernel and its shell alive ----

// Whether a user program may have another page (or process, or region). Cheap: looks at the figures once in a while.
bool frames_user_allowed(void);

// Whether one request for `bytes` of user memory is worth promising: not more than there is RAM.
enum : uint64_t { PROMISE_UNASKED = 4 * MIB }; // less than any machine has: no look at the figures
bool frames_promise_fits(uint64_t bytes);
static inline bool frames_promise_allowed(uint64_t bytes)
{
    return bytes <= PROMISE_UNASKED || frames_promise_fits(bytes);
}
