// SPDX-License-Identifier: MIT
// context.h: what the host keeps of a thread that does not run.
#pragma once

#include <abi/status.h>

struct host_context; // a ucontext_t; the C library's headers stay out of the kernel's sight

struct arch_context {
    struct host_context *saved;
};

struct arch_thread {
    uint64_t tls_base;
};
