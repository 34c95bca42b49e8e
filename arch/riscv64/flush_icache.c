// SPDX-License-Identifier: MIT
// flush_icache.c: riscv_flush_icache(start, end, flags): programs that write code have it seen by what they fetch next. The
// instruction for it (fence.i, Unprivileged ISA chapter 5) works on one hart only, and a thread may be moved to another at any time.
//
// The whole of the harts' instruction caches is meant whatever the range says, as the hardware has no narrower way.

#include <helix/cpu.h>
#include <helix/user.h>

#include "sbi.h"

int64_t sys_riscv_flush_icache(struct thread *self, const struct syscall_arguments *arguments);

int64_t sys_riscv_flush_icache(struct thread *self, const struct syscall_arguments *arguments)
{
    enum : uint64_t { THIS_THREAD_ONLY = 1 }; // the thread alone runs what it wrote; it may still be moved, so all harts are told
    if (arguments->value[2] & ~THIS_THREAD_ONLY)
        return syscall_result(STATUS_BAD_ARGUMENT);
    __asm__ volatile("fence.i" : : : "memory");
    if (cpu_count() > 1)
        sbi_remote_fence_i();
    return 0;
}
