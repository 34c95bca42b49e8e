// SPDX-License-Identifier: MIT
// time.c: clocks, sleeping and the alarm.

#include <abi/linux/resource.h>
#include <abi/linux/time.h>

#include <arch/user.h>

#include "../userspace.h"
#include "arguments.h"
#include "calls.h"

static enum status clock_read(int32_t clock, uint64_t *ns)
{
    switch (clock) {
    case LINUX_CLOCK_REALTIME:
    case LINUX_CLOCK_REALTIME_COARSE:
    case LINUX_CLOCK_TAI:
        *ns = time_wall_ns();
        return STATUS_OK;
    case LINUX_CLOCK_MONOTONIC:
    case LINUX_CLOCK_MONOTONIC_RAW:
    case LINUX_CLOCK_MONOTONIC_COARSE:
    case LINUX_CLOCK_BOOTTIME:
        *ns = time_ns();
        return STATUS_OK;
    case LINUX_CLOCK_THREAD_CPUTIME:
        *ns = thread_cpu_time(thread_current());
        return STATUS_OK;
    case LINUX_CLOCK_PROCESS_CPUTIME:
        *ns = process_cpu_time(process_current());
        return STATUS_OK;
    default:
        return STATUS_BAD_ARGUMENT;
    }
}

int64_t sys_clock_gettime(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t ns;
    enum status outcome = clock_read((int32_t)arguments->value[0], &ns);
    if (outcome == STATUS_OK)
        outcome = timespec_store(arguments->value[1], ns);
    return syscall_result(outcome);
}

int64_t sys_clock_getres(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t ns;
    enum status outcome = clock_read((int32_t)arguments->value[0], &ns);
    if (outcome == STATUS_OK && arguments->value[1])
        outcome = timespec_store(arguments->value[1], 1);
    return syscall_result(outcome);
}

static enum status wall_set(struct thread *self, uint64_t ns)
{
    if (user_process(self)->effective_user)
        return STATUS_NOT_PERMITTED;
    time_set_wall_ns(ns);
    return STATUS_OK;
}

int64_t sys_clock_settime(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t ns;
    if ((int32_t)arguments->value[0] != LINUX_CLOCK_REALTIME)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status outcome = timespec_copy(arguments->value[1], &ns);
    return syscall_result(outcome == STATUS_OK ? wall_set(self, ns) : outcome);
}

int64_t sys_gettimeofday(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t ns = time_wall_ns();
    const struct linux_timeval now = { (int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / 1000) };
    const uint64_t utc = 0; // struct timezone: no minutes west, no daylight saving
    enum status outcome = STATUS_OK;
    if (arguments->value[0])
        outcome = arch_copy_to_user(arguments->value[0], &now, sizeof now);
    if (outcome == STATUS_OK && arguments->value[1])
        outcome = arch_copy_to_user(arguments->value[1], &utc, sizeof utc);
    return syscall_result(outcome);
}

int64_t sys_settimeofday(struct thread *self, const struct syscall_arguments *arguments)
{
    struct linux_timeval time;
    if (!arguments->value[0])
        return arguments->value[1] ? 0 : syscall_result(STATUS_BAD_ARGUMENT);
    if (arch_copy_from_user(&time, arguments->value[0], sizeof time) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    if (time.seconds < 0 || time.microseconds < 0 || time.microseconds >= 1'000'000)
        return syscall_result(STATUS_BAD_ARGUMENT);
    return syscall_result(wall_set(self, (uint64_t)time.seconds * NS_PER_S + (uint64_t)time.microseconds * NS_PER_US));
}

int64_t sys_time(struct thread *self, const struct syscall_arguments *arguments)
{
    int64_t seconds = (int64_t)(time_wall_ns() / NS_PER_S);
    if (arguments->value[0] && arch_copy_to_user(arguments->value[0], &seconds, sizeof seconds) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    return seconds;
}

// ---- sleeping ----

// Interrupted, it is restarted towards the same deadline unless a handler runs.
static int64_t sleep_until(struct thread *self, uint64_t deadline_ns, uint64_t remainder_at)
{
    struct user_thread *user = self->user;
    if (user->restart_deadline_ns)
        deadline_ns = user->restart_deadline_ns;
    user->restart_deadline_ns = 0;
    if (thread_sleep_until(deadline_ns) == STATUS_OK)
        return 0;
    uint64_t now = time_ns();
    if (remainder_at && timespec_store(remainder_at, deadline_ns > now ? deadline_ns - now : 0) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    user->restart_deadline_ns = deadline_ns;
    return syscall_interrupted(SYSCALL_RESTART_NOHANDLER);
}

int64_t sys_nanosleep(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t ns;
    enum status outcome = timespec_copy(arguments->value[0], &ns);
    return outcome == STATUS_OK ? sleep_until(self, time_ns() + ns, arguments->value[1]) : syscall_result(outcome);
}

int64_t sys_clock_nanosleep(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    bool absolute = value[1] & LINUX_TIMER_ABSTIME;
    uint64_t ns, now;
    if ((int32_t)value[0] == LINUX_CLOCK_THREAD_CPUTIME)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status outcome = clock_read((int32_t)value[0], &now);
    if (outcome == STATUS_OK)
        outcome = timespec_copy(value[2], &ns);
    if (outcome != STATUS_OK)
        return syscall_result(outcome);
    if (!absolute)
        return sleep_until(self, time_ns() + ns, value[3]);
    return sleep_until(self, ns > now ? time_ns() + (ns - now) : 0, 0);
}

// ---- the alarm (ITIMER_REAL) ----

void alarm_fire(struct timer *timer)
{
    struct user_process *user = container_of(timer, struct user_process, alarm);
    if (user->alarm_interval_ns)
        timer_arm(timer, timer->deadline_ns + user->alarm_interval_ns);
    alarm_send_later(user);
}

static uint64_t alarm_left(const struct user_process *user)
{
    uint64_t now = time_ns();
    return user->alarm.armed && user->alarm.deadline_ns > now ? user->alarm.deadline_ns - now : 0;
}

static void alarm_set(struct user_process *user, uint64_t first_ns, uint64_t interval_ns)
{
    timer_cancel(&user->alarm);
    user->alarm_interval_ns = interval_ns;
    if (first_ns)
        timer_arm(&user->alarm, time_ns() + first_ns);
}

int64_t sys_alarm(struct thread *self, const struct syscall_arguments *arguments)
{
    struct user_process *user = user_process(self);
    uint64_t left = alarm_left(user);
    alarm_set(user, (uint32_t)arguments->value[0] * NS_PER_S, 0);
    return (int64_t)((left + NS_PER_S - 1) / NS_PER_S);
}

static enum status interval_store(uint64_t at, const struct user_process *user)
{
    const struct linux_timeval value[2] = { timeval_of(user->alarm_interval_ns), timeval_of(alarm_left(user)) };
    return arch_copy_to_user(at, value, sizeof value);
}

static bool timeval_ns(struct linux_timeval time, uint64_t *ns)
{
    if (time.seconds < 0 || time.microseconds < 0 || time.microseconds >= 1'000'000)
        return false;
    *ns = (uint64_t)MIN(time.seconds, INT32_MAX) * NS_PER_S + (uint64_t)time.microseconds * NS_PER_US;
    return true;
}

// Only ITIMER_REAL: the timers of CPU time are not supported.
int64_t sys_getitimer(struct thread *self, const struct syscall_arguments *arguments)
{
    if (arguments->value[0] != LINUX_ITIMER_REAL)
        return syscall_result(arguments->value[0] > LINUX_ITIMER_PROF ? STATUS_BAD_ARGUMENT : STATUS_UNSUPPORTED);
    return syscall_result(interval_store(arguments->value[1], user_process(self)));
}

int64_t sys_setitimer(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    struct user_process *user = user_process(self);
    struct linux_timeval wanted[2] = {};
    uint64_t interval_ns, first_ns;
    if (value[0] != LINUX_ITIMER_REAL)
        return syscall_result(value[0] > LINUX_ITIMER_PROF ? STATUS_BAD_ARGUMENT : STATUS_UNSUPPORTED);
    if (value[1] && arch_copy_from_user(wanted, value[1], sizeof wanted) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    if (!timeval_ns(wanted[0], &interval_ns) || !timeval_ns(wanted[1], &first_ns))
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (value[2] && interval_store(value[2], user) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    alarm_set(user, first_ns, interval_ns);
    return 0;
}
