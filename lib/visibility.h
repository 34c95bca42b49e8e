// SPDX-License-Identifier: MIT
// visibility.h: included before every file: nothing is exported, so that no access goes through a global offset table.
#pragma once

#pragma GCC visibility push(hidden)
