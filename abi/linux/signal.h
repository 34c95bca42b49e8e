// SPDX-License-Identifier: MIT
// signal.h: signal numbers, flags of actions and siginfo as Linux programs see them; struct linux_sigaction stands in arch/linux.h.
#pragma once

#include <stdint.h>

enum {
    LINUX_SIGHUP = 1,
    LINUX_SIGINT,
    LINUX_SIGQUIT,
    LINUX_SIGILL,
    LINUX_SIGTRAP,
    LINUX_SIGABRT,
    LINUX_SIGBUS,
    LINUX_SIGFPE,
    LINUX_SIGKILL,
    LINUX_SIGUSR1,
    LINUX_SIGSEGV,
    LINUX_SIGUSR2,
    LINUX_SIGPIPE,
    LINUX_SIGALRM,
    LINUX_SIGTERM,
    LINUX_SIGSTKFLT,
    LINUX_SIGCHLD,
    LINUX_SIGCONT,
    LINUX_SIGSTOP,
    LINUX_SIGTSTP,
    LINUX_SIGTTIN,
    LINUX_SIGTTOU,
    LINUX_SIGURG,
    LINUX_SIGXCPU,
    LINUX_SIGXFSZ,
    LINUX_SIGVTALRM,
    LINUX_SIGPROF,
    LINUX_SIGWINCH,
    LINUX_SIGIO,
    LINUX_SIGPWR,
    LINUX_SIGSYS,
};

enum : uint64_t { LINUX_SIG_DFL = 0, LINUX_SIG_IGN = 1 };

enum : uint64_t {
    LINUX_SA_NOCLDSTOP = 1,
    LINUX_SA_NOCLDWAIT = 2,
    LINUX_SA_SIGINFO = 4,
    LINUX_SA_RESTORER = 0x04000000,
    LINUX_SA_ONSTACK = 0x08000000,
    LINUX_SA_RESTART = 0x10000000,
    LINUX_SA_NODEFER = 0x40000000,
    LINUX_SA_RESETHAND = 0x80000000,
};

enum { LINUX_SS_ONSTACK = 1, LINUX_SS_DISABLE = 2 };

// si_code values.
enum {
    LINUX_SI_USER = 0,
    LINUX_SI_KERNEL = 0x80,
    LINUX_SI_TKILL = -6,
    LINUX_SI_QUEUE = -1,
    LINUX_SEGV_MAPERR = 1,
    LINUX_SEGV_ACCERR = 2,
    LINUX_SEGV_PKUERR = 4,
    LINUX_BUS_ADRERR = 2,
    LINUX_FPE_INTDIV = 1,
    LINUX_FPE_FLTDIV = 3,
    LINUX_ILL_ILLOPN = 2,
    LINUX_TRAP_BRKPT = 1,
    LINUX_TRAP_TRACE = 2,
    LINUX_CLD_EXITED = 1,
    LINUX_CLD_KILLED = 2,
    LINUX_CLD_DUMPED = 3,
    LINUX_CLD_STOPPED = 5,
    LINUX_CLD_CONTINUED = 6,
};

// What there is to tell. Programs see it in LINUX_SIGINFO_SIZE bytes, the rest of them 0.
enum { LINUX_SIGINFO_SIZE = 128 };
struct linux_siginfo {
    int32_t number, error, code, padding;
    union {
        struct {
            int32_t process;
            uint32_t user;
            int32_t status; // SIGCHLD; sigqueue: the value starts here
            int32_t unused;
            int64_t user_time, system_time;
        };
        uint64_t address; // faults
        int32_t words[8];
    };
};
static_assert(sizeof(struct linux_siginfo) == 48);

struct linux_stack {
    uint64_t pointer;
    int32_t flags, padding;
    uint64_t size;
};
static_assert(sizeof(struct linux_stack) == 24);
