// SPDX-License-Identifier: MIT
// keys.h: PKRU, the rights of a thread per protection key, for keys.c.
#pragma once

#include <cpuid.h>

// Whether the processor has keys.
static bool machine_has_keys(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && c >> 3 & 1;
}

static unsigned machine_rights(void)
{
    unsigned rights, zero;
    __asm__ volatile("rdpkru" : "=a"(rights), "=d"(zero) : "c"(0) : "memory");
    return rights;
}

static void machine_set_rights(unsigned rights)
{
    __asm__ volatile("wrpkru" : : "a"(rights), "c"(0), "d"(0) : "memory");
}

// Where a handler's frame has the rights of the code it interrupted; NULL: nowhere.
static unsigned *machine_frame_rights(const ucontext_t *context)
{
    enum { EXTENT = 464, HEADER = 512, COMPONENT = 9 };
    uint8_t *image = (uint8_t *)context->uc_mcontext.fpregs;
    unsigned a, b, c, d;
    uint64_t shown, there;
    if (!image || !__get_cpuid_count(0xd, COMPONENT, &a, &b, &c, &d))
        return NULL;
    memcpy(&shown, image + EXTENT + 8, sizeof shown);
    memcpy(&there, image + HEADER, sizeof there);
    return (shown & there) >> COMPONENT & 1 ? (unsigned *)(image + b) : NULL;
}

// read(2) by a thread that has other rights only while it is in the kernel; memory it uses itself may be among what those forbid.
static long machine_read_with_rights(unsigned rights, int file, void *to, size_t size)
{
    register unsigned before __asm__("r12") = machine_rights();
    register long result __asm__("r13");
    __asm__ volatile("wrpkru\n\t"
                     "movl %[call], %%eax\n\t"
                     "movq %[size], %%rdx\n\t"
                     "syscall\n\t"
                     "movq %%rax, %[result]\n\t"
                     "movl %[before], %%eax\n\t"
                     "xorl %%ecx, %%ecx\n\t"
                     "xorl %%edx, %%edx\n\t"
                     "wrpkru"
                     : [result] "=&r"(result)
                     : "a"(rights), "c"(0), "d"(0), "D"(file), "S"(to), [size] "r"(size), [before] "r"(before), [call] "i"(SYS_read)
                     : "r11", "memory", "cc");
    return result;
}
