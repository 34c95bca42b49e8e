// SPDX-License-Identifier: MIT
// thread.h: threads: the basic unit of execution.
#pragma once

#include <stdatomic.h>

#include <abi/status.h>
#include <lib/id_table.h>
#include <lib/list.h>
#include <lib/types.h>

#include <arch/context.h>

#include <helix/panic.h>
#include <helix/timer.h>
#include <helix/wait.h>

struct process;
struct user_thread; // include/helix/user.h: signals and the rest that only Linux programs have

enum thread_state : uint32_t {
    THREAD_CREATING,
    THREAD_READY,
    THREAD_RUNNING,
    THREAD_BLOCKED,
    THREAD_SLEEPING,
    THREAD_STOPPED,
    THREAD_DEAD,
    THREAD_ZOMBIE,
    THREAD_STATES,
};

enum block_reason : uint8_t {
    BLOCK_IO,
    BLOCK_LOCK,
    BLOCK_SIGNAL,
    BLOCK_FUTEX,
    BLOCK_IPC,
    BLOCK_MEMORY,
    BLOCK_CHILD,
    BLOCK_TIMER,
    BLOCK_OTHER,
    BLOCK_REASONS,
};

enum thread_flags : uint32_t {
    THREAD_KERNEL = 1 << 0,
    THREAD_IDLE = 1 << 1,
    THREAD_INIT = 1 << 2,
    THREAD_FPU = 1 << 3,
    THREAD_TRACED = 1 << 4,
    THREAD_KILL_PENDING = 1 << 5, // will exit at its next return to user mode; interruptible waits end
    THREAD_IN_SIGNAL = 1 << 6,
    THREAD_NO_MIGRATE = 1 << 7,
    THREAD_SIGNALLED = 1 << 8, // a signal it does not block is pending
};

// Lower is more urgent. 0–99 real-time, 100–139 nice −20 … +19. Idle is a class (THREAD_IDLE), not a number.
struct priority {
    uint8_t base;      // 0 … 139
    int8_t adjustment; // effective = base + adjustment, clamped to the band of `base`
};

enum {
    PRIORITY_REALTIME_THRESHOLD = 100, // below: real-time
    PRIORITY_DEFAULT = 120,            // nice 0
    PRIORITY_MINIMUM = 139,
};

enum switch_reason : uint8_t {
    SWITCH_YIELD,
    SWITCH_PREEMPTION,
    SWITCH_BLOCKED,
    SWITCH_EXIT,
    SWITCH_INTERRUPT,
    SWITCH_NEW_THREAD,
    SWITCH_REASONS
};

struct thread {
    struct arch_context context; // valid while it does not run
    struct arch_thread arch;     // FPU, segment bases
    uint64_t id;                 // [const] from 1; idle threads have 0
    struct process *process;     // [const]; process_kernel() for kernel threads
    struct user_thread *user;    // [const]; nullptr for kernel threads
    char name[32];
    struct spinlock lock;     // RANK_THREAD, interrupts off: state and wake-ups; held across the switch away
    _Atomic uint32_t state;   // enum thread_state; changed only by thread_become()
    _Atomic uint32_t flags;   // enum thread_flags
    virt_t stack_low;         // [const] kernel stack; its end is + KERNEL_STACK_SIZE
    struct priority priority; // RANK_RUN_QUEUE
    uint64_t affinity;        // bit per CPU
    uint32_t cpu;             // where it runs or ran last
    enum block_reason block_reason;
    _Atomic bool wake_pending; // woken since wait_begin; thread_block() then returns at once
    bool interruptible;        // while blocked: an interruption ends it
    bool wake_interrupted;     // the wake-up was an interruption
    bool wake_timed_out;       // the wake-up was the timeout
    struct timer timeout;
    int32_t exit_code;
    // The scheduler policy's own fields; nobody else touches them.
    struct list_node queue_link;
    uint64_t slice_left_ns;
    uint64_t policy_data[2];
    // Accounting, by the scheduler, on the CPU it runs on.
    uint64_t cpu_time_ns;                  // total, up to its last switch out
    uint64_t user_time_ns, kernel_time_ns; // what of it samples have told apart
    uint64_t unattributed_ns;              // the rest of it
    uint64_t ready_since_ns, wait_time_ns;
    uint64_t created_ns;
    uint64_t switches_voluntary, switches_involuntary;
    uint64_t syscalls;
    struct list_node process_link; // in process->threads
    struct id_node id_node;        // in the thread table
    _Atomic uint32_t references;
    void (*entry)(void *argument);
    void *argument;
#if LOCK_CHECKS
    struct lock_holdings locks; // its own
#endif
};

// The thread that runs this. Never nullptr after execution_init_cpu.
static inline struct thread *thread_current(void)
{
    return arch_current_thread();
}

struct thread_request {
    const char *name;
    struct process *process;       // nullptr: the kernel's
    void (*entry)(void *argument); // kernel threads; must not return (call thread_exit)
    void *argument;
    struct priority priority; // {} means default
    uint64_t affinity;        // 0: all CPUs
    uint64_t id;              // 0: the next free one (a process's first thread has the process's id)
};

// A thread in state CREATING with a stack and one reference for the caller. STATUS_NO_MEMORY, STATUS_LIMIT (too many threads).
enum status thread_create(const struct thread_request *request, struct thread **thread);

// CREATING → READY.
void thread_start(struct thread *thread);

// thread_create and thread_start for kernel threads.
enum status thread_spawn(const char *name, void (*entry)(void *argument), void *argument, struct thread **thread);

// Gives a thread that was never started back.
void thread_discard(struct thread *thread);

// Ends the running thread: it becomes a zombie, leaves its process, and its memory goes when the last reference does.
[[noreturn]] void thread_exit(int32_t code);

// The struct and its stack go with the last reference.
void thread_retain(struct thread *thread);
void thread_release(struct thread *thread);

// With one more reference for the caller; nullptr: no such thread.
struct thread *thread_find(uint64_t id);

// Calls visit for every thread, idle ones included, with the thread table locked: must not block.
void thread_each(void (*visit)(void *context, struct thread *thread), void *context);
uint64_t thread_count(void);

// ---- waiting (the protocol is in wait.h) ----

// Sleeps until woken, until `deadline_ns` (UINT64_MAX: never), or, for a user thread, until interrupted by a signal.
// STATUS_OK (woken, perhaps for nothing), STATUS_TIMEOUT, STATUS_INTERRUPTED. Interrupts on, no spinlock held.
enum status thread_block(enum block_reason reason, uint64_t deadline_ns);

// As thread_block, and only thread_wake or the deadline ends it.
enum status thread_block_uninterruptible(enum block_reason reason, uint64_t deadline_ns);

// Any context. Wakes a blocked or sleeping thread, or makes its next thread_block return at once.
void thread_wake(struct thread *thread);

// The same for callers that have interrupts off.
void thread_wake_off(struct thread *thread);

// The same for callers that are about to wait for what the woken thread does: it need not preempt them now.
void thread_wake_soon_off(struct thread *thread);

// As thread_wake for interruptible waits, which end with STATUS_INTERRUPTED. Uninterruptible ones go on.
void thread_interrupt(struct thread *thread);

// Whether a signal or kill waits for the running thread, so that an interruptible wait must not begin.
bool thread_interrupted(void);

// State SLEEPING until the time comes. STATUS_INTERRUPTED leaves early.
enum status thread_sleep_until(uint64_t deadline_ns);

// Lets others of its priority run first, if there are any.
void thread_yield(void);

// Stop and continue (job control): the running thread stops itself; thread_continue makes it ready again.
void thread_stop_self(void);
void thread_continue(struct thread *thread);

// ---- state ----

// Takes a legal edge of the state table; an illegal one is a broken invariant (panic).
extern const uint16_t thread_edges[THREAD_STATES]; // by the old state, a bit for each new one
static inline void thread_become(struct thread *thread, enum thread_state next)
{
    ASSERT(thread_edges[atomic_load_explicit(&thread->state, memory_order_relaxed)] >> next & 1);
    atomic_store_explicit(&thread->state, next, memory_order_relaxed);
}
bool thread_state_may_become(enum thread_state from, enum thread_state to);
const char *thread_state_name(enum thread_state state);

// 0 … 139, lower is more urgent.
uint8_t priority_effective(struct priority priority);
static inline bool priority_is_realtime(struct priority priority)
{
    return priority.base < PRIORITY_REALTIME_THRESHOLD;
}
struct priority priority_from_nice(int nice);                 // clamps to −20 … 19
int priority_to_nice(struct priority priority);               // −20 for real-time
struct priority priority_from_importance(uint8_t importance); // 0 … 139, higher wins, real-time from 100 on

// CPU time so far, the running stretch included.
uint64_t thread_cpu_time(const struct thread *thread);

// The parts of it that samples have found in user mode and in the kernel. Neither ever falls; their sum lags behind by less
// than a sample's distance.
static inline uint64_t thread_user_time(const struct thread *thread)
{
    return thread->user_time_ns;
}
static inline uint64_t thread_kernel_time(const struct thread *thread)
{
    return thread->kernel_time_ns;
}
