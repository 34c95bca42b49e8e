// SPDX-License-Identifier: MIT
// trap.c: what an exception means: its class in ESR_EL1 by a table, aborts by their status (Arm ARM D19.2.37).
//
// Entry code calls with interrupts off. A fault inside a user-copy routine continues at its fixup; any other exception of the kernel's
// own is the end (kernel_fatal_fault, kernel_exception). Programs get the signals that Linux sends.

#include <abi/linux/signal.h>

#include <arch/fpu.h>
#include <arch/frame.h>
#include <arch/interrupt.h>
#include <arch/user.h>

#include <helix/cpu.h>
#include <helix/kernel_map.h>

#include "features.h"
#include "gic.h"

void arch_user_exception(struct arch_frame *frame);
void arch_user_abort(struct arch_frame *frame);
void arch_kernel_exception(struct arch_frame *frame, uint32_t vector);
[[noreturn]] void arch_stack_lost(struct arch_frame *frame);

enum exception_class : uint8_t {
    CLASS_UNKNOWN = 0x00,
    CLASS_FLOATING_POINT_ACCESS = 0x07,
    CLASS_SYSTEM_INSTRUCTION = 0x18,
    CLASS_FETCH_USER = 0x20,
    CLASS_FETCH = 0x21,
    CLASS_PC_ALIGNMENT = 0x22,
    CLASS_DATA_USER = 0x24,
    CLASS_DATA = 0x25,
    CLASS_SP_ALIGNMENT = 0x26,
    CLASS_FLOATING_POINT = 0x2c,
    CLASS_BREAK = 0x3c,
    CLASSES = 0x40,
};

// Linux's si_code figures that its headers give by signal.
enum {
    CODE_ILL_ILLOPC = 1,
    CODE_BUS_ADRALN = 1,
    CODE_BUS_OBJERR = 3,
    CODE_TRAP_BRKPT = 1,
    CODE_TRAP_TRACE = 2,
    CODE_TRAP_HWBKPT = 4,
};

static const struct class_row {
    const char *name;
    int signal, code; // 0: an undefined instruction
} classes[CLASSES] = {
    [CLASS_UNKNOWN] = { "undefined instruction", 0, 0 },
    [0x01] = { "wait instruction", 0, 0 },
    [CLASS_FLOATING_POINT_ACCESS] = { "floating point used", 0, 0 },
    [0x0d] = { "branch to no target", 0, 0 },
    [0x0e] = { "illegal execution state", 0, 0 },
    [CLASS_SYSTEM_INSTRUCTION] = { "system instruction", 0, 0 },
    [0x19] = { "vector length instruction", 0, 0 },
    [0x1c] = { "pointer authentication", 0, 0 },
    [CLASS_FETCH_USER] = { "instruction abort", LINUX_SIGBUS, CODE_BUS_OBJERR },
    [CLASS_FETCH] = { "instruction abort", LINUX_SIGBUS, CODE_BUS_OBJERR },
    [CLASS_PC_ALIGNMENT] = { "misaligned instruction", LINUX_SIGBUS, CODE_BUS_ADRALN },
    [CLASS_DATA_USER] = { "data abort", LINUX_SIGBUS, CODE_BUS_OBJERR },
    [CLASS_DATA] = { "data abort", LINUX_SIGBUS, CODE_BUS_OBJERR },
    [CLASS_SP_ALIGNMENT] = { "misaligned stack pointer", LINUX_SIGBUS, CODE_BUS_ADRALN },
    [CLASS_FLOATING_POINT] = { "floating-point error", LINUX_SIGFPE, 0 },
    [0x2f] = { "system error", LINUX_SIGBUS, CODE_BUS_OBJERR },
    [0x30] = { "hardware breakpoint", LINUX_SIGTRAP, CODE_TRAP_HWBKPT },
    [0x31] = { "hardware breakpoint", LINUX_SIGTRAP, CODE_TRAP_HWBKPT },
    [0x32] = { "single step", LINUX_SIGTRAP, CODE_TRAP_TRACE },
    [0x33] = { "single step", LINUX_SIGTRAP, CODE_TRAP_TRACE },
    [0x34] = { "watchpoint", LINUX_SIGTRAP, CODE_TRAP_HWBKPT },
    [0x35] = { "watchpoint", LINUX_SIGTRAP, CODE_TRAP_HWBKPT },
    [CLASS_BREAK] = { "breakpoint", LINUX_SIGTRAP, CODE_TRAP_BRKPT },
};

static const char *const vector_names[16] = {
    "synchronous exception on the thread's pointer",
    "interrupt on the thread's pointer",
    "fast interrupt on the thread's pointer",
    "system error on the thread's pointer",
    "synchronous exception",
    "interrupt",
    "fast interrupt",
    "system error",
    "synchronous exception of a program",
    "interrupt of a program",
    "fast interrupt of a program",
    "system error of a program",
    "synchronous exception of a 32-bit program",
    "interrupt of a 32-bit program",
    "fast interrupt of a 32-bit program",
    "system error of a 32-bit program",
};
enum { VECTOR_KERNEL_SYNCHRONOUS = 4, VECTOR_KERNEL_INTERRUPT = 5 };

static enum exception_class class_of(const struct arch_frame *frame)
{
    return frame->syndrome >> 26 & (CLASSES - 1);
}

static const char *name_of(enum exception_class class)
{
    return classes[class].name ? classes[class].name : "reserved exception";
}

// ---- aborts ----

static bool is_abort(enum exception_class class)
{
    return class == CLASS_FETCH_USER || class == CLASS_FETCH || class == CLASS_DATA_USER || class == CLASS_DATA;
}

// The ones that a change of the page tables can serve. The fault address is valid for them.
static bool is_page_fault(const struct arch_frame *frame)
{
    enum { TRANSLATION = 0x04, PERMISSION_LAST = 0x0f };
    unsigned status = frame->syndrome & 0x3f;
    return is_abort(class_of(frame)) && status >= TRANSLATION && status <= PERMISSION_LAST;
}

static bool is_misaligned(const struct arch_frame *frame)
{
    enum { ALIGNMENT = 0x21 };
    return is_abort(class_of(frame)) && (frame->syndrome & 0x3f) == ALIGNMENT;
}

static uint32_t fault_kind(const struct arch_frame *frame)
{
    enum : uint64_t { WRITE = 1 << 6, CACHE_MAINTENANCE = 1 << 8 };
    uint64_t syndrome = frame->syndrome;
    enum exception_class class = class_of(frame);
    uint32_t kind = 0;
    if (class == CLASS_FETCH || class == CLASS_FETCH_USER)
        kind |= FAULT_EXECUTE;
    else if (syndrome & WRITE && !(syndrome & CACHE_MAINTENANCE)) // maintenance counts as a write, and wants to read
        kind |= FAULT_WRITE;
    return kind | (class == CLASS_FETCH_USER || class == CLASS_DATA_USER ? FAULT_USER : 0);
}

// The top byte of a program's address is its own (TCR_EL1.TBI0).
static uint64_t fault_address(const struct arch_frame *frame)
{
    enum : uint64_t { KERNEL_HALF = 1ull << 55, ADDRESS = KERNEL_HALF * 2 - 1 };
    return frame->address & KERNEL_HALF ? frame->address : frame->address & ADDRESS;
}

// ---- identification registers ----

enum : uint32_t {
    MRS_IDENTIFICATION = 0xd538'0000, // mrs x0, s3_0_c0_c0_0
    MRS_IDENTIFICATION_MASK = 0xffff'f800,
    MIDR = 0 << 3 | 0,
    MPIDR = 0 << 3 | 5,
    REVIDR = 0 << 3 | 6,
    FIRST_FEATURE = 4 << 3,
};

// As programs may see the register with these CRm and op2. False: they may not.
static bool identification_shown(uint32_t which, uint64_t *value)
{
    switch (which) {
    case MIDR:
        *value = system_register_read("midr_el1");
        return true;
    case MPIDR:
        *value = 1u << 31;
        return true;
    case REVIDR:
        *value = 0;
        return true;
    case 4 << 3 | 0:
        *value = feature_register_shown(FEATURES_PFR0);
        return true;
    case 6 << 3 | 0:
        *value = feature_register_shown(FEATURES_ISAR0);
        return true;
    case 6 << 3 | 1:
        *value = feature_register_shown(FEATURES_ISAR1);
        return true;
    case 7 << 3 | 2:
        *value = feature_register_shown(FEATURES_MMFR2);
        return true;
    default:
        *value = 0;
        return which >= FIRST_FEATURE;
    }
}

// HWCAP_CPUID promises that user mode can read identification registers. Some CPUs call the trap a system instruction, others an
// undefined one, so the instruction itself decides.
static bool identification_read(struct arch_frame *frame)
{
    uint32_t instruction;
    uint64_t value;
    if (arch_frame_from_user(frame) && frame->pstate & 0x10)
        return false; // 32-bit code
    arch_interrupts_enable();
    enum status outcome = arch_copy_from_user(&instruction, frame->pc, sizeof instruction);
    (void)arch_interrupts_disable();
    if (outcome != STATUS_OK || (instruction & MRS_IDENTIFICATION_MASK) != MRS_IDENTIFICATION ||
        !identification_shown(instruction >> 5 & 0x3f, &value))
        return false;
    uint32_t target = instruction & 0x1f;
    if (target != 31)
        frame->x[target] = value;
    frame->pc += 4;
    return true;
}

// ---- programs ----

// Of the exceptions that the CPU says it trapped, the one Linux would report.
static int floating_point_code(uint64_t syndrome)
{
    enum : uint64_t { INVALID = 1 << 0, DIVIDE = 1 << 1, OVERFLOW = 1 << 2, UNDERFLOW = 1 << 3, INEXACT = 1 << 4, VALID = 1 << 23 };
    enum { FPE_FLTDIV = 3, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES, FPE_FLTINV, FPE_FLTUNK = 14 };
    if (!(syndrome & VALID))
        return FPE_FLTUNK;
    if (syndrome & INVALID)
        return FPE_FLTINV;
    if (syndrome & DIVIDE)
        return FPE_FLTDIV;
    if (syndrome & OVERFLOW)
        return FPE_FLTOVF;
    if (syndrome & UNDERFLOW)
        return FPE_FLTUND;
    return syndrome & INEXACT ? FPE_FLTRES : FPE_FLTUNK;
}

static void user_exception(struct arch_frame *frame, enum exception_class class)
{
    const struct class_row *row = &classes[class];
    int signal = row->signal ? row->signal : LINUX_SIGILL, code = row->signal ? row->code : CODE_ILL_ILLOPC;
    if (class == CLASS_FLOATING_POINT)
        code = floating_point_code(frame->syndrome);
    if (is_misaligned(frame))
        code = CODE_BUS_ADRALN;
    kernel_exception(class, name_of(class), signal, code, is_abort(class) ? fault_address(frame) : arch_frame_ip(frame), frame);
}

// Interrupts off before and after. Of the frame, the registers that functions preserve are not there.
void arch_user_abort(struct arch_frame *frame)
{
    if (LIKELY(is_page_fault(frame)))
        (void)kernel_page_fault(fault_address(frame), fault_kind(frame), frame); // always served, by a signal if need be
    else
        user_exception(frame, class_of(frame));
}

void arch_user_exception(struct arch_frame *frame)
{
    enum exception_class class = class_of(frame);
    if (is_abort(class)) {
        arch_user_abort(frame);
    } else if (class == CLASS_FLOATING_POINT_ACCESS) {
        if (!arch_fpu_first_use())
            kernel_exception(class, "no memory for floating-point registers", LINUX_SIGKILL, LINUX_SI_KERNEL, 0, frame);
    } else if ((class != CLASS_UNKNOWN && class != CLASS_SYSTEM_INSTRUCTION) || !identification_read(frame)) {
        user_exception(frame, class);
    }
}

// ---- the kernel ----

static void kernel_synchronous(struct arch_frame *frame)
{
    enum exception_class class = class_of(frame);
    uint64_t address = fault_address(frame);
    if (is_page_fault(frame)) {
        if (!kernel_page_fault(address, fault_kind(frame), frame) && !arch_fault_fixup(frame))
            kernel_fatal_fault("page fault", address, frame);
    } else if (is_abort(class)) {
        if (!arch_fault_fixup(frame))
            kernel_fatal_fault(name_of(class), address, frame);
    } else {
        kernel_exception(class, name_of(class), 0, 0, 0, frame);
    }
}

void arch_kernel_exception(struct arch_frame *frame, uint32_t vector)
{
    if (vector == VECTOR_KERNEL_INTERRUPT)
        interrupt_dispatch(frame);
    else if (vector == VECTOR_KERNEL_SYNCHRONOUS)
        kernel_synchronous(frame);
    else
        kernel_fatal_fault(vector_names[vector], frame->pc, frame);
}

// On the emergency stack: the one before could not take a frame.
void arch_stack_lost(struct arch_frame *frame)
{
    virt_t stack;
    uint64_t next = frame->sp - sizeof *frame; // where the frame would have gone
    if (!kernel_stack_guard_hit(next, &stack) && is_page_fault(frame))
        next = frame->address;
    kernel_fatal_fault("double fault", next, frame);
}
