// SPDX-License-Identifier: MIT
// calls.h: every handler of abi/syscalls.def, declared from its row, whether this port has a number for it or not.
#pragma once

#include <arch/syscall.h>

#include <helix/user.h>

#define HANDLER(number_, name_, count_)           int64_t sys_##name_(struct thread *self, const struct syscall_arguments *arguments);
#define SYSCALL(x86_64_, generic_, name_, count_) HANDLER(x86_64_, name_, count_)
#define SYSCALL_LEGACY(number_, name_, count_)    HANDLER(number_, name_, count_)
#include <abi/syscalls.def>
SYSCALL_PORT_ROWS(HANDLER)
#undef SYSCALL
#undef SYSCALL_LEGACY
#undef HANDLER
