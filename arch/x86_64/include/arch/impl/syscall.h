// SPDX-License-Identifier: MIT
// syscall.h: x86_64 has a table of its own.
#pragma once

#define SYSCALL_NUMBER(x86_64_, generic_) x86_64_

// clone's last two arguments: x86_64 passes the child's tid before the TLS base, the generic ABI after it.
enum { CLONE_CHILD_TID = 3, CLONE_TLS = 4 };
