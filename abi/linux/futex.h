// SPDX-License-Identifier: MIT
// futex.h: futex operations as Linux programs see them.
#pragma once

#include <stdint.h>

enum : uint32_t {
    LINUX_FUTEX_WAIT = 0,
    LINUX_FUTEX_WAKE = 1,
    LINUX_FUTEX_REQUEUE = 3,
    LINUX_FUTEX_CMP_REQUEUE = 4,
    LINUX_FUTEX_WAIT_BITSET = 9,
    LINUX_FUTEX_WAKE_BITSET = 10,
    LINUX_FUTEX_COMMAND_MASK = 0x7f,
    LINUX_FUTEX_PRIVATE_FLAG = 128,
    LINUX_FUTEX_CLOCK_REALTIME = 256,
    LINUX_FUTEX_WAITERS = 0x8000'0000,
    LINUX_FUTEX_OWNER_DIED = 0x4000'0000,
    LINUX_FUTEX_TID_MASK = 0x3fff'ffff,
};
