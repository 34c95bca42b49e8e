// SPDX-License-Identifier: MIT
// syscall.h: which column of abi/syscalls.def is this port's.
#pragma once

#include <arch/impl/syscall.h> // SYSCALL_NUMBER(x86_64, generic), ARCH_SET_TLS: arch_prctl or none
