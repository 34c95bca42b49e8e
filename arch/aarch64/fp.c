// SPDX-License-Identifier: MIT
// fp.c: the thirty-two vector registers and their two control words. CPACR_EL1.FPEN makes the first instruction of a program's trap,
// and shuts the unit to the kernel while no program has it.

#include "fp.h"

#include <arch/context.h>
#include <arch/fpu.h>

#include "features.h"

// By encoding: the compiler has been told not to know the unit.
#define FPCR "s3_3_c4_c4_0"
#define FPSR "s3_3_c4_c4_1"

enum : uint64_t { ACCESS_OPEN = 3 << 20 }; // FPEN: neither user mode nor the kernel traps

static_assert(sizeof(struct fpu_area) == 528 && sizeof(struct fpu_area) <= FPU_AREA_MOST);

size_t fpu_area_size(void)
{
    return sizeof(struct fpu_area);
}

// All zero: round to nearest, nothing traps.
void fpu_area_init(void *area)
{
}

void fpu_registers_open(void)
{
    system_register_write("cpacr_el1", ACCESS_OPEN);
    __asm__ volatile("isb" : : : "memory");
}

#define EACH_PAIR(instruction_)                                                                                                    \
    instruction_                                                                                                                   \
        " q0, q1, [%0, #0]\n\t" instruction_ " q2, q3, [%0, #32]\n\t" instruction_ " q4, q5, [%0, #64]\n\t" instruction_           \
        " q6, q7, [%0, #96]\n\t" instruction_ " q8, q9, [%0, #128]\n\t" instruction_ " q10, q11, [%0, #160]\n\t" instruction_      \
        " q12, q13, [%0, #192]\n\t" instruction_ " q14, q15, [%0, #224]\n\t" instruction_ " q16, q17, [%0, #256]\n\t" instruction_ \
        " q18, q19, [%0, #288]\n\t" instruction_ " q20, q21, [%0, #320]\n\t" instruction_ " q22, q23, [%0, #352]\n\t" instruction_ \
        " q24, q25, [%0, #384]\n\t" instruction_ " q26, q27, [%0, #416]\n\t" instruction_ " q28, q29, [%0, #448]\n\t" instruction_ \
        " q30, q31, [%0, #480]"

void fpu_registers_copy(void *to)
{
    struct fpu_area *area = to;
    __asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\t" EACH_PAIR("stp") : : "r"(area->q) : "memory");
    area->fpsr = (uint32_t)system_register_read(FPSR);
    area->fpcr = (uint32_t)system_register_read(FPCR);
}

void fpu_registers_save(struct arch_thread *thread)
{
    fpu_registers_copy(thread->fpu);
}

void fpu_registers_load(const void *from)
{
    const struct fpu_area *area = from;
    __asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\t" EACH_PAIR("ldp") : : "r"(area->q) : "memory");
    system_register_write(FPSR, area->fpsr);
    system_register_write(FPCR, area->fpcr);
}

// They are always saved.
void fpu_registers_changed(struct arch_thread *thread)
{
}

// The way back to user mode makes it hold.
void fpu_registers_close(struct arch_thread *thread, bool trap)
{
    system_register_write("cpacr_el1", trap ? 0 : ACCESS_OPEN);
}
