// SPDX-License-Identifier: MIT
// slab.c: a heap policy: eight classes of objects, cut from frames.
//
// Purpose     Objects of 16 to 2,048 bytes in constant time, little lost to rounding, and frames given back when they empty.
// How         A slab is one frame of objects of one class; all that is known about it stands in its struct frame, so the objects
//             fill the frame. Objects are carved off the frame's end as they are first needed, then reused through a list in the
//             objects. Every CPU's magazines stand before the slabs (kernel/memory/heap/cache.c) and come with batches.
//             What is larger than 2,048 bytes is whole frames.
// Invariants  A slab is in its class's list exactly if it has a free or uncarved object. A class keeps at most one empty slab.
// Locks       One per class, RANK_HEAP; held around frame_alloc and frame_free (RANK_FRAMES).
// Cost        Some 25 instructions an object, in batches.

#include <generated/profile.h>

#include <helix/frames.h>
#include <helix/heap_policy.h>
#include <helix/module.h>
#include <helix/panic.h>
#include <helix/spinlock.h>

enum : uint32_t { NOTHING = UINT32_MAX };
enum { SLAB_CAPACITY_LIMIT = 255 }; // what struct frame's 8-bit count of carved objects can say

// In the first word of an object in a slab; the second is the heap's.
struct free_object {
    uint64_t next; // index in the slab, plus one; 0: the last
};

struct slab_class {
    struct spinlock lock;             // RANK_HEAP
    uint32_t usable GUARDED_BY(lock); // first slab that has room, NOTHING: none. Most recently used first
    uint32_t empty GUARDED_BY(lock);  // slabs without a used object, 0 or 1
    uint64_t slabs GUARDED_BY(lock);
    uint64_t used GUARDED_BY(lock); // objects, those in magazines included
};

#define CLASS { .lock = SPINLOCK(RANK_HEAP), .usable = NOTHING }
static struct slab_class classes[HEAP_CLASSES] = { CLASS, CLASS, CLASS, CLASS, CLASS, CLASS, CLASS, CLASS };

static _Atomic uint64_t large_blocks, large_frames;

static uint32_t slab_capacity(unsigned class)
{
    return (uint32_t)MIN(PAGE_SIZE / heap_class_size(class), (uint64_t)SLAB_CAPACITY_LIMIT);
}

static struct free_object *slab_object(uint32_t number, unsigned class, uint32_t index)
{
    return (struct free_object *)((char *)direct_map((phys_t){ number * PAGE_SIZE }) + index * heap_class_size(class));
}

// ---- the list of slabs with room ----

static void slab_link(struct slab_class *class, uint32_t number) MUST_HOLD(class->lock)
{
    struct frame *slab = &frame_map.database[number];
    slab->link.next = class->usable;
    slab->link.previous = NOTHING;
    if (class->usable != NOTHING)
        frame_map.database[class->usable].link.previous = number;
    class->usable = number;
}

static void slab_unlink(struct slab_class *class, uint32_t number) MUST_HOLD(class->lock)
{
    const struct frame *slab = &frame_map.database[number];
    if (slab->link.next != NOTHING)
        frame_map.database[slab->link.next].link.previous = slab->link.previous;
    if (slab->link.previous != NOTHING)
        frame_map.database[slab->link.previous].link.next = slab->link.next;
    else
        class->usable = slab->link.next;
}

// ---- slabs ----

// A new slab in the list. False: no memory.
static bool slab_make(struct slab_class *class, unsigned index) MUST_HOLD(class->lock)
{
    phys_t at;
    // The debug profile's checks look at what an object held last: nothing from before the frame was a slab.
    if (frame_alloc(1, PROFILE_HEAP_CHECKS ? FRAME_ZEROED : 0, &at) != STATUS_OK)
        return false;
    struct frame *slab = frame_of(at);
    slab->state = FRAME_SLAB;
    slab->heap_class = (uint8_t)heap_code(index);
    slab->order = 0; // objects carved so far
    slab->slab.first_free = 0;
    slab->slab.used = 0;
    slab_link(class, (uint32_t)(at.raw >> PAGE_SHIFT));
    class->slabs++;
    class->empty++;
    return true;
}

static void slab_return(struct slab_class *class, uint32_t number) MUST_HOLD(class->lock)
{
    slab_unlink(class, number);
    class->slabs--;
    class->empty--;
    frame_map.database[number].heap_class = 0;
    frame_free((phys_t){ number * PAGE_SIZE }, 1);
}

static struct free_object *slab_pop(struct slab_class *class, unsigned index, uint32_t number) MUST_HOLD(class->lock)
{
    struct frame *slab = &frame_map.database[number];
    struct free_object *object;
    if (slab->slab.first_free) {
        object = slab_object(number, index, slab->slab.first_free - 1u);
        slab->slab.first_free = (uint16_t)object->next;
    } else {
        object = slab_object(number, index, slab->order++);
    }
    class->used++;
    if (!slab->slab.used++)
        class->empty--;
    if (slab->slab.used == slab_capacity(index))
        slab_unlink(class, number);
    return object;
}

static void slab_push(struct slab_class *class, unsigned index, struct free_object *object) MUST_HOLD(class->lock)
{
    uint64_t at = direct_map_phys(object).raw;
    uint32_t number = (uint32_t)(at >> PAGE_SHIFT);
    struct frame *slab = &frame_map.database[number];
    if (slab->slab.used == slab_capacity(index))
        slab_link(class, number);
    object->next = slab->slab.first_free;
    slab->slab.first_free = (uint16_t)((at & PAGE_MASK) / heap_class_size(index) + 1);
    class->used--;
    if (--slab->slab.used)
        return;
    if (class->empty++)
        slab_return(class, number);
}

static uint32_t slab_take(unsigned index, void **objects, uint32_t count)
{
    struct slab_class *class = &classes[index];
    uint32_t taken = 0;
    spinlock_acquire(&class->lock);
    while (taken < count && (class->usable != NOTHING || (!taken && slab_make(class, index))))
        objects[taken++] = slab_pop(class, index, class->usable);
    spinlock_release(&class->lock);
    return taken;
}

static void slab_give(unsigned index, void **objects, uint32_t count)
{
    struct slab_class *class = &classes[index];
    spinlock_acquire(&class->lock);
    for (uint32_t i = 0; i < count; i++)
        slab_push(class, index, objects[i]);
    spinlock_release(&class->lock);
}

// ---- blocks of whole frames ----

static uint64_t frames_for(size_t size)
{
    return (size + PAGE_MASK) / PAGE_SIZE;
}

static void *slab_allocate(size_t size, bool zeroed)
{
    phys_t first;
    uint64_t count = frames_for(size);
    if (size > SIZE_MAX - PAGE_MASK || frame_alloc(count, zeroed ? FRAME_ZEROED : 0, &first) != STATUS_OK)
        return nullptr;
    struct frame *frame = frame_of(first);
    frame->state = FRAME_HEAP;
    frame->count = count;
    atomic_fetch_add_explicit(&large_blocks, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&large_frames, count, memory_order_relaxed);
    return direct_map(first);
}

// The struct frame of a block; panics when it is none.
static struct frame *block_frame(const void *block)
{
    phys_t at = direct_map_phys(block);
    struct frame *frame = frame_of(at);
    if (UNLIKELY(!frame))
        panic("%p is not on the heap", block);
    if (UNLIKELY(frame->state != FRAME_HEAP || !is_aligned(at.raw, PAGE_SIZE)))
        panic("%p is no block of the heap", block);
    return frame;
}

static void slab_release(void *block)
{
    struct frame *frame = block_frame(block);
    uint64_t count = frame->count;
    frame_free(direct_map_phys(block), count);
    atomic_fetch_sub_explicit(&large_blocks, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&large_frames, count, memory_order_relaxed);
}

// Frames at the end of a block can go; none can be added.
static bool slab_resize(void *block, size_t size)
{
    struct frame *frame = block_frame(block);
    uint64_t count = frames_for(size), surplus = frame->count - count;
    if (size > SIZE_MAX - PAGE_MASK || count > frame->count)
        return false;
    if (!surplus)
        return true;
    frame->count = count;
    frame_free((phys_t){ direct_map_phys(block).raw + count * PAGE_SIZE }, surplus);
    atomic_fetch_sub_explicit(&large_frames, surplus, memory_order_relaxed);
    return true;
}

// ---- the policy ----

static enum status slab_attach(void)
{
    return STATUS_OK;
}

static size_t slab_usable_size(const void *block)
{
    const struct frame *frame = frame_of(direct_map_phys(block));
    if (frame && frame->state == FRAME_SLAB)
        return heap_class_size(heap_class_of(frame->heap_class));
    return block_frame(block)->count * PAGE_SIZE;
}

static void class_trim(struct slab_class *class)
{
    spinlock_acquire(&class->lock);
    uint32_t number = class->usable;
    while (class->empty && number != NOTHING) {
        uint32_t next = frame_map.database[number].link.next;
        if (!frame_map.database[number].slab.used)
            slab_return(class, number);
        number = next;
    }
    spinlock_release(&class->lock);
}

static void slab_trim(void)
{
    for (unsigned index = 0; index < HEAP_CLASSES; index++)
        class_trim(&classes[index]);
}

static void class_statistics(unsigned index, struct heap_statistics *statistics)
{
    struct slab_class *class = &classes[index];
    size_t size = heap_class_size(index);
    spinlock_acquire(&class->lock);
    uint64_t used = class->used;
    uint64_t slabs = class->slabs;
    spinlock_release(&class->lock);
    statistics->classes[index].size = (uint32_t)size;
    statistics->classes[index].used = used;
    statistics->classes[index].capacity = slabs * slab_capacity(index);
    statistics->used += used * size;
    statistics->held += slabs * PAGE_SIZE;
}

static void slab_statistics(struct heap_statistics *statistics)
{
    for (unsigned index = 0; index < HEAP_CLASSES; index++)
        class_statistics(index, statistics);
    uint64_t bytes = atomic_load_explicit(&large_frames, memory_order_relaxed) * PAGE_SIZE;
    statistics->used += bytes;
    statistics->held += bytes;
    statistics->large_blocks = atomic_load_explicit(&large_blocks, memory_order_relaxed);
}

static const struct heap_policy slab_policy = {
    .name = "slab",
    .attach = slab_attach,
    .take = slab_take,
    .give = slab_give,
    .allocate = slab_allocate,
    .release = slab_release,
    .resize = slab_resize,
    .usable_size = slab_usable_size,
    .trim = slab_trim,
    .statistics = slab_statistics,
};

MODULE(slab, .version = "1.1.0", .description = "eight classes of 16 to 2,048 bytes", .provides = "heap_policy", .abi = HEAP_POLICY_ABI,
       .ops = &slab_policy);
