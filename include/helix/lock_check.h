// SPDX-License-Identifier: MIT
// lock_check.h: locks that watch their order ([debug] lock_checks, and always on the host): what each lock tells when it is taken and let go.
//
// A lock whose rank (lock_rank.h) is not above those of all locks held panics with both names and both places, before it is waited for. So
// does who sleeps, or may, with a spinlock held, with preemption or interrupts off, or in an interrupt handler; who takes a plain spinlock where an
// interrupt handler may wait for it; and a thread that ends with a lock. Where the profile does not ask for it, nothing of this is compiled.
#pragma once

#include <lib/types.h>

#include <generated/profile.h>
#include <helix/lock_rank.h>

#if PROFILE_LOCK_CHECKS || defined(HELIX_HOST)
#define LOCK_CHECKS 1
#else
#define LOCK_CHECKS 0
#endif

// How a spinlock is taken: always the same way.
enum lock_form : uint8_t { LOCK_FORM_UNKNOWN, LOCK_PLAIN, LOCK_INTERRUPTS_OFF };

// How a lock that sleeps is taken. LOCK_NESTED: beside others of its rank, in an order that its users keep. LOCK_TRIED: it has been taken without waiting.
enum lock_manner : uint8_t { LOCK_ALONE, LOCK_NESTED, LOCK_TRIED };

struct lock_held {
    const void *lock;
    uint64_t by; // a return address
    enum lock_rank rank;
    enum lock_form form; // of a spinlock
};

#if LOCK_CHECKS

enum { LOCKS_OF_THREAD = 10 };

// What a thread holds of the locks that sleep, in the order in which they were taken.
struct lock_holdings {
    struct lock_held held[LOCKS_OF_THREAD];
    uint32_t count;
};

// From here on there are threads and CPUs to hold locks. Called once, with none held.
void lock_check_start(void);

// A spinlock is about to be taken, preemption or interrupts off; is about to be let go, by the CPU that took it. *form: how it has been taken before.
void lock_check_spin(const void *lock, enum lock_rank rank, enum lock_form *form, enum lock_form wanted, bool nested);
void lock_check_spin_end(const void *lock);

// The running thread is about to take a lock that sleeps (LOCK_TRIED: has taken it); is about to let it go.
void lock_check_sleeping(const void *lock, enum lock_rank rank, enum lock_manner manner);
void lock_check_sleeping_end(const void *lock);

// The running thread is about to do what may sleep.
void lock_check_may_sleep(const char *what);

// Preemption has just been switched off once more.
void lock_check_preemption_off(void);

// An interrupt handler begins, and what of the CPU's spinlocks is not its own; it ends. Interrupts off.
uint32_t lock_check_interrupt(void);
void lock_check_interrupt_end(uint32_t before);

// The running thread ends.
void lock_check_thread_end(void);

#else

static inline void lock_check_start(void)
{
}

static inline void lock_check_sleeping(const void *lock, enum lock_rank rank, enum lock_manner manner)
{
}

static inline void lock_check_sleeping_end(const void *lock)
{
}

static inline void lock_check_may_sleep(const char *what)
{
}

static inline void lock_check_preemption_off(void)
{
}

static inline uint32_t lock_check_interrupt(void)
{
    return 0;
}

static inline void lock_check_interrupt_end(uint32_t before)
{
}

static inline void lock_check_thread_end(void)
{
}

#endif
