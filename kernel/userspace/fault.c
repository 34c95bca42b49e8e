// SPDX-License-Identifier: MIT
// fault.c: what a page fault or an exception means: memory to be served, a signal, or the end of the kernel.

#include <arch/frame.h>
#include <arch/interrupt.h>
#include <arch/user.h>

#include <helix/cpu.h>
#include <helix/log.h>
#include <helix/memory_watch.h>
#include <helix/panic.h>
#include <helix/process.h>
#include <helix/space.h>
#include <helix/user.h>

static void signal_for_fault(struct thread *self, enum status outcome, uint64_t address)
{
    struct linux_siginfo info = { .number = LINUX_SIGSEGV, .code = LINUX_SEGV_MAPERR, .address = address };
    if (outcome == STATUS_DENIED)
        info.code = LINUX_SEGV_ACCERR;
    if (outcome == STATUS_OUT_OF_RANGE || outcome == STATUS_IO_ERROR) {
        info.number = LINUX_SIGBUS;
        info.code = LINUX_BUS_ADRERR;
    }
    if (outcome == STATUS_NO_MEMORY) { // and nobody else could be found to end for it
        log_warn("memory", "out of memory: killing %s (pid %lu)", self->process->name, self->process->id);
        info = (struct linux_siginfo){ .number = LINUX_SIGKILL, .code = LINUX_SI_KERNEL };
    }
    signal_force(self, &info);
}

// Memory is short: tries again when something has been done about it. Whoever is told to end instead stops trying.
[[gnu::noinline, gnu::cold]] static enum status fault_retry(struct thread *self, uint64_t address, uint32_t kind)
{
    enum { TRIES = 8 };
    enum status outcome = STATUS_NO_MEMORY;
    for (int i = 0; i < TRIES && outcome == STATUS_NO_MEMORY && memory_relieve(MEMORY_FOR_FAULT); i++) {
        if (self->flags & THREAD_KILL_PENDING)
            return STATUS_INTERRUPTED;
        outcome = space_fault(self->process->space, address, kind);
    }
    return outcome;
}

bool kernel_page_fault(uint64_t address, uint32_t kind, struct arch_frame *frame)
{
    struct thread *self = thread_current();
    bool from_user = arch_frame_from_user(frame);
    cpu_local()->page_faults++;
    if (!self->process->space || address >= arch_user_end()) {
        if (from_user)
            signal_for_fault(self, STATUS_NOT_MAPPED, address);
        return from_user;
    }
    if (!from_user && (!arch_fault_expected(frame) || arch_preempt_count() || !arch_frame_interrupts(frame)))
        return false;
    arch_interrupts_enable();
    enum status outcome = space_fault(self->process->space, address, kind | FAULT_USER);
    if (UNLIKELY(outcome == STATUS_NO_MEMORY))
        outcome = fault_retry(self, address, kind | FAULT_USER);
    (void)arch_interrupts_disable();
    if (outcome == STATUS_OK)
        return true;
    if (!from_user)
        return false;                  // the copy routine reports STATUS_BAD_ADDRESS
    if (outcome != STATUS_INTERRUPTED) // it ends on its way out
        signal_for_fault(self, outcome, address);
    return true;
}

// As on Linux the key is told that the region has now, should it have changed since.
void kernel_key_fault(uint64_t address)
{
    enum { PLACE = 4 }; // si_pkey, in words behind the address
    struct thread *self = thread_current();
    struct linux_siginfo info = { .number = LINUX_SIGSEGV, .code = LINUX_SEGV_PKUERR, .address = address };
    cpu_local()->page_faults++;
    arch_interrupts_enable();
    info.words[PLACE] = (int32_t)space_key_at(self->process->space, address);
    signal_force(self, &info);
    (void)arch_interrupts_disable();
}

void kernel_exception(uint32_t vector, const char *name, int signal, int code, uint64_t address, struct arch_frame *frame)
{
    if (!arch_frame_from_user(frame)) {
        panic_at(__FILE__, __LINE__, frame, "%s (vector %u) in the kernel", name, vector);
        return;
    }
    struct linux_siginfo info = { .number = signal, .code = code, .address = address };
    signal_force(thread_current(), &info);
}

void kernel_exit_to_user(struct arch_frame *frame)
{
    struct thread *self = thread_current();
    arch_exit_work_set(false);
    if (arch_reschedule_wanted())
        kernel_exit_to_kernel(); // gives way
    if (!(self->flags & (THREAD_SIGNALLED | THREAD_KILL_PENDING)))
        return;
    arch_interrupts_enable();
    if (self->flags & THREAD_KILL_PENDING)
        user_thread_exit(0);
    signal_deliver(self, frame);
    (void)arch_interrupts_disable();
}
