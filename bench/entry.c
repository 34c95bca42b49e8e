// SPDX-License-Identifier: MIT
// entry.c: the cheapest ways into the kernel and back.
#include "bench.h"
#include "machine.h"

#include <fcntl.h>
#include <time.h>

static int zero, null;

static void open_devices(void)
{
    zero = open("/dev/zero", O_RDWR);
    null = open("/dev/null", O_RDWR);
    NEED(zero >= 0 && null >= 0, "open /dev/zero and /dev/null");
}

static void run_getpid(long loops)
{
    while (loops-- > 0)
        machine_call0(SYS_getpid);
}

static char byte;

static void run_read_zero(long loops)
{
    while (loops-- > 0)
        machine_call3(SYS_read, zero, (long)&byte, 1);
}

static void run_read_null(long loops)
{
    while (loops-- > 0)
        machine_call3(SYS_read, null, (long)&byte, 1);
}

static void run_write_zero(long loops)
{
    while (loops-- > 0)
        machine_call3(SYS_write, zero, (long)&byte, 1);
}

static void run_write_null(long loops)
{
    while (loops-- > 0)
        machine_call3(SYS_write, null, (long)&byte, 1);
}

static void run_clock(long loops)
{
    struct timespec now;
    while (loops-- > 0)
        machine_call3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0);
}

static const struct row rows[] = {
    { "getpid", .run = run_getpid },
    { "read_zero", open_devices, .run = run_read_zero },
    { "read_null", open_devices, .run = run_read_null },
    { "write_zero", open_devices, .run = run_write_zero },
    { "write_null", open_devices, .run = run_write_null },
    { "clock_gettime", .run = run_clock },
};
GROUP(entry_group, "entry", rows);
