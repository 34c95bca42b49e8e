// SPDX-License-Identifier: MIT
// table_kernel.h: the kernel half of the page tables, as the code for all spaces needs it (arch/common/space*.c). Defined in
// arch/common/space_kernel.c, or by a port whose kernel half is something else.
#pragma once

#include <arch/page_table.h>
#include <arch/space.h>

#include <helix/spinlock.h>

extern struct arch_space table_kernel_space;
extern uint64_t table_kernel_groups;      // [const] after boot: the groups of its root (table_walk.h) that every user's root has as well
extern struct spinlock table_kernel_lock; // RANK_KERNEL_SPACE: round the kernel half

// The entry of a kernel address at `level`, making the tables on the way or not: STATUS_NO_MEMORY, STATUS_ALREADY_MAPPED (by a
// larger page); STATUS_NOT_MAPPED.
enum status table_kernel_reach(uint64_t at, unsigned level, bool make, struct table_entry **entry) MUST_HOLD(table_kernel_lock);

// As that, in a user space whose lock is held exclusively (arch/common/space_page.c).
enum status table_reach(struct arch_space *space, uint64_t at, unsigned level, bool make, struct table_entry **entry);
