// SPDX-License-Identifier: MIT
// frame.c: register frames made, shown and walked.

#include <arch/frame.h>

#include <lib/format.h>
#include <lib/string.h>

#include <arch/cpu.h>

#include "offsets.h"

static_assert(offsetof(struct arch_frame, r15) == FRAME_R15 && offsetof(struct arch_frame, r14) == FRAME_R14 &&
              offsetof(struct arch_frame, r13) == FRAME_R13 && offsetof(struct arch_frame, r12) == FRAME_R12 &&
              offsetof(struct arch_frame, rbp) == FRAME_RBP && offsetof(struct arch_frame, rbx) == FRAME_RBX &&
              offsetof(struct arch_frame, r11) == FRAME_R11 && offsetof(struct arch_frame, rax) == FRAME_RAX &&
              offsetof(struct arch_frame, rcx) == FRAME_RCX && offsetof(struct arch_frame, rdi) == FRAME_RDI &&
              offsetof(struct arch_frame, rsi) == FRAME_RSI && offsetof(struct arch_frame, rdx) == FRAME_RDX &&
              offsetof(struct arch_frame, r10) == FRAME_R10 && offsetof(struct arch_frame, r8) == FRAME_R8 &&
              offsetof(struct arch_frame, r9) == FRAME_R9 && offsetof(struct arch_frame, vector) == FRAME_VECTOR &&
              offsetof(struct arch_frame, error) == FRAME_NUMBER && offsetof(struct arch_frame, rip) == FRAME_RIP &&
              offsetof(struct arch_frame, cs) == FRAME_CS && offsetof(struct arch_frame, rflags) == FRAME_RFLAGS &&
              offsetof(struct arch_frame, rsp) == FRAME_RSP && offsetof(struct arch_frame, ss) == FRAME_SS &&
              sizeof(struct arch_frame) == FRAME_SIZE && FRAME_SIZE == CPU_FRAME_SIZE && FRAME_SYSCALL == SYSCALL_VECTOR);

void arch_frame_init_user(struct arch_frame *frame, uint64_t ip, uint64_t sp)
{
    *frame = (struct arch_frame){
        .rip = ip,
        .rsp = sp,
        .cs = SELECTOR_USER_CODE,
        .ss = SELECTOR_USER_DATA,
        .rflags = RFLAGS_RESERVED | RFLAGS_INTERRUPTS,
    };
}

void arch_frame_dump(const struct arch_frame *frame, void (*line)(void *context, const char *text), void *context)
{
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {
        { "RAX", frame->rax }, { "RBX", frame->rbx }, { "RCX", frame->rcx },    { "RDX", frame->rdx }, { "RSI", frame->rsi },
        { "RDI", frame->rdi }, { "RBP", frame->rbp }, { "RSP", frame->rsp },    { "R8 ", frame->r8 },  { "R9 ", frame->r9 },
        { "R10", frame->r10 }, { "R11", frame->r11 }, { "R12", frame->r12 },    { "R13", frame->r13 }, { "R14", frame->r14 },
        { "R15", frame->r15 }, { "RIP", frame->rip }, { "RFL", frame->rflags }, { "CS ", frame->cs },  { "SS ", frame->ss },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(registers); i += 2) {
        char text[80];
        format_text(text, sizeof text, "  %s=0x%016lX  %s=0x%016lX", registers[i].name, registers[i].value, registers[i + 1].name,
                    registers[i + 1].value);
        line(context, text);
    }
    uint64_t cr2, cr3;
    __asm__ volatile("movq %%cr2, %0; movq %%cr3, %1" : "=r"(cr2), "=r"(cr3));
    char text[80];
    format_text(text, sizeof text, "  CR2=0x%016lX  CR3=0x%016lX", cr2, cr3);
    line(context, text);
}

void arch_frame_capture(struct arch_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    frame->rip = (uint64_t)(uintptr_t)__builtin_return_address(0);
    frame->rbp = *(uint64_t *)__builtin_frame_address(0);
    frame->rsp = (uint64_t)(uintptr_t)__builtin_frame_address(0) + 16;
    __asm__ volatile("movq %%rbx, %0; movq %%r12, %1; movq %%r13, %2; movq %%r14, %3; movq %%r15, %4"
                     : "=m"(frame->rbx), "=m"(frame->r12), "=m"(frame->r13), "=m"(frame->r14), "=m"(frame->r15));
    __asm__ volatile("pushfq; popq %0" : "=r"(frame->rflags));
    __asm__ volatile("movq %%cs, %0" : "=r"(frame->cs));
    __asm__ volatile("movq %%ss, %0" : "=r"(frame->ss));
}
