// SPDX-License-Identifier: MIT
// trap.c: what each cause means (Privileged Architecture 1.12, 4.1.8).
//
// Entry code has saved everything and calls arch_dispatch with interrupts off. A fault inside a routine that touches user memory
// continues at its fixup; any other exception of the kernel's own is the end (kernel_fatal_fault, kernel_exception).

#include <abi/linux/signal.h>

#include <arch/cpu.h>
#include <arch/fpu.h>
#include <arch/frame.h>
#include <arch/interrupt.h>
#include <arch/layout.h>
#include <arch/page_table.h>
#include <arch/table_walk.h>
#include <arch/user.h>

#include <helix/cpu.h>
#include <helix/kernel_map.h>
#include <helix/thread.h>

#include "fpu_state.h"
#include "platform.h"

enum cause : uint64_t {
    CAUSE_INTERRUPT = 1ull << 63,
    CAUSE_ILLEGAL = 2,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15,
    CAUSES = 16,
};

// Linux's si_code figures that its headers give by signal.
enum { CODE_KERNEL = 0x80, CODE_ILL_ILLOPC = 1, CODE_ILL_ILLTRP = 4, CODE_BUS_ADRALN = 1, CODE_SEGV_ACCERR = 2, CODE_TRAP_BRKPT = 1 };

static const struct exception_row {
    const char *name;
    int signal, code;
} exceptions[CAUSES] = {
    [0] = { "misaligned instruction address", LINUX_SIGBUS, CODE_BUS_ADRALN },
    [1] = { "instruction access fault", LINUX_SIGSEGV, CODE_SEGV_ACCERR },
    [2] = { "illegal instruction", LINUX_SIGILL, CODE_ILL_ILLOPC },
    [3] = { "breakpoint", LINUX_SIGTRAP, CODE_TRAP_BRKPT },
    [4] = { "misaligned load", LINUX_SIGBUS, CODE_BUS_ADRALN },
    [5] = { "load access fault", LINUX_SIGSEGV, CODE_SEGV_ACCERR },
    [6] = { "misaligned store", LINUX_SIGBUS, CODE_BUS_ADRALN },
    [7] = { "store access fault", LINUX_SIGSEGV, CODE_SEGV_ACCERR },
    [9] = { "call from supervisor mode", LINUX_SIGILL, CODE_ILL_ILLTRP },
};

void arch_dispatch(struct arch_frame *frame);
void arch_user_page_fault(struct arch_frame *frame);
extern const char boot_stack[]; // of the thread that has none of its own; as large
[[noreturn]] void arch_dispatch_without_stack(struct arch_frame *frame);

// Addresses whose upper bits are not all alike lead nowhere, though there is an entry for their lower bits.
static bool address_valid(uint64_t address)
{
    unsigned ignored = 64 - PAGE_SHIFT - 9 * page_table_levels();
    return (int64_t)(address << ignored) >> ignored == (int64_t)address;
}

// Whether the page tables let the kernel do what it has trapped at: its CPU has remembered older rights, or that there was no page.
// User pages are out of its reach but where it has opened them.
static bool kernel_access_permitted(const struct arch_frame *frame, uint64_t address, uint32_t kind)
{
    uint32_t access = 0, needed = kind & FAULT_WRITE ? PAGE_WRITE : kind & FAULT_EXECUTE ? PAGE_EXECUTE : PAGE_READ;
    const struct arch_space *space = cpu_local()->arch.space; // nullptr under the boot tables
    if (!address_valid(address) || !space)
        return false;
    if (address >= arch_user_end()) {
        if (!arch_space_query(space, (virt_t){ address }, nullptr, &access))
            return false;
    } else { // tables that are shared the CPU does not see: these are served as faults
        const struct table_entry *leaf = arch_leaf_find(space, address);
        access = leaf ? page_entry_access(entry_read(leaf)) : 0;
    }
    bool opened = frame->status & FRAME_STATUS_USER_ACCESS && !(kind & FAULT_EXECUTE);
    return access & needed && (opened || !(access & PAGE_USER));
}

static uint32_t fault_kind(const struct arch_frame *frame)
{
    return (frame->cause == CAUSE_STORE_PAGE ? FAULT_WRITE : 0) | (frame->cause == CAUSE_FETCH_PAGE ? FAULT_EXECUTE : 0);
}

// From entry.S, interrupts off before and after. Of the frame, the registers that functions preserve are not there.
// What has been served and faults once more is what the CPU has remembered. All is forgotten, as the fence for one address is not about
// the tables on the way (4.2.1).
void arch_user_page_fault(struct arch_frame *frame)
{
    struct arch_thread *thread = &thread_current()->arch;
    if (thread->fault_address == frame->address)
        translation_forget_users();
    thread->fault_address = frame->address;
    (void)kernel_page_fault(frame->address, fault_kind(frame) | FAULT_USER, frame); // always served, by a signal if need be
}

static void kernel_own_page_fault(struct arch_frame *frame)
{
    uint64_t address = frame->address;
    uint32_t kind = fault_kind(frame);
    if (kernel_access_permitted(frame, address, kind))
        translation_forget_users();
    else if (!kernel_page_fault(address, kind, frame) && !arch_fault_fixup(frame))
        kernel_fatal_fault("page fault", address, frame);
}

// With the unit off, any of its instructions is illegal; so may be one that no CPU knows, which comes back with the unit on.
static bool first_float(struct arch_frame *frame)
{
    if (frame->cause != CAUSE_ILLEGAL || frame->status & FRAME_STATUS_FLOAT || !fpu_present())
        return false;
    if (!arch_fpu_first_use())
        kernel_exception(CAUSE_ILLEGAL, "no memory for floating-point registers", LINUX_SIGKILL, CODE_KERNEL, 0, frame);
    return true;
}

static void exception(struct arch_frame *frame)
{
    static const struct exception_row reserved = { "reserved exception", LINUX_SIGILL, CODE_ILL_ILLTRP };
    const struct exception_row *row = frame->cause < CAUSES && exceptions[frame->cause].name ? &exceptions[frame->cause] : &reserved;
    uint32_t vector = (uint32_t)frame->cause;
    if (arch_frame_from_user(frame)) {
        if (!first_float(frame))
            kernel_exception(vector, row->name, row->signal, row->code, arch_frame_ip(frame), frame);
    } else if (!arch_fault_fixup(frame)) {
        kernel_fatal_fault(row->name, frame->address, frame);
    }
}

void arch_dispatch(struct arch_frame *frame)
{
    if (frame->cause & CAUSE_INTERRUPT)
        interrupt_dispatch(frame, frame->cause);
    else if (frame->cause == CAUSE_FETCH_PAGE || frame->cause == CAUSE_LOAD_PAGE || frame->cause == CAUSE_STORE_PAGE)
        kernel_own_page_fault(frame); // a program's takes another way
    else
        exception(frame);
}

// The stack pointer of the trapped code lies in no stack, or too near to its end. Either it has run into the guard page, which
// the fault's address says if a fault it was, or the stack pointer was lost.
void arch_dispatch_without_stack(struct arch_frame *frame)
{
    const struct thread *thread = thread_current();
    uint64_t low = thread && thread->stack_low.raw ? thread->stack_low.raw : virt_of(boot_stack).raw;
    virt_t hit;
    bool page_fault = frame->cause == CAUSE_LOAD_PAGE || frame->cause == CAUSE_STORE_PAGE;
    if (frame->sp >= low && frame->sp < low + KERNEL_STACK_SIZE && !(page_fault && kernel_stack_guard_hit(frame->address, &hit)))
        kernel_fatal_fault("kernel stack overflow", frame->sp, frame);
    kernel_fatal_fault("double fault", page_fault ? frame->address : frame->sp, frame);
}
