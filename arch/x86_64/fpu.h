// SPDX-License-Identifier: MIT
// fpu.h: x87, SSE and AVX state of user threads. The theory is in fpu.c.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <arch/context.h>

// Reads what the CPU has (XCR0 is set already). Once per CPU, after arch_cpu_init has enabled the unit.
void fpu_init_cpu(void);

// The running thread's arch_thread.
struct arch_thread *fpu_current(void);

// Interrupts off.
void fpu_switch(struct arch_thread *from, struct arch_thread *to);

void fpu_reset(struct arch_thread *self);
enum status fpu_copy(struct arch_thread *self, struct arch_thread *child);
void fpu_release(struct arch_thread *thread);

// The running thread's registers become those of a new program; its area stays.
void fpu_clear(void);

// #NM from user mode: gives the running thread its area. False: no memory.
bool arch_fpu_first_use(void);

// Bytes of the XSAVE (or FXSAVE) image.
size_t fpu_size(void);

// The running thread's newest state in its area, nullptr if it never used the unit; and the way back after the
// area was changed. Preemption is off from fpu_open to fpu_close.
void *fpu_open(void);
void fpu_close(bool changed);

// Makes a user-supplied image in the running thread's area safe to load; false: it cannot be.
bool fpu_sanitise(void *image);

// Bits of XCR0, 0 without XSAVE.
uint64_t fpu_features(void);

// A buffer for one image, to check a user's in; nullptr: no memory.
void *fpu_scratch(void);
void fpu_scratch_free(void *scratch);
