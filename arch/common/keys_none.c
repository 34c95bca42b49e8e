// SPDX-License-Identifier: MIT
// keys_none.c: protection keys on a port whose CPUs have none.

#include <arch/keys.h>

#include <helix/panic.h>

uint32_t arch_keys(void)
{
    return 1;
}

// Nobody may ask where arch_keys() is 1.
[[noreturn]] static void no_keys(void)
{
    panic("protection keys on a CPU without");
}

void arch_keys_enable(void)
{
    no_keys();
}

void arch_key_set(uint32_t key, uint32_t rights)
{
    no_keys();
}

uint32_t arch_key_get(uint32_t key)
{
    no_keys();
}

bool arch_keys_plain(void)
{
    return true;
}
