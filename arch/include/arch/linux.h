// SPDX-License-Identifier: MIT
// linux.h: the few structs and flags that Linux has otherwise on each architecture. All the rest is in abi/linux/.
//
// The port defines
//   struct linux_stat                   what stat(2) fills
//   LINUX_O_DIRECT, LINUX_O_LARGEFILE, LINUX_O_DIRECTORY, LINUX_O_NOFOLLOW
//   LINUX_MINSIGSTKSZ                   bytes of the smallest alternate signal stack that sigaltstack(2) takes
//   LINUX_HAS_RESTORER                  1: sigaction(2) passes the address that handlers return to, marked by SA_RESTORER; else 0
//   LINUX_PLATFORM                      AT_PLATFORM's text; nullptr: programs get none
#pragma once

#include <abi/linux/fcntl.h>
#include <abi/linux/signal.h>
#include <abi/linux/stat.h>

#include <arch/impl/linux.h>

enum : uint32_t { LINUX_O_TMPFILE = 020000000 | LINUX_O_DIRECTORY };

// What rt_sigaction(2) passes. The last word of `rest` is the mask; the restorer stands before it where there is one.
struct linux_sigaction {
    uint64_t handler, flags, rest[LINUX_HAS_RESTORER + 1];
};
static_assert(sizeof(struct linux_sigaction) == (LINUX_HAS_RESTORER ? 32 : 24));
