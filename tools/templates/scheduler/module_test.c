// SPDX-License-Identifier: MIT
// @NAME@_test.c: the policy, called as the scheduler would call it, on a CPU that the running kernel does not use.
#include <lib/string.h>
#include <lib/types.h>

#include <helix/cpu.h>
#include <helix/module.h>
#include <helix/scheduler_policy.h>
#include <helix/test.h>

static const struct scheduler_policy *policy(void)
{
    const struct module *module = module_find("scheduler_policy", "@NAME@");
    return module ? module->ops : nullptr;
}

TEST(@NAME@, refuses_more_cpus_than_there_can_be)
{
    CHECK(policy() && policy()->init(CPU_MAX + 1) == STATUS_BAD_ARGUMENT);
}

TEST(@NAME@, runs_threads_in_the_order_they_became_ready)
{
    enum { LAST = CPU_MAX - 1 };
    static struct thread first, second;
    first  = (struct thread){ .cpu = LAST };
    second = (struct thread){ .cpu = LAST };
    if (!CHECK(policy()) || cpu_count() == CPU_MAX)
        return;
    if (!strcmp(scheduler_name(), "@NAME@"))
        return; // init would empty the queues that the kernel runs on
    CHECK(policy()->init(CPU_MAX) == STATUS_OK);
    CHECK(policy()->add_thread(&first) == STATUS_OK && policy()->add_thread(&second) == STATUS_OK);
    CHECK(policy()->thread_ready(&first) == STATUS_OK && policy()->thread_ready(&second) == STATUS_OK);
    CHECK(policy()->pick_next(LAST) == &first);
    CHECK(!policy()->needs_reschedule(LAST));
    policy()->yield_thread(LAST);
    CHECK(policy()->needs_reschedule(LAST));
    CHECK(policy()->pick_next(LAST) == &second);
    CHECK(policy()->pick_next(LAST) == nullptr); // idle, not a crash
}
