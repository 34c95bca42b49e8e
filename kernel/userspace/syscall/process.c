// SPDX-License-Identifier: MIT
// process.c: identity, exec, exit and wait (clone and its forms stand in ../fork.c).

#include <abi/linux/sched.h>

#include <arch/context.h>
#include <arch/frame.h>
#include <arch/space.h>
#include <arch/user.h>

#include <lib/string.h>

#include <helix/heap.h>
#include <helix/kernel_map.h>
#include <helix/scheduler.h>
#include <helix/space.h>

#include "../userspace.h"
#include "arguments.h"
#include "calls.h"

int64_t sys_getpid(struct thread *self, const struct syscall_arguments *arguments)
{
    return (int64_t)self->process->id;
}

int64_t sys_gettid(struct thread *self, const struct syscall_arguments *arguments)
{
    return (int64_t)self->id;
}

int64_t sys_getppid(struct thread *self, const struct syscall_arguments *arguments)
{
    return (int64_t)atomic_load_explicit(&self->process->parent_id, memory_order_relaxed);
}

int64_t sys_sched_yield(struct thread *self, const struct syscall_arguments *arguments)
{
    thread_yield();
    return 0;
}

int64_t sys_set_tid_address(struct thread *self, const struct syscall_arguments *arguments)
{
    self->user->clear_child_tid = arguments->value[0];
    return (int64_t)self->id;
}

int64_t sys_set_robust_list(struct thread *self, const struct syscall_arguments *arguments)
{
    enum { ROBUST_HEAD_SIZE = 24 };
    if (arguments->value[1] != ROBUST_HEAD_SIZE)
        return syscall_result(STATUS_BAD_ARGUMENT);
    self->user->robust_list = arguments->value[0];
    return 0;
}

int64_t sys_get_robust_list(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t size = 24;
    if (arguments->value[0] && arguments->value[0] != self->id)
        return syscall_result(STATUS_NOT_PERMITTED);
    enum status outcome = arch_copy_to_user(arguments->value[1], &self->user->robust_list, sizeof(uint64_t));
    if (outcome == STATUS_OK)
        outcome = arch_copy_to_user(arguments->value[2], &size, sizeof size);
    return syscall_result(outcome);
}

int64_t sys_exit(struct thread *self, const struct syscall_arguments *arguments)
{
    user_thread_exit((int)arguments->value[0]);
}

int64_t sys_exit_group(struct thread *self, const struct syscall_arguments *arguments)
{
    user_exit((int)(arguments->value[0] & 0xff) << 8);
}

// ---- execve ----

static void arguments_free(struct exec_arguments *copied)
{
    string_array_free(copied->argv);
    string_array_free(copied->envp);
}

static enum status arguments_copy(const struct syscall_arguments *from, struct exec_arguments *to)
{
    size_t budget = ARGUMENT_BYTES_MAX;
    TRY(string_array_copy(from->value[1], &budget, &to->argv));
    return string_array_copy(from->value[2], &budget, &to->envp);
}

// What execve must not share with other processes: made first, so that a failure leaves the old program as it was.
struct own_tables {
    struct signal_actions *actions; // nullptr: the present one is its own
    struct descriptor_table *files;
};

static enum status tables_copy(const struct user_process *user, struct own_tables *own)
{
    *own = (struct own_tables){};
    if (atomic_load(&user->actions->references) > 1) {
        TRY(signal_actions_copy(user->actions, &own->actions));
    }
    return atomic_load(&user->files->references) > 1 ? descriptor_table_copy(user->files, &own->files) : STATUS_OK;
}

static void tables_discard(struct own_tables *own)
{
    signal_actions_release(own->actions);
    if (own->files)
        descriptor_table_release(own->files);
}

static void tables_adopt(struct user_process *user, const struct own_tables *own)
{
    if (own->actions) {
        signal_actions_release(user->actions);
        user->actions = own->actions;
    }
    if (own->files) {
        descriptor_table_release(user->files);
        user->files = own->files;
    }
    signal_actions_reset(user->actions);
    descriptor_close_on_exec(user->files);
}

// Other threads end before the program is replaced.
static enum status threads_end(struct process *process)
{
    if (process->thread_count == 1)
        return STATUS_OK;
    struct thread *self = thread_current();
    mutex_acquire(&process_registry_lock);
    threads_kill_others(process);
    mutex_release(&process_registry_lock);
    while (process->thread_count > 1) {
        if (self->flags & THREAD_KILL_PENDING)
            return STATUS_INTERRUPTED;
        (void)thread_sleep_until(time_ns() + NS_PER_MS);
    }
    return STATUS_OK;
}

// Nothing here can fail: the old program goes, the new one is in place.
static void program_replace(struct thread *self, struct space *space, const struct arch_frame *frame)
{
    struct process *process = self->process;
    (void)arch_interrupts_disable();
    struct space *old = space_exchange(&process->space, space);
    arch_space_activate(&space->arch);
    arch_interrupts_enable();
    space_release(old);
    arch_thread_reset(&self->arch);
    *arch_user_frame(self->stack_low.raw + KERNEL_STACK_SIZE) = *frame;
    self->user->alternate_stack = (struct linux_stack){};
    self->user->clear_child_tid = self->user->robust_list = 0;
    vfork_release(process);
}

static enum status program_run(struct thread *self, const char *path, const struct exec_arguments *arguments)
{
    struct process *process = self->process;
    struct exec_result loaded;
    struct arch_frame frame;
    struct own_tables own;
    TRY(exec_load(&process->user->place, path, arguments, &loaded, &frame));
    enum status outcome = tables_copy(process->user, &own);
    if (outcome == STATUS_OK)
        outcome = threads_end(process);
    if (outcome != STATUS_OK) {
        tables_discard(&own);
        program_end(loaded.program);
        space_release(loaded.space);
        return outcome;
    }
    tables_adopt(process->user, &own);
    program_adopt(process, &loaded);
    string_copy(self->name, loaded.name, sizeof self->name);
    program_replace(self, loaded.space, &frame);
    return STATUS_OK;
}

int64_t sys_execve(struct thread *self, const struct syscall_arguments *arguments)
{
    char *path;
    struct exec_arguments copied = {};
    enum status outcome = path_copy(arguments->value[0], &path);
    if (outcome != STATUS_OK)
        return syscall_result(outcome);
    outcome = arguments_copy(arguments, &copied);
    if (outcome == STATUS_OK)
        outcome = program_run(self, path, &copied);
    arguments_free(&copied);
    heap_free(path);
    if (outcome == STATUS_OK)
        syscall_leave(self);
    return syscall_result(outcome);
}

// ---- wait ----

struct wait_request {
    int kind; // LINUX_P_…
    uint64_t id;
    int options; // LINUX_WEXITED | WUNTRACED | WCONTINUED | WNOHANG | WNOWAIT
};

struct wait_report {
    uint64_t process; // 0: nothing to report; the rest is then not filled in
    int status, code, detail;
    uint32_t user;
    uint64_t cpu_ns, user_ns, switches_voluntary, switches_involuntary; // of one that ended, else 0
};

static bool child_matches(const struct process *child, const struct wait_request *request)
{
    return request->kind == LINUX_P_ALL || (request->kind == LINUX_P_PID && child->id == request->id) ||
           (request->kind == LINUX_P_PGID && child->group == request->id);
}

static void child_end_report(struct process *parent, struct process *child, bool keep, struct wait_report *report)
    MUST_HOLD(process_registry_lock)
{
    int status = child->exit_code;
    report->status = status;
    report->code = status & 0x7f ? LINUX_CLD_KILLED : LINUX_CLD_EXITED;
    report->detail = status & 0x7f ? status & 0x7f : status >> 8;
    report->cpu_ns = child->dead_cpu_ns + child->reaped_cpu_ns;
    report->user_ns = child->dead_user_ns + child->reaped_user_ns;
    report->switches_voluntary = child->switches_voluntary;
    report->switches_involuntary = child->switches_involuntary;
    if (keep)
        return;
    parent->reaped_cpu_ns += report->cpu_ns;
    parent->reaped_user_ns += report->user_ns;
    process_reap(child);
}

static enum status usage_tell(const struct wait_report *report, uint64_t to)
{
    const struct linux_rusage usage = { .user_time = timeval_of(report->user_ns),
                                        .system_time = timeval_of(report->cpu_ns - report->user_ns),
                                        .switches_voluntary = (int64_t)report->switches_voluntary,
                                        .switches_involuntary = (int64_t)report->switches_involuntary };
    return arch_copy_to_user(to, &usage, sizeof usage);
}

static void report_begin(const struct process *child, struct wait_report *report)
{
    *report = (struct wait_report){ .process = child->id, .user = child->user->user };
}

// Whether the child has news; *report then has it, and it is news no more (unless WNOWAIT).
static bool child_report(struct process *parent, struct process *child, const struct wait_request *request, struct wait_report *report)
    MUST_HOLD(process_registry_lock)
{
    struct user_process *user = child->user;
    bool keep = request->options & LINUX_WNOWAIT;
    if (child->state == PROCESS_ZOMBIE && request->options & LINUX_WEXITED) {
        report_begin(child, report);
        child_end_report(parent, child, keep, report);
        return true;
    }
    if (child->state == PROCESS_STOPPED && user->stop_status && request->options & LINUX_WUNTRACED) {
        report_begin(child, report);
        report->code = LINUX_CLD_STOPPED;
        report->detail = (int)user->stop_status;
        report->status = (int)user->stop_status << 8 | 0x7f;
        user->stop_status = keep ? user->stop_status : 0;
        return true;
    }
    if (user->continued && child->state == PROCESS_RUNNING && request->options & LINUX_WCONTINUED) {
        report_begin(child, report);
        report->code = LINUX_CLD_CONTINUED;
        report->detail = LINUX_SIGCONT;
        report->status = 0xffff;
        user->continued = keep;
        return true;
    }
    return false;
}

// One look at all children. STATUS_NO_CHILD: none could ever match.
static enum status children_look(struct process *parent, const struct wait_request *request, struct wait_report *report)
{
    bool any = false, news = false;
    mutex_acquire(&process_registry_lock);
    list_for_each_safe(node, &parent->children) {
        struct process *child = container_of(node, struct process, sibling_link);
        if (!child->user || child->state == PROCESS_CREATING || !child_matches(child, request))
            continue;
        any = true;
        news = child_report(parent, child, request, report);
        if (news)
            break;
    }
    mutex_release(&process_registry_lock);
    if (!news)
        report->process = 0;
    return any ? STATUS_OK : STATUS_NO_CHILD;
}

static enum status child_wait(const struct wait_request *request, struct wait_report *report)
{
    struct process *self = process_current();
    struct waiter waiter;
    enum status outcome;
    waiter_init(&waiter);
    for (;;) {
        wait_begin(&self->child_event, &waiter);
        outcome = children_look(self, request, report);
        if (outcome != STATUS_OK || report->process || request->options & LINUX_WNOHANG)
            break;
        outcome = thread_block(BLOCK_CHILD, UINT64_MAX);
        if (outcome == STATUS_INTERRUPTED) {
            outcome = STATUS_RESTART;
            break;
        }
    }
    wait_end(&waiter);
    return outcome;
}

static struct wait_request wait4_request(int64_t which, int options)
{
    options |= LINUX_WEXITED;
    if (which == -1)
        return (struct wait_request){ LINUX_P_ALL, 0, options };
    if (which > 0)
        return (struct wait_request){ LINUX_P_PID, (uint64_t)which, options };
    return (struct wait_request){ LINUX_P_PGID, which ? (uint64_t)-which : process_current()->group, options };
}

int64_t sys_wait4(struct thread *self, const struct syscall_arguments *arguments)
{
    enum : uint64_t { KNOWN = LINUX_WNOHANG | LINUX_WUNTRACED | LINUX_WCONTINUED | LINUX_WALL | 0x2000'0000 | 0x8000'0000 };
    const uint64_t *value = arguments->value;
    if ((uint32_t)value[2] & ~KNOWN)
        return syscall_result(STATUS_BAD_ARGUMENT);
    const struct wait_request request = wait4_request((int32_t)value[0], (int)value[2]);
    struct wait_report report;
    enum status outcome = child_wait(&request, &report);
    if (outcome == STATUS_OK && report.process && value[1])
        outcome = arch_copy_to_user(value[1], &report.status, sizeof report.status);
    if (outcome == STATUS_OK && report.process && value[3])
        outcome = usage_tell(&report, value[3]);
    return outcome == STATUS_OK ? (int64_t)report.process : syscall_result(outcome);
}

int64_t sys_waitid(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    struct wait_request request = { (int)value[0], value[1], (int)value[3] };
    enum : uint32_t { EVENTS = LINUX_WEXITED | LINUX_WUNTRACED | LINUX_WCONTINUED };
    if (value[0] > LINUX_P_PGID || !(request.options & EVENTS) || request.options & ~(EVENTS | LINUX_WNOHANG | LINUX_WNOWAIT))
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (request.kind == LINUX_P_PGID && !request.id)
        request.id = self->process->group;
    struct wait_report report;
    enum status outcome = child_wait(&request, &report);
    if (outcome == STATUS_OK && value[2]) {
        struct linux_siginfo info = {};
        if (report.process) {
            info.number = LINUX_SIGCHLD;
            info.code = report.code;
            info.process = (int32_t)report.process;
            info.user = report.user;
            info.status = report.detail;
        }
        outcome = arch_copy_to_user(value[2], &info, sizeof info);
    }
    if (outcome == STATUS_OK && report.process && value[4])
        outcome = usage_tell(&report, value[4]);
    return syscall_result(outcome);
}

int64_t sys_arch_prctl(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(arch_thread_control(arguments->value[0], arguments->value[1]));
}
