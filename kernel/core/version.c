// SPDX-License-Identifier: MIT
// version.c: the kernel's version, and how long it took to boot.
#include <helix/orchestrator.h>

const struct kernel_version kernel_version = { .major = 0, .minor = 1, .patch = 0, .suffix = "alpha" };

uint64_t boot_duration_ns;
