// SPDX-License-Identifier: MIT
// memory_watch.c: the watcher, a thread that acts when memory is short.
//
// Purpose     Publishes changes of the pressure level as events, has caches give back, and decides who must end when nothing else helps.
// How         Allocators only refuse. Whoever was refused and cannot go on asks here (memory_relieve) and sleeps; the watcher serves all
//             who wait with one decision: reclaim, and if that is not enough, one program ends (kernel/userspace/oom.c).
// Invariants  Decisions are taken in this thread alone, which holds nothing then: they cannot deadlock with what an asker has locked,
//             and two askers never end two programs for the same lack. An asker waits for a bounded time.
//             The watcher's own needs are met by the kernel's reserve.
// Cost        Nothing while the level is normal. A look every POLL_NS while it is not, since nobody tells when memory comes back.

#include <helix/memory_watch.h>

#include <stdatomic.h>

#include <helix/event.h>
#include <helix/heap.h>
#include <helix/kernel_map.h>
#include <helix/log.h>
#include <helix/memory.h>
#include <helix/pressure.h>
#include <helix/process.h>
#include <helix/subsystem.h>
#include <helix/thread.h>

enum { WATCHER_PRIORITY = 11 };
enum : uint64_t { POLL_NS = 250 * NS_PER_MS, PATIENCE_NS = 4 * NS_PER_S };

static struct {
    struct wait_queue work, answer;
    _Atomic bool level_changed;
    _Atomic uint64_t asked, served; // requests; those up to `served` have their answer
    _Atomic bool for_fault;         // of those that wait
    _Atomic uint64_t caller;        // process of the last one that asked for a call
    _Atomic bool hope;              // the answer
    _Atomic uint64_t refused, ended;
    const struct memory_victims *_Atomic victims;
    bool running; // [const] after init
} watch = { .work = WAIT_QUEUE(watch.work), .answer = WAIT_QUEUE(watch.answer) };

// ---- those who ask ----

static bool served(uint64_t request)
{
    return atomic_load_explicit(&watch.served, memory_order_acquire) >= request;
}

static bool answer_await(uint64_t request)
{
    struct waiter waiter;
    uint64_t deadline = time_ns() + PATIENCE_NS;
    waiter_init(&waiter);
    for (;;) {
        wait_begin(&watch.answer, &waiter);
        if (served(request) || time_ns() >= deadline)
            break;
        (void)thread_block_uninterruptible(BLOCK_MEMORY, deadline);
    }
    wait_end(&waiter);
    return served(request) && atomic_load_explicit(&watch.hope, memory_order_relaxed);
}

bool memory_relieve(enum memory_need need)
{
    if (!watch.running || arch_preempt_count())
        return false;
    if (need == MEMORY_FOR_FAULT)
        atomic_store_explicit(&watch.for_fault, true, memory_order_relaxed);
    else
        atomic_store_explicit(&watch.caller, process_current()->id, memory_order_relaxed);
    uint64_t request = atomic_fetch_add_explicit(&watch.asked, 1, memory_order_acq_rel) + 1;
    wait_wake_all(&watch.work);
    bool hope = answer_await(request);
    if (!hope)
        atomic_fetch_add_explicit(&watch.refused, 1, memory_order_relaxed);
    return hope;
}

// ---- the watcher ----

bool memory_enough(void)
{
    return frames_pressure() < PRESSURE_OUT_OF_MEMORY;
}

static bool victim_end(enum memory_need need)
{
    const struct memory_victims *victims = atomic_load_explicit(&watch.victims, memory_order_acquire);
    if (!victims || !victims->end_one(need, atomic_load_explicit(&watch.caller, memory_order_relaxed)))
        return false;
    atomic_fetch_add_explicit(&watch.ended, 1, memory_order_relaxed);
    return true;
}

static bool find_memory(enum memory_need need)
{
    memory_trim();
    return memory_enough() || victim_end(need);
}

static bool requests_serve(void)
{
    uint64_t asked = atomic_load_explicit(&watch.asked, memory_order_acquire);
    if (served(asked))
        return false;
    bool for_fault = atomic_exchange_explicit(&watch.for_fault, false, memory_order_relaxed);
    bool hope = find_memory(for_fault ? MEMORY_FOR_FAULT : MEMORY_FOR_CALL);
    atomic_store_explicit(&watch.hope, hope, memory_order_relaxed);
    atomic_store_explicit(&watch.served, asked, memory_order_release);
    wait_wake_all(&watch.answer);
    return true;
}

static enum memory_pressure told = PRESSURE_NORMAL; // the watcher's

static bool level_tell(void)
{
    enum memory_pressure level = frames_pressure();
    atomic_store_explicit(&watch.level_changed, false, memory_order_relaxed);
    if (level == told)
        return false;
    const struct event event = { .topic = EVENT_MEMORY_PRESSURE, .value = { level, told } };
    told = level;
    (void)event_publish(&event); // what subscribers did is in their own figures
    return true;
}

static bool work_waits(void)
{
    return atomic_load_explicit(&watch.level_changed, memory_order_relaxed) ||
           !served(atomic_load_explicit(&watch.asked, memory_order_relaxed));
}

static void watcher_main(void *unused)
{
    struct waiter waiter;
    waiter_init(&waiter);
    for (;;) {
        while (requests_serve() || level_tell())
            continue;
        wait_begin(&watch.work, &waiter);
        if (!work_waits())
            (void)thread_block_uninterruptible(BLOCK_MEMORY, told == PRESSURE_NORMAL ? UINT64_MAX : time_ns() + POLL_NS);
        wait_end(&waiter);
    }
}

static void level_changed(void)
{
    atomic_store_explicit(&watch.level_changed, true, memory_order_relaxed);
    wait_wake_all(&watch.work);
}

// ---- caches that give back as pressure rises ----

TABLE_DECLARE(struct memory_trimmer, helix_memory_trimmers);

static void names_trim(void)
{
    TABLE_EACH(struct memory_trimmer, row, helix_memory_trimmers)
        row->trim();
}

static enum event_response cache_tell(void *context, const struct event *event)
{
    if (event->value[0] <= event->value[1])
        return EVENT_IGNORED;
    void (*const *trim)(void) = context;
    (*trim)();
    return EVENT_HANDLED;
}

// In the order in which they are told: what names hold lies in the heap, what the heap holds are frames.
static void (*const trims[])(void) = { names_trim, kernel_stacks_trim, heap_trim, frames_trim };
#define CACHE(at_, name_) \
    { .name = name_, .topics = 1u << EVENT_MEMORY_PRESSURE, .priority = EVENT_NORMAL, .tell = cache_tell, .context = (void *)&trims[at_] }
static struct subscription caches[] = { CACHE(0, "names"), CACHE(1, "kernel stacks"), CACHE(2, "heap"), CACHE(3, "frames") };
#undef CACHE

void memory_watch_set_victims(const struct memory_victims *victims)
{
    atomic_store_explicit(&watch.victims, victims, memory_order_release);
}

void memory_watch_statistics(struct memory_watch_statistics *statistics)
{
    *statistics = (struct memory_watch_statistics){
        .asked = atomic_load_explicit(&watch.asked, memory_order_relaxed),
        .refused = atomic_load_explicit(&watch.refused, memory_order_relaxed),
        .ended = atomic_load_explicit(&watch.ended, memory_order_relaxed),
    };
}

static enum status memory_watch_init(void)
{
    const struct thread_request request = { .name = "memory", .entry = watcher_main, .priority = { .base = WATCHER_PRIORITY } };
    struct thread *watcher;
    TRY(thread_create(&request, &watcher));
    for (size_t i = 0; i < ARRAY_LENGTH(caches); i++)
        TRY(event_subscribe(&caches[i]));
    watch.running = true;
    thread_start(watcher);
    thread_release(watcher);
    pressure_watch(level_changed);
    return STATUS_OK;
}

static const struct component memory_watch_component = { .init = memory_watch_init };
SUBSYSTEM(memory_watch, .phase = INIT_LATE, .priority = 70, .depends = { "memory", "scheduler" }, .ops = &memory_watch_component);
