// SPDX-License-Identifier: MIT
// space.h: the host's address space: the shared one (arch/common/space.c).
#pragma once

#include <arch/table_space.h>
