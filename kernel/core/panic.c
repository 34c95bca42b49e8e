// SPDX-License-Identifier: MIT
// panic.c: the end of the kernel: report what is known about a broken invariant, then do what the profile wants.
//
// Purpose     A report that a person can act on: message, location, thread, state, registers, the functions on the stack.
// How         The first CPU to panic reports; others stop. A panic inside the report is named in one line and goes straight to the
//             action; after PANIC_DEPTH of them the CPU halts without another word.
// Invariants  Interrupts stay off and no lock is taken from the first line on; the console writes without its lock.
// Locks       None: their owners may be what died.
// Not here    Deciding whether a fault is the kernel's (kernel/userspace/fault.c).
#include <stdatomic.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/interrupt.h>
#include <arch/machine.h>
#include <generated/profile.h>
#include <helix/boot_info.h>
#include <helix/cpu.h>
#include <helix/kernel_map.h>
#include <helix/log.h>
#include <helix/orchestrator.h>
#include <helix/panic.h>
#include <helix/protection.h>
#include <helix/thread.h>

#include "core.h"

enum { PANIC_DEPTH = 3, PANIC_HANDLERS = 8, MESSAGE_SIZE = 256, TRACE_DEPTH = 64, EXIT_CODE_PANIC = 0x20 };

BOOT_OPTION(exec_token, "exec.token", "marks the output of --exec lines; the log stays off the console between the marks");

extern const char kernel_bss_start[], kernel_bss_end[];

static _Atomic uint32_t depth;
static _Atomic uint32_t reporting_cpu = UINT32_MAX;
static panic_handler *handlers[PANIC_HANDLERS];
static _Atomic uint32_t handler_count;

static const char *const action_names[] = { "Halt", "Reboot", "DebugBreak", "Continue" };

bool panic_active(void)
{
    return atomic_load_explicit(&depth, memory_order_relaxed) != 0;
}

enum status panic_add_handler(panic_handler *handler)
{
    uint32_t slot = atomic_load(&handler_count);
    do {
        if (slot == PANIC_HANDLERS)
            return STATUS_NO_SPACE;
    } while (!atomic_compare_exchange_weak(&handler_count, &slot, slot + 1));
    handlers[slot] = handler;
    return STATUS_OK;
}

static void print_register_line(void *context, const char *text)
{
    console_print("%s\n", text);
}

// A return address may lie behind its function's end when the call does not return: the call itself is what counts.
static void print_function(size_t index, uint64_t address, bool is_return)
{
    uint64_t offset = 0;
    const char *name = symbol_name(address - is_return, &offset);
    offset += is_return;
    if (name[0] == '?')
        console_print("  #%zu  0x%016llx\n", index, (unsigned long long)address);
    else
        console_print("  #%zu  %s+0x%llx\n", index, name, (unsigned long long)offset);
}

// Return addresses from the innermost call on; a recursion is one line.
static void print_calls(size_t index, const uint64_t *addresses, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t same = 1;
        while (i + same < count && addresses[i + same] == addresses[i])
            same++;
        print_function(index + i, addresses[i], true);
        if (same > 1)
            console_print("  ... the same %zu times more\n", same - 1);
        i += same;
    }
}

static bool same_function(uint64_t first, uint64_t second)
{
    uint64_t offset = 0, other = 0;
    return symbol_name(first, &offset) == symbol_name(second, &other) && first - offset == second - other;
}

// A function that calls nothing may have left no record of its caller: where calls leave a return address in a register, that one is
// the caller, unless it is the record's own or of a call that the function has made itself.
static bool caller_in_register(const struct arch_frame *frame, const uint64_t *addresses, size_t count)
{
    uint64_t link = arch_frame_link(frame);
    return link && !(count && addresses[0] == link) && !same_function(link - 1, arch_frame_ip(frame)) &&
           symbol_name(link - 1, &link)[0] != '?';
}

// `captured`: the frame is panic_at's own, whose place in the code says nothing; its caller comes first.
static void print_stack(const struct arch_frame *frame, bool captured, const struct thread *thread)
{
    uint64_t addresses[TRACE_DEPTH];
    bool own_stack = thread && thread->stack_low.raw; // the boot thread's lies in the image
    uint64_t low = own_stack ? thread->stack_low.raw : virt_of(kernel_bss_start).raw;
    uint64_t high = own_stack ? low + KERNEL_STACK_SIZE : virt_of(kernel_bss_end).raw;
    size_t count = arch_backtrace(arch_frame_fp(frame), low, high, addresses, TRACE_DEPTH);

    console_print("\nStack Trace:\n");
    size_t index = 0;
    if (!captured)
        print_function(index++, arch_frame_ip(frame), false);
    if (!captured && caller_in_register(frame, addresses, count))
        print_function(index++, arch_frame_link(frame), true);
    print_calls(index, addresses, count);
}

static void print_report(const struct panic_context *context, bool captured, enum kernel_state before)
{
    const struct thread *thread = thread_current();

    console_print("\n=== KERNEL PANIC ===\nMessage: %s\nLocation: %s", context->message, context->file);
    if (context->line)
        console_print(":%d", context->line);
    console_print("\n");
    console_print("Thread: %s (tid=%llu)\n", thread ? thread->name : "none", (unsigned long long)context->thread_id);
    console_print("State: %s\n\nRegister Dump:\n", kernel_state_name(before));
    arch_frame_dump(context->frame, print_register_line, nullptr);
    print_stack(context->frame, captured, thread);
}

static enum panic_action choose_action(const struct panic_context *context)
{
    enum panic_action action = PROFILE_PANIC_ACTION;
    for (uint32_t i = atomic_load(&handler_count); i-- > 0;) {
        if (handlers[i] && handlers[i](context, &action))
            break;
    }
#ifndef HELIX_DEBUG
    if (action == PANIC_CONTINUE)
        action = PANIC_HALT; // to go on with a broken invariant is for debug builds
#endif
    return action;
}

// Returns for PANIC_CONTINUE only.
static void carry_out(enum panic_action action)
{
    switch (action) {
    case PANIC_CONTINUE:
        atomic_store(&reporting_cpu, UINT32_MAX);
        atomic_store(&depth, 0);
        return;
    case PANIC_REBOOT:
        arch_reboot();
    case PANIC_DEBUG_BREAK:
        arch_debug_break();
        break;
    case PANIC_HALT:
        break;
    }
    arch_exit_emulator(EXIT_CODE_PANIC);
    arch_cpu_halt();
}

// Whether this is the panic to report: not one inside a report, not one on another CPU during it.
static bool claim_report(const char *message)
{
    uint32_t mine = cpu_local()->id;
    uint32_t other = UINT32_MAX;
    if (!atomic_compare_exchange_strong(&reporting_cpu, &other, mine) && other != mine)
        arch_cpu_halt();
    uint32_t nested = atomic_fetch_add(&depth, 1);
    if (nested >= PANIC_DEPTH)
        arch_cpu_halt();
    if (nested)
        console_print("\nPanic while panicking: %s\n", message);
    return nested == 0;
}

static void panic_report(const char *file, int line, const struct arch_frame *frame, bool captured, const char *message)
{
    const struct thread *thread = thread_current();
    enum kernel_state before = kernel_state();
    struct panic_context context = {
        .message = message,
        .file = file,
        .line = line,
        .frame = frame,
        .thread_id = thread ? thread->id : 0,
        .cpu = cpu_local()->id,
        .kernel_state = before,
    };
    (void)kernel_set_state(KERNEL_PANIC);
    console_print("\n\001helix-panic %s\n", log_exec_token());
    print_report(&context, captured, before);
    enum panic_action action = choose_action(&context);
    console_print("\nAction: %s\n", action_names[action]);
    carry_out(action);
}

void panic_at(const char *file, int line, const struct arch_frame *frame, const char *format, ...)
{
    bool on = arch_interrupts_disable();
    struct arch_frame here;
    arch_frame_capture(&here);
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    format_text_list(message, sizeof message, format, arguments);
    va_end(arguments);
    if (claim_report(message))
        panic_report(file, line, frame ? frame : &here, !frame, message);
    else
        carry_out(PANIC_HALT);
    arch_interrupts_restore(on);
}

void kernel_fatal_fault(const char *what, uint64_t address, struct arch_frame *frame)
{
    struct guard_page guard = {};
    uint64_t offset = 0;
    char place[96]; // a fault has no source line of its own: the function stands for it
    const char *function = symbol_name(arch_frame_ip(frame), &offset);
    format_text(place, sizeof place, "%s+0x%llx", function, (unsigned long long)offset);
    bool guarded = guard_page_hit(address, &guard), of_stack = guarded && string_equal(guard.owner, "kernel stack");
    if (guarded && !of_stack)
        panic_at(place, 0, frame, "guard page of %s hit at 0x%016llx", guard.owner, (unsigned long long)address);
    else if (of_stack || string_starts(what, "kernel stack overflow"))
        panic_at(place, 0, frame, "kernel stack overflow of thread \"%s\" at 0x%016llx", thread_current()->name,
                 (unsigned long long)address);
    else
        panic_at(place, 0, frame, "%s at 0x%016llx", what, (unsigned long long)address);
    arch_cpu_halt(); // the faulting instruction cannot be retried, whatever the action
}
