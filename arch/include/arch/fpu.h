// SPDX-License-Identifier: MIT
// fpu.h: floating-point and vector registers: who owns them (arch/common/fpu.c), and what it asks of the port.
//
// struct arch_thread has `void *fpu` (the save area; nullptr: never used the unit) and `uint32_t fpu_cpu` (the CPU whose registers
// hold the newest state, valid while that CPU's fpu_owner is this thread); struct arch_cpu has `struct arch_thread *fpu_owner`.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct arch_thread;

// ---- supplied by the port: the registers themselves; own CPU, preemption or interrupts off ----

// Bytes of a save area, at most FPU_AREA_MOST; areas are aligned to 64 bytes.
enum { FPU_AREA_MOST = 4096 };
size_t fpu_area_size(void);

// Writes the state that a program starts with to an area that is all zero.
void fpu_area_init(void *area);

// The unit is open to the kernel from fpu_registers_open on. Saving writes to thread->fpu what the registers hold, which is that
// thread's state; it may be left out where the hardware says that nothing has changed since they were loaded.
void fpu_registers_open(void);
void fpu_registers_save(struct arch_thread *thread);
void fpu_registers_load(const void *area);

// Writes what the registers hold to a new area, of which nothing is known.
void fpu_registers_copy(void *area);

// The registers hold a state of `thread` that its area does not: the next save must not be left out.
void fpu_registers_changed(struct arch_thread *thread);

// Says whether `thread`'s next instruction of the unit in user mode is to trap (arch_fpu_first_use). nullptr: a kernel thread runs,
// nobody's user mode is next.
void fpu_registers_close(struct arch_thread *thread, bool trap);

// ---- the shared part ----

struct arch_thread *fpu_current(void);

// This CPU's registers get the initial state. Once per CPU.
void fpu_init_cpu(void);

// As arch_thread_switch.
void fpu_switch(struct arch_thread *from, struct arch_thread *to);

// The running thread is as if it had never used the unit.
void fpu_reset(struct arch_thread *self);

// The running thread, which has an area, finds the initial state in its registers and may go on using them. For signal handlers. Whoever has an area has its
// state in the registers while it runs, in the kernel too.
void fpu_clear(void);

// Copies the running thread's state. STATUS_NO_MEMORY leaves the child without any.
enum status fpu_copy(struct arch_thread *self, struct arch_thread *child);
void fpu_release(struct arch_thread *thread);

// The trap of the first instruction: makes the area. False: no memory.
bool arch_fpu_first_use(void);

// The running thread's area, up to date, for reading and changing; preemption is off until fpu_close. nullptr: never used.
void *fpu_open(void);
void fpu_close(bool changed);

// A buffer of fpu_area_size() holding the initial state; nullptr: no memory.
void *fpu_scratch(void);
void fpu_scratch_free(void *scratch);
