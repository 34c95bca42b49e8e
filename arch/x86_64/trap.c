// SPDX-License-Identifier: MIT
// trap.c: what each vector means: exceptions by a table, interrupts by their source.
//
// Entry code has switched to the kernel's GS and calls arch_dispatch with interrupts off. A fault inside a user-copy routine
// continues at its fixup; any other exception of the kernel's own is the end (kernel_fatal_fault, kernel_exception).

#include <stdatomic.h>

#include <abi/linux/signal.h>
#include <lib/string.h>

#include <arch/frame.h>
#include <arch/fpu.h>
#include <arch/interrupt.h>
#include <arch/machine.h>
#include <arch/user.h>

#include <helix/log.h>

#include "apic.h"
#include "msr.h"

enum exception : uint8_t {
    EXCEPTION_DIVIDE = 0,
    EXCEPTION_DEBUG = 1,
    EXCEPTION_NMI = 2,
    EXCEPTION_NO_FPU = 7,
    EXCEPTION_DOUBLE_FAULT = 8,
    EXCEPTION_STACK = 12,
    EXCEPTION_PROTECTION = 13,
    EXCEPTION_PAGE_FAULT = 14,
    EXCEPTION_X87 = 16,
    EXCEPTION_MACHINE_CHECK = 18,
    EXCEPTION_SIMD = 19,
    EXCEPTIONS = 32,
};

// Linux's si_code figures that its headers give by signal.
enum { CODE_KERNEL = 0x80, CODE_FPE_INTDIV = 1, CODE_TRAP_TRACE = 2, CODE_ILL_ILLOPN = 2, CODE_BUS_ADRALN = 1 };

static const struct exception_row {
    const char *name;
    int signal, code;
} exceptions[EXCEPTIONS] = {
    [0] = { "divide error", LINUX_SIGFPE, CODE_FPE_INTDIV },
    [1] = { "debug exception", LINUX_SIGTRAP, CODE_TRAP_TRACE },
    [2] = { "non-maskable interrupt", 0, 0 },
    [3] = { "breakpoint", LINUX_SIGTRAP, CODE_KERNEL },
    [4] = { "overflow", LINUX_SIGSEGV, CODE_KERNEL },
    [5] = { "bound range exceeded", LINUX_SIGSEGV, CODE_KERNEL },
    [6] = { "invalid opcode", LINUX_SIGILL, CODE_ILL_ILLOPN },
    [7] = { "no floating-point unit", LINUX_SIGSEGV, CODE_KERNEL },
    [8] = { "double fault", LINUX_SIGSEGV, CODE_KERNEL },
    [9] = { "coprocessor overrun", LINUX_SIGFPE, CODE_KERNEL },
    [10] = { "invalid TSS", LINUX_SIGSEGV, CODE_KERNEL },
    [11] = { "segment not present", LINUX_SIGBUS, CODE_KERNEL },
    [12] = { "stack segment fault", LINUX_SIGBUS, CODE_KERNEL },
    [13] = { "general protection fault", LINUX_SIGSEGV, CODE_KERNEL },
    [14] = { "page fault", LINUX_SIGSEGV, CODE_KERNEL },
    [16] = { "x87 floating-point error", LINUX_SIGFPE, CODE_KERNEL },
    [17] = { "alignment check", LINUX_SIGBUS, CODE_BUS_ADRALN },
    [18] = { "machine check", LINUX_SIGBUS, CODE_KERNEL },
    [19] = { "SIMD floating-point error", LINUX_SIGFPE, CODE_KERNEL },
    [20] = { "virtualization exception", LINUX_SIGSEGV, CODE_KERNEL },
    [21] = { "control protection fault", LINUX_SIGSEGV, CODE_KERNEL },
};

static _Atomic uint64_t apic_error_count, nmi_count;

void arch_dispatch(struct arch_frame *frame);
void arch_user_page_fault(uint64_t address, uint64_t error, struct arch_frame *frame);

static uint64_t fault_address(void)
{
    uint64_t address;
    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    return address;
}

enum : uint64_t { ERROR_PRESENT = 1, ERROR_WRITE = 2, ERROR_USER = 4, ERROR_RESERVED = 8, ERROR_FETCH = 16, ERROR_KEY = 32 };

// What the kernel is told of a fault: the error code's bits, under its names.
static uint32_t fault_kind(uint64_t error)
{
    static_assert(FAULT_WRITE == ERROR_WRITE && FAULT_USER == ERROR_USER && FAULT_EXECUTE == ERROR_FETCH);
    return error & (ERROR_WRITE | ERROR_USER | ERROR_FETCH);
}

// A program's fault with an error code that is none of a program's.
[[gnu::cold, gnu::noinline]] static void strange_page_fault(uint64_t address, uint64_t error, struct arch_frame *frame)
{
    if (error & ERROR_RESERVED)
        kernel_fatal_fault("corrupt page table", address, frame);
    // A far return reads the program's own stack. QEMU's TCG (7.2) takes that for the kernel's doing, and SMAP refuses it whatever the kernel
    // maps: the program dies of it, for it would fault for ever.
    if (error & ERROR_KEY && error & ERROR_USER)
        kernel_key_fault(address);
    else if (error & ERROR_PRESENT)
        kernel_exception(EXCEPTION_PAGE_FAULT, "far return", LINUX_SIGSEGV, CODE_KERNEL, 0, frame);
    else
        (void)kernel_page_fault(address, fault_kind(error), frame);
}

// From entry.S, interrupts off before and after. Of the frame, the registers that functions preserve are not there.
void arch_user_page_fault(uint64_t address, uint64_t error, struct arch_frame *frame)
{
    if (UNLIKELY((error & (ERROR_RESERVED | ERROR_USER | ERROR_KEY)) != ERROR_USER))
        strange_page_fault(address, error, frame);
    else
        (void)kernel_page_fault(address, fault_kind(error), frame); // always served, by a signal if need be
}

// The kernel's own.
static void page_fault(struct arch_frame *frame)
{
    uint64_t address = fault_address(); // first: a nested fault would overwrite it
    uint64_t error = frame->error;
    if (error & ERROR_RESERVED)
        kernel_fatal_fault("corrupt page table", address, frame);
    bool served = !(error & ERROR_KEY) && kernel_page_fault(address, fault_kind(error), frame);
    if (!served && !arch_fault_fixup(frame))
        kernel_fatal_fault("page fault", address, frame);
}

// Of the raised exceptions that are not masked, the one Linux would report.
static int floating_point_code(uint32_t raised)
{
    enum { INVALID = 1 << 0, DENORMAL = 1 << 1, DIVIDE = 1 << 2, OVERFLOW = 1 << 3, UNDERFLOW = 1 << 4, INEXACT = 1 << 5 };
    enum { FPE_FLTDIV = 3, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES, FPE_FLTINV };
    if (raised & INVALID)
        return FPE_FLTINV;
    if (raised & DIVIDE)
        return FPE_FLTDIV;
    if (raised & OVERFLOW)
        return FPE_FLTOVF;
    if (raised & (DENORMAL | UNDERFLOW))
        return FPE_FLTUND;
    return raised & INEXACT ? FPE_FLTRES : CODE_KERNEL;
}

static int x87_code(void)
{
    uint16_t status, control;
    __asm__ volatile("fnstsw %0; fnstcw %1" : "=m"(status), "=m"(control));
    return floating_point_code(status & ~control);
}

static int simd_code(void)
{
    uint32_t control;
    __asm__ volatile("stmxcsr %0" : "=m"(control));
    return floating_point_code(control & ~(control >> 7));
}

static void debug_status_clear(void)
{
    __asm__ volatile("movq %0, %%dr6" : : "r"(0ull));
}

static void user_exception(struct arch_frame *frame, uint8_t vector)
{
    const struct exception_row *row = &exceptions[vector];
    int code = row->code;
    if (vector == EXCEPTION_DEBUG)
        debug_status_clear();
    if (vector == EXCEPTION_NO_FPU) {
        if (!arch_fpu_first_use())
            kernel_exception(vector, "no memory for floating-point registers", LINUX_SIGKILL, CODE_KERNEL, 0, frame);
        return;
    }
    if (vector == EXCEPTION_X87)
        code = x87_code();
    if (vector == EXCEPTION_SIMD)
        code = simd_code();
    int signal = row->signal ? row->signal : LINUX_SIGSEGV;
    bool located = signal == LINUX_SIGFPE || signal == LINUX_SIGILL || signal == LINUX_SIGTRAP;
    uint64_t address = located && code != CODE_KERNEL ? arch_frame_ip(frame) : 0; // the others are not about an address
    kernel_exception(vector, row->name ? row->name : "reserved exception", signal, code, address, frame);
}

// A single step that user code armed and that hit the kernel's first instruction is not the kernel's.
static void kernel_debug(struct arch_frame *frame)
{
    enum : uint64_t { FLAG_STEP = 1 << 8 };
    debug_status_clear();
    frame->rflags &= ~FLAG_STEP;
}

static void nmi(void)
{
    static const char text[] = "\nNMI: a non-maskable interrupt without a known cause; going on\n";
    if (atomic_fetch_add_explicit(&nmi_count, 1, memory_order_relaxed) == 0)
        arch_early_console_write(text, sizeof text - 1); // the log's lock may be held here
}

static void exception(struct arch_frame *frame, uint8_t vector)
{
    switch (vector) {
    case EXCEPTION_PAGE_FAULT:
        page_fault(frame);
        return;
    case EXCEPTION_NMI:
        nmi();
        return;
    case EXCEPTION_DOUBLE_FAULT:
        kernel_fatal_fault("double fault", fault_address(), frame);
    case EXCEPTION_MACHINE_CHECK:
        kernel_fatal_fault("machine check", frame->rip, frame);
    }
    if (arch_frame_from_user(frame))
        user_exception(frame, vector);
    else if (vector == EXCEPTION_DEBUG)
        kernel_debug(frame);
    else if ((vector != EXCEPTION_PROTECTION && vector != EXCEPTION_STACK) || !arch_fault_fixup(frame)) // a non-canonical user pointer
        kernel_exception(vector, exceptions[vector].name ? exceptions[vector].name : "reserved exception", 0, 0, 0, frame);
}

static void interrupt(struct arch_frame *frame, uint32_t vector)
{
    if (vector == VECTOR_TIMER) {
        apic_acknowledge();
        kernel_timer_interrupt(frame);
    } else if (vector == VECTOR_IPI) {
        apic_acknowledge();
        kernel_ipi(frame);
    } else if (vector == VECTOR_ERROR) {
        uint32_t errors = apic_errors();
        apic_acknowledge();
        if (atomic_fetch_add_explicit(&apic_error_count, 1, memory_order_relaxed) == 0)
            log_warn("interrupts", "the local interrupt controller reports error 0x%x; not reported again", errors);
    } else if (vector >= VECTOR_LINES && vector != VECTOR_SPURIOUS) {
        kernel_interrupt(vector, frame);
        apic_acknowledge(); // after the handler, so that a level line is quiet again
    }
    if (!arch_frame_from_user(frame))
        kernel_exit_to_kernel();
}

void arch_dispatch(struct arch_frame *frame)
{
    uint32_t vector = (uint32_t)frame->vector;
    if (vector >= VECTOR_EXCEPTIONS)
        interrupt(frame, vector);
    else
        exception(frame, (uint8_t)vector);
}
