// SPDX-License-Identifier: MIT
// first.c: prints how many instructions the machine had executed when this program's first one ran (under `-icount`
// the time-stamp counter counts them).
// Build: -Wl,-e,early_start
#include <stdint.h>
#include <stdio.h>

uint64_t counter;

__asm__(".text\n.globl early_start\n"
        "early_start:\n"
        " rdtsc\n shl $32, %rdx\n or %rdx, %rax\n mov %rax, counter(%rip)\n"
        " xor %eax, %eax\n xor %edx, %edx\n jmp _start\n");

int main(void)
{
    printf("first user instruction after %llu\n", (unsigned long long)counter);
    return 0;
}
