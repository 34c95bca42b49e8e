// SPDX-License-Identifier: MIT
// interrupt.c: the interrupt dispatcher: calls every handler registered for a vector.
//
// Purpose     Drivers register for a vector by name, sharing it or not; the port reports vectors.
// How         Each vector has a singly linked list of records from a fixed pool. Dispatch walks it without a lock.
// Invariants  A record is complete before it is linked and is not reused before every dispatch that may have seen it is over:
//             a vector counts the dispatches inside it, and unregistering waits for zero.
// Locks       Registration holds one spinlock (RANK_DRIVER, interrupts off). Dispatch holds none.
// Cost        Dispatch: two atomic additions and one indirect call per handler.
// Not here    Masking, routing and acknowledging (the port).
#include <stdatomic.h>

#include <lib/string.h>

#include <arch/frame.h>
#include <arch/interrupt.h>
#include <helix/cpu.h>
#include <helix/interrupt.h>
#include <helix/log.h>
#include <helix/panic.h>
#include <helix/spinlock.h>

enum { HANDLERS_MAX = 64, UNCLAIMED_REPORTED = 1000 };

struct handler {
    _Atomic(struct handler *) next;
    const char *name; // nullptr: the record is free
    interrupt_handler *run;
    void *context;
    bool shared;
};

struct vector {
    _Atomic(struct handler *) first;
    _Atomic uint64_t count;
    _Atomic uint32_t inside;    // dispatches under way
    _Atomic uint32_t unclaimed; // interrupts that no handler wanted
};

static struct spinlock lock = SPINLOCK(RANK_DRIVER);
static struct handler pool[HANDLERS_MAX] GUARDED_BY(lock);
static struct vector vectors[ARCH_VECTORS];

static struct handler *handler_take(void) MUST_HOLD(lock)
{
    for (size_t i = 0; i < HANDLERS_MAX; i++) {
        if (!pool[i].name)
            return &pool[i];
    }
    return nullptr;
}

static enum status handler_add(struct vector *vector, const struct handler *wanted) MUST_HOLD(lock)
{
    _Atomic(struct handler *) *end = &vector->first;
    for (struct handler *at = atomic_load(end); at; at = atomic_load(end)) {
        if (!at->shared || !wanted->shared || string_equal(at->name, wanted->name))
            return STATUS_EXISTS;
        end = &at->next;
    }
    struct handler *handler = handler_take();
    if (!handler)
        return STATUS_NO_MEMORY;
    handler->run = wanted->run;
    handler->context = wanted->context;
    handler->shared = wanted->shared;
    handler->name = wanted->name;
    atomic_store(&handler->next, nullptr);
    atomic_store_explicit(end, handler, memory_order_release);
    return STATUS_OK;
}

enum status interrupt_register(uint32_t vector, const char *name, interrupt_handler *handler, void *context, bool shared)
{
    if (vector >= ARCH_VECTORS || !name || !handler)
        return STATUS_BAD_ARGUMENT;
    struct handler wanted = { .name = name, .run = handler, .context = context, .shared = shared };
    bool on = spinlock_acquire_irq(&lock);
    enum status status = handler_add(&vectors[vector], &wanted);
    spinlock_release_irq(&lock, on);
    return status;
}

static struct handler *handler_unlink(struct vector *vector, const char *name) MUST_HOLD(lock)
{
    _Atomic(struct handler *) *from = &vector->first;
    for (struct handler *at = atomic_load(from); at; at = atomic_load(from)) {
        if (string_equal(at->name, name)) {
            atomic_store(from, atomic_load(&at->next));
            return at;
        }
        from = &at->next;
    }
    return nullptr;
}

enum status interrupt_unregister(uint32_t vector, const char *name)
{
    if (vector >= ARCH_VECTORS || !name)
        return STATUS_NOT_FOUND;
    bool on = spinlock_acquire_irq(&lock);
    struct handler *handler = handler_unlink(&vectors[vector], name);
    // Interrupts are off, so a dispatch still inside runs on another CPU and ends by itself.
    while (handler && atomic_load(&vectors[vector].inside))
        arch_cpu_relax();
    if (handler)
        handler->name = nullptr;
    spinlock_release_irq(&lock, on);
    return handler ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status interrupt_connect(uint32_t line, const char *name, interrupt_handler *handler, void *context)
{
    uint32_t vector = 0;
    TRY(arch_interrupt_route(line, &vector));
    TRY(interrupt_register(vector, name, handler, context, true));
    arch_interrupt_unmask(line);
    return STATUS_OK;
}

static enum interrupt_action vector_dispatch(struct vector *vector, uint32_t number, struct arch_frame *frame)
{
    enum interrupt_action result = INTERRUPT_NOT_MINE;
    atomic_fetch_add(&vector->inside, 1);
    for (struct handler *at = atomic_load_explicit(&vector->first, memory_order_acquire); at; at = atomic_load(&at->next)) {
        enum interrupt_action action = at->run(number, frame, at->context);
        result = MAX(result, action);
    }
    atomic_fetch_sub(&vector->inside, 1);
    return result;
}

// A few are normal (a device that was served before its interrupt arrived); many are a driver that does not know its device.
static void vector_unclaimed(struct vector *vector, uint32_t number)
{
    if (atomic_fetch_add_explicit(&vector->unclaimed, 1, memory_order_relaxed) + 1 == UNCLAIMED_REPORTED)
        log_warn("interrupts", "vector %u: no handler wanted %d of its interrupts", number, UNCLAIMED_REPORTED);
}

void kernel_interrupt(uint32_t number, struct arch_frame *frame)
{
    if (number >= ARCH_VECTORS)
        return;
    struct vector *vector = &vectors[number];
    uint32_t outer = lock_check_interrupt();
    cpu_local()->interrupts++;
    atomic_fetch_add_explicit(&vector->count, 1, memory_order_relaxed);
    switch (vector_dispatch(vector, number, frame)) {
    case INTERRUPT_NOT_MINE:
        vector_unclaimed(vector, number);
        break;
    case INTERRUPT_HANDLED:
        break;
    case INTERRUPT_RESCHEDULE:
        arch_reschedule_set(true);
        break;
    case INTERRUPT_PANIC:
        panic_at(__FILE__, __LINE__, frame, "a handler of interrupt vector %u asked for a panic", number);
    }
    lock_check_interrupt_end(outer);
}

uint64_t interrupt_count(uint32_t vector)
{
    return vector < ARCH_VECTORS ? atomic_load_explicit(&vectors[vector].count, memory_order_relaxed) : 0;
}

const char *interrupt_name(uint32_t vector)
{
    struct handler *first = vector < ARCH_VECTORS ? atomic_load_explicit(&vectors[vector].first, memory_order_acquire) : nullptr;
    return first ? first->name : nullptr;
}
