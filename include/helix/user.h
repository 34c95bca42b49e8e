// SPDX-License-Identifier: MIT
// user.h: what makes a process a Linux process: descriptors, signals, credentials, limits.
#pragma once

#include <stdatomic.h>

#include <abi/linux/resource.h>
#include <abi/linux/signal.h>
#include <abi/status.h>
#include <lib/types.h>

#include <arch/interrupt.h>
#include <arch/syscall_slots.h>

#include <helix/process.h>
#include <helix/spinlock.h>
#include <helix/thread.h>
#include <helix/vfs.h>

enum : uint32_t { PERSONALITY_NO_RANDOM = 0x0040000 }; // Linux's ADDR_NO_RANDOMIZE
enum { DESCRIPTORS_MAX = 1024, GROUPS_MAX = 32 };

// ---- descriptors (kernel/userspace/descriptor.c) ----
enum { DESCRIPTORS_INLINE = 32 };
struct descriptor_table {
    struct spinlock lock;        // RANK_DESCRIPTORS: short, so that looking a number up costs no sleepable lock
    struct open_file **files;    // `capacity` pointers; inline_files until it grows
    uint64_t *close_on_exec;     // bitmap
    uint32_t capacity;           // grows by doubling up to DESCRIPTORS_MAX
    uint32_t lowest_free;        // no free slot below this one
    uint32_t used_end;           // no file from this one on; never shrinks
    _Atomic uint32_t references; // CLONE_FILES
    uint64_t inline_close_on_exec;
    struct open_file *inline_files[DESCRIPTORS_INLINE];
};
enum status descriptor_table_create(struct descriptor_table **table);
enum status descriptor_table_copy(struct descriptor_table *from, struct descriptor_table **to);
void descriptor_table_release(struct descriptor_table *table);
// Takes the caller's reference on success. Lowest free number >= minimum. STATUS_TOO_MANY_FILES.
enum status descriptor_add(struct descriptor_table *table, struct open_file *file, int minimum, bool close_on_exec, int *number);
// The lowest free number in the table of the running process, or a failure of descriptor_add. Takes the caller's reference in any case.
int descriptor_install(struct user_process *user, struct open_file *file, bool close_on_exec);
// With a reference; STATUS_BAD_HANDLE.
enum status descriptor_get(struct descriptor_table *table, int number, struct open_file **file);
enum status descriptor_close(struct descriptor_table *table, int number);
enum status descriptor_duplicate(struct descriptor_table *table, int from, int to, bool close_on_exec); // dup2 / dup3
// FD_CLOEXEC of a number. STATUS_BAD_HANDLE.
enum status descriptor_get_flag(struct descriptor_table *table, int number, bool *close_on_exec);
enum status descriptor_set_flag(struct descriptor_table *table, int number, bool close_on_exec);
void descriptor_close_on_exec(struct descriptor_table *table); // execve

// A file borrowed by the running thread for the length of one system call. Where nobody else can change the table meanwhile, the table
// itself keeps the file alive and no reference is taken.
struct borrowed_file {
    struct open_file *file; // nullptr: no such number
    bool counted;           // a reference was taken
};

// ---- signals (kernel/userspace/signal.c) ----
enum { SIGNALS = 64, SIGNAL_REALTIME_FIRST = 32, SIGNAL_QUEUE_MAX = 1024 };
struct signal_action {
    uint64_t handler; // SIG_DFL 0, SIG_IGN 1
    uint64_t flags, restorer, mask;
};
struct signal_actions {   // shared by threads (CLONE_SIGHAND)
    struct spinlock lock; // RANK_SIGNALS
    _Atomic uint32_t references;
    uint64_t changed;                         // bit n−1: the action of signal n is in the table; all others are the default
    struct signal_action action[SIGNALS + 1]; // through the two functions below
};
extern const struct signal_action signal_action_default;
// What a signal does.
static inline const struct signal_action *signal_action(const struct signal_actions *actions, int number)
{
    return actions->changed >> (number - 1) & 1 ? &actions->action[number] : &signal_action_default;
}
// The same to be written. The actions' lock is held, or nobody else has them.
static inline struct signal_action *signal_action_change(struct signal_actions *actions, int number)
{
    if (!(actions->changed >> (number - 1) & 1)) {
        actions->changed |= 1ull << (number - 1);
        actions->action[number] = signal_action_default;
    }
    return &actions->action[number];
}
// Standard signals are kept once, real-time ones (from 32 on) as often as they are sent.
struct queued_signal {
    struct list_node link;
    struct linux_siginfo info;
};
struct pending_signals {
    uint64_t set;               // bit n−1: signal n
    struct list_node queue;     // struct queued_signal, oldest first; a signal without one is delivered without details
    uint32_t length;            // of the queue, at most SIGNAL_QUEUE_MAX
    struct queued_signal first; // serves while it is in no queue; the others are from the heap
};
void pending_signals_init(struct pending_signals *pending);
void pending_signals_clear(struct pending_signals *pending); // nobody else sees it any more

struct user_process {
    struct process *process;
    struct descriptor_table *files;
    struct vfs_context place;
    struct signal_actions *actions;
    struct pending_signals pending; // actions->lock
    struct linux_rlimit limits[LINUX_RLIMITS];
    uint32_t user, group, effective_user, effective_group, saved_user, saved_group;
    uint32_t group_count, groups[GROUPS_MAX]; // supplementary groups
    struct tty *terminal;                     // controlling terminal
    uint64_t stop_status;                     // for wait4(WUNTRACED): signal that stopped it, 0: not stopped or reported
    bool continued;                           // for WCONTINUED
    int exit_signal;                          // sent to the parent at the end (SIGCHLD)
    bool vfork_waiting;                       // the parent waits for exec or exit
    struct wait_queue vfork_done;
    struct timer alarm; // ITIMER_REAL
    uint64_t alarm_interval_ns;
    struct list_node alarm_link; // waits for its SIGALRM to be sent
    struct entry *program;       // what it runs (program_begin); nullptr before the first exec
    uint64_t signal_return;      // where handlers return to whose action does not say; 0: nowhere
    char executable[256];        // path for /proc/PID/exe
    bool has_executed;           // setpgid refuses children that did
    uint32_t personality;        // PERSONALITY_…, for the programs it executes; children have it too
    bool barriers_registered;    // membarrier may be asked for barriers in this program
    _Atomic int32_t oom_adjust;  // /proc/PID/oom_score_adj: −1000 (never) … 1000
};

struct user_thread {
    struct thread *thread;
    struct pending_signals pending; // actions->lock
    uint64_t blocked;               // own thread only, readable by others under actions->lock
    uint64_t saved_blocked;         // sigsuspend
    bool restore_blocked;
    struct linux_stack alternate_stack;
    uint64_t clear_child_tid, robust_list;
    // A restartable system call that must not begin anew (nanosleep with remaining time).
    uint64_t restart_deadline_ns;
};

static inline struct user_process *user_process(struct thread *thread)
{
    return thread->process->user;
}

// Whether the running thread is the only one that can change its table: it stays so until this thread itself makes another one that
// shares it. Acquire: what a thread that has left did to the table is seen. (A look from /proc raises `references` for a moment, reads
// under the lock and takes references of its own.)
static inline bool descriptors_are_own(const struct thread *self, const struct descriptor_table *table)
{
    return __atomic_load_n(&self->process->thread_count, __ATOMIC_ACQUIRE) == 1 &&
           atomic_load_explicit(&table->references, memory_order_acquire) == 1;
}

static inline struct borrowed_file descriptor_borrow(struct thread *self, int number)
{
    struct descriptor_table *table = user_process(self)->files;
    struct borrowed_file borrowed = {};
    if (LIKELY(descriptors_are_own(self, table)))
        borrowed.file = (uint32_t)number < table->capacity ? table->files[number] : nullptr;
    else
        borrowed.counted = descriptor_get(table, number, &borrowed.file) == STATUS_OK;
    return borrowed;
}

static inline void descriptor_give_back(struct borrowed_file borrowed)
{
    if (UNLIKELY(borrowed.counted))
        file_release(borrowed.file);
}

// Sends `info` to a process (any thread that does not block it) or to one thread. Thread context, registry not held.
enum status signal_send_process(struct process *process, const struct linux_siginfo *info);
enum status signal_send_thread(struct thread *thread, const struct linux_siginfo *info);
// To every process of a group; STATUS_NO_PROCESS when it is empty.
enum status signal_send_group(uint64_t group, const struct linux_siginfo *info);
// The same for callers that hold the registry.
void signal_send_process_locked(struct process *process, const struct linux_siginfo *info) MUST_HOLD(process_registry_lock);
enum status signal_send_group_locked(uint64_t group, const struct linux_siginfo *info) MUST_HOLD(process_registry_lock);
// A fault of the running thread: cannot be ignored or blocked (it then kills).
void signal_force(struct thread *thread, const struct linux_siginfo *info);
// Sets the running thread's mask (SIGKILL and SIGSTOP cannot be blocked) and looks at what that lets through.
void signal_set_blocked(struct thread *self, uint64_t blocked);
// Waits for one of `set` and takes it without delivering it (sigtimedwait). STATUS_TIMEOUT; STATUS_INTERRUPTED by another signal.
enum status signal_wait(struct thread *self, uint64_t set, uint64_t deadline_ns, struct linux_siginfo *info);
// Delivers what is pending to the running thread on its way to user mode. Interrupts on.
void signal_deliver(struct thread *self, struct arch_frame *frame);
static inline uint64_t signal_bit(int number)
{
    return 1ull << (number - 1);
}

// CPU time of all its threads, those that have ended too.
uint64_t process_cpu_time(struct process *process);
// "6.1.0-helix0.1.0", and the name sethostname set.
const char *system_release(void);
const char *system_host_name(void);
// The three load averages as sysinfo has them: fixed point, 16 fraction bits (kernel/debug, sampled).
void load_averages(uint64_t loads[3]);

// ---- programs (kernel/userspace/exec.c) ----
// A running program's file is kept from being written and keeps its name, with a reference, until program_end.
// STATUS_TEXT_BUSY: somebody has it open for writing.
enum status program_begin(struct entry *program);
void program_end(struct entry *program);

struct exec_arguments {
    char **argv, **envp; // kernel memory, nullptr-terminated
};
// What a program needs to run, and who it is.
struct exec_result {
    struct space *space;
    struct entry *program;  // program_end() when it ends
    uint64_t signal_return; // of struct user_process
    char name[32];
    char executable[256]; // path
};
// Builds a new space for the program and its start frame: all that can fail happens before the old program is touched.
enum status exec_load(struct vfs_context *place, const char *path, const struct exec_arguments *arguments, struct exec_result *result,
                      struct arch_frame *frame);
// Why a program does not load, for people ("a program for another machine"), after exec_load has failed.
void exec_explain(struct vfs_context *place, const char *path, char *text, size_t size);

// Starts a program as a child of the kernel in a session of its own on `terminal` (the shell's run).
struct spawn_request {
    const char *path;
    struct exec_arguments arguments;
    struct open_file *standard[3]; // nullptr: the console
    bool foreground;               // its group becomes the terminal's foreground group
};
enum status user_spawn(const struct spawn_request *request, struct process **process);
// Waits until it has ended, reaps it and drops the caller's reference: true. False, with the process still the caller's: it was
// stopped, and `stops` asks to be told. *wait_status as wait4 encodes it.
bool user_wait(struct process *process, bool stops, int *wait_status);
// Lets a stopped one go on, its whole group, in the terminal's foreground or behind it.
void user_continue(struct process *process, bool foreground);
enum status user_kill(uint64_t process, int signal);

// Ends the running process (exit_group, fatal signal): wait_status as Linux encodes it.
[[noreturn]] void user_exit(int wait_status);

// Ends the running thread alone (exit), or the process with its last one.
[[noreturn]] void user_thread_exit(int code);

// Futexes: wakes up to `count` waiters of the address in the running process (clear_child_tid), and releases the robust
// locks a thread died with.
void futex_wake_address(uint64_t address, uint32_t count);
void futex_release_robust(struct thread *self);

// Sets the hooks of execution and terminals, and starts the thread that sends signals for interrupt handlers. Once, at boot.
enum status userspace_init(void);

// ---- system calls (kernel/userspace/syscall/) ----
enum { SYSCALL_ARGUMENTS = 6 };
struct syscall_arguments {
    uint64_t value[SYSCALL_ARGUMENTS];
};
// A syscall_handler (arch/interrupt.h) returns what user space gets, −errno for a failure (syscall_result).

// Results below −1000 are the restart statuses, resolved at the exit to user mode.
enum : int64_t { SYSCALL_RESTART = STATUS_RESTART - 1000, SYSCALL_RESTART_NOHANDLER = STATUS_RESTART_NOHANDLER - 1000 };

// The only source of these two: sees to it that signal_deliver decides, also when the signal is gone.
ARCH_SLOW_PATH int64_t syscall_interrupted(int64_t result);

// What a failed call returns. Where memory is what it lacks and a hog has it, the call begins anew when the hog has ended.
int64_t syscall_failed(enum status status);

static inline int64_t syscall_result(enum status status)
{
    return LIKELY(status == STATUS_OK) ? 0 : syscall_failed(status);
}

// Instead of returning, for a call that has made the running thread's frame anew: all registers come from there. Nothing is held.
[[noreturn]] void syscall_leave(struct thread *self);

// Name and per-number counters for stats and /proc/helix/syscalls; nullptr for an empty slot.
const char *syscall_name(uint32_t number);
uint64_t syscall_count(uint32_t number);
