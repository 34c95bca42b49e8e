// SPDX-License-Identifier: MIT
// keys.c: protection keys of a space: which are allocated. Pages have theirs by their region's access; what a thread may do with a key is
// its own affair and the CPU's (arch/keys.h).
//
// As on Linux a key can be freed while pages carry it: they keep it, and whoever is given it next has them, too. Key 0 can be freed like
// any other.
#include "space.h"

#include <arch/keys.h>

enum status space_key_alloc(struct space *space, uint32_t rights, uint32_t *key)
{
    uint32_t count = arch_keys();
    if (count == 1)
        return STATUS_NO_SPACE;
    rwlock_acquire(&space->lock);
    uint32_t found = 0;
    while (found < count && space->keys >> found & 1)
        found++;
    if (found < count) {
        arch_keys_enable();
        arch_key_set(found, rights);
        space->keys |= 1u << found;
    }
    rwlock_release(&space->lock);
    *key = found;
    return found < count ? STATUS_OK : STATUS_NO_SPACE;
}

enum status space_key_free(struct space *space, uint32_t key)
{
    if (key >= KEYS_MOST || arch_keys() == 1)
        return STATUS_BAD_ARGUMENT;
    rwlock_acquire(&space->lock);
    bool known = space->keys >> key & 1;
    space->keys &= ~(1u << key);
    rwlock_release(&space->lock);
    return known ? STATUS_OK : STATUS_BAD_ARGUMENT;
}

bool space_has_keys(const struct space *space)
{
    return space->keys != SPACE_KEYS_FIRST;
}

bool space_key_known(const struct space *space, uint32_t key)
{
    return key < KEYS_MOST && space->keys >> key & 1;
}

uint32_t space_key_at(struct space *space, uint64_t address)
{
    rwlock_acquire_shared(&space->lock);
    const struct region *region = space_find(space, address);
    uint32_t key = region ? region->access >> PAGE_KEY_SHIFT : 0;
    rwlock_release_shared(&space->lock);
    return key;
}
