// SPDX-License-Identifier: MIT
// reap.c: takes everything out of a space whose programs are on their way out, before they have got there.
#include "space.h"

#include <arch/user.h>

// Regions go with their pages: a thread that still runs in the kernel for such a program is told STATUS_NOT_MAPPED, not zeros.
void space_reap(struct space *space)
{
    rwlock_acquire(&space->lock);
    (void)space_clear(space, 0, arch_user_end()); // no region is cut, so nothing is needed for it
    space->limit_space = 0;                       // and nothing comes after it
    rwlock_release(&space->lock);
}
