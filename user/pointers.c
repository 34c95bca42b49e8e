// SPDX-License-Identifier: MIT
// pointers.c: every system call with every kind of bad pointer and length.
#define _GNU_SOURCE
#include "crime.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

static uint8_t *edge;     // the last mapped byte before an unmapped page
static uint8_t *readable; // a page that can only be read

static uint64_t bad_value(int kind)
{
    switch (kind) {
    case 0:
        return MACHINE_KERNEL_START;
    case 1:
        return MACHINE_KERNEL_TEXT;
    case 2:
        return 8;
    case 3:
        return (uint64_t)edge - 2;
    case 4:
        return ~0UL;
    case 5:
        return MACHINE_UNCANONICAL;
    case 6:
        return machine_user_end() - 4;
    case 7:
        return (uint64_t)readable + 1;
    case 8:
        return 0x7fffffffffffffff;
    default:
        return 0xffffffff;
    }
}
enum { BAD_KINDS = 10 };

static bool is_left_out(long number)
{
    switch (number) {
    case SYS_exit:
    case SYS_exit_group:
    case SYS_clone:
    case SYS_reboot:
    case SYS_rt_sigreturn:
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_settimeofday:
    case SYS_clock_settime:
    case SYS_ptrace:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
    case SYS_pidfd_send_signal:
    case SYS_pidfd_open:
    case SYS_clone3:
    case SYS_swapon:
    case SYS_swapoff:
    case SYS_vhangup:
    case SYS_pivot_root:
    case SYS_mount:
    case SYS_umount2:
    case SYS_kexec_load:
    case SYS_kexec_file_load:
    case SYS_adjtimex:
    case SYS_clock_adjtime:
    case SYS_chroot:
        return true;
    default:
        return machine_makes_process(number);
    }
}

static void abuse_call(long number)
{
    static uint64_t scratch[512];
    scratch[0] = 1;
    for (int base = 0; base < 3; base++)
        for (int position = 0; position <= 6; position++)
            for (int kind = 0; kind < BAD_KINDS; kind++) {
                uint64_t a[6];
                for (int i = 0; i < 6; i++)
                    a[i] = base == 0 ? 0 : base == 1 ? 3 : i % 2 ? 64 : (uint64_t)scratch;
                if (base == 2)
                    a[0] = (uint64_t)open("/dev/zero", O_RDWR);
                for (int i = 0; i < 6; i++)
                    if (i == position || position == 6)
                        a[i] = bad_value(kind);
                if (number == SYS_munmap || number == SYS_mprotect || number == SYS_mremap || number == SYS_madvise)
                    if (a[0] > 0x10000 && a[0] < machine_user_end() && a[1] > 1 << 20)
                        continue;
                syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
                if (base == 2)
                    close((int)a[0]);
            }
}

static void bad_syscall_pointers(void)
{
    uint8_t *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + 4096, 4096);
    edge = pages + 4096;
    readable = pages + 2 * 4096;
    mprotect(readable, 4096, PROT_READ);
    int counts[3] = { 0 };
    for (long number = 0; number < 520; number++) {
        if (is_left_out(number))
            continue;
        pid_t child = fork();
        if (child == 0) {
            if (!check_on_helix() && setuid(65534) != 0)
                _exit(1);
            int null = open("/dev/null", O_RDWR);
            for (int fd = 0; fd < 4; fd++)
                dup2(null, fd);
            struct sigaction action = { .sa_handler = crime_on_signal };
            sigaction(SIGALRM, &action, NULL);
            struct itimerval timer = { .it_value = { 0, 5000 }, .it_interval = { 0, 5000 } };
            setitimer(ITIMER_REAL, &timer, NULL);
            abuse_call(number);
            _exit(0);
        }
        int status = 0;
        for (int i = 0; waitpid(child, &status, WNOHANG) == 0; i++) {
            usleep(2000);
            if (i == 2000) {
                printf("call %ld did not end\n", number);
                kill(child, SIGKILL);
                counts[2]++;
            }
        }
        counts[WIFEXITED(status) ? 0 : 1]++;
    }
    printf("calls survived %d, killed %d, stuck %d\n", counts[0], counts[1], counts[2]);
    CHECK(counts[0] > 400);
    CHECK_EQUAL(counts[2], 0);
}

static void vector_overflow(void)
{
    static struct iovec vectors[1024];
    static char byte;
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
    for (int i = 0; i < 1024; i++)
        vectors[i] = (struct iovec){ &byte, 0x7fffffffffffffff };
    CHECK_ERROR(readv(zero, vectors, 1024), EFAULT);
    (void)writev(null, vectors, 1024);
    for (int i = 0; i < 1024; i++)
        vectors[i] = (struct iovec){ (void *)MACHINE_KERNEL_IMAGE, 1 << 20 };
    CHECK_ERROR(readv(zero, vectors, 1024), EFAULT);
    for (int i = 0; i < 1024; i++)
        vectors[i] = (struct iovec){ (void *)(machine_user_end() - 4096), 0xffffffffffff };
    CHECK(readv(zero, vectors, 1024) <= 4096);
    CHECK_ERROR(readv(zero, (void *)MACHINE_KERNEL_IMAGE, 5), EFAULT);
    CHECK(write(null, (void *)1, 0x7fffffffffffffff) != 0);
    CHECK_ERROR(read(zero, (void *)0x1000, 0xffffffffffffffff), EFAULT);
    CHECK_ERROR(read(zero, &byte, 0x7fffffffffffffff), EFAULT);
}

static void argument_overflow(void)
{
    static char *arguments[4];
    char *big = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(big, 'x', (64 << 20) - 1);
    arguments[0] = big;
    CHECK_ERROR(execve("/proc/self/exe", arguments, NULL), E2BIG);
    CHECK_ERROR(syscall(SYS_execve, "/proc/self/exe", kernel_addresses[4], NULL), EFAULT);
    arguments[0] = (char *)kernel_addresses[5];
    CHECK_ERROR(execve("/proc/self/exe", arguments, NULL), EFAULT);
    CHECK_ERROR(open(big, O_RDONLY), ENAMETOOLONG);
}

static void exec_without_arguments(void)
{
    // Linux gives such a program one empty argument; what must not happen is a crash of the kernel.
    static char *none[] = { NULL };
    pid_t child = fork();
    if (child == 0) {
        close(1);
        execve("/proc/self/exe", none, none);
        _exit(0);
    }
    check_wait(child);
}

static uint8_t *target;
static time_t race_end;

static int remap_all_the_time(void *unused)
{
    (void)unused;
    while (time(NULL) < race_end) {
        munmap(target + 4096, 65536);
        mmap(target, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        mprotect(target, 8192, PROT_READ);
    }
    return 0;
}

// One process reads into memory that another, which shares it, unmaps and remaps all the time.
static void two_threads_race_on_memory(void)
{
    target = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int zero = open("/dev/zero", O_RDONLY);
    pid_t child = fork();
    if (child == 0) {
        static char stack[65536] __attribute__((aligned(16)));
        race_end = time(NULL) + 2;
        pid_t other = clone(remap_all_the_time, stack + sizeof stack, CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
        CHECK(other > 0);
        while (time(NULL) < race_end)
            (void)!read(zero, target, 1 << 18);
        CHECK_EQUAL(check_wait(other), 0);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
}

static const struct crime crimes[] = {
    LIVES(bad_syscall_pointers),       LIVES(vector_overflow), LIVES(argument_overflow), LIVES(exec_without_arguments),
    LIVES(two_threads_race_on_memory),
};

CRIME_MAIN(crimes)
