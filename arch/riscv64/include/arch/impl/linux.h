// SPDX-License-Identifier: MIT
// linux.h: what riscv64's programs have otherwise than others': handlers always return through the kernel's trampoline.
#pragma once

#include <abi/linux/fcntl_generic.h>
#include <abi/linux/stat_generic.h>

enum { LINUX_MINSIGSTKSZ = 2048, LINUX_HAS_RESTORER = 0 };

#define LINUX_PLATFORM nullptr
