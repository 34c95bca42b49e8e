// SPDX-License-Identifier: MIT
// frame.c: register frames made, shown and walked.

#include <arch/frame.h>

#include <lib/format.h>
#include <lib/string.h>

#include <arch/cpu.h>

#include <helix/kernel_map.h>

#include "features.h"
#include "offsets.h"

static_assert(offsetof(struct arch_frame, x[18]) == FRAME_X18 && offsetof(struct arch_frame, x[29]) == FRAME_X29 &&
              offsetof(struct arch_frame, x[30]) == FRAME_X30 && offsetof(struct arch_frame, sp) == FRAME_SP &&
              offsetof(struct arch_frame, pc) == FRAME_PC && offsetof(struct arch_frame, argument) == FRAME_ARGUMENT &&
              offsetof(struct arch_frame, kind) == FRAME_KIND && offsetof(struct arch_frame, syndrome) == FRAME_SYNDROME &&
              sizeof(struct arch_frame) == FRAME_SIZE && CPU_FRAME_SIZE == FRAME_SIZE && FRAME_SYSCALL == CLASS_SVC);
static_assert(KERNEL_STACK_SIZE == CPU_STACK_SIZE && KERNEL_STACK_SIZE == 1 << KERNEL_STACK_BITS);
static_assert(EMERGENCY_STACK_SIZE == EMERGENCY_SIZE && EMERGENCY_SIZE == 1 << 13 && BOOT_STACK_SIZE == 1 << 15); // entry.S

void arch_frame_init_user(struct arch_frame *frame, uint64_t ip, uint64_t sp)
{
    *frame = (struct arch_frame){ .pc = ip, .sp = sp, .pstate = PSTATE_USER };
}

void arch_frame_dump(const struct arch_frame *frame, void (*line)(void *context, const char *text), void *context)
{
    const struct {
        const char *name;
        uint64_t value;
    } others[] = {
        { "X30", frame->x[30] },  { "SP ", frame->sp },       { "PC ", frame->pc },
        { "PSR", frame->pstate }, { "ESR", frame->syndrome }, { "FAR", frame->address },
    };
    char text[80];
    for (unsigned i = 0; i < 30; i += 2) {
        format_text(text, sizeof text, "  X%-2u=0x%016lX  X%-2u=0x%016lX", i, frame->x[i], i + 1, frame->x[i + 1]);
        line(context, text);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(others); i += 2) {
        format_text(text, sizeof text, "  %s=0x%016lX  %s=0x%016lX", others[i].name, others[i].value, others[i + 1].name,
                    others[i + 1].value);
        line(context, text);
    }
}

void arch_frame_capture(struct arch_frame *frame)
{
    const uint64_t *record = __builtin_frame_address(0); // the caller's x29, and where it goes on
    memset(frame, 0, sizeof *frame);
    frame->x[29] = record[0];
    frame->pc = frame->x[30] = (uint64_t)(uintptr_t)__builtin_return_address(0);
    __asm__ volatile("stp x18, x19, [%0, #144]\n\tstp x20, x21, [%0, #160]\n\tstp x22, x23, [%0, #176]\n\t"
                     "stp x24, x25, [%0, #192]\n\tstp x26, x27, [%0, #208]\n\tstr x28, [%0, #224]"
                     :
                     : "r"(frame)
                     : "memory");
    frame->sp = (uint64_t)(uintptr_t)record;
    frame->pstate =
        system_register_read("currentel") | system_register_read("spsel") | system_register_read("daif") | system_register_read("nzcv");
}
