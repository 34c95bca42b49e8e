// SPDX-License-Identifier: MIT
// poll.h: readiness events and what poll(2) and select(2) pass.
#pragma once

#include <stdint.h>

enum : uint32_t {
    LINUX_POLLIN = 1,
    LINUX_POLLPRI = 2,
    LINUX_POLLOUT = 4,
    LINUX_POLLERR = 8,
    LINUX_POLLHUP = 16,
    LINUX_POLLNVAL = 32,
    LINUX_POLLRDNORM = 64,
    LINUX_POLLRDBAND = 128,
    LINUX_POLLWRNORM = 256,
    LINUX_POLLWRBAND = 512,
    LINUX_POLLRDHUP = 0x2000,
};

struct linux_pollfd {
    int32_t file;
    int16_t events, revents;
};
static_assert(sizeof(struct linux_pollfd) == 8);

enum { LINUX_FD_SETSIZE = 1024 };
