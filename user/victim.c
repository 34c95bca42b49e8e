// SPDX-License-Identifier: MIT
// victim.c: a small honest program, the one that mutants.c damages.
// Build: -nostartfiles -nodefaultlibs
static const char text[] = "victim\n";
static volatile long data = 5, cleared[600];

static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

[[gnu::force_align_arg_pointer, noreturn]] void _start(void);

void _start(void)
{
    cleared[599] = data;
    call(1, 1, (long)text, sizeof text - 1);
    call(60, cleared[599] + cleared[0] - 5, 0, 0);
    __builtin_unreachable();
}
