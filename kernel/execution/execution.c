// SPDX-License-Identifier: MIT
// execution.c: how execution begins: boot code becomes a thread, an idle thread joins it, the profile's policy takes over.
//
// From its first line the kernel runs on a thread, so that locks, panics and the log always have one to name. That thread
// ("boot") has boot's stack and ends like any other. The idle thread runs when no policy has anything ready; it clears frames
// ahead, and then waits for an interrupt with interrupts off, so that none is lost between looking and waiting.

#include <generated/profile.h>

#include <arch/cpu.h>

#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/kernel_map.h>
#include <helix/process.h>
#include <helix/scheduler.h>

#include "execution.h"

static struct cpu boot_cpu;
static struct cpu *cpus[CPU_MAX] = { &boot_cpu };
static uint32_t cpus_online = 1;
static struct thread boot_thread;

struct cpu *cpu_by_id(uint32_t id)
{
    return cpus[id];
}

uint32_t cpu_count(void)
{
    return cpus_online;
}

bool cpu_add(struct cpu *cpu)
{
    if (cpus_online == CPU_MAX)
        return false;
    cpu->id = cpus_online;
    cpus[cpus_online++] = cpu;
    return true;
}

void cpu_remove_last(void)
{
    cpus_online--;
}

void execution_adopt_boot(void)
{
    thread_adopt(&boot_thread, "boot");
    arch_set_current_thread(&boot_thread, (virt_t){ 0 });
    arch_reschedule_set(false);
    heap_caches_init(&boot_cpu.heap);
    boot_cpu.slice_end_ns = boot_cpu.timer_armed_ns = UINT64_MAX;
    lock_check_start();
}

static void idle(void *unused)
{
    for (;;) {
        while (!arch_reschedule_asked() && frames_idle())
            continue; // in small steps, each of which can be interrupted
        (void)arch_interrupts_disable();
        if (!arch_reschedule_asked())
            arch_cpu_wait();
        else
            arch_interrupts_enable();
        preempt_check();
    }
}

static void idle_begin(void *unused)
{
    thread_started();
    idle(unused);
}

enum status execution_init(void)
{
    TRY(scheduler_install(PROFILE_SCHEDULER_MODULE));
    struct thread *idle_thread;
    TRY(thread_create_idle(&idle_thread));
    arch_context_prepare(&idle_thread->context, (virt_t){ idle_thread->stack_low.raw + KERNEL_STACK_SIZE }, idle_begin, nullptr);
    struct cpu *cpu = cpu_local();
    cpu->idle = idle_thread;
    cpu->switched_at_ns = time_ns();
    boot_thread.id = thread_id_new();
    thread_table_add(&boot_thread);
    thread_table_add(idle_thread);
    TRY(scheduler_add(&boot_thread));
    arch_interrupts_enable();
    return STATUS_OK;
}
