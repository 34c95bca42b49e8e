// SPDX-License-Identifier: MIT
// syscall.h: aarch64 uses the generic table, and still has renameat.
#pragma once

#define SYSCALL_NUMBER(x86_64_, generic_) generic_
#define SYSCALL_IF_LEGACY(...)
#define SYSCALL_PORT_ROWS(row_) row_(38, renameat, 4)

enum { CLONE_TLS = 3, CLONE_CHILD_TID = 4 };
