// SPDX-License-Identifier: MIT
// spawn.c: programs started and waited for by the kernel itself: the shell's `run`.

#include <arch/frame.h>
#include <arch/context.h>

#include <lib/string.h>

#include <helix/heap.h>
#include <helix/kernel_map.h>
#include <helix/space.h>
#include <helix/tty.h>
#include <helix/user.h>

#include "userspace.h"

// Descriptors 0, 1, 2: what was asked for, the console where nothing was.
static enum status open_standard(struct process *process, const struct spawn_request *request)
{
    for (int i = 0; i < 3; i++) {
        struct open_file *file = request->standard[i];
        if (file)
            file_retain(file);
        else
            TRY(tty_open(tty_console(), &file));
        int number;
        enum status outcome = descriptor_add(process->user->files, file, i, false, &number);
        if (outcome != STATUS_OK) {
            file_release(file);
            return outcome;
        }
    }
    return STATUS_OK;
}

static enum status first_thread(struct process *process, const struct arch_frame *frame, struct thread **made)
{
    struct thread *thread;
    const struct thread_request wanted = { .name = process->name, .process = process, .entry = user_thread_begin, .id = process->id };
    TRY(thread_create(&wanted, &thread));
    enum status outcome = user_thread_create(thread, 0);
    if (outcome != STATUS_OK) {
        thread_discard(thread);
        return outcome;
    }
    *arch_user_frame(thread->stack_low.raw + KERNEL_STACK_SIZE) = *frame;
    *made = thread;
    return STATUS_OK;
}

static enum status process_fill(struct process *process, const struct spawn_request *request, struct thread **thread)
{
    struct arch_frame frame;
    TRY(user_process_create(process));
    struct exec_result loaded;
    TRY(exec_load(&process->user->place, request->path, &request->arguments, &loaded, &frame));
    program_adopt(process, &loaded);
    process->space = loaded.space;
    TRY(open_standard(process, request));
    return first_thread(process, &frame, thread);
}

enum status user_spawn(const struct spawn_request *request, struct process **made)
{
    struct process *process;
    struct thread *thread;
    TRY(process_create(process_kernel(), request->path, &process));
    enum status outcome = process_fill(process, request, &thread);
    if (outcome != STATUS_OK) {
        user_process_close(process);
        process_discard(process);
        return outcome;
    }
    if (request->foreground) {
        process->user->terminal = tty_console();
        tty_set_foreground(tty_console(), process->session, process->group);
    }
    mutex_acquire(&process_registry_lock);
    process->awaited = true;
    process_add_thread(process, thread);
    process_become(process, PROCESS_RUNNING);
    mutex_release(&process_registry_lock);
    thread_start(thread);
    thread_release(thread);
    *made = process;
    return STATUS_OK;
}

// The last thread tells of the end while it still stands on its stack. Gives it time to leave, so that all it held is free when the
// caller looks; whoever else holds the process (/proc) is not waited for for ever.
static void wait_until_gone(struct process *process)
{
    enum : uint64_t { FIRST_NS = 20 * NS_PER_US, LONGEST_NS = 100 * NS_PER_MS };
    for (uint64_t pause = FIRST_NS; pause < LONGEST_NS && atomic_load(&process->references) > 1; pause *= 2)
        (void)thread_sleep_until(time_ns() + pause);
}

bool user_wait(struct process *process, bool stops, int *wait_status)
{
    enum { STOPPED = 0x7f };
    struct waiter waiter;
    waiter_init(&waiter);
    for (;;) {
        wait_begin(&process_kernel()->child_event, &waiter);
        if (process->state == PROCESS_ZOMBIE || (stops && process->state == PROCESS_STOPPED))
            break;
        (void)thread_block_uninterruptible(BLOCK_CHILD, UINT64_MAX);
    }
    wait_end(&waiter);
    mutex_acquire(&process_registry_lock);
    bool ended = process->state == PROCESS_ZOMBIE;
    *wait_status = ended ? process->exit_code : (int)process->user->stop_status << 8 | STOPPED;
    if (ended)
        process_reap(process);
    mutex_release(&process_registry_lock);
    if (!ended)
        return false;
    wait_until_gone(process);
    process_release(process);
    return true;
}

void user_continue(struct process *process, bool foreground)
{
    const struct linux_siginfo info = { .number = LINUX_SIGCONT, .code = LINUX_SI_USER };
    if (foreground)
        tty_set_foreground(tty_console(), process->session, process->group);
    (void)signal_send_group(process->group, &info); // its members may all be on their way out
}

enum status user_kill(uint64_t id, int signal)
{
    if (signal < 1 || signal > SIGNALS)
        return STATUS_BAD_ARGUMENT;
    struct process *process = process_find(id);
    if (!process)
        return STATUS_NO_PROCESS;
    const struct linux_siginfo info = { .number = signal, .code = LINUX_SI_USER };
    enum status outcome = signal_send_process(process, &info);
    process_release(process);
    return outcome;
}
