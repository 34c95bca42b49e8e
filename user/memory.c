// SPDX-License-Identifier: MIT
// memory.c: mappings, protection, faults and their signals, brk, remapping, the stack.
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

// NOBODYS is below what any linker gives a program.
enum { PAGE = 4096, NOBODYS = 0x4000 };

static sigjmp_buf recovery;
static volatile siginfo_t fault;

static void on_fault(int signal_number, siginfo_t *info, void *context)
{
    (void)context;
    memcpy((void *)&fault, info, sizeof *info);
    siglongjmp(recovery, signal_number);
}

static void catch_faults(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    CHECK_EQUAL(sigaction(SIGSEGV, &action, NULL), 0);
    CHECK_EQUAL(sigaction(SIGBUS, &action, NULL), 0);
}

// Both return the signal the access raised, 0 for none.
static int try_read(const volatile void *at)
{
    int raised = sigsetjmp(recovery, 1);
    if (raised == 0)
        (void)*(const volatile char *)at;
    return raised;
}

static int try_write(volatile void *at)
{
    int raised = sigsetjmp(recovery, 1);
    if (raised == 0)
        *(volatile char *)at = 1;
    return raised;
}

static int try_call(void *at)
{
    int raised = sigsetjmp(recovery, 1);
    if (raised == 0)
        ((void (*)(void))at)();
    return raised;
}

static char *map(size_t length, int protection)
{
    char *at = mmap(NULL, length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

static void anonymous_memory_is_zero_and_private(void)
{
    enum { SIZE = 1 << 20 };
    for (int round = 0; round < 8; round++) {
        char *memory = map(SIZE, PROT_READ | PROT_WRITE);
        CHECK_EQUAL((uintptr_t)memory % PAGE, 0);
        for (size_t i = 0; i < SIZE; i += 64)
            CHECK_EQUAL(memory[i], 0);
        memset(memory, 0xa5, SIZE);
        CHECK_EQUAL(munmap(memory, SIZE), 0);
    }
}

static void bad_mappings_are_refused(void)
{
    const uint64_t end = machine_user_end();
    CHECK_ERROR((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERROR((long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERROR((long)mmap((void *)123, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
    CHECK_ERROR((long)mmap(NULL, 1UL << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHECK_ERROR((long)mmap(NULL, ~0UL, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHECK_ERROR((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0), EBADF);
    CHECK_ERROR((long)mmap((void *)MACHINE_KERNEL_START, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
    CHECK_ERROR((long)mmap((void *)end, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
    CHECK_ERROR((long)mmap((void *)(end - PAGE), 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
    CHECK_ERROR(munmap((void *)123, PAGE), EINVAL);
    CHECK_ERROR(munmap((void *)NOBODYS, 0), EINVAL);
    CHECK_ERROR(munmap((void *)NOBODYS, ~0UL), EINVAL);
    CHECK_ERROR(munmap((void *)MACHINE_KERNEL_START, PAGE), EINVAL);
    CHECK_ERROR(syscall(SYS_mprotect, 123, PAGE, PROT_READ), EINVAL);
    CHECK_ERROR(mprotect((void *)NOBODYS, PAGE, PROT_READ), ENOMEM);
    char *memory = map(PAGE, PROT_READ);
    CHECK_ERROR(syscall(SYS_mprotect, memory, PAGE, 0x100), EINVAL);
    CHECK_EQUAL(mprotect(memory, 0, PROT_READ), 0);
    int directory = open("/", O_RDONLY);
    CHECK_ERROR((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0), ENODEV);
}

static void unmapping_the_middle_splits(void)
{
    catch_faults();
    char *memory = map(5 * PAGE, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 5; i++)
        memory[i * PAGE] = (char)('a' + i);
    CHECK_EQUAL(munmap(memory + 2 * PAGE, PAGE), 0);
    CHECK_EQUAL(memory[PAGE], 'b');
    CHECK_EQUAL(memory[3 * PAGE], 'd');
    CHECK_EQUAL(try_read(memory + 2 * PAGE), SIGSEGV);
    CHECK_EQUAL(fault.si_code, SEGV_MAPERR);
    CHECK(fault.si_addr == memory + 2 * PAGE);
    CHECK_EQUAL(munmap(memory, 5 * PAGE), 0);
    CHECK_EQUAL(munmap(memory, 5 * PAGE), 0);
    CHECK_EQUAL(try_read(memory), SIGSEGV);
}

static void protection_is_enforced_and_reported(void)
{
    catch_faults();
    char *memory = map(4 * PAGE, PROT_READ | PROT_WRITE);
    memset(memory, 1, 4 * PAGE);
    CHECK_EQUAL(mprotect(memory + PAGE, PAGE, PROT_READ), 0);
    CHECK_EQUAL(mprotect(memory + 2 * PAGE, PAGE, PROT_NONE), 0);
    CHECK_EQUAL(try_write(memory), 0);
    CHECK_EQUAL(try_read(memory + PAGE), 0);
    CHECK_EQUAL(try_write(memory + PAGE + 5), SIGSEGV);
    CHECK_EQUAL(fault.si_code, SEGV_ACCERR);
    CHECK(fault.si_addr == memory + PAGE + 5);
    CHECK_EQUAL(try_read(memory + 2 * PAGE + 9), SIGSEGV);
    CHECK_EQUAL(fault.si_code, SEGV_ACCERR);
    CHECK_EQUAL(try_write(memory + 3 * PAGE), 0);
    CHECK_EQUAL(mprotect(memory, 4 * PAGE, PROT_READ | PROT_WRITE), 0);
    CHECK_EQUAL(memory[2 * PAGE], 1);
    CHECK_EQUAL(try_write(memory + 2 * PAGE), 0);
    CHECK_EQUAL(try_write(memory + PAGE), 0);
    CHECK_EQUAL(read(open("/dev/zero", O_RDONLY), memory, 4 * PAGE), 4 * PAGE);
    CHECK_EQUAL(mprotect(memory + PAGE, PAGE, PROT_READ), 0);
    int zero = open("/dev/zero", O_RDONLY);
    CHECK_ERROR(read(zero, memory + PAGE, 1), EFAULT);
}

static void data_is_not_executable_until_made_so(void)
{
    catch_faults();
    char *memory = map(PAGE, PROT_READ | PROT_WRITE);
    machine_write_return((uint8_t *)memory);
    machine_code_written(memory, PAGE);
    CHECK_EQUAL(try_call(memory), SIGSEGV);
    CHECK_EQUAL(fault.si_code, SEGV_ACCERR);
    CHECK(fault.si_addr == memory);
    CHECK_EQUAL(mprotect(memory, PAGE, PROT_READ | PROT_EXEC), 0);
    CHECK_EQUAL(try_call(memory), 0);
    CHECK_EQUAL(try_write(memory), SIGSEGV);
    static uint8_t data[16] __attribute__((aligned(16)));
    machine_write_return(data);
    CHECK_EQUAL(try_call(data), SIGSEGV);
    uint8_t on_stack[16] __attribute__((aligned(16)));
    machine_write_return(on_stack);
    CHECK_EQUAL(try_call(on_stack), SIGSEGV);
    CHECK_EQUAL(try_write((void *)(uintptr_t)catch_faults), SIGSEGV);
    CHECK_EQUAL(fault.si_code, SEGV_ACCERR);
}

static void many_splits_and_merges_keep_their_content(void)
{
    enum { PAGES = 400 };
    catch_faults();
    char *memory = map(PAGES * PAGE, PROT_READ | PROT_WRITE);
    for (int i = 0; i < PAGES; i++)
        memory[i * PAGE] = (char)i;
    for (int i = 0; i < PAGES; i += 2)
        CHECK_EQUAL(mprotect(memory + i * PAGE, PAGE, PROT_READ), 0);
    for (int i = 0; i < PAGES; i++)
        CHECK_EQUAL(try_write(memory + i * PAGE + 1), i % 2 ? 0 : SIGSEGV);
    CHECK_EQUAL(mprotect(memory, PAGES * PAGE, PROT_READ | PROT_WRITE), 0);
    for (int i = 0; i < PAGES; i++) {
        CHECK_EQUAL(memory[i * PAGE], (char)i);
        CHECK_EQUAL(try_write(memory + i * PAGE + 1), 0);
    }
    for (int i = 1; i < PAGES; i += 3)
        CHECK_EQUAL(munmap(memory + i * PAGE, PAGE), 0);
    for (int i = 0; i < PAGES; i++)
        CHECK_EQUAL(try_read(memory + i * PAGE), i % 3 == 1 ? SIGSEGV : 0);
    CHECK_EQUAL(munmap(memory, PAGES * PAGE), 0);
}

static void fixed_mapping_replaces(void)
{
    char *memory = map(3 * PAGE, PROT_READ | PROT_WRITE);
    memset(memory, 7, 3 * PAGE);
    CHECK(mmap(memory + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory + PAGE);
    CHECK_EQUAL(memory[0], 7);
    CHECK_EQUAL(memory[PAGE], 0);
    CHECK_EQUAL(memory[2 * PAGE], 7);
    CHECK_ERROR((long)mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0), EEXIST);
    char *hinted = mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(hinted != MAP_FAILED && hinted != memory);
}

static void shared_memory_is_shared_across_fork(void)
{
    volatile int *shared = mmap(NULL, PAGE * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK((void *)shared != MAP_FAILED);
    shared[0] = 1;
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(shared[0], 1);
        shared[0] = 2;
        shared[3000] = 3;
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_EQUAL(shared[0], 2);
    CHECK_EQUAL(shared[3000], 3);
}

static int make_file(size_t length)
{
    check_enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    for (size_t i = 0; i < length; i++) {
        char byte = (char)(i / 100);
        CHECK_EQUAL(write(fd, &byte, 1), 1);
    }
    return fd;
}

static void private_file_mapping_reads_the_file_and_keeps_changes(void)
{
    catch_faults();
    int fd = make_file(PAGE + 100);
    char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(memory != MAP_FAILED);
    for (int i = 0; i < PAGE + 100; i++)
        CHECK_EQUAL(memory[i], (char)(i / 100));
    for (int i = PAGE + 100; i < 2 * PAGE; i++)
        CHECK_EQUAL(memory[i], 0);
    memory[5] = 99;
    char byte;
    CHECK_EQUAL(pread(fd, &byte, 1, 5), 1);
    CHECK_EQUAL(byte, 0);
    CHECK_EQUAL(try_read(memory + 2 * PAGE), SIGBUS);
    CHECK_EQUAL(fault.si_code, BUS_ADRERR);
    CHECK(fault.si_addr == memory + 2 * PAGE);
    CHECK_ERROR(write(open("/dev/null", O_WRONLY) < 0 ? -1 : fd, memory + 3 * PAGE, 10), EFAULT);
    char *offset = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
    CHECK_EQUAL(offset[0], (char)(PAGE / 100));
    CHECK_ERROR((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
    close(fd);
    CHECK_EQUAL(memory[PAGE], (char)(PAGE / 100));
    int writer = open("f", O_WRONLY);
    CHECK_ERROR((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writer, 0), EACCES);
    int reader = open("f", O_RDONLY);
    CHECK_ERROR((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0), EACCES);
}

// PROT_WRITE alone: every processor reads what it may write, and so does Linux.
static void pages_to_write_can_be_read(void)
{
    int fd = make_file(2 * PAGE);
    char *kinds[] = {
        mmap(NULL, 2 * PAGE, PROT_WRITE, MAP_PRIVATE, fd, 0),
        mmap(NULL, 2 * PAGE, PROT_WRITE, MAP_SHARED, open("f", O_RDWR), 0),
        mmap(NULL, 2 * PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        map(2 * PAGE, PROT_READ | PROT_WRITE),
    };
    catch_faults();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char *memory = kinds[i];
        CHECK(memory != MAP_FAILED);
        CHECK_EQUAL(try_read(memory), 0);
        memory[PAGE] = 7;
        CHECK_EQUAL(mprotect(memory, 2 * PAGE, PROT_READ), 0);
        CHECK_EQUAL(mprotect(memory, 2 * PAGE, PROT_WRITE), 0);
        pid_t child = fork();
        if (child == 0)
            _exit(try_read(memory) || memory[PAGE] != 7 || try_write(memory));
        int status;
        CHECK_EQUAL(waitpid(child, &status, 0), child);
        CHECK_EQUAL(status, 0);
        CHECK_EQUAL(memory[PAGE], 7);
    }
}

static void shared_file_mapping_is_the_file(void)
{
    int fd = make_file(PAGE);
    char *one = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(one != MAP_FAILED);
    one[10] = 77;
    char byte;
    CHECK_EQUAL(pread(fd, &byte, 1, 10), 1);
    CHECK_EQUAL(byte, 77);
    CHECK_EQUAL(pwrite(fd, "Z", 1, 11), 1);
    CHECK_EQUAL(one[11], 'Z');
    CHECK_EQUAL(msync(one, PAGE, MS_SYNC), 0);
    pid_t child = fork();
    if (child == 0) {
        one[12] = 'c';
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_EQUAL(one[12], 'c');
    CHECK_EQUAL(munmap(one, PAGE), 0);
    CHECK_EQUAL(pread(fd, &byte, 1, 12), 1);
    CHECK_EQUAL(byte, 'c');
}

static void unlinked_mapped_file_stays_readable(void)
{
    int fd = make_file(PAGE);
    char *memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK_EQUAL(unlink("f"), 0);
    close(fd);
    CHECK_EQUAL(memory[1000], 10);
}

static void faults_tell_where(void)
{
    catch_faults();
    CHECK_EQUAL(try_read((void *)0), SIGSEGV);
    CHECK_EQUAL(fault.si_code, SEGV_MAPERR);
    CHECK(fault.si_addr == NULL);
    CHECK_EQUAL(try_write((void *)0x1234), SIGSEGV);
    CHECK(fault.si_addr == (void *)0x1234);
    static const uint64_t kernel[] = { MACHINE_KERNEL_START, MACHINE_KERNEL_START + (1UL << 33), MACHINE_KERNEL_IMAGE, MACHINE_KERNEL_TEXT,
                                       0xfffffffffffff000 };
    for (size_t i = 0; i < sizeof kernel / sizeof *kernel; i++) {
        CHECK_EQUAL(try_read((void *)kernel[i]), SIGSEGV);
        CHECK_EQUAL(fault.si_code, SEGV_MAPERR);
        CHECK(fault.si_addr == (void *)kernel[i]);
        CHECK_EQUAL(try_write((void *)kernel[i]), SIGSEGV);
    }
    CHECK_EQUAL(try_read((void *)MACHINE_BEYOND_USER), SIGSEGV);
    CHECK_EQUAL(fault.si_code, machine_beyond_is_wild() ? SI_KERNEL : SEGV_MAPERR);
    CHECK_EQUAL(try_call((void *)0x10), SIGSEGV);
    CHECK(fault.si_addr == (void *)0x10);
    CHECK_EQUAL(try_call((void *)MACHINE_KERNEL_IMAGE), SIGSEGV);
}

static void break_moves_and_clears(void)
{
    catch_faults();
    char *start = (char *)syscall(SYS_brk, 0);
    CHECK_EQUAL(syscall(SYS_brk, start + 10 * PAGE), (long)(start + 10 * PAGE));
    for (int i = 0; i < 10 * PAGE; i++)
        CHECK_EQUAL(start[i], 0);
    memset(start, 5, 10 * PAGE);
    CHECK_EQUAL(syscall(SYS_brk, start + PAGE), (long)(start + PAGE));
    char *beyond = (char *)(((uintptr_t)start + 2 * PAGE) & ~(uintptr_t)(PAGE - 1));
    CHECK_EQUAL(try_read(beyond + PAGE), SIGSEGV);
    CHECK_EQUAL(syscall(SYS_brk, start + 10 * PAGE), (long)(start + 10 * PAGE));
    CHECK_EQUAL(beyond[PAGE], 0);
    CHECK_EQUAL(start[0], 5);
    CHECK_EQUAL(syscall(SYS_brk, 1L << 50), (long)(start + 10 * PAGE));
    CHECK_EQUAL(syscall(SYS_brk, -1L), (long)(start + 10 * PAGE));
    CHECK_EQUAL(syscall(SYS_brk, 4096), (long)(start + 10 * PAGE));
}

// What lies before a hole changes, and mremap to less unmaps whatever is behind.
static void holes_stop_what_is_behind_them(void)
{
    catch_faults();
    char *memory = map(4 * PAGE, PROT_READ | PROT_WRITE);
    CHECK_EQUAL(munmap(memory + PAGE, PAGE), 0);
    CHECK_ERROR(mprotect(memory, 4 * PAGE, PROT_READ), ENOMEM);
    CHECK_EQUAL(try_write(memory), SIGSEGV);
    CHECK_EQUAL(try_write(memory + 2 * PAGE), 0);
    CHECK(mremap(memory, 3 * PAGE, PAGE, 0) == memory);
    CHECK_EQUAL(try_read(memory + 2 * PAGE), SIGSEGV);
    CHECK_EQUAL(try_read(memory + 3 * PAGE), 0);
    CHECK_ERROR((long)mremap(memory, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE), EFAULT);
    CHECK_ERROR((long)mremap(memory + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + PAGE), EFAULT);
}

static void remapping_grows_shrinks_and_moves(void)
{
    catch_faults();
    char *memory = map(4 * PAGE, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 4; i++)
        memory[i * PAGE] = (char)(i + 1);
    CHECK(mremap(memory, 4 * PAGE, 2 * PAGE, 0) == memory);
    CHECK_EQUAL(try_read(memory + 2 * PAGE), SIGSEGV);
    CHECK(mmap(memory + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory + 2 * PAGE);
    CHECK_ERROR((long)mremap(memory, 2 * PAGE, 8 * PAGE, 0), ENOMEM);
    char *moved = mremap(memory, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved != memory);
    CHECK_EQUAL(moved[0], 1);
    CHECK_EQUAL(moved[PAGE], 2);
    CHECK_EQUAL(moved[7 * PAGE], 0);
    CHECK_EQUAL(try_read(memory), SIGSEGV);
    char *target = map(8 * PAGE, PROT_NONE);
    CHECK(mremap(moved, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
    CHECK_EQUAL(target[PAGE], 2);
    CHECK_ERROR((long)mremap(target + 1, PAGE, PAGE, 0), EINVAL);
    CHECK_ERROR((long)mremap((void *)NOBODYS, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
    CHECK_ERROR((long)mremap(target, PAGE, 0, MREMAP_MAYMOVE), EINVAL);
}

static long grow_stack(long left)
{
    volatile char page[PAGE];
    page[0] = (char)left;
    if (left == 0)
        return page[0];
    long below = grow_stack(left - 1);
    __asm__ volatile("" : : "r"(page) : "memory"); // or compilers make a loop of it
    return below + page[0] - (char)left;
}

static void stack_grows_on_demand(void)
{
    CHECK_EQUAL(grow_stack(1500), 0);
    pid_t child = fork();
    if (child == 0) {
        grow_stack(10000);
        _exit(0);
    }
    int status = check_wait(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void big_frame_reaches_deep_into_the_stack(void)
{
    volatile char *frame = __builtin_alloca(3 << 20);
    frame[0] = 1;
    frame[(3 << 20) - 1] = 2;
    CHECK_EQUAL(frame[0] + frame[(3 << 20) - 1], 3);
    int zero = open("/dev/zero", O_RDONLY);
    volatile char *lower = __builtin_alloca(1 << 20);
    CHECK_EQUAL(read(zero, (void *)lower, 100), 100);
}

static void discarded_pages_read_as_zero(void)
{
    char *memory = map(4 * PAGE, PROT_READ | PROT_WRITE);
    memset(memory, 3, 4 * PAGE);
    CHECK_EQUAL(madvise(memory + PAGE, 2 * PAGE, MADV_DONTNEED), 0);
    CHECK_EQUAL(memory[0], 3);
    CHECK_EQUAL(memory[PAGE], 0);
    CHECK_EQUAL(memory[3 * PAGE - 1], 0);
    CHECK_EQUAL(memory[3 * PAGE], 3);
    CHECK_ERROR(madvise(memory + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERROR(madvise(memory, PAGE, 9999), EINVAL);
}

static void many_mappings_come_and_go(void)
{
    static char *maps[600];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 600; i++) {
            maps[i] = map(PAGE * (size_t)(1 + i % 3), i % 2 ? PROT_READ : PROT_READ | PROT_WRITE);
            if (i % 2 == 0)
                maps[i][0] = (char)i;
        }
        for (int i = 0; i < 600; i += 2)
            CHECK_EQUAL(maps[i][0], (char)i);
        for (int i = 599; i >= 0; i--)
            CHECK_EQUAL(munmap(maps[i], PAGE * (size_t)(1 + i % 3)), 0);
    }
}

static void huge_reservation_costs_nothing(void)
{
    catch_faults();
    char *memory = mmap(NULL, 1UL << 36, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    for (size_t i = 0; i < 1UL << 36; i += 1UL << 32)
        CHECK_EQUAL(try_write(memory + i), 0);
    CHECK_EQUAL(munmap(memory, 1UL << 36), 0);
}

static void address_space_limit_is_enforced(void)
{
    struct rlimit limit = { 64 << 20, 64 << 20 };
    CHECK_EQUAL(setrlimit(RLIMIT_AS, &limit), 0);
    CHECK_ERROR((long)mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHECK(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static void reads_of_untouched_memory_then_writes_separate(void)
{
    char *memory = map(8 * PAGE, PROT_READ | PROT_WRITE);
    int sum = 0;
    for (int i = 0; i < 8; i++)
        sum += memory[i * PAGE];
    CHECK_EQUAL(sum, 0);
    memory[0] = 1;
    for (int i = 1; i < 8; i++)
        CHECK_EQUAL(memory[i * PAGE], 0);
    char *other = map(PAGE, PROT_READ);
    CHECK_EQUAL(other[0], 0);
}

// Pages behind the new end leave every mapping, here and in a child, private copies too; what grows back is zeros.
static void truncated_file_leaves_its_mappings(void)
{
    catch_faults();
    int fd = make_file(4 * PAGE);
    char *shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    for (int i = 0; i < 4; i++)
        shared[i * PAGE] = 7;
    private[0] = private[PAGE] = 8;
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(shared[3 * PAGE] + private[PAGE], 15);
        CHECK_EQUAL(ftruncate(fd, 2 * PAGE - 100), 0);
        CHECK_EQUAL(try_read(shared + 2 * PAGE), SIGBUS);
        CHECK_EQUAL(try_read(private + PAGE), SIGBUS);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK_EQUAL(try_write(shared + 3 * PAGE), SIGBUS);
    CHECK_EQUAL(try_read(private + PAGE), SIGBUS);
    CHECK_EQUAL(shared[PAGE], 7);
    CHECK_EQUAL(private[0], 8);
    CHECK_EQUAL(shared[2 * PAGE - 1], 0); // cut off
    CHECK_EQUAL(ftruncate(fd, 4 * PAGE), 0);
    CHECK_EQUAL(shared[3 * PAGE], 0);
    CHECK_EQUAL(private[PAGE], 0);
    close(fd);
}

static const struct check_row rows[] = {
    CHECK_ROW(anonymous_memory_is_zero_and_private),
    CHECK_ROW(bad_mappings_are_refused),
    CHECK_ROW(unmapping_the_middle_splits),
    CHECK_ROW(protection_is_enforced_and_reported),
    CHECK_ROW(data_is_not_executable_until_made_so),
    CHECK_ROW(many_splits_and_merges_keep_their_content),
    CHECK_ROW(fixed_mapping_replaces),
    CHECK_ROW(shared_memory_is_shared_across_fork),
    CHECK_ROW(private_file_mapping_reads_the_file_and_keeps_changes),
    CHECK_ROW(pages_to_write_can_be_read),
    CHECK_ROW(shared_file_mapping_is_the_file),
    CHECK_ROW(unlinked_mapped_file_stays_readable),
    CHECK_ROW(truncated_file_leaves_its_mappings),
    CHECK_ROW(faults_tell_where),
    CHECK_ROW(break_moves_and_clears),
    CHECK_ROW(holes_stop_what_is_behind_them),
    CHECK_ROW(remapping_grows_shrinks_and_moves),
    CHECK_ROW(stack_grows_on_demand),
    CHECK_ROW(big_frame_reaches_deep_into_the_stack),
    CHECK_ROW(discarded_pages_read_as_zero),
    CHECK_ROW(many_mappings_come_and_go),
    CHECK_ROW(huge_reservation_costs_nothing),
    CHECK_ROW(address_space_limit_is_enforced),
    CHECK_ROW(reads_of_untouched_memory_then_writes_separate),
};

CHECK_MAIN(rows)
