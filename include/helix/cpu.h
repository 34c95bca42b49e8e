// SPDX-License-Identifier: MIT
// cpu.h: one block per CPU; everything a fast path needs is here and no other CPU writes it.
#pragma once

#include <lib/tree.h>
#include <lib/types.h>

#include <arch/cpu.h>
#include <arch/space.h>
#include <arch/syscall_slots.h>

#include <helix/frame_cache.h>
#include <helix/heap_cache.h>

struct thread;

enum { CPU_MAX = 64 };

struct cpu {
    struct arch_cpu arch;         // first: entry code finds its fields at fixed offsets
    uint32_t id;                  // [const]
    struct thread *idle;          // [const] after boot
    struct thread *switched_from; // the thread this CPU just left; the new one finishes it (scheduler.c)
    uint64_t switched_at_ns;      // when the current thread got the CPU
    uint64_t slice_end_ns;        // when the policy's tick is due; UINT64_MAX: never
    uint64_t timer_armed_ns;      // what the hardware timer is set to; UINT64_MAX: nothing
    uint64_t idle_ns;             // time spent in the idle thread
    uint64_t user_ns, kernel_ns;  // other time, as samples have told it apart
    uint64_t interrupts;          // counters for /proc and stats
    uint64_t switches, preemptions, yields, ticks;
    uint64_t run_total_ns, wait_total_ns; // of all threads that had it: how long they ran, and how long they were ready before
    uint64_t page_faults;
    struct flush_counters flushes; // of translations
    struct heap_caches heap;       // what this CPU keeps of the heap
    struct frame_cache frames;     // single frames at hand
    // Of system calls by number, the last: of all that have no place; entry code counts. Aligned, so that its place here seldom changes.
    alignas(1024) uint64_t syscall_counts[SYSCALL_SLOTS + 1];
    struct frame_pool frame_pool;
};

// The block of CPU `id` < cpu_count().
struct cpu *cpu_by_id(uint32_t id);
uint32_t cpu_count(void);

// Gives a block the next id. False: there are CPU_MAX. And takes the last one out again: nothing runs on it, and its caches are empty.
// One CPU calls these, and no other asks for the count meanwhile.
bool cpu_add(struct cpu *cpu);
void cpu_remove_last(void);

// The block of the CPU this runs on. Preemption or interrupts off.
static inline struct cpu *cpu_local(void)
{
    return arch_cpu_local();
}
