// SPDX-License-Identifier: MIT
// memory.h: what the system calls on memory share.
#pragma once

#include <helix/user.h>

// Tells the running thread's space how much it may lock now: the user may have changed. STATUS_NOT_PERMITTED: nothing at all, when `wanted`.
enum status lock_allowance(struct thread *self, bool wanted);
