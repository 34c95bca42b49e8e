// SPDX-License-Identifier: MIT
// userspace.h: what the files of this folder share.
#pragma once

#include <helix/user.h>

// Whether no member of the process's group has a parent in another group of the same session: then nobody could continue
// it, and stop signals from the terminal are not obeyed (POSIX, orphaned process group). Takes the registry.
bool process_group_orphaned(struct process *process);

// Starts the thread that sends signals for interrupt handlers, and tells terminals how to reach processes.
enum status job_init(void);

// A Linux process around `process`: copies of the parent's place, descriptors, actions and limits. `flags`: clone's.
enum status user_process_fork(struct process *parent, struct process *process, uint64_t flags);

// The same for a process that has no Linux parent: no descriptors, default actions and limits.
enum status user_process_create(struct process *process);

// Gives back everything but the struct itself (which /proc may still look at). The space is no longer active.
void user_process_close(struct process *process);

// The process is what was loaded from now on (but for its space), and no longer what it was.
void program_adopt(struct process *process, const struct exec_result *loaded);

// Tables of actions: with one reference; all defaults, or as `from` is now. STATUS_NO_MEMORY. release takes nullptr, too.
enum status signal_actions_create(struct signal_actions **made);
enum status signal_actions_copy(struct signal_actions *from, struct signal_actions **made);
void signal_actions_release(struct signal_actions *actions);
// As execve has it: caught signals fall back to the default, ignored ones stay ignored.
void signal_actions_reset(struct signal_actions *actions);

enum status user_thread_create(struct thread *thread, uint64_t blocked);

// First entry of a user thread: leaves for user mode through the frame at the top of its stack.
void user_thread_begin(void *unused);

// Puts the thread into the process's list. The registry is held or nobody knows the process yet.
void process_add_thread(struct process *process, struct thread *thread);

// Has every thread of the process but the running one end.
void threads_kill_others(struct process *process) MUST_HOLD(process_registry_lock);

// Has the process end, unless it does already: `wait_status` as Linux encodes it.
void process_kill_locked(struct process *process, int wait_status) MUST_HOLD(process_registry_lock);

// Tells the watcher of memory how to end a program (oom.c).
void oom_init(void);

// After execve or exit: a vfork parent may go on.
void vfork_release(struct process *process);

// Where the action's handler returns to; 0: nowhere, so that it cannot run.
uint64_t signal_restorer(const struct user_process *user, const struct signal_action *action);

// The page of code that handlers return to (signal_page.c): made at boot, the first call counts; mapped into a program's new space. *at: 0 where the
// ABI has every action name its own.
enum status signal_page_init(void);
enum status signal_page_map(struct space *space, uint64_t *at);

void release_user_process(struct user_process *user);
void release_user_thread(struct user_thread *user);
// Sends the exit signal; whether the parent wants to wait: not when it ignores SIGCHLD.
bool tell_parent_of_end(struct process *process);
void alarm_fire(struct timer *timer);

// SIGALRM from the timer's interrupt, sent by a kernel thread a moment later; and taking that back when the process ends.
void alarm_send_later(struct user_process *user);
void alarm_forget(struct user_process *user);

// Whether an action with this handler ignores the signal.
bool signal_ignored(uint64_t handler, int number);

// Drops what is pending of a signal that is ignored from now on, in the process and all its threads.
void signal_forget(struct process *process, int number);
