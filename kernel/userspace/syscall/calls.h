// SPDX-License-Identifier: MIT
// calls.h: every handler of abi/syscalls.def, declared from its row.
#pragma once

#include <helix/user.h>

#define SYSCALL(x86_64_, generic_, name_, count_) int64_t sys_##name_(struct thread *self, const struct syscall_arguments *arguments);
#include <abi/syscalls.def>
#undef SYSCALL
