// SPDX-License-Identifier: MIT
// syscall.h: which rows of abi/syscalls.def are this port's, and where its clone has its arguments.
//
// SYSCALL_NUMBER(x86_64, generic)  the number of a call that both tables have
// SYSCALL_IF_LEGACY(...)           its arguments where the port has the calls of SYSCALL_LEGACY, nothing elsewhere
// SYSCALL_PORT_ROWS(row)           row(number, name, count of arguments) for every call that is in no table, or on this port only;
//                                  its handler sys_NAME stands in kernel/userspace/syscall/ or, where it is about the CPU, in the port
// CLONE_CHILD_TID, CLONE_TLS       places among clone's arguments
#pragma once

#include <arch/impl/syscall.h>
