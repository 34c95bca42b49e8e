// SPDX-License-Identifier: MIT
// interrupt.h: the interrupt controllers of the machine, and the port's calls up into the kernel.
//
// A line is what a device is wired to (an ISA IRQ or GSI on a PC, an SPI on Arm, a PLIC source); a vector is what the CPU
// reports. kernel/core/interrupt.c owns the table of handlers; the port only enables, acknowledges and delivers.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct arch_frame;
struct boot_info;

enum { ARCH_VECTORS = 256 };

// Finds and programs the interrupt controllers (firmware tables first, the platform's fixed places without them).
// Memory mapping works; interrupts are off. STATUS_NO_DEVICE: no usable controller.
enum status arch_interrupt_init(const struct boot_info *boot);

// Routes a line to a free vector on this CPU, masked; asked again it gives the same vector. Line numbers are the port's (on a PC those
// below 16 are ISA's); drivers have theirs from arch_device_find. STATUS_NO_DEVICE: no such line; STATUS_NO_SPACE: no vector left.
enum status arch_interrupt_route(uint32_t line, uint32_t *vector);
void arch_interrupt_mask(uint32_t line);
void arch_interrupt_unmask(uint32_t line);

// Interrupts CPU `cpu`, which may be this one: kernel_ipi() runs there as soon as its interrupts are on. What was written to memory
// before is visible to it. Any context.
void arch_ipi_send(uint32_t cpu);

// A word for the boot log and /proc/interrupts: "x2apic", "gicv3", …
const char *arch_interrupt_controller_name(void);

// ---- supplied by the kernel, called by the port ----

// An interrupt on `vector` from the frame's context. Interrupts off, on the thread's kernel stack. The port has
// acknowledged it already or does so after the return, as the hardware wants.
void kernel_interrupt(uint32_t vector, struct arch_frame *frame);

// The one-shot timer fired. As kernel_interrupt.
void kernel_timer_interrupt(struct arch_frame *frame);

// Somebody called arch_ipi_send for this CPU, once or more often. As kernel_interrupt.
void kernel_ipi(struct arch_frame *frame);

// An exception that is not a page fault: `signal` is what Linux sends a user program for it (SIGFPE …), with `code` and `address`.
// Interrupts off.
void kernel_exception(uint32_t vector, const char *name, int signal, int code, uint64_t address, struct arch_frame *frame);

enum fault_kind : uint32_t {
    FAULT_WRITE = 1 << 1,
    FAULT_USER = 1 << 2, // the access was made by user code, or by a copy routine on its behalf
    FAULT_EXECUTE = 1 << 4,
};

// A page fault at `address`. Interrupts are off on entry; the kernel turns them on itself when the fault came from user
// code or a copy routine. True: served (retry the instruction). False: the port looks into its fault table (copy
// routines) and, without an entry there, the fault is fatal: kernel_fatal_fault().
bool kernel_page_fault(uint64_t address, uint32_t kind, struct arch_frame *frame);

// User code touched `address`, a page that is there, without a right on its protection key. Interrupts off.
void kernel_key_fault(uint64_t address);
[[noreturn]] void kernel_fatal_fault(const char *what, uint64_t address, struct arch_frame *frame);

// The handlers of system calls by number, and at SYSCALL_SLOTS that of every other number (kernel/userspace/syscall/table.c). The port
// calls them with interrupts on, adds one to this CPU's syscall_counts, and puts what they return into the frame as the result. A handler
// that makes the frame anew does not return: it leaves by arch_return_to_user. Those that read all of the frame stand in the table as
// whole_frame_NAME, which the port defines: it completes the frame and goes on in NAME.
struct thread;
struct syscall_arguments;
typedef int64_t syscall_handler(struct thread *self, const struct syscall_arguments *arguments);
extern syscall_handler *const syscall_handlers[];

// Before every return to user mode, interrupts off: delivers signals, reschedules. Called only when the CPU's
// exit-work flag (struct arch_cpu) is set, so the common path is one test.
void kernel_exit_to_user(struct arch_frame *frame);

// Before an interrupt returns into the kernel: preempts when wanted and allowed. Interrupts off.
void kernel_exit_to_kernel(void);
