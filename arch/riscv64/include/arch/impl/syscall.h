// SPDX-License-Identifier: MIT
// syscall.h: riscv64 uses the generic table; programs that write code have a call to make it visible.
#pragma once

#define SYSCALL_NUMBER(x86_64_, generic_) generic_
#define SYSCALL_IF_LEGACY(...)
#define SYSCALL_PORT_ROWS(row_) row_(259, riscv_flush_icache, 3)

enum { CLONE_TLS = 3, CLONE_CHILD_TID = 4 };
