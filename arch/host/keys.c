// SPDX-License-Identifier: MIT
// keys.c: protection keys of the host port's one CPU. host_translate obeys them; the rights are not part of a thread here.

#include <arch/keys.h>

#include "translation.h"

static uint32_t rights; // two bits a key, from the lowest on

uint32_t arch_keys(void)
{
    return KEYS_MOST;
}

void arch_keys_enable(void)
{
}

void arch_key_set(uint32_t key, uint32_t wanted)
{
    rights = (rights & ~(KEY_RIGHTS << 2 * key)) | (wanted & KEY_RIGHTS) << 2 * key;
}

uint32_t arch_key_get(uint32_t key)
{
    return rights >> 2 * key & KEY_RIGHTS;
}

bool arch_keys_plain(void)
{
    return !arch_key_get(0);
}
