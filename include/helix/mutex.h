// SPDX-License-Identifier: MIT
// mutex.h: a lock that sleeps. Thread context only; not for interrupt handlers; may be held across sleeps.
#pragma once

#include <stdatomic.h>

#include <lib/attributes.h>

#include <helix/wait.h>

struct CAPABILITY("mutex") mutex {
    _Atomic(struct thread *) owner; // nullptr: free
    _Atomic uint32_t contenders;    // threads that wait or are about to
    struct wait_queue waiters;
    enum lock_rank rank;
};

#define MUTEX(name_, rank_) { .waiters = WAIT_QUEUE((name_).waiters), .rank = rank_ }

// Free, nobody waits.
void mutex_init(struct mutex *mutex, enum lock_rank rank);

// Uninterruptible; a thread that already holds it is a broken invariant (panic).
void mutex_acquire(struct mutex *mutex) ACQUIRES(mutex);
bool mutex_try_acquire(struct mutex *mutex) TRY_ACQUIRES(true, mutex);
void mutex_release(struct mutex *mutex) RELEASES(mutex);
bool mutex_held(const struct mutex *mutex); // by the running thread
