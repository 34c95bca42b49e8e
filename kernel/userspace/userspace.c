// SPDX-License-Identifier: MIT
// userspace.c: Linux programs on the kernel.
//
// Purpose     Runs unmodified Linux programs: their system calls, their signals, their files.
// How         A Linux process is a struct process (kernel/execution) with a struct user_process hung on it, its threads likewise;
//             execution knows neither, it only calls the hooks set here. Programs are made by fork.c and exec.c, end in
//             lifecycle.c, and are started by the kernel in spawn.c. User code enters through syscall/table.c and fault.c, and
//             leaves through kernel_exit_to_user (fault.c), where signals are delivered (signal.c).
// Invariants  Everything a program passes in is checked before anything changes; no input of a program ends the kernel.
// Locks       The registry, a process's descriptor table, its space, its signals: in this order (lock_rank.h).

#include <helix/user.h>

#include "exec.h"
#include "userspace.h"

static const struct process_hooks hooks = {
    .release_user = release_user_process,
    .release_user_thread = release_user_thread,
    .became_zombie = tell_parent_of_end,
};

enum status userspace_init(void)
{
    exec_init();
    TRY(signal_page_init());
    process_set_hooks(&hooks);
    oom_init();
    return job_init();
}
