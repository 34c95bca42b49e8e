// SPDX-License-Identifier: MIT
// resource.c: limits, usage, and scheduling parameters.

#include <abi/linux/sched.h>
#include <abi/linux/time.h>

#include <arch/user.h>

#include <helix/cpu.h>
#include <helix/scheduler.h>
#include <helix/space.h>

#include "arguments.h"
#include "calls.h"

// ---- time used ----

struct usage {
    uint64_t cpu_ns, user_ns, voluntary, involuntary;
};

static void usage_add_thread(struct usage *usage, const struct thread *thread)
{
    usage->user_ns += thread_user_time(thread); // first: it may grow before the whole is read, and must not exceed it
    usage->cpu_ns += thread_cpu_time(thread);
    usage->voluntary += thread->switches_voluntary;
    usage->involuntary += thread->switches_involuntary;
}

static struct usage usage_of_process(struct process *process)
{
    mutex_acquire(&process_registry_lock);
    struct usage usage = { process->dead_cpu_ns, process->dead_user_ns, process->switches_voluntary, process->switches_involuntary };
    list_for_each(node, &process->threads)
        usage_add_thread(&usage, container_of(node, struct thread, process_link));
    mutex_release(&process_registry_lock);
    return usage;
}

uint64_t process_cpu_time(struct process *process)
{
    return usage_of_process(process).cpu_ns;
}

int64_t sys_getrusage(struct thread *self, const struct syscall_arguments *arguments)
{
    enum { SELF = 0, CHILDREN = -1, THREAD = 1 };
    struct process *process = self->process;
    struct usage usage = {};
    switch ((int32_t)arguments->value[0]) {
    case SELF:
        usage = usage_of_process(process);
        break;
    case CHILDREN:
        usage = (struct usage){ .cpu_ns = process->reaped_cpu_ns, .user_ns = process->reaped_user_ns };
        break;
    case THREAD:
        usage_add_thread(&usage, self);
        break;
    default:
        return syscall_result(STATUS_BAD_ARGUMENT);
    }
    const struct linux_rusage report = {
        .user_time = timeval_of(usage.user_ns),
        .system_time = timeval_of(usage.cpu_ns - usage.user_ns),
        .maximum_resident_kib = (int64_t)(space_resident(process->space) * PAGE_SIZE / KIB),
        .minor_faults = (int64_t)process->space->faults_minor,
        .switches_voluntary = (int64_t)usage.voluntary,
        .switches_involuntary = (int64_t)usage.involuntary,
    };
    return syscall_result(arch_copy_to_user(arguments->value[1], &report, sizeof report));
}

static int64_t clock_ticks(uint64_t ns)
{
    return (int64_t)(ns / (NS_PER_S / LINUX_CLOCK_TICKS));
}

int64_t sys_times(struct thread *self, const struct syscall_arguments *arguments)
{
    const struct process *process = self->process;
    const struct usage usage = usage_of_process(self->process);
    const int64_t report[4] = { clock_ticks(usage.user_ns), clock_ticks(usage.cpu_ns - usage.user_ns), clock_ticks(process->reaped_user_ns),
                                clock_ticks(process->reaped_cpu_ns - process->reaped_user_ns) };
    if (arguments->value[0] && arch_copy_to_user(arguments->value[0], report, sizeof report) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    return clock_ticks(time_ns());
}

// ---- limits ----

static void limits_apply(struct user_process *user)
{
    struct space *space = user->process->space;
    space->limit_data = user->limits[LINUX_RLIMIT_DATA].current;
    space->limit_space = user->limits[LINUX_RLIMIT_AS].current;
    space->limit_stack = user->limits[LINUX_RLIMIT_STACK].current;
}

static enum status limit_set(struct thread *self, struct process *target, uint64_t resource, const struct linux_rlimit *wanted)
{
    struct linux_rlimit *held = &target->user->limits[resource];
    if (wanted->current > wanted->maximum)
        return STATUS_BAD_ARGUMENT;
    if (wanted->maximum > held->maximum && user_process(self)->effective_user)
        return STATUS_NOT_PERMITTED;
    if (resource == LINUX_RLIMIT_NOFILE && wanted->maximum > DESCRIPTORS_MAX)
        return STATUS_NOT_PERMITTED;
    *held = *wanted;
    if (target->space)
        limits_apply(target->user);
    return STATUS_OK;
}

static int64_t limit_exchange(struct thread *self, uint64_t id, uint64_t resource, uint64_t new_at, uint64_t old_at)
{
    struct linux_rlimit wanted, old;
    if (resource >= LINUX_RLIMITS)
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (new_at && arch_copy_from_user(&wanted, new_at, sizeof wanted) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    struct process *target = id ? process_find(id) : self->process;
    if (!target || !target->user)
        return syscall_result(STATUS_NO_PROCESS);
    old = target->user->limits[resource];
    enum status outcome = new_at ? limit_set(self, target, resource, &wanted) : STATUS_OK;
    if (id)
        process_release(target);
    if (outcome == STATUS_OK && old_at)
        outcome = arch_copy_to_user(old_at, &old, sizeof old);
    return syscall_result(outcome);
}

int64_t sys_prlimit64(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    return limit_exchange(self, (uint32_t)value[0], (uint32_t)value[1], value[2], value[3]);
}

int64_t sys_getrlimit(struct thread *self, const struct syscall_arguments *arguments)
{
    return limit_exchange(self, 0, (uint32_t)arguments->value[0], 0, arguments->value[1]);
}

int64_t sys_setrlimit(struct thread *self, const struct syscall_arguments *arguments)
{
    return limit_exchange(self, 0, (uint32_t)arguments->value[0], arguments->value[1], 0);
}

// ---- priorities ----

enum { PRIO_PROCESS = 0, NICE_OFFSET = 20 };

// With a reference; only single threads of a process's id are supported, not groups or users.
static enum status nice_target(uint64_t which, uint64_t who, struct thread **thread)
{
    if (which != PRIO_PROCESS)
        return which > 2 ? STATUS_BAD_ARGUMENT : STATUS_UNSUPPORTED;
    *thread = thread_find(who ? who : thread_current()->id);
    return *thread ? STATUS_OK : STATUS_NO_PROCESS;
}

int64_t sys_getpriority(struct thread *self, const struct syscall_arguments *arguments)
{
    struct thread *thread;
    enum status outcome = nice_target((uint32_t)arguments->value[0], (uint32_t)arguments->value[1], &thread);
    if (outcome != STATUS_OK)
        return syscall_result(outcome);
    int nice = priority_to_nice(thread->priority);
    thread_release(thread);
    return NICE_OFFSET - nice; // Linux's kernel interface is shifted to stay positive
}

int64_t sys_setpriority(struct thread *self, const struct syscall_arguments *arguments)
{
    struct thread *thread;
    enum status outcome = nice_target((uint32_t)arguments->value[0], (uint32_t)arguments->value[1], &thread);
    if (outcome != STATUS_OK)
        return syscall_result(outcome);
    struct priority wanted = priority_from_nice((int32_t)arguments->value[2]);
    if (!thread->user)
        outcome = STATUS_NOT_PERMITTED;
    else if (wanted.base < thread->priority.base && user_process(self)->effective_user)
        outcome = STATUS_DENIED;
    else
        outcome = scheduler_set_priority(thread, wanted);
    thread_release(thread);
    return syscall_result(outcome);
}

int64_t sys_sched_setscheduler(struct thread *self, const struct syscall_arguments *arguments)
{
    static const enum scheduling_kind kinds[] = {
        [LINUX_SCHED_OTHER] = SCHEDULE_NORMAL,
        [LINUX_SCHED_FIFO] = SCHEDULE_FIFO,
        [LINUX_SCHED_RR] = SCHEDULE_ROUND_ROBIN,
        [LINUX_SCHED_BATCH] = SCHEDULE_BATCH,
        [4] = SCHEDULE_DEADLINE,
        [LINUX_SCHED_IDLE] = SCHEDULE_IDLE,
    };
    uint32_t kind = (uint32_t)arguments->value[1];
    if (kind > LINUX_SCHED_IDLE || kinds[kind] == SCHEDULE_DEADLINE)
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (user_process(self)->effective_user && (kind == LINUX_SCHED_FIFO || kind == LINUX_SCHED_RR))
        return syscall_result(STATUS_NOT_PERMITTED);
    struct thread *thread = thread_find(arguments->value[0] ? (uint32_t)arguments->value[0] : self->id);
    if (!thread)
        return syscall_result(STATUS_NO_PROCESS);
    const struct scheduling_policy policy = { .kind = kinds[kind] };
    enum status outcome = thread->user ? scheduler_set_policy(thread, &policy) : STATUS_NOT_PERMITTED;
    thread_release(thread);
    return syscall_result(outcome);
}

int64_t sys_sched_getscheduler(struct thread *self, const struct syscall_arguments *arguments)
{
    struct thread *thread = thread_find(arguments->value[0] ? (uint32_t)arguments->value[0] : self->id);
    if (!thread)
        return syscall_result(STATUS_NO_PROCESS);
    int64_t kind = priority_is_realtime(thread->priority) ? LINUX_SCHED_RR : LINUX_SCHED_OTHER;
    thread_release(thread);
    return kind;
}

int64_t sys_sched_getparam(struct thread *self, const struct syscall_arguments *arguments)
{
    struct thread *thread = thread_find(arguments->value[0] ? (uint32_t)arguments->value[0] : self->id);
    if (!thread)
        return syscall_result(STATUS_NO_PROCESS);
    int32_t priority = priority_is_realtime(thread->priority) ? PRIORITY_REALTIME_THRESHOLD - thread->priority.base : 0;
    thread_release(thread);
    return syscall_result(arch_copy_to_user(arguments->value[1], &priority, sizeof priority));
}

static int64_t priority_bound(uint64_t kind, int64_t realtime)
{
    if (kind > LINUX_SCHED_IDLE || kind == 4)
        return syscall_result(STATUS_BAD_ARGUMENT);
    return kind == LINUX_SCHED_FIFO || kind == LINUX_SCHED_RR ? realtime : 0;
}

int64_t sys_sched_get_priority_max(struct thread *self, const struct syscall_arguments *arguments)
{
    return priority_bound((uint32_t)arguments->value[0], PRIORITY_REALTIME_THRESHOLD - 1);
}

int64_t sys_sched_get_priority_min(struct thread *self, const struct syscall_arguments *arguments)
{
    return priority_bound((uint32_t)arguments->value[0], 1);
}

int64_t sys_sched_getaffinity(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t online = cpu_count() == CPU_MAX ? UINT64_MAX : (1ull << cpu_count()) - 1;
    if (arguments->value[1] < sizeof online || arguments->value[1] % sizeof online)
        return syscall_result(STATUS_BAD_ARGUMENT);
    struct thread *thread = thread_find(arguments->value[0] ? (uint32_t)arguments->value[0] : self->id);
    if (!thread)
        return syscall_result(STATUS_NO_PROCESS);
    uint64_t mask = thread->affinity & online;
    thread_release(thread);
    enum status outcome = arch_copy_to_user(arguments->value[2], &mask, sizeof mask);
    return outcome == STATUS_OK ? (int64_t)sizeof mask : syscall_result(outcome);
}

int64_t sys_sched_setaffinity(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t online = cpu_count() == CPU_MAX ? UINT64_MAX : (1ull << cpu_count()) - 1, mask = 0;
    if (arch_copy_from_user(&mask, arguments->value[2], MIN(arguments->value[1], sizeof mask)) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    if (!(mask & online))
        return syscall_result(STATUS_BAD_ARGUMENT);
    struct thread *thread = thread_find(arguments->value[0] ? (uint32_t)arguments->value[0] : self->id);
    if (!thread)
        return syscall_result(STATUS_NO_PROCESS);
    thread->affinity = mask & online;
    thread_release(thread);
    return 0;
}
