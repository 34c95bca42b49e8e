// SPDX-License-Identifier: MIT
// process.h: processes: an address space, its threads, and its place in the family tree.
#pragma once

#include <stdatomic.h>

#include <abi/status.h>
#include <lib/id_table.h>
#include <lib/list.h>

#include <helix/mutex.h>
#include <helix/wait.h>

struct space;
struct thread;
struct user_thread;
struct user_process; // include/helix/user.h

enum process_state : uint32_t { PROCESS_CREATING, PROCESS_RUNNING, PROCESS_STOPPED, PROCESS_ZOMBIE, PROCESS_DEAD, PROCESS_STATES };

enum : uint64_t { PROCESS_INIT = 1 }; // no process has this id

struct process {
    uint64_t id;                // [const] 0: the kernel
    struct process *parent;     // registry lock; nullptr for the kernel, and once reaped
    _Atomic uint64_t parent_id; // what the process is told; PROCESS_INIT for the kernel, which plays init's part
    char name[32];
    _Atomic uint32_t state;     // enum process_state; changed only by process_become()
    struct thread *main_thread; // registry lock
    struct list_node threads;   // registry lock; thread.process_link
    uint32_t thread_count;
    struct list_node children; // registry lock; sibling_link
    struct list_node sibling_link;
    struct id_node id_node;
    int32_t exit_code;             // wait status as Linux encodes it: code << 8, or signal number | 0x80 if dumped
    bool exiting;                  // exit_group has begun: every thread is on its way out
    bool awaited;                  // a child of the kernel that somebody waits for (user_wait)
    struct space *space;           // nullptr for the kernel; replaced by execve
    struct user_process *user;     // nullptr for the kernel
    struct wait_queue child_event; // a child changed state
    uint64_t group, session;       // registry lock; process ids
    uint64_t created_ns;
    uint64_t reaped_cpu_ns, reaped_user_ns;            // of children waited for
    uint64_t switches_voluntary, switches_involuntary; // of threads that have ended
    uint64_t dead_cpu_ns, dead_user_ns;                // of threads that have ended
    _Atomic uint32_t references;
};

// The registry lock: family tree, groups and sessions.
extern struct mutex process_registry_lock;

// Process 0, which is always there: no reference is needed.
struct process *process_kernel(void);

// The process of the running thread.
struct process *process_current(void);

// A process in state CREATING, child of `parent`, in the registry with an id of its own, in the parent's group and session.
// One reference for the caller. STATUS_NO_MEMORY, STATUS_LIMIT (too many processes).
enum status process_create(struct process *parent, const char *name, struct process **process);

// Takes back a process that never ran.
void process_discard(struct process *process);

// The last thread is gone: children go to the kernel or are reaped, the parent is told. State ZOMBIE, or reaped at once when the parent
// does not want to wait for it. Preemption is off on return and thread_exit() must follow: whoever waited runs when nothing is left.
void process_finish(struct process *process);

// Takes a zombie out of the registry (wait4): DEAD. The registry lock is held.
void process_reap(struct process *process) MUST_HOLD(process_registry_lock);

// The struct goes with the last reference; a zombie's goes once it is reaped.
void process_retain(struct process *process);
void process_release(struct process *process);

// With one more reference; nullptr: no such process.
struct process *process_find(uint64_t id);

// As process_find, without a reference, for callers that hold the registry.
struct process *process_find_locked(uint64_t id) MUST_HOLD(process_registry_lock);

// Calls visit for every process but the kernel, in order of id, with the registry locked. May sleep.
void process_each(void (*visit)(void *context, struct process *process), void *context);
void process_each_locked(void (*visit)(void *context, struct process *process), void *context) MUST_HOLD(process_registry_lock);
uint64_t process_count(void);

// Takes a legal edge of the state table; an illegal one is a broken invariant (panic).
void process_become(struct process *process, enum process_state next);
bool process_state_may_become(enum process_state from, enum process_state to);
const char *process_state_name(enum process_state state);

// Frees what the user layer hung on a process or thread; set once by kernel/userspace (execution does not know it).
struct process_hooks {
    void (*release_user)(struct user_process *user);
    void (*release_user_thread)(struct user_thread *user);
    bool (*became_zombie)(struct process *process); // SIGCHLD; whether the parent wants to wait for it. The registry lock is held
};
void process_set_hooks(const struct process_hooks *hooks);
const struct process_hooks *process_hooks(void);
