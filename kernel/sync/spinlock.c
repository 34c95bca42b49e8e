// SPDX-License-Identifier: MIT
// spinlock.c: waiting for a spinlock that is taken.
//
// A waiter announces itself in the lock's word, which is then not 0 until it has the lock, so that nobody else gets it by the short way;
// draws a ticket; and waits until its turn has come, and then until the holder lets go. So only one CPU at a time watches the word.

#include <helix/spinlock.h>

ARCH_SLOW_PATH NO_LOCK_ANALYSIS void spinlock_wait(struct spinlock *lock)
{
    atomic_fetch_add_explicit(&lock->word, SPINLOCK_WAITER, memory_order_relaxed);
    uint16_t ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    while (atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket)
        arch_cpu_relax();
    for (;;) {
        uint32_t seen = atomic_load_explicit(&lock->word, memory_order_relaxed);
        if (!(seen & SPINLOCK_TAKEN) && atomic_compare_exchange_weak_explicit(&lock->word, &seen, seen - SPINLOCK_WAITER + SPINLOCK_TAKEN,
                                                                              memory_order_acquire, memory_order_relaxed))
            break;
        arch_cpu_relax();
    }
    atomic_store_explicit(&lock->serving, (uint16_t)(ticket + 1), memory_order_release);
}
