// SPDX-License-Identifier: MIT
// helix_@NAME@.c: the system call @NUMBER@, helix_@NAME@(buffer, size): writes a greeting, gives its length.
#include <lib/string.h>

#include <arch/user.h>

#include "calls.h"

static const char greeting[] = "@TITLE@";

// EINVAL: the buffer is too small; EFAULT: it is not the caller's. Nothing is written then.
int64_t sys_helix_@NAME@(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t buffer = arguments->value[0], size = arguments->value[1];
    if (size < sizeof greeting)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status status = arch_copy_to_user(buffer, greeting, sizeof greeting);
    return status == STATUS_OK ? (int64_t)(sizeof greeting - 1) : syscall_result(status);
}
