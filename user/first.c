// SPDX-License-Identifier: MIT
// first.c: prints how many instructions the machine had executed when this program's first one ran (under `-icount`
// the processor's clock counts them, in its own steps).
// Build: -Wl,-e,early_start
#include "machine.h"

#include <stdio.h>

uint64_t counter;

// early_start, which notes the clock in `counter` before the C library begins.
__asm__(MACHINE_NOTE_CLOCK_AND_START);

int main(void)
{
    printf("first user instruction after %llu\n", (unsigned long long)machine_ticks_to_instructions(counter));
    return 0;
}
