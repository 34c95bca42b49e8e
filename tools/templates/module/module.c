// SPDX-License-Identifier: MIT
// @NAME@.c: a module that shows one line in /proc/helix/@NAME@: how often it has been read.
#include <stdatomic.h>

#include <lib/types.h>

#include <helix/module.h>
#include <helix/vfs.h>

enum { @NAME@_abi = 1 };

static _Atomic uint64_t reads;

uint64_t @NAME@_count(void);
uint64_t @NAME@_count(void)
{
    return atomic_fetch_add_explicit(&reads, 1, memory_order_relaxed) + 1;
}

static void show(struct text_writer *out)
{
    text_write(out, "read %lu times\n", @NAME@_count());
}
PROC_FILE(@NAME@, "helix/@NAME@", show);

MODULE(@NAME@, .version = "0.1.0", .description = "counts how often it is read", .provides = "proc_file", .abi = @NAME@_abi,
       .ops = &proc_file_@NAME@);
