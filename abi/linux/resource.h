// SPDX-License-Identifier: MIT
// resource.h: limits and usage as Linux programs see them.
#pragma once

#include <stdint.h>

enum {
    LINUX_RLIMIT_CPU,
    LINUX_RLIMIT_FSIZE,
    LINUX_RLIMIT_DATA,
    LINUX_RLIMIT_STACK,
    LINUX_RLIMIT_CORE,
    LINUX_RLIMIT_RSS,
    LINUX_RLIMIT_NPROC,
    LINUX_RLIMIT_NOFILE,
    LINUX_RLIMIT_MEMLOCK,
    LINUX_RLIMIT_AS,
    LINUX_RLIMIT_LOCKS,
    LINUX_RLIMIT_SIGPENDING,
    LINUX_RLIMIT_MSGQUEUE,
    LINUX_RLIMIT_NICE,
    LINUX_RLIMIT_RTPRIO,
    LINUX_RLIMIT_RTTIME,
    LINUX_RLIMITS,
};

struct linux_rlimit {
    uint64_t current, maximum; // UINT64_MAX: none
};

struct linux_timeval {
    int64_t seconds, microseconds;
};

struct linux_rusage {
    struct linux_timeval user_time, system_time;
    int64_t maximum_resident_kib, unused1, unused2, unused3, minor_faults, major_faults, swaps, blocks_in, blocks_out, messages_sent,
        messages_received, signals, switches_voluntary, switches_involuntary;
};
static_assert(sizeof(struct linux_rusage) == 144);
