// SPDX-License-Identifier: MIT
// panic_option.c: breaks the kernel on purpose, so that the panic report can be seen and tested: each kind by doing exactly that.
#include <lib/string.h>

#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/space.h>
#include <arch/user.h>
#include <generated/profile.h>
#include <helix/boot_info.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/kernel_map.h>
#include <helix/log.h>
#include <helix/mutex.h>
#include <helix/panic.h>
#include <helix/protection.h>
#include <helix/spinlock.h>
#include <helix/thread.h>

#include "init.h"

BOOT_OPTION(panic_test, "panic_test",
            "panics after boot: page_fault, stack_overflow, boot_stack_overflow, guard_page, assert or double_fault");

static void test_page_fault(void)
{
    // The last page of the area for device registers, which is handed out from its start.
    *(volatile uint64_t *)(uintptr_t)(DEVICES_END - PAGE_SIZE) = 1;
}

static void test_guard_page(void)
{
    struct guard_page guard = { .address = DEVICES_END - 2 * PAGE_SIZE, .size = PAGE_SIZE, .owner = "panic_test" };
    if (guard_page_install(&guard) == STATUS_OK)
        *(volatile uint64_t *)(uintptr_t)(guard.address + 8) = 1;
}

[[gnu::noinline]] static uint64_t overflow(uint64_t depth)
{
    volatile uint8_t weight[256];
    weight[depth % sizeof weight] = (uint8_t)depth;
    if (depth == 0)
        return weight[0];
    return overflow(depth - 1) + weight[depth % sizeof weight];
}

static void test_stack_overflow(void)
{
    volatile uint64_t depth = UINT64_MAX;
    (void)overflow(depth);
}

static void test_assert(void)
{
    volatile int two = 2;
    ASSERT(two + two == 5);
}

static void never_reached(void *unused)
{
    arch_cpu_halt();
}

// Continues on a stack that is no longer mapped: the page fault cannot be delivered, which is a double fault.
static void test_double_fault(void)
{
    static struct arch_context here, there;
    virt_t low;
    if (kernel_stack_alloc(&low) != STATUS_OK)
        return;
    (void)arch_interrupts_disable();
    arch_context_prepare(&there, (virt_t){ low.raw + KERNEL_STACK_SIZE }, never_reached, nullptr);
    arch_kernel_unmap(low, KERNEL_STACK_SIZE / PAGE_SIZE);
    arch_context_switch(&here, &there);
}

#if PROFILE_HEAP_CHECKS
// Mistakes with a block of heap memory, each found by the checks of heap_check.c.

[[gnu::noinline]] static char *mistaken_block(void)
{
    char *block = heap_alloc(100);
    if (!block)
        panic("no memory for a mistake");
    return block;
}

static void test_heap_bad_free(void)
{
    heap_free(mistaken_block() + 16);
}

static void test_heap_double_free(void)
{
    char *block = mistaken_block();
    heap_free(block);
    heap_free(block);
}

static void test_heap_use_after_free(void)
{
    volatile char *block = mistaken_block();
    heap_free((char *)block);
    block[40] = 1;
    heap_trim();
}

static void test_heap_overflow(void)
{
    volatile char *block = mistaken_block();
    block[103] = 1;
    heap_free((char *)block);
}

static void test_heap_underflow(void)
{
    volatile char *block = mistaken_block();
    block[-1] = 1;
    heap_free((char *)block);
}
#endif

#if PROFILE_FRAME_CHECKS
[[gnu::noinline]] static phys_t mistaken_frame(void)
{
    phys_t frame;
    if (frame_alloc(1, 0, &frame) != STATUS_OK)
        panic("no memory for a mistake");
    return frame;
}

// The frame comes back soon: a CPU hands out first what was freed last.
static void test_frame_use_after_free(void)
{
    phys_t frame = mistaken_frame();
    frame_free(frame, 1);
    ((volatile char *)direct_map(frame))[72] = 1;
    for (int i = 0; i < 1000; i++)
        (void)mistaken_frame();
}

static void test_frame_double_free(void)
{
    phys_t frame = mistaken_frame();
    frame_free(frame, 1);
    frame_free(frame, 1);
}
#endif

#if PROFILE_LOCK_CHECKS
static struct spinlock driver = SPINLOCK(RANK_DRIVER), descriptors = SPINLOCK(RANK_DESCRIPTORS);
static struct mutex pipe = MUTEX(pipe, RANK_PIPE), node = MUTEX(node, RANK_NODE);

[[gnu::noinline]] NO_LOCK_ANALYSIS static void driver_lock(void) // left held, as all below
{
    spinlock_acquire(&driver);
}

[[gnu::noinline]] NO_LOCK_ANALYSIS static void pipe_lock(void)
{
    mutex_acquire(&pipe);
}

NO_LOCK_ANALYSIS static void test_lock_order(void)
{
    driver_lock();
    spinlock_acquire(&descriptors);
}

NO_LOCK_ANALYSIS static void test_lock_order_sleeping(void)
{
    pipe_lock();
    mutex_acquire(&node);
}

NO_LOCK_ANALYSIS static void test_sleep_with_lock(void)
{
    driver_lock();
    (void)thread_sleep_until(time_ns() + NS_PER_S);
}

static void test_sleep_without_preemption(void)
{
    preempt_disable();
    (void)thread_sleep_until(time_ns() + NS_PER_S);
}

NO_LOCK_ANALYSIS static void test_user_copy_with_lock(void)
{
    char byte;
    driver_lock();
    (void)arch_copy_from_user(&byte, PAGE_SIZE, sizeof byte);
}
#endif

static const struct {
    const char *name;
    void (*run)(void); // boot_…: by the thread that boot runs on, whose stack is none of kernel_stack_alloc's
} kinds[] = {
    { "page_fault", test_page_fault },
    { "stack_overflow", test_stack_overflow },
    { "boot_stack_overflow", test_stack_overflow },
    { "guard_page", test_guard_page },
    { "assert", test_assert },
    { "double_fault", test_double_fault },
#if PROFILE_FRAME_CHECKS
    { "frame_use_after_free", test_frame_use_after_free },
    { "frame_double_free", test_frame_double_free },
#endif
#if PROFILE_HEAP_CHECKS
    { "heap_bad_free", test_heap_bad_free },
    { "heap_double_free", test_heap_double_free },
    { "heap_use_after_free", test_heap_use_after_free },
    { "heap_overflow", test_heap_overflow },
    { "heap_underflow", test_heap_underflow },
#endif
#if PROFILE_LOCK_CHECKS
    { "lock_order", test_lock_order },
    { "lock_order_sleeping", test_lock_order_sleeping },
    { "sleep_with_lock", test_sleep_with_lock },
    { "sleep_without_preemption", test_sleep_without_preemption },
    { "user_copy_with_lock", test_user_copy_with_lock },
#endif
};

static void panic_test_main(void *kind)
{
    ((void (*)(void))kind)();
    panic("panic_test came back");
}

void panic_test_run(void)
{
    char wanted[32];
    if (!boot_option("panic_test", wanted, sizeof wanted))
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (!string_equal(wanted, kinds[i].name))
            continue;
        if (string_starts(wanted, "boot_"))
            panic_test_main((void *)kinds[i].run);
        struct thread *thread;
        if (thread_spawn("panic_test", panic_test_main, (void *)kinds[i].run, &thread) != STATUS_OK)
            panic("no memory for a thread to panic in");
        thread_exit(0);
    }
    log_warn("init", "panic_test=%s: no such test; ignored", wanted);
}
