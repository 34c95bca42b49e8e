// SPDX-License-Identifier: MIT
// round_robin_test.c: the policy, called as the scheduler calls it. It needs no machine, only its own queues.

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/module.h>
#include <helix/scheduler_policy.h>
#include <helix/test.h>

// The policy as the profile would find it.
static const struct scheduler_policy *policy_begin(void)
{
    const struct module *module = module_find("scheduler_policy", "round_robin");
    return module ? module->ops : nullptr;
}

TEST(round_robin, is_found_as_a_module)
{
    CHECK(policy_begin() != nullptr);
    CHECK(module_find("scheduler_policy", "no_such_policy") == nullptr);
    CHECK(module_find("frame_policy", "round_robin") == nullptr);
}

// A kernel that schedules with the policy has threads in its queues, which init() would lose.
#ifdef HELIX_HOST
enum { CPU = CPU_MAX - 1 }; // a queue that no running scheduler uses

static struct thread thread_with(uint8_t base)
{
    return (struct thread){ .priority = { .base = base }, .cpu = CPU, .affinity = UINT64_MAX };
}

static bool ready(const struct scheduler_policy *policy, struct thread *thread)
{
    return policy->add_thread(thread) == STATUS_OK && policy->thread_ready(thread) == STATUS_OK;
}

TEST(round_robin, refuses_more_cpus_than_there_can_be)
{
    CHECK(policy_begin()->init(CPU_MAX + 1) == STATUS_BAD_ARGUMENT);
}

TEST(round_robin, runs_threads_in_the_order_they_became_ready)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread first = thread_with(PRIORITY_DEFAULT), second = thread_with(PRIORITY_DEFAULT);
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(policy->pick_next(CPU) == nullptr);
    CHECK(ready(policy, &first) && ready(policy, &second));
    CHECK(policy->pick_next(CPU) == &first);
    CHECK(policy->pick_next(CPU) == &second);
    CHECK(policy->pick_next(CPU) == nullptr); // idle, not a crash
}

TEST(round_robin, lets_real_time_go_before_everybody_and_by_level)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread normal = thread_with(PRIORITY_DEFAULT), late = thread_with(90), urgent = thread_with(3);
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(ready(policy, &normal) && ready(policy, &late) && ready(policy, &urgent));
    CHECK(policy->pick_next(CPU) == &urgent);
    CHECK(policy->pick_next(CPU) == &late);
    CHECK(policy->pick_next(CPU) == &normal);
}

TEST(round_robin, ends_a_turn_only_when_somebody_waits)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread first = thread_with(PRIORITY_DEFAULT), second = thread_with(PRIORITY_DEFAULT);
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(ready(policy, &first));
    CHECK(policy->pick_next(CPU) == &first);
    CHECK(policy->slice_left(CPU) == UINT64_MAX);
    policy->tick(CPU, first.slice_left_ns);
    CHECK(!policy->needs_reschedule(CPU));
    CHECK(ready(policy, &second));
    CHECK(policy->needs_reschedule(CPU));
    CHECK(policy->thread_ready(&first) == STATUS_OK); // preempted with nothing left: to the end, with a new slice
    CHECK(policy->pick_next(CPU) == &second);
    CHECK(policy->pick_next(CPU) == &first);
    CHECK(first.slice_left_ns > 0);
}

TEST(round_robin, goes_on_with_a_preempted_turn_before_others)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread first = thread_with(PRIORITY_DEFAULT), second = thread_with(PRIORITY_DEFAULT);
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(ready(policy, &first) && ready(policy, &second));
    second.slice_left_ns = 0;
    CHECK(policy->pick_next(CPU) == &first);
    policy->tick(CPU, 1);
    CHECK(policy->thread_ready(&first) == STATUS_OK);
    struct thread *next = policy->pick_next(CPU);
    CHECK(next == &second || next == &first);
}

TEST(round_robin, yields_only_to_somebody)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread first = thread_with(PRIORITY_DEFAULT), second = thread_with(PRIORITY_DEFAULT);
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(ready(policy, &first));
    CHECK(policy->pick_next(CPU) == &first);
    uint64_t left = first.slice_left_ns;
    CHECK(!policy->yield_thread(CPU));
    CHECK_EQUAL(first.slice_left_ns, left);
    CHECK(ready(policy, &second));
    CHECK(policy->yield_thread(CPU));
    CHECK_EQUAL(first.slice_left_ns, 0);
}

TEST(round_robin, charges_queues_and_picks_at_once)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread first = thread_with(PRIORITY_DEFAULT), second = thread_with(PRIORITY_DEFAULT);
    uint64_t slice;
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(ready(policy, &first) && ready(policy, &second));
    CHECK(policy->switch_next(CPU, 0, nullptr, &slice) == &first);
    CHECK_EQUAL(slice, first.slice_left_ns); // somebody waits
    uint64_t full = first.slice_left_ns;
    CHECK(policy->switch_next(CPU, full, &first, &slice) == &second); // its slice is over: behind the other, with a new one
    CHECK_EQUAL(first.slice_left_ns, full);
    CHECK(policy->switch_next(CPU, 1000, nullptr, &slice) == &first);
    CHECK_EQUAL(second.slice_left_ns, full - 1000);
    CHECK_EQUAL(slice, UINT64_MAX); // nobody else
    CHECK(policy->switch_next(CPU, 1, nullptr, &slice) == nullptr);
}

TEST(round_robin, gives_a_lower_nice_value_a_longer_slice)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread nice = thread_with(139), usual = thread_with(PRIORITY_DEFAULT), urgent = thread_with(100);
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(ready(policy, &nice) && ready(policy, &usual) && ready(policy, &urgent));
    CHECK(nice.slice_left_ns < usual.slice_left_ns && usual.slice_left_ns < urgent.slice_left_ns);
    CHECK(nice.slice_left_ns > 0);
}

TEST(round_robin, lets_one_that_woke_up_go_before_one_that_is_new)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread woken = thread_with(PRIORITY_DEFAULT), fresh = thread_with(PRIORITY_DEFAULT);
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(ready(policy, &woken));
    CHECK(policy->pick_next(CPU) == &woken);
    CHECK(policy->thread_block(&woken) == STATUS_OK);
    CHECK(ready(policy, &fresh));
    CHECK(policy->thread_ready(&woken) == STATUS_OK);
    CHECK(policy->pick_next(CPU) == &woken);
    CHECK(policy->pick_next(CPU) == &fresh);
}

TEST(round_robin, queues_a_thread_once_and_forgets_a_removed_one)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread only = thread_with(50);
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(ready(policy, &only));
    CHECK(policy->thread_ready(&only) == STATUS_OK);
    CHECK(policy->remove_thread(&only) == STATUS_OK);
    CHECK(policy->pick_next(CPU) == nullptr);
    CHECK(!policy->needs_reschedule(CPU));
}

TEST(round_robin, refuses_deadlines_and_migration_to_a_cpu_that_is_not_there)
{
    const struct scheduler_policy *policy = policy_begin();
    struct thread thread = thread_with(PRIORITY_DEFAULT);
    const struct scheduling_policy deadline = { .kind = SCHEDULE_DEADLINE };
    CHECK(policy->init(CPU_MAX) == STATUS_OK);
    CHECK(policy->add_thread(&thread) == STATUS_OK);
    CHECK(policy->set_policy(&thread, &deadline) == STATUS_BAD_ARGUMENT);
    CHECK(policy->migrate_thread(&thread, CPU_MAX) == STATUS_BAD_ARGUMENT);
}
#endif
