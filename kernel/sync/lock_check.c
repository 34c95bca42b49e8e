// SPDX-License-Identifier: MIT
// lock_check.c: the lock order, watched while the kernel runs ([debug] lock_checks, and always on the host).
//
// Purpose     A deadlock needs bad luck; a wrong order of locks does not. So each lock is looked at when it is taken, and two that
//             could wait for each other one day are told the first time they are taken together.
// How         A CPU lists the spinlocks it holds, a thread the locks that sleep. A lock must stand below (rank above) all of both lists. An interrupt
//             handler begins with an empty list of its own: it waits for nobody whom it interrupted, because no plain spinlock may be taken
//             in a handler, nor with a lock held for which handlers wait.
// Invariants  An entry stands before its lock is taken and goes before it is free: the list never has less than is held. A spinlock's entry is
//             made and removed on one CPU (hand-over between threads included), a sleeping lock's by one thread.
// Locks       None: a list is its CPU's (preemption or interrupts off) or its thread's own.
// Cost        Some 60 instructions a lock. Not compiled where not asked for.
// Not here    Who guards what (the compiler's -Wthread-safety).

#include <helix/lock_check.h>

#if LOCK_CHECKS

#include <helix/cpu.h>
#include <helix/panic.h>
#include <helix/thread.h>

#define CALLER ((uint64_t)(uintptr_t)__builtin_return_address(0))

enum { SPINLOCKS_OF_CPU = 16, SITE_TEXT = 72 };

static struct cpu_locks {
    struct lock_held held[SPINLOCKS_OF_CPU];
    uint32_t count, first;  // first: of those taken since the last interrupt began
    uint32_t interrupts;    // handlers that run
    uint64_t preemption_by; // who switched it off first
} of_cpu[CPU_MAX];

static bool started;

static const char *const rank_names[RANKS] = {
    [RANK_NONE] = "none",
    [RANK_FILE_OFFSET] = "file offset",
    [RANK_REGISTRY] = "process registry",
    [RANK_MODULE_SLOT] = "module slot",
    [RANK_MOUNT] = "mount table",
    [RANK_RENAME] = "rename",
    [RANK_NODE] = "node",
    [RANK_FILES] = "file locks",
    [RANK_PIPE] = "pipe",
    [RANK_TERMINAL] = "terminal",
    [RANK_SPACE] = "space",
    [RANK_REGION] = "region",
    [RANK_PAGE_CACHES] = "page caches",
    [RANK_ENTRIES] = "names",
    [RANK_EVENTS] = "events",
    [RANK_DESCRIPTORS] = "descriptors",
    [RANK_PAGES] = "file pages",
    [RANK_SIGNALS] = "signals",
    [RANK_FUTEX] = "futex",
    [RANK_LATER] = "later",
    [RANK_WAIT_QUEUE] = "wait queue",
    [RANK_TIMER] = "timer",
    [RANK_THREAD_TABLE] = "thread table",
    [RANK_THREAD] = "thread",
    [RANK_RUN_QUEUE] = "run queue",
    [RANK_ADDRESS_TAGS] = "address tags",
    [RANK_KERNEL_MAP] = "kernel map",
    [RANK_KERNEL_SPACE] = "kernel space",
    [RANK_LARGE_PAGES] = "large pages",
    [RANK_HEAP_CHECK] = "heap check",
    [RANK_HEAP_DEPOT] = "heap depot",
    [RANK_HEAP] = "heap",
    [RANK_FRAMES] = "frames",
    [RANK_DRIVER] = "driver",
    [RANK_LOG] = "log",
    [RANK_CONSOLE] = "console",
};

const char *lock_rank_name(enum lock_rank rank)
{
    return rank < RANKS && rank_names[rank] ? rank_names[rank] : "?";
}

void lock_check_start(void)
{
    started = true;
}

static bool checking(void)
{
    return started && cpu_local() && !panic_active(); // a thread of the host may be no CPU
}

static const char *site_text(char text[SITE_TEXT], uint64_t address)
{
    return symbol_text(text, SITE_TEXT, address);
}

// ---- reports ----

[[noreturn, gnu::cold]] static void report_order(const struct lock_held *wanted, const struct lock_held *held)
{
    char asked[SITE_TEXT], taken[SITE_TEXT];
    panic("lock order: \"%s\" (%p, rank %u) wanted by %s while \"%s\" (%p, rank %u) is held, taken by %s%s", lock_rank_name(wanted->rank),
          wanted->lock, wanted->rank, site_text(asked, wanted->by), lock_rank_name(held->rank), held->lock, held->rank,
          site_text(taken, held->by), wanted->lock == held->lock ? ": the same lock" : "");
}

[[noreturn, gnu::cold]] static void report_lock(const struct lock_held *lock, const char *what)
{
    char place[SITE_TEXT];
    panic("lock \"%s\" (%p), taken by %s: %s", lock_rank_name(lock->rank), lock->lock, site_text(place, lock->by), what);
}

// ---- lists ----

static void order_check(const struct lock_held *held, uint32_t count, const struct lock_held *wanted, bool nested)
{
    for (uint32_t i = 0; i < count; i++) {
        bool below = wanted->rank > held[i].rank || (nested && wanted->rank == held[i].rank);
        if (UNLIKELY(!below || wanted->lock == held[i].lock))
            report_order(wanted, &held[i]);
    }
}

// False: it is not in the list.
static bool held_remove(struct lock_held *held, uint32_t *count, const void *lock)
{
    for (uint32_t i = *count; i-- > 0;) {
        if (held[i].lock != lock)
            continue;
        --*count;
        for (; i < *count; i++)
            held[i] = held[i + 1];
        return true;
    }
    return false;
}

// ---- spinlocks ----

// Handlers wait for these locks: they take them, or take others that somebody holds who wants these. By rank: where that was seen first.
static uint64_t handler_by[RANKS];
// The first plain spinlock that was wanted with one of the rank held.
static struct lock_held plain_below[RANKS];

[[noreturn, gnu::cold]] static void report_handler(const struct lock_held *plain, enum lock_rank above)
{
    char asked[SITE_TEXT], handler[SITE_TEXT];
    panic("lock order: \"%s\" (%p), which interrupts do not spare, wanted by %s while \"%s\" is held, for which handlers wait: %s",
          lock_rank_name(plain->rank), plain->lock, site_text(asked, plain->by), lock_rank_name(above),
          site_text(handler, handler_by[above]));
}

static void plain_check(const struct cpu_locks *locks, const struct lock_held *wanted)
{
    if (UNLIKELY(locks->interrupts))
        report_lock(wanted, "a plain spinlock in an interrupt handler, which may have interrupted its holder");
    for (uint32_t i = locks->first; i < locks->count; i++) {
        enum lock_rank above = locks->held[i].rank;
        if (LIKELY(locks->held[i].form != LOCK_INTERRUPTS_OFF))
            continue;
        if (UNLIKELY(handler_by[above]))
            report_handler(wanted, above);
        if (!plain_below[above].lock)
            plain_below[above] = *wanted;
    }
}

static void handler_note(const struct cpu_locks *locks, const struct lock_held *wanted)
{
    bool waited = locks->interrupts;
    for (uint32_t i = locks->first; i < locks->count; i++)
        waited |= locks->held[i].form == LOCK_INTERRUPTS_OFF && handler_by[locks->held[i].rank];
    if (!waited)
        return;
    handler_by[wanted->rank] = wanted->by;
    if (UNLIKELY(plain_below[wanted->rank].lock))
        report_handler(&plain_below[wanted->rank], wanted->rank);
}

static void form_check(const struct cpu_locks *locks, const struct lock_held *wanted, enum lock_form *form)
{
    enum lock_form before = __atomic_load_n(form, __ATOMIC_RELAXED); // others may be about to take the lock, too
    if (UNLIKELY(before != LOCK_FORM_UNKNOWN && before != wanted->form))
        report_lock(wanted, "taken before in the other form (plain, or with interrupts off)");
    if (before != wanted->form)
        __atomic_store_n(form, wanted->form, __ATOMIC_RELAXED);
    if (wanted->form == LOCK_PLAIN)
        plain_check(locks, wanted);
    else if (!handler_by[wanted->rank])
        handler_note(locks, wanted);
}

void lock_check_spin(const void *lock, enum lock_rank rank, enum lock_form *form, enum lock_form wanted_form, bool nested)
{
    if (!checking())
        return;
    const struct lock_held wanted = { .lock = lock, .by = CALLER, .rank = rank, .form = wanted_form };
    struct cpu_locks *locks = &of_cpu[cpu_local()->id];
    if (UNLIKELY(rank < RANK_FIRST_SPINLOCK || rank >= RANKS))
        report_lock(&wanted, "no rank of a spinlock");
    form_check(locks, &wanted, form);
    order_check(locks->held + locks->first, locks->count - locks->first, &wanted, nested);
    if (UNLIKELY(locks->count == SPINLOCKS_OF_CPU))
        report_lock(&wanted, "too many spinlocks at once");
    locks->held[locks->count++] = wanted;
}

void lock_check_spin_end(const void *lock)
{
    if (!checking())
        return;
    struct cpu_locks *locks = &of_cpu[cpu_local()->id];
    if (UNLIKELY(!held_remove(locks->held, &locks->count, lock)))
        panic("spinlock %p let go by a CPU that does not hold it", lock);
}

void lock_check_preemption_off(void)
{
    if (arch_preempt_count() == 1)
        of_cpu[cpu_local()->id].preemption_by = CALLER;
}

uint32_t lock_check_interrupt(void)
{
    struct cpu_locks *locks = &of_cpu[cpu_local()->id];
    uint32_t before = locks->first;
    locks->first = locks->count;
    locks->interrupts++;
    return before;
}

void lock_check_interrupt_end(uint32_t before)
{
    struct cpu_locks *locks = &of_cpu[cpu_local()->id];
    if (UNLIKELY(locks->count != locks->first && checking()))
        report_lock(&locks->held[locks->count - 1], "still held at the end of an interrupt handler");
    locks->first = before;
    locks->interrupts--;
}

// ---- locks that sleep, and sleeping ----

// Interrupts may be off, or the CPU change, while this looks: then neither a spinlock is held nor preemption off.
static void may_sleep(const char *what, uint64_t by)
{
    char place[SITE_TEXT], holder[SITE_TEXT];
    const struct cpu *cpu = cpu_local();
    if (!cpu->idle) // nobody to switch to yet
        return;
    const struct cpu_locks *locks = &of_cpu[cpu->id];
    if (LIKELY(!arch_preempt_count() && arch_interrupts_enabled()))
        return;
    site_text(place, by);
    if (locks->count > locks->first) {
        const struct lock_held *held = &locks->held[locks->count - 1];
        panic("%s by %s with spinlock \"%s\" (%p) held, taken by %s", what, place, lock_rank_name(held->rank), held->lock,
              site_text(holder, held->by));
    }
    if (locks->interrupts)
        panic("%s by %s in an interrupt handler", what, place);
    if (arch_preempt_count())
        panic("%s by %s with preemption off, switched off by %s", what, place, site_text(holder, locks->preemption_by));
    panic("%s by %s with interrupts off", what, place);
}

void lock_check_may_sleep(const char *what)
{
    if (checking())
        may_sleep(what, CALLER);
}

void lock_check_sleeping(const void *lock, enum lock_rank rank, enum lock_manner manner)
{
    struct thread *self = checking() ? thread_current() : nullptr;
    if (!self)
        return;
    const struct lock_held wanted = { .lock = lock, .by = CALLER, .rank = rank };
    struct lock_holdings *holdings = &self->locks;
    if (UNLIKELY(rank == RANK_NONE || rank >= RANK_FIRST_SPINLOCK))
        report_lock(&wanted, "no rank of a lock that sleeps");
    if (manner != LOCK_TRIED) {
        may_sleep("a lock that sleeps taken", wanted.by);
        order_check(holdings->held, holdings->count, &wanted, manner == LOCK_NESTED);
    }
    if (UNLIKELY(holdings->count == LOCKS_OF_THREAD))
        report_lock(&wanted, "too many locks of one thread");
    holdings->held[holdings->count++] = wanted;
}

void lock_check_sleeping_end(const void *lock)
{
    struct thread *self = checking() ? thread_current() : nullptr;
    if (!self)
        return;
    if (UNLIKELY(!held_remove(self->locks.held, &self->locks.count, lock)))
        panic("lock %p let go by a thread that does not hold it", lock);
}

void lock_check_thread_end(void)
{
    const struct lock_holdings *holdings = &thread_current()->locks;
    if (UNLIKELY(holdings->count && checking()))
        report_lock(&holdings->held[holdings->count - 1], "still held by a thread that ends");
}

#endif
