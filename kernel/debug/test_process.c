// SPDX-License-Identifier: MIT
// test_process.c: a process of its own for tests of what touches user memory: an empty space, one thread, no program.

#include <helix/test.h>

#include <arch/space.h>

#include <helix/preempt.h>
#include <helix/process.h>
#include <helix/space.h>
#include <helix/thread.h>

struct test_process {
    struct process *process;
    void (*run)(struct space *space);
    struct wait_queue ended;
    _Atomic bool over;
};

// The space must not be loaded when it goes.
static void space_leave(struct process *process)
{
    preempt_disable();
    bool on = arch_interrupts_disable();
    arch_space_activate(arch_space_kernel());
    struct space *space = space_exchange(&process->space, nullptr);
    arch_interrupts_restore(on);
    preempt_enable();
    space_release(space);
}

static void process_main(void *argument)
{
    struct test_process *test = argument;
    test->run(test->process->space);
    space_leave(test->process);
    atomic_store(&test->over, true);
    wait_wake_all(&test->ended);
    thread_exit(0);
}

static void process_await(struct test_process *test)
{
    struct waiter waiter;
    waiter_init(&waiter);
    for (;;) {
        wait_begin(&test->ended, &waiter);
        if (atomic_load(&test->over))
            break;
        (void)thread_block_uninterruptible(BLOCK_OTHER, UINT64_MAX);
    }
    wait_end(&waiter);
}

static bool process_run(struct test_process *test)
{
    struct thread *thread;
    const struct thread_request request = { .name = "test", .process = test->process, .entry = process_main, .argument = test };
    if (space_create(&test->process->space) != STATUS_OK)
        return false;
    if (thread_create(&request, &thread) != STATUS_OK) {
        space_leave(test->process);
        return false;
    }
    thread_start(thread);
    process_await(test);
    while (atomic_load(&thread->state) != THREAD_DEAD)
        thread_yield();
    thread_release(thread);
    return true;
}

bool test_in_process(void (*run)(struct space *space))
{
    struct test_process test = { .run = run };
    wait_queue_init(&test.ended);
    if (process_create(process_kernel(), "test", &test.process) != STATUS_OK)
        return false;
    bool ran = process_run(&test);
    process_discard(test.process);
    return ran;
}
