// SPDX-License-Identifier: MIT
// linux.h: the host's programs, of which there are none, would be of the generic kind: unit rows cover what x86_64's do not.
#pragma once

#include <abi/linux/fcntl_generic.h>
#include <abi/linux/stat_generic.h>

enum { LINUX_MINSIGSTKSZ = 2048, LINUX_HAS_RESTORER = 0 };

#define LINUX_PLATFORM nullptr
