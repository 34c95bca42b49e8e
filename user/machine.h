// SPDX-License-Identifier: MIT
// machine.h: the processor, as the test programs see it. What differs between machines stands in machine/<name>/: basics.h for
// all, one header more for each program that needs it (machine/keys_none.h serves machines without keys). So a program says what it
// tests and never on what.
//
// Every machine/<name>/basics.h gives
//   MACHINE_NAME                what uname() says
//   MACHINE_KERNEL_START        where the kernel's map of all memory begins
//   MACHINE_KERNEL_IMAGE        where its image is linked; MACHINE_KERNEL_TEXT lies inside its code
//   MACHINE_USER_TOP            the last page that a program can have on some kernels, and not on others
//   MACHINE_BEYOND_USER         the first address that no program can have
//   MACHINE_UNCANONICAL         an address that nobody can have
//   MACHINE_KERNEL_ADDRESSES    a list of such addresses; the last two are a program's, but nothing is ever mapped there
//   MACHINE_FIRST_FUNCTION      an attribute for a function that no other called
//   machine_user_end()          the end of what mmap() can give
//   machine_beyond_is_wild()    whether MACHINE_BEYOND_USER is no address at all, so that a fault there cannot name it
//   machine_instructions()      a counter of instructions under `-icount shift=0` (in the steps of its clock)
//   machine_ticks_to_instructions()  what a plain value of that clock is worth
//   MACHINE_NOTE_CLOCK_AND_START     assembly: the program's entry, which notes that clock in `counter`
//   machine_call0(), …call3()   system calls by hand, with nothing but the instruction between
//   machine_second_call3()      the same by the second instruction for it, when MACHINE_SECOND_ENTRY says that there is one
//   machine_thread_pointer()    the register that thread-local variables are found by
//   MACHINE_THREAD_POINTER_CALL the call that sets and reads it, or 0
//   machine_clone()             clone(), whose last arguments stand in another order on each machine
//   machine_vfork()             the call itself: some C libraries have only fork() behind that name
//   machine_makes_process()     whether this is a number of fork's older kin
//   machine_is_jump_fault()     whether a program may die so that jumps to this address of somebody else
//   machine_write_return()      writes the shortest function
//   machine_code_written()      makes code just written visible to the processor
//   machine_spin_on()           loads the stack pointer and does nothing for ever
//   machine_pc(), machine_sp()  the registers in a handler's frame, and
//   machine_result()            the one that holds the result of a system call
#pragma once

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// `#include MACHINE_FAULTS` takes this machine's faults.h.
#if defined __x86_64__
#define MACHINE_BASICS    "machine/x86_64/basics.h"
#define MACHINE_FAULTS    "machine/x86_64/faults.h"
#define MACHINE_VECTORS   "machine/x86_64/vectors.h"
#define MACHINE_FRAMES    "machine/x86_64/frames.h"
#define MACHINE_CRIMES    "machine/x86_64/crimes.h"
#define MACHINE_REGISTERS "machine/x86_64/registers.h"
#define MACHINE_KEYS      "machine/x86_64/keys.h"
#elif defined __aarch64__
#define MACHINE_BASICS    "machine/aarch64/basics.h"
#define MACHINE_FAULTS    "machine/aarch64/faults.h"
#define MACHINE_VECTORS   "machine/aarch64/vectors.h"
#define MACHINE_FRAMES    "machine/aarch64/frames.h"
#define MACHINE_CRIMES    "machine/aarch64/crimes.h"
#define MACHINE_REGISTERS "machine/aarch64/registers.h"
#define MACHINE_KEYS      "machine/keys_none.h"
#elif defined __riscv
#define MACHINE_BASICS    "machine/riscv64/basics.h"
#define MACHINE_FAULTS    "machine/riscv64/faults.h"
#define MACHINE_VECTORS   "machine/riscv64/vectors.h"
#define MACHINE_FRAMES    "machine/riscv64/frames.h"
#define MACHINE_CRIMES    "machine/riscv64/crimes.h"
#define MACHINE_REGISTERS "machine/riscv64/registers.h"
#define MACHINE_KEYS      "machine/keys_none.h"
#else
#error "machine.h: a machine without a folder in user/machine/"
#endif

#include MACHINE_BASICS
