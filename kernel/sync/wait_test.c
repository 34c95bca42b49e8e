// SPDX-License-Identifier: MIT
// wait_test.c: the protocol of wait.h: no wake-up is lost, each wakes whom it should, and time ends a wait.

#include <lib/string.h>

#include <helix/test.h>
#include <helix/thread.h>
#include <helix/wait.h>

enum : uint64_t { FAR_NS = 10 * NS_PER_S };

static struct wait_queue queue = WAIT_QUEUE(queue);
static char order[8];
static uint32_t waiting, open_count;

static void note(char letter)
{
    size_t length = strlen(order);
    if (length < sizeof order - 1) {
        order[length] = letter;
        order[length + 1] = '\0';
    }
}

static void begin(void)
{
    memset(order, 0, sizeof order);
    waiting = open_count = 0;
}

// Waits until there is a place, takes it, and notes that it came through.
static void waiter_main(void *argument)
{
    struct waiter waiter;
    waiter_init(&waiter);
    for (;;) {
        wait_begin(&queue, &waiter);
        if (open_count)
            break;
        waiting++;
        (void)thread_block_uninterruptible(BLOCK_OTHER, UINT64_MAX);
    }
    wait_end(&waiter);
    open_count--;
    note(*(const char *)argument);
    thread_exit(0);
}

static void start(const char *letter)
{
    uint32_t before = waiting;
    CHECK(thread_spawn("waiter", waiter_main, (void *)(uintptr_t)letter, nullptr) == STATUS_OK);
    CHECK(test_await(waiting != before));
    CHECK_EQUAL(waiting, before + 1);
}

static void settle(void)
{
    for (int i = 0; i < 100; i++)
        thread_yield();
}

TEST(wait, wakes_the_oldest_of_several)
{
    begin();
    start("a");
    start("b");
    start("c");
    CHECK(!wait_queue_empty(&queue));
    open_count = 1;
    wait_wake_one(&queue);
    settle();
    CHECK(string_equal(order, "a"));
    open_count = 1;
    wait_wake_one(&queue);
    settle();
    CHECK(string_equal(order, "ab"));
    open_count = 1;
    wait_wake_one(&queue);
    settle();
    CHECK(string_equal(order, "abc"));
    CHECK(wait_queue_empty(&queue));
}

TEST(wait, wakes_all_and_those_who_find_nothing_wait_on)
{
    begin();
    start("a");
    start("b");
    open_count = 1;
    wait_wake_all(&queue);
    settle();
    CHECK(string_equal(order, "a"));
    CHECK_EQUAL(waiting, 3); // the second looked and waits again
    open_count = 1;
    wait_wake_all(&queue);
    settle();
    CHECK(string_equal(order, "ab"));
    CHECK(wait_queue_empty(&queue));
}

TEST(wait, keeps_a_wake_up_that_comes_before_the_block)
{
    struct waiter waiter;
    waiter_init(&waiter);
    wait_begin(&queue, &waiter);
    wait_wake_all(&queue); // between looking and blocking
    CHECK(thread_block_uninterruptible(BLOCK_OTHER, UINT64_MAX) == STATUS_OK);
    wait_begin(&queue, &waiter); // forgets it: the next block sleeps
    CHECK(thread_block_uninterruptible(BLOCK_OTHER, time_ns() + NS_PER_MS) == STATUS_TIMEOUT);
    wait_end(&waiter);
    CHECK(wait_queue_empty(&queue));
}

TEST(wait, lets_go_of_a_waiter_that_leaves)
{
    struct waiter waiter;
    waiter_init(&waiter);
    wait_end(&waiter); // in none: harmless
    wait_begin(&queue, &waiter);
    wait_begin(&queue, &waiter); // once
    wait_end(&waiter);
    CHECK(wait_queue_empty(&queue));
    atomic_store(&thread_current()->wake_pending, false);
    wait_wake_all(&queue);
    CHECK(!atomic_load(&thread_current()->wake_pending));
}

TEST(wait, ends_at_the_deadline_and_not_before)
{
    struct waiter waiter;
    waiter_init(&waiter);
    wait_begin(&queue, &waiter);
    uint64_t deadline = time_ns() + 2 * NS_PER_MS;
    CHECK(thread_block_uninterruptible(BLOCK_OTHER, deadline) == STATUS_TIMEOUT);
    CHECK(time_ns() >= deadline);
    CHECK(thread_block_uninterruptible(BLOCK_OTHER, 1) == STATUS_TIMEOUT); // long past
    wait_end(&waiter);
}

static void waker_main(void *thread)
{
    thread_wake(thread);
    thread_exit(0);
}

TEST(wait, forgets_the_deadline_of_a_wait_that_was_woken)
{
    struct thread *self = thread_current();
    atomic_store(&self->wake_pending, false);
    CHECK(thread_spawn("waker", waker_main, self, nullptr) == STATUS_OK);
    CHECK(thread_block_uninterruptible(BLOCK_OTHER, time_ns() + FAR_NS) == STATUS_OK);
    CHECK(!self->timeout.armed);
}

// ---- waking for soon ----

static bool ran;

static void answerer_main(void *unused)
{
    struct waiter waiter;
    waiter_init(&waiter);
    wait_begin(&queue, &waiter);
    waiting++;
    (void)thread_block_uninterruptible(BLOCK_OTHER, UINT64_MAX);
    wait_end(&waiter);
    ran = true;
    thread_exit(0);
}

static struct thread *answerer_start(void)
{
    struct thread *thread;
    begin();
    ran = false;
    CHECK(thread_spawn("answerer", answerer_main, nullptr, &thread) == STATUS_OK);
    CHECK(test_await(waiting));
    return thread;
}

static void wake_soon(struct thread *thread)
{
    bool on = arch_interrupts_disable();
    thread_wake_soon_off(thread);
    arch_interrupts_restore(on);
    preempt_check();
}

// Tried until no time is lost in between, as an emulator may.
TEST(wait, lets_one_go_on_who_wakes_for_soon_until_it_waits)
{
    bool seen = false;
    for (int i = 0; i < 20 && !seen; i++) {
        struct thread *thread = answerer_start();
        uint64_t start = time_ns();
        wake_soon(thread);
        bool at_once = ran;
        seen = time_ns() - start < 20 * NS_PER_US;
        CHECK(!seen || !at_once);
        CHECK(thread_sleep_until(time_ns() + NS_PER_MS) == STATUS_OK);
        CHECK(ran);
        thread_release(thread);
    }
    CHECK(seen);
}

KERNEL_TEST(wait, preempts_one_who_wakes_for_soon_and_does_not_wait)
{
    struct thread *thread = answerer_start();
    uint64_t until = time_ns() + NS_PER_S;
    wake_soon(thread);
    while (!ran && time_ns() < until)
        __asm__ volatile("" ::: "memory");
    CHECK(ran);
    thread_release(thread);
}
