// SPDX-License-Identifier: MIT
// keys_none.h: this machine's processors have no protection keys.
#pragma once

static bool machine_has_keys(void)
{
    return false;
}

static unsigned machine_rights(void)
{
    return 0;
}

static void machine_set_rights(unsigned rights)
{
    (void)rights;
}

static unsigned *machine_frame_rights(const ucontext_t *context)
{
    (void)context;
    return NULL;
}

static long machine_read_with_rights(unsigned rights, int file, void *to, size_t size)
{
    (void)rights, (void)file, (void)to, (void)size;
    return -ENOSYS;
}
