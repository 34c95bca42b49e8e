// SPDX-License-Identifier: MIT
// bench.h: what a row of the measuring program is, and what its bodies may call.
//
// Purpose     The same static program measures Helix and Linux: every body makes the system calls it is named after, nothing is simulated.
// How         Each row runs in a child of its own, so that one that dies or hangs costs only itself. The batch grows until a sample is long
//             enough for the clock (that warms up, too); then samples are taken, the cost of an empty loop and of reading the clock is
//             taken off, and minimum, median and 99th percentile are printed. One more sample runs between two marks, which a plugin of
//             the emulator sees (plugin.c): it counts what the clock cannot weigh.
// Invariants  A row prints one line: a figure, or why there is none. What prepare() and before() took, the end of the child gives back.
// Not here    Which kernel runs, what is compared with what (tools/helix/bench.py).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct row {
    const char *name;
    void (*prepare)(void);      // once; may be NULL, as all below but one of run and lateness
    void (*before)(long loops); // before each sample, not timed
    void (*run)(long loops);    // does the operation so often
    void (*after)(long loops);  // after each sample, not timed
    uint64_t (*lateness)(void); // instead of run: does it once and returns its own reading of clock_now()
    long least, most;           // bounds of a batch; 0: 1, and as large as wanted
    long per;                   // operations in one turn of run's loop; 0: 1
    unsigned samples;           // at most; 0: the usual number
};

// The rows of one file. Groups are what means are taken over.
struct group {
    const char *name;
    const struct row *rows;
    size_t count;
};
#define GROUP(variable, name_, rows_) const struct group variable = { name_, rows_, sizeof(rows_) / sizeof(rows_)[0] }

extern const struct group entry_group, memory_group, process_group, pipe_group, socket_group, signal_group, file_group, thread_group,
    time_group;

// The folder with the programs that rows execute.
#define PROGRAM_FOLDER "/bench"
#define PROGRAM        PROGRAM_FOLDER "/program"
#define LARGE_PROGRAM  PROGRAM_FOLDER "/large"

// clock.c. Instructions under `-icount`, nanoseconds in wall mode; in steps of some machines' clocks.
extern bool wall_time;
uint64_t clock_now(void);

// measure.c. Measures and prints. Called in the row's child; `number` is what the marks carry.
void measure(const struct group *group, const struct row *row, unsigned number);

// row.c. Ends the row with a line that says why there is no figure: `skip` when errno tells that the kernel has no such thing,
// `fail` otherwise. Does not return.
[[gnu::noreturn, gnu::format(printf, 1, 2)]] void give_up(const char *format, ...);
// The same unless `good`; `what` names the call.
#define NEED(good, what)         \
    do {                         \
        if (!(good))             \
            give_up("%s", what); \
    } while (0)
// Ends the row as not possible here, whatever errno says.
[[gnu::noreturn, gnu::format(printf, 1, 2)]] void leave_out(const char *format, ...);
