// SPDX-License-Identifier: MIT
// local.h: what the device files share.
#pragma once

#include <abi/status.h>

enum status memory_devices_register(void); // null, zero, full, random, urandom
enum status kmsg_register(void);
