// SPDX-License-Identifier: MIT
// lock_check_test.c: wrong orders of locks, and sleeping where nobody may, end the kernel. Only a host can try: each in a process of its own.

#include <arch/user.h>

#include <helix/mutex.h>
#include <helix/rwlock.h>
#include <helix/space.h>
#include <helix/spinlock.h>
#include <helix/test.h>
#include <helix/thread.h>

#include "host.h"

static struct spinlock outer = SPINLOCK(RANK_DESCRIPTORS), inner = SPINLOCK(RANK_FRAMES), beside = SPINLOCK(RANK_FRAMES);
static struct spinlock of_a_handler = SPINLOCK(RANK_TIMER);
static struct mutex node = MUTEX(node, RANK_NODE), other_node = MUTEX(other_node, RANK_NODE), pipe = MUTEX(pipe, RANK_PIPE);
static struct rwlock space, unranked;

static void locks_init(void)
{
    rwlock_init(&space, RANK_SPACE);
    rwlock_init(&unranked, RANK_NONE);
}

// Outside the analysis, all of them: what they do is wrong.

NO_LOCK_ANALYSIS static void spinlocks_wrong_way(void *unused)
{
    spinlock_acquire(&inner);
    spinlock_acquire(&outer);
}

NO_LOCK_ANALYSIS static void spinlocks_of_one_rank(void *unused)
{
    spinlock_acquire(&inner);
    spinlock_acquire(&beside);
}

NO_LOCK_ANALYSIS static void spinlock_twice(void *unused)
{
    spinlock_acquire(&inner);
    spinlock_acquire_nested(&inner);
}

NO_LOCK_ANALYSIS static void mutexes_wrong_way(void *unused)
{
    mutex_acquire(&pipe);
    mutex_acquire(&node);
}

NO_LOCK_ANALYSIS static void mutexes_of_one_rank(void *unused)
{
    mutex_acquire(&node);
    mutex_acquire(&other_node);
}

NO_LOCK_ANALYSIS static void mutex_below_rwlock(void *unused)
{
    rwlock_acquire_shared(&space);
    mutex_acquire(&node);
}

NO_LOCK_ANALYSIS static void rwlock_shared_twice(void *unused)
{
    rwlock_acquire_shared(&space);
    rwlock_acquire_shared(&space);
}

// What was only tried for is held as well.
NO_LOCK_ANALYSIS static void below_a_tried_one(void *unused)
{
    if (rwlock_try_acquire(&space))
        mutex_acquire(&node);
}

NO_LOCK_ANALYSIS static void without_a_rank(void *unused)
{
    rwlock_acquire(&unranked);
}

TEST(lock_check, panics_on_a_lock_out_of_order_and_names_both)
{
    locks_init();
    CHECK(host_panics(spinlocks_wrong_way, nullptr, "lock order: \"descriptors\""));
    CHECK(host_panics(spinlocks_wrong_way, nullptr, "while \"frames\""));
    CHECK(host_panics(spinlocks_of_one_rank, nullptr, "lock order: \"frames\""));
    CHECK(host_panics(spinlock_twice, nullptr, "the same lock"));
    CHECK(host_panics(mutexes_wrong_way, nullptr, "lock order: \"node\""));
    CHECK(host_panics(mutexes_of_one_rank, nullptr, "while \"node\""));
    CHECK(host_panics(mutex_below_rwlock, nullptr, "while \"space\""));
    CHECK(host_panics(rwlock_shared_twice, nullptr, "the same lock"));
    CHECK(host_panics(below_a_tried_one, nullptr, "while \"space\""));
    CHECK(host_panics(without_a_rank, nullptr, "no rank"));
}

NO_LOCK_ANALYSIS static void all_in_order(void)
{
    mutex_acquire(&node);
    mutex_acquire_nested(&other_node);
    rwlock_acquire_shared(&space);
    spinlock_acquire(&outer);
    spinlock_acquire(&inner);
    spinlock_acquire_nested(&beside);
    spinlock_release(&inner); // in any order
    spinlock_release(&beside);
    spinlock_release(&outer);
    mutex_release(&node);
    rwlock_release_shared(&space);
    CHECK_EQUAL(thread_current()->locks.count, 1);
    mutex_release(&other_node);
    CHECK_EQUAL(thread_current()->locks.count, 0);
    mutex_acquire(&node); // as if nothing had been
    mutex_release(&node);
}

TEST(lock_check, lets_locks_in_order_and_nested_by_name_pass)
{
    locks_init();
    all_in_order();
}

NO_LOCK_ANALYSIS static void plain_in_handler(void *unused)
{
    (void)lock_check_interrupt();
    spinlock_acquire(&inner);
}

NO_LOCK_ANALYSIS static void plain_below_a_handlers(void *unused)
{
    uint32_t outer_locks = lock_check_interrupt();
    spinlock_acquire_off(&of_a_handler);
    spinlock_release_off(&of_a_handler);
    lock_check_interrupt_end(outer_locks);
    (void)spinlock_acquire_irq(&of_a_handler);
    spinlock_acquire(&inner);
}

NO_LOCK_ANALYSIS static void both_forms(void *unused)
{
    spinlock_acquire(&inner);
    spinlock_release(&inner);
    (void)spinlock_acquire_irq(&inner);
}

TEST(lock_check, panics_on_a_spinlock_that_a_handler_may_find_taken)
{
    CHECK(host_panics(plain_in_handler, nullptr, "a plain spinlock in an interrupt handler"));
    CHECK(host_panics(plain_below_a_handlers, nullptr, "while \"timer\" is held, for which handlers wait"));
    CHECK(host_panics(both_forms, nullptr, "in the other form"));
}

NO_LOCK_ANALYSIS static void sleep_with_spinlock(void *unused)
{
    spinlock_acquire(&inner);
    (void)thread_block_uninterruptible(BLOCK_OTHER, 1);
}

NO_LOCK_ANALYSIS static void mutex_with_spinlock(void *unused)
{
    spinlock_acquire(&inner);
    mutex_acquire(&node);
}

NO_LOCK_ANALYSIS static void mutex_without_preemption(void *unused)
{
    preempt_disable();
    mutex_acquire(&node);
}

NO_LOCK_ANALYSIS static void rwlock_without_interrupts(void *unused)
{
    (void)arch_interrupts_disable();
    rwlock_acquire(&space);
}

NO_LOCK_ANALYSIS static void copy_with_spinlock(void *unused)
{
    char byte;
    spinlock_acquire(&inner);
    (void)arch_copy_from_user(&byte, 4096, 1);
}

TEST(lock_check, panics_on_sleeping_where_nobody_may)
{
    locks_init();
    CHECK(host_panics(sleep_with_spinlock, nullptr, "sleep by"));
    CHECK(host_panics(sleep_with_spinlock, nullptr, "with spinlock \"frames\""));
    CHECK(host_panics(mutex_with_spinlock, nullptr, "with spinlock \"frames\""));
    CHECK(host_panics(mutex_without_preemption, nullptr, "with preemption off, switched off by"));
    CHECK(host_panics(rwlock_without_interrupts, nullptr, "with interrupts off"));
    CHECK(host_panics(copy_with_spinlock, nullptr, "user memory touched by"));
}

NO_LOCK_ANALYSIS static void let_go_of_nothing(void *unused)
{
    rwlock_release(&space);
}

NO_LOCK_ANALYSIS static void end_with_lock(void *unused)
{
    mutex_acquire(&node);
    thread_exit(0);
}

TEST(lock_check, panics_on_a_lock_that_is_not_held_or_never_let_go)
{
    locks_init();
    CHECK(host_panics(let_go_of_nothing, nullptr, "does not hold it"));
    CHECK(host_panics(end_with_lock, nullptr, "still held by a thread that ends"));
}

TEST(lock_check, has_a_name_for_every_rank)
{
    for (int rank = RANK_NONE; rank < RANKS; rank++)
        CHECK(lock_rank_name((enum lock_rank)rank)[0] != '?');
}
