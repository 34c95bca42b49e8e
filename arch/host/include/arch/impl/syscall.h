// SPDX-License-Identifier: MIT
// syscall.h: the host uses x86_64's table, which has every call.
#pragma once

#define SYSCALL_NUMBER(x86_64_, generic_) x86_64_
#define SYSCALL_IF_LEGACY(...)            __VA_ARGS__
#define SYSCALL_PORT_ROWS(row_)

enum { CLONE_CHILD_TID = 3, CLONE_TLS = 4 };
