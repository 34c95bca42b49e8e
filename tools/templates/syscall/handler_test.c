// SPDX-License-Identifier: MIT
// helix_@NAME@_test.c: what helix_@NAME@ refuses; user/helix_@NAME@.c shows that it works.
#include <helix/test.h>
#include <helix/thread.h>

#include "calls.h"

enum { EINVAL = 22, EFAULT = 14 };

KERNEL_TEST(helix_@NAME@, refuses_a_buffer_that_is_too_small)
{
    struct syscall_arguments arguments = { .value = { 0x1000, 1 } };
    CHECK_EQUAL(sys_helix_@NAME@(thread_current(), &arguments), -EINVAL);
}

KERNEL_TEST(helix_@NAME@, refuses_a_kernel_address)
{
    static char              kernel_bytes[64];
    struct syscall_arguments arguments = { .value = { (uint64_t)kernel_bytes, sizeof kernel_bytes } };
    CHECK_EQUAL(sys_helix_@NAME@(thread_current(), &arguments), -EFAULT);
}

TEST(helix_@NAME@, has_a_row_in_the_table)
{
    CHECK(syscall_name(@NUMBER@));
    CHECK(!syscall_name(SYSCALL_SLOTS));
}
