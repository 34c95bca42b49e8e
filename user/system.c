// SPDX-License-Identifier: MIT
// system.c: what the kernel says about itself, random numbers, call numbers that do not exist, the second entry.
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static void names_are_filled_in(void)
{
    struct utsname name;
    CHECK_EQUAL(uname(&name), 0);
    CHECK(name.sysname[0] && name.nodename[0] && name.release[0] && name.version[0]);
    CHECK(strcmp(name.machine, MACHINE_NAME) == 0);
    CHECK_ERROR(syscall(SYS_uname, 8), EFAULT);
    if (check_on_helix()) {
        CHECK_EQUAL(sethostname("tester", 6), 0);
        CHECK_EQUAL(uname(&name), 0);
        CHECK(strcmp(name.nodename, "tester") == 0);
        CHECK_ERROR(sethostname("x", 1000), EINVAL);
    }
}

static void totals_are_plausible(void)
{
    struct sysinfo info;
    CHECK_EQUAL(sysinfo(&info), 0);
    uint64_t total = (uint64_t)info.totalram * info.mem_unit, free_now = (uint64_t)info.freeram * info.mem_unit;
    CHECK(total > 8 << 20 && free_now > 0 && free_now < total);
    CHECK(info.uptime < 100000000 && info.procs > 0);
}

static void random_bytes_differ(void)
{
    unsigned char one[256] = { 0 }, two[256] = { 0 };
    CHECK_EQUAL(syscall(SYS_getrandom, one, 256, 0), 256);
    CHECK_EQUAL(syscall(SYS_getrandom, two, 256, 1), 256);
    CHECK(memcmp(one, two, 256) != 0);
    int bits = 0;
    for (int i = 0; i < 256; i++)
        bits += __builtin_popcount(one[i]);
    CHECK(bits > 850 && bits < 1200);
    CHECK_ERROR(syscall(SYS_getrandom, one, 16, 0x80), EINVAL);
    CHECK_ERROR(syscall(SYS_getrandom, 8, 16, 0), EFAULT);
    CHECK_EQUAL(syscall(SYS_getrandom, one, 0, 0), 0);
}

static void unknown_numbers_are_enosys(void)
{
    static const long numbers[] = { 400, 511, 512, 1000, 65536, 0x7fffffff, -1, -2, -4096, 0x40000000 + 100000 };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        CHECK_ERROR(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS);
    static const uint64_t huge[] = { 1UL << 63, 0x8000000000000000 | 39, 1UL << 40 };
    for (size_t i = 0; i < sizeof huge / sizeof *huge; i++)
        (void)syscall((long)huge[i], -1, 0, 0, 0, 0, 0);
}

// Some machines have a second instruction for calls. Helix takes the same numbers and registers there; Linux on x86_64 takes
// 32-bit ones, so this row is Helix's own.
static void second_entry_takes_the_same_numbers(void)
{
    if (!MACHINE_SECOND_ENTRY)
        CHECK_SKIP("there is one instruction for calls on " MACHINE_NAME);
    if (!check_on_helix())
        return;
    CHECK_EQUAL(machine_second_call3(SYS_getpid, 0, 0, 0), getpid());
    CHECK_EQUAL(machine_second_call3(SYS_close, 999, 0, 0), -EBADF);
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(machine_second_call3(SYS_write, ends[1], (long)"hello", 5), 5);
    char buffer[8];
    CHECK_EQUAL(machine_second_call3(SYS_read, ends[0], (long)buffer, 8), 5);
    CHECK(memcmp(buffer, "hello", 5) == 0);
    CHECK_EQUAL(machine_second_call3(400, 0, 0, 0), -ENOSYS);
    long child = machine_second_call3(SYS_clone, SIGCHLD, 0, 0);
    if (child == 0)
        _exit(8);
    CHECK_EQUAL(check_wait((pid_t)child), 8 << 8);
}

static void thread_pointer_is_the_threads_own(void)
{
    unsigned long base = machine_thread_pointer();
    CHECK(base != 0);
    sched_yield();
    CHECK_EQUAL(machine_thread_pointer(), base);
    static char block[8192] __attribute__((aligned(4096)));
    pid_t child = (pid_t)machine_clone(SIGCHLD | CLONE_SETTLS, 0, 0, 0, (uint64_t)block + 4096);
    if (child == 0) {
        // No library call works now.
        machine_call0(SYS_sched_yield);
        machine_call3(SYS_exit, machine_thread_pointer() == (uint64_t)block + 4096 ? 5 : 6, 0, 0);
    }
    CHECK_EQUAL(check_wait(child), 5 << 8);
    CHECK_EQUAL(machine_thread_pointer(), base);
}

static void thread_pointer_calls_check_addresses(void)
{
    if (!MACHINE_THREAD_POINTER_CALL)
        CHECK_SKIP("programs set the register themselves on " MACHINE_NAME);
    unsigned long base = 0, other = 0;
    CHECK_EQUAL(syscall(MACHINE_THREAD_POINTER_CALL, 0x1003, &base), 0);
    CHECK(base != 0);
    CHECK_EQUAL(syscall(MACHINE_THREAD_POINTER_CALL, 0x1001, 0x12345000UL), 0);
    CHECK_EQUAL(syscall(MACHINE_THREAD_POINTER_CALL, 0x1004, &other), 0);
    CHECK_EQUAL(other, 0x12345000);
    CHECK_ERROR(syscall(MACHINE_THREAD_POINTER_CALL, 0x1002, MACHINE_UNCANONICAL), EPERM);
    CHECK_ERROR(syscall(MACHINE_THREAD_POINTER_CALL, 0x1002, MACHINE_KERNEL_START), EPERM);
    CHECK_ERROR(syscall(MACHINE_THREAD_POINTER_CALL, 0x7777, 0), EINVAL);
    CHECK_ERROR(syscall(MACHINE_THREAD_POINTER_CALL, 0x1003, 8), EFAULT);
}

static void process_name_can_be_changed(void)
{
    char name[16] = "";
    CHECK_EQUAL(prctl(PR_SET_NAME, "a-long-process-name", 0, 0, 0), 0);
    CHECK_EQUAL(prctl(PR_GET_NAME, name, 0, 0, 0), 0);
    CHECK(strcmp(name, "a-long-process-") == 0);
    CHECK_ERROR(prctl(9999, 0, 0, 0, 0), EINVAL);
}

static void unimplemented_calls_are_counted(void)
{
    if (!check_on_helix())
        return;
    char text[8192] = "";
    syscall(400);
    int fd = open("/proc/helix/unimplemented", O_RDONLY);
    CHECK(fd >= 0);
    CHECK(read(fd, text, sizeof text - 1) > 0);
    CHECK(strstr(text, "400"));
}

static const struct check_row rows[] = {
    CHECK_ROW(names_are_filled_in),
    CHECK_ROW(totals_are_plausible),
    CHECK_ROW(random_bytes_differ),
    CHECK_ROW(unknown_numbers_are_enosys),
    CHECK_ROW(second_entry_takes_the_same_numbers),
    CHECK_ROW(thread_pointer_is_the_threads_own),
    CHECK_ROW(thread_pointer_calls_check_addresses),
    CHECK_ROW(process_name_can_be_changed),
    CHECK_ROW(unimplemented_calls_are_counted),
};

CHECK_MAIN(rows)
