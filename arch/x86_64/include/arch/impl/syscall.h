// SPDX-License-Identifier: MIT
// syscall.h: x86_64 has a table of its own, with all that is legacy.
#pragma once

#define SYSCALL_NUMBER(x86_64_, generic_) x86_64_
#define SYSCALL_IF_LEGACY(...)            __VA_ARGS__
#define SYSCALL_PORT_ROWS(row_)

// clone's last two arguments: x86_64 passes the child's tid before the TLS base, the generic ABI after it.
enum { CLONE_CHILD_TID = 3, CLONE_TLS = 4 };
