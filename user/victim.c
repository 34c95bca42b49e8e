// SPDX-License-Identifier: MIT
// victim.c: a small honest program, the one that mutants.c damages.
// Build: -nostartfiles -nodefaultlibs -Wl,-z,max-page-size=4096 -Wl,--no-relax
#include "machine.h"

static const char text[] = "victim\n";
static volatile long data = 5, cleared[600];

MACHINE_FIRST_FUNCTION void _start(void);

void _start(void)
{
    cleared[599] = data;
    machine_call3(SYS_write, 1, (long)text, sizeof text - 1);
    machine_call3(SYS_exit, cleared[599] + cleared[0] - 5, 0, 0);
    __builtin_unreachable();
}
