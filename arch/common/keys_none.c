// SPDX-License-Identifier: MIT
// keys_none.c: protection keys on a port whose CPUs have none.

#include <arch/keys.h>

#include <helix/panic.h>

uint32_t arch_keys(void)
{
    return 1;
}

void arch_keys_enable(void)
{
    panic("protection keys on a CPU without");
}

void arch_key_set(uint32_t key, uint32_t rights)
{
    arch_keys_enable();
}

uint32_t arch_key_get(uint32_t key)
{
    return 0;
}

bool arch_keys_plain(void)
{
    return true;
}
