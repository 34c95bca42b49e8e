// SPDX-License-Identifier: MIT
// pressure.c: the level of memory pressure, from marks on the number of free frames.
//
// Whoever looks moves the level: programs do so in their credit of frames (space/reserve.c), the page caches before they grow, and the
// watcher of kernel/core/memory_watch.c while the level is not normal. No allocation of the kernel is burdened with it.
// Locks: none. Two CPUs that look at once may both move the level; the later one wins, and what it says was true.

#include <helix/pressure.h>

#include <stdatomic.h>

#include <lib/attributes.h>

enum : uint64_t {
    RESERVE_LEAST = 128, // frames: 512 KiB
    RESERVE_MOST = 2048, // 8 MiB
    RESERVE_SHARE = 32,  // of all frames
    CRITICAL_SHARE = 20,
    LOW_SHARE = 8,
};

static _Atomic uint32_t in_force; // enum memory_pressure
static void (*_Atomic watcher)(void);

struct pressure_marks pressure_marks(uint64_t total)
{
    struct pressure_marks marks = { .out = MIN(MAX(total / RESERVE_SHARE, RESERVE_LEAST), RESERVE_MOST) };
    marks.critical = MAX(total / CRITICAL_SHARE, marks.out + marks.out / 8);
    marks.low = MAX(total / LOW_SHARE, marks.critical + marks.critical / 4);
    return marks;
}

static enum memory_pressure level_for(const struct pressure_marks *marks, uint64_t free)
{
    if (free <= marks->out)
        return PRESSURE_OUT_OF_MEMORY;
    if (free <= marks->critical)
        return PRESSURE_CRITICAL;
    return free <= marks->low ? PRESSURE_LOW : PRESSURE_NORMAL;
}

enum memory_pressure pressure_next(enum memory_pressure before, uint64_t total, uint64_t free)
{
    const struct pressure_marks marks = pressure_marks(total);
    enum memory_pressure now = level_for(&marks, free);
    if (now >= before)
        return now;
    const struct pressure_marks better = {
        // half way to the next mark
        .out = (marks.out + marks.critical) / 2,
        .critical = (marks.critical + marks.low) / 2,
        .low = marks.low + marks.low / 4,
    };
    enum memory_pressure lasting = level_for(&better, free);
    return MIN(before, lasting);
}

static const char *const names[] = { "normal", "low", "critical", "out of memory" };

const char *pressure_name(enum memory_pressure level)
{
    return names[level];
}

void pressure_watch(void (*changed)(void))
{
    atomic_store_explicit(&watcher, changed, memory_order_release);
}

enum memory_pressure frames_pressure(void)
{
    uint64_t total, free;
    frames_count(&total, &free);
    uint32_t before = atomic_load_explicit(&in_force, memory_order_relaxed);
    enum memory_pressure now = pressure_next((enum memory_pressure)before, total, free);
    if (LIKELY(now == before))
        return now;
    atomic_store_explicit(&in_force, now, memory_order_relaxed);
    void (*changed)(void) = atomic_load_explicit(&watcher, memory_order_acquire);
    if (changed)
        changed();
    return now;
}

// ---- five steps by the share in use ----

enum memory_use memory_use_of(uint64_t total, uint64_t used)
{
    static const uint8_t percent[] = { 50, 70, 85, 95 };
    uint8_t use = MEMORY_USE_NONE;
    while (use < MEMORY_USE_CRITICAL && used * 100 > total * percent[use])
        use++;
    return (enum memory_use)use;
}

const char *memory_use_name(enum memory_use use)
{
    static const char *const words[] = { "none", "low", "medium", "high", "critical" };
    return words[use];
}
