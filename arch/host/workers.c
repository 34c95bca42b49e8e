// SPDX-License-Identifier: MIT
// workers.c: POSIX threads as CPUs. A worker has no scheduler: where a thread of the kernel would sleep, it gives way to the other workers
// and goes on as if woken for nothing, which every wait allows for (wait.h). So locks and queues are tested; who runs next is not. Workers
// also give way here and there of their own accord, so that they meet in the middle of things however few processors there are.

#include "workers.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/test.h>

struct worker workers[WORKERS];

// The linker sends calls of these here (--wrap, tests/unit.mk).
bool real_frames_user_allowed(void) __asm__("__real_frames_user_allowed");
bool wrap_frames_user_allowed(void) __asm__("__wrap_frames_user_allowed");
void real_frame_retain(phys_t frame) __asm__("__real_frame_retain");
void wrap_frame_retain(phys_t frame) __asm__("__wrap_frame_retain");
enum status real_thread_block(enum block_reason reason, uint64_t deadline_ns) __asm__("__real_thread_block");
enum status real_thread_block_uninterruptible(enum block_reason reason,
                                              uint64_t deadline_ns) __asm__("__real_thread_block_uninterruptible");
enum status wrap_thread_block(enum block_reason reason, uint64_t deadline_ns) __asm__("__wrap_thread_block");
enum status wrap_thread_block_uninterruptible(enum block_reason reason,
                                              uint64_t deadline_ns) __asm__("__wrap_thread_block_uninterruptible");

static bool on_worker(void)
{
    return (uintptr_t)host_cpu - (uintptr_t)workers < sizeof workers;
}

enum status wrap_thread_block(enum block_reason reason, uint64_t deadline_ns)
{
    if (!on_worker())
        return real_thread_block(reason, deadline_ns);
    sched_yield();
    return STATUS_OK;
}

enum status wrap_thread_block_uninterruptible(enum block_reason reason, uint64_t deadline_ns)
{
    if (!on_worker())
        return real_thread_block_uninterruptible(reason, deadline_ns);
    ASSERT(!arch_preempt_count() && arch_interrupts_enabled()); // as the real one wants it
    sched_yield();
    return STATUS_OK;
}

// In the middle of a fork.
void wrap_frame_retain(phys_t frame)
{
    if (on_worker() && !(frame.raw >> PAGE_SHIFT & 7))
        sched_yield();
    real_frame_retain(frame);
}

// In the middle of a fault.
bool wrap_frames_user_allowed(void)
{
    if (on_worker())
        sched_yield();
    return real_frames_user_allowed();
}

uint64_t worker_random(struct worker *worker, uint64_t below)
{
    if (!(worker->seed >> 40 & 3))
        sched_yield();
    worker->seed = worker->seed * 6'364'136'223'846'793'005ull + 1'442'695'040'888'963'407ull;
    return (worker->seed >> 33) % below;
}

static pthread_barrier_t all_there;

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    arch_cpu_init(&worker->cpu);
    heap_caches_init(&worker->cpu.heap);
    worker->self = (struct thread){ .name = "worker", .flags = THREAD_KERNEL, .state = THREAD_RUNNING, .lock = SPINLOCK(RANK_THREAD) };
    arch_set_current_thread(&worker->self, (virt_t){ 0 });
    arch_interrupts_enable();
    pthread_barrier_wait(&all_there);
    worker->run(worker);
    if (arch_preempt_count() || !arch_interrupts_enabled())
        worker->wrong++;
    heap_trim();
    return nullptr;
}

void workers_run(void (*run)(struct worker *worker))
{
    pthread_t threads[WORKERS];
    memset(workers, 0, sizeof workers);
    CHECK(pthread_barrier_init(&all_there, nullptr, WORKERS) == 0);
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i].number = i;
        workers[i].seed = i + 1;
        workers[i].run = run;
        CHECK(cpu_add(&workers[i].cpu));
    }
    for (size_t i = 0; i < WORKERS; i++)
        CHECK(pthread_create(&threads[i], nullptr, worker_main, &workers[i]) == 0);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(threads[i], nullptr);
    pthread_barrier_destroy(&all_there);
}

void workers_forget(void)
{
    frames_trim();
    for (size_t i = 0; i < WORKERS; i++)
        cpu_remove_last();
}

uint64_t workers_wrong(void)
{
    uint64_t wrong = 0;
    for (size_t i = 0; i < WORKERS; i++)
        wrong += workers[i].wrong;
    return wrong;
}
