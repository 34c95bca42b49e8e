// SPDX-License-Identifier: MIT
// spinlock_test.c: what a spinlock's word says, and that nobody gets past those who wait.

#include <helix/spinlock.h>
#include <helix/test.h>

TEST(spinlock, is_taken_and_let_go)
{
    struct spinlock lock = SPINLOCK(RANK_RUN_QUEUE);
    CHECK(!spinlock_held(&lock));
    spinlock_acquire(&lock);
    CHECK(spinlock_held(&lock));
    CHECK_EQUAL(arch_preempt_count(), 1);
    spinlock_release(&lock);
    CHECK(!spinlock_held(&lock));
    CHECK_EQUAL(arch_preempt_count(), 0);
    spinlock_init(&lock, RANK_RUN_QUEUE); // a lock is taken in one form always
    bool on = spinlock_acquire_irq(&lock);
    CHECK(on && spinlock_held(&lock));
    CHECK(!arch_interrupts_enabled());
    spinlock_release_irq(&lock, on);
    CHECK(!spinlock_held(&lock));
    CHECK(arch_interrupts_enabled());
}

// Another has announced itself and has not drawn its ticket yet: the short way is shut, and its announcement outlives ours.
TEST(spinlock, sends_newcomers_to_the_line_while_somebody_waits)
{
    struct spinlock lock = SPINLOCK(RANK_RUN_QUEUE);
    atomic_store(&lock.word, SPINLOCK_WAITER);
    spinlock_acquire(&lock);
    CHECK_EQUAL(atomic_load(&lock.word), SPINLOCK_WAITER | SPINLOCK_TAKEN);
    CHECK_EQUAL(atomic_load(&lock.next), 1);
    CHECK_EQUAL(atomic_load(&lock.serving), 1);
    spinlock_release(&lock);
    CHECK_EQUAL(atomic_load(&lock.word), SPINLOCK_WAITER);
}
