// SPDX-License-Identifier: MIT
// ioctl.h: the ioctl requests that every descriptor knows. Terminals' own stand with them.
#pragma once

#include <stdint.h>

enum : uint64_t { LINUX_FIONREAD = 0x541b, LINUX_FIONBIO = 0x5421, LINUX_FIONCLEX = 0x5450, LINUX_FIOCLEX = 0x5451 };
