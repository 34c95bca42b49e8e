// SPDX-License-Identifier: MIT
// fpu_registers.c: the floating-point unit behind sstatus.FS (Privileged Architecture 1.12, 3.1.6.6): off, clean or dirty.
//
// In the kernel FS is off but while registers move. What a thread finds in user mode stands in its frame: off, and its next
// instruction of the unit traps; clean, and the hardware makes it dirty with the first change.

#include <arch/fpu.h>

#include <arch/frame.h>

#include <helix/cpu.h>
#include <helix/kernel_map.h>
#include <helix/thread.h>

#include "csr.h"
#include "fpu_state.h"
#include "probe.h"

enum : uint64_t { FLOAT_CLEAN = 2 << 13, FLOAT_DIRTY = 3 << 13 };
static_assert(sizeof(struct fpu_state) == 33 * 8);

static bool present; // [const] after the first CPU

static uint64_t *frame_status(struct arch_thread *thread)
{
    return &arch_user_frame(container_of(thread, struct thread, arch)->stack_low.raw + KERNEL_STACK_SIZE)->status;
}

bool fpu_present(void)
{
    return present;
}

size_t fpu_area_size(void)
{
    return sizeof(struct fpu_state);
}

// All registers 0, rounding to nearest, no exception raised: the area is that already. FS cannot be set without a
// unit.
void fpu_area_init(void *area)
{
    CSR_SET(sstatus, FRAME_STATUS_FLOAT);
    present = CSR_READ(sstatus) & FRAME_STATUS_FLOAT && probe_float();
    CSR_CLEAR(sstatus, FRAME_STATUS_FLOAT);
}

void fpu_registers_open(void)
{
}

void fpu_registers_copy(void *area)
{
    CSR_SET(sstatus, FRAME_STATUS_FLOAT);
    fpu_state_save(area);
    CSR_CLEAR(sstatus, FRAME_STATUS_FLOAT);
}

void fpu_registers_save(struct arch_thread *thread)
{
    uint64_t *status = frame_status(thread);
    if ((*status & FRAME_STATUS_FLOAT) != FLOAT_DIRTY)
        return;
    fpu_registers_copy(thread->fpu);
    *status ^= FLOAT_DIRTY ^ FLOAT_CLEAN;
}

void fpu_registers_load(const void *area)
{
    if (!present)
        return;
    CSR_SET(sstatus, FRAME_STATUS_FLOAT);
    fpu_state_load(area);
    CSR_CLEAR(sstatus, FRAME_STATUS_FLOAT);
}

void fpu_registers_changed(struct arch_thread *thread)
{
    *frame_status(thread) |= FLOAT_DIRTY;
}

void fpu_registers_close(struct arch_thread *thread, bool trap)
{
    if (!thread)
        return;
    uint64_t *status = frame_status(thread);
    if (trap)
        *status &= ~FRAME_STATUS_FLOAT;
    else if ((*status & FRAME_STATUS_FLOAT) != FLOAT_DIRTY)
        *status = (*status & ~FRAME_STATUS_FLOAT) | FLOAT_CLEAN;
}
