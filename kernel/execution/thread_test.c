// SPDX-License-Identifier: MIT
// thread_test.c: threads as they really run: their states, wake-ups, priorities and ends.

#include <helix/thread.h>

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/preempt.h>
#include <helix/scheduler.h>
#include <helix/test.h>

static uint32_t steps;
static struct thread *subject;

static bool becomes(struct thread *thread, enum thread_state state)
{
    return test_await(atomic_load(&thread->state) == state);
}

static void finish(struct thread *thread)
{
    CHECK(becomes(thread, THREAD_DEAD));
    thread_release(thread);
}

static void count_step(void *unused)
{
    steps++;
    thread_exit(42);
}

TEST(thread, is_created_started_and_ends_with_its_code)
{
    const struct thread_request request = { .name = "a name that is longer than the room for it", .entry = count_step };
    uint64_t before = thread_count();
    steps = 0;
    if (!CHECK(thread_create(&request, &subject) == STATUS_OK))
        return;
    CHECK_EQUAL(atomic_load(&subject->state), THREAD_CREATING);
    CHECK_EQUAL(strlen(subject->name), sizeof subject->name - 1);
    CHECK(subject->id != thread_current()->id);
    for (int i = 0; i < 10; i++)
        thread_yield();
    CHECK_EQUAL(steps, 0); // not before it is started
    thread_start(subject);
    CHECK(becomes(subject, THREAD_DEAD));
    CHECK_EQUAL(steps, 1);
    CHECK_EQUAL(subject->exit_code, 42);
    thread_release(subject);
    CHECK_EQUAL(thread_count(), before);
}

TEST(thread, is_given_back_when_it_never_ran)
{
    const struct thread_request request = { .name = "discarded", .entry = count_step };
    uint64_t before = thread_count();
    steps = 0;
    if (!CHECK(thread_create(&request, &subject) == STATUS_OK))
        return;
    uint64_t id = subject->id;
    struct thread *found = thread_find(id);
    CHECK(found == subject);
    thread_release(found);
    thread_discard(subject);
    CHECK(thread_find(id) == nullptr);
    CHECK_EQUAL(thread_count(), before);
    CHECK_EQUAL(steps, 0);
}

TEST(thread, is_not_found_under_a_number_nobody_has)
{
    CHECK(thread_find(UINT64_MAX) == nullptr);
    struct thread *self = thread_find(thread_current()->id);
    if (self) {
        CHECK(self == thread_current());
        thread_release(self);
    }
}

static void block_once(void *unused)
{
    (void)thread_block_uninterruptible(BLOCK_CHILD, UINT64_MAX);
    steps++;
    (void)thread_sleep_until(time_ns() + 200 * NS_PER_MS); // longer than it takes to look at it
    steps++;
    thread_exit(0);
}

TEST(thread, is_blocked_ready_sleeping_and_dead_in_turn)
{
    steps = 0;
    preempt_disable();
    CHECK(thread_spawn("states", block_once, nullptr, &subject) == STATUS_OK);
    CHECK_EQUAL(atomic_load(&subject->state), THREAD_READY);
    preempt_enable();
    CHECK(becomes(subject, THREAD_BLOCKED));
    CHECK_EQUAL(subject->block_reason, BLOCK_CHILD);
    CHECK_EQUAL(steps, 0);
    thread_interrupt(subject); // an uninterruptible wait goes on
    CHECK_EQUAL(atomic_load(&subject->state), THREAD_BLOCKED);
    thread_continue(subject); // it is not stopped
    CHECK_EQUAL(atomic_load(&subject->state), THREAD_BLOCKED);
    preempt_disable();
    thread_wake(subject);
    CHECK_EQUAL(atomic_load(&subject->state), THREAD_READY);
    preempt_enable();
    CHECK(becomes(subject, THREAD_SLEEPING));
    thread_wake(subject); // before its time: it looks at the clock and sleeps on
    CHECK(becomes(subject, THREAD_SLEEPING));
    CHECK_EQUAL(steps, 1);
    (void)thread_sleep_until(time_ns() + 210 * NS_PER_MS);
    finish(subject);
    CHECK_EQUAL(steps, 2);
}

TEST(thread, sleeps_no_less_than_it_was_told_even_when_woken)
{
    uint64_t until = time_ns() + 2 * NS_PER_MS;
    thread_wake(thread_current()); // left over from before
    CHECK(thread_sleep_until(until) == STATUS_OK);
    CHECK(time_ns() >= until);
    CHECK(thread_sleep_until(0) == STATUS_OK);
}

static void take_turns(void *unused)
{
    for (int i = 0; i < 20; i++) {
        steps++;
        thread_yield();
    }
    thread_exit(0);
}

TEST(thread, gives_the_cpu_to_another_when_it_yields)
{
    steps = 0;
    if (!CHECK(thread_spawn("turns", take_turns, nullptr, &subject) == STATUS_OK))
        return;
    uint64_t voluntary = thread_current()->switches_voluntary;
    for (int i = 0; i < 10; i++)
        thread_yield();
    CHECK(steps >= 1 && steps <= 20);
    CHECK(thread_current()->switches_voluntary > voluntary);
    finish(subject);
    CHECK_EQUAL(steps, 20);
}

static void note_order(void *argument)
{
    steps = steps * 10 + (uint32_t)(uintptr_t)argument;
    thread_exit(0);
}

static struct thread *create_with(uint8_t base, uintptr_t digit)
{
    const struct thread_request request = {
        .name = "priority", .entry = note_order, .argument = (void *)digit, .priority = { .base = base }
    };
    struct thread *thread;
    return CHECK(thread_create(&request, &thread) == STATUS_OK) ? thread : nullptr;
}

TEST(thread, runs_before_the_others_when_it_is_real_time)
{
    struct thread *normal = create_with(PRIORITY_DEFAULT, 1), *urgent = create_with(10, 2), *most_urgent = create_with(3, 3);
    if (!normal || !urgent || !most_urgent)
        return;
    steps = 0;
    preempt_disable();
    thread_start(normal);
    thread_start(urgent);
    thread_start(most_urgent);
    preempt_enable();
    finish(most_urgent);
    finish(urgent);
    finish(normal);
    CHECK_EQUAL(steps, 321);
}

TEST(thread, refuses_a_priority_that_is_none)
{
    struct priority before = thread_current()->priority;
    CHECK(scheduler_set_priority(thread_current(), (struct priority){ .base = PRIORITY_MINIMUM + 1 }) == STATUS_BAD_ARGUMENT);
    CHECK_EQUAL(thread_current()->priority.base, before.base);
}

// ---- hooks ----

static uint32_t hook_before, hook_after;

static void count_before(const struct thread *from, const struct thread *to, enum switch_reason reason)
{
    hook_before += from != to && reason < SWITCH_REASONS;
}

static void count_after(const struct thread *from, const struct thread *to, enum switch_reason reason)
{
    hook_after += to == thread_current();
}

TEST(scheduler, calls_hooks_round_each_switch_until_they_are_removed)
{
    static const struct switch_hook hook = { .before = count_before, .after = count_after };
    static const struct switch_hook never = {};
    hook_before = hook_after = steps = 0;
    CHECK(scheduler_add_hook(&hook) == STATUS_OK);
    CHECK(thread_spawn("hooked", take_turns, nullptr, &subject) == STATUS_OK);
    finish(subject);
    CHECK(scheduler_remove_hook(&hook) == STATUS_OK);
    CHECK(scheduler_remove_hook(&hook) == STATUS_NOT_FOUND);
    CHECK(scheduler_remove_hook(&never) == STATUS_NOT_FOUND);
    CHECK(hook_before >= 40 && hook_after >= 39);
    uint32_t before = hook_before;
    thread_yield();
    CHECK_EQUAL(hook_before, before);
}

KERNEL_TEST(scheduler, takes_few_interrupts_while_a_slice_that_is_over_cannot_end)
{
    enum { SPIN_NS = 60 * NS_PER_MS, FEW = 200 };
    const struct thread_request request = { .name = "waits", .entry = count_step, .priority = thread_current()->priority };
    if (!CHECK(thread_create(&request, &subject) == STATUS_OK))
        return;
    preempt_disable();
    thread_start(subject); // somebody waits for the rest of this thread's slice
    uint64_t before = cpu_local()->interrupts, until = time_ns() + SPIN_NS;
    while (time_ns() < until && cpu_local()->interrupts - before < FEW)
        arch_cpu_relax();
    uint64_t taken = cpu_local()->interrupts - before;
    preempt_enable();
    CHECK(taken < FEW);
    finish(subject);
}

TEST(scheduler, has_room_for_four_hooks)
{
    static const struct switch_hook hooks[SWITCH_HOOKS + 1];
    for (size_t i = 0; i < SWITCH_HOOKS; i++)
        CHECK(scheduler_add_hook(&hooks[i]) == STATUS_OK);
    CHECK(scheduler_add_hook(&hooks[SWITCH_HOOKS]) == STATUS_NO_SPACE);
    for (size_t i = 0; i < SWITCH_HOOKS; i++)
        CHECK(scheduler_remove_hook(&hooks[i]) == STATUS_OK);
}

// ---- preemption ----

static volatile bool stop_spinning;

static void spin(void *unused)
{
    while (!stop_spinning)
        steps++;
    thread_exit(0);
}

// Two that never give way share the CPU, and both are pushed aside for a third.
KERNEL_TEST(scheduler, shares_the_cpu_between_threads_that_never_give_way)
{
    struct thread *first, *second;
    stop_spinning = false;
    if (!CHECK(thread_spawn("spin 1", spin, nullptr, &first) == STATUS_OK) ||
        !CHECK(thread_spawn("spin 2", spin, nullptr, &second) == STATUS_OK))
        return;
    CHECK(thread_sleep_until(time_ns() + 400 * NS_PER_MS) == STATUS_OK);
    uint64_t one = thread_cpu_time(first), other = thread_cpu_time(second);
    stop_spinning = true;
    CHECK(first->switches_involuntary > 1 && second->switches_involuntary > 1);
    CHECK(one + other > 200 * NS_PER_MS);
    CHECK(MAX(one, other) < 2 * MIN(one, other) + 20 * NS_PER_MS);
    finish(first);
    finish(second);
}
