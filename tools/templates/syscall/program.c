// SPDX-License-Identifier: MIT
// helix_@NAME@.c: the system call @NUMBER@, seen by a program.
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

enum { SYS_HELIX = @NUMBER@ };

static void writes_its_greeting(void)
{
    char text[64] = "";
    if (!check_on_helix())
        return;
    CHECK_EQUAL(syscall(SYS_HELIX, text, sizeof text), strlen("@TITLE@"));
    CHECK(!strcmp(text, "@TITLE@"));
}

static void refuses_a_bad_buffer(void)
{
    if (!check_on_helix())
        return;
    CHECK_ERROR(syscall(SYS_HELIX, 8, 64), EFAULT);
    CHECK_ERROR(syscall(SYS_HELIX, 8, 1), EINVAL);
}

static const struct check_row rows[] = {
    CHECK_ROW(writes_its_greeting),
    CHECK_ROW(refuses_a_bad_buffer),
};

CHECK_MAIN(rows)
