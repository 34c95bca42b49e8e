// SPDX-License-Identifier: MIT
// residency.c: what is in memory, stays there, goes on request and is inherited: mincore, mlock, madvise, mremap, mmap's rarer flags.
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum {
    PAGE = 4096,
    ADVICE_FREE = 8,
    ADVICE_REMOVE = 9,
    ADVICE_WIPE = 18,
    ADVICE_KEEP = 19,
    ADVICE_COLD = 20,
    ADVICE_PAGEOUT = 21,
    ADVICE_POPULATE_READ = 22,
    ADVICE_POPULATE_WRITE = 23,
    FIXED_NOREPLACE = 0x100000,
    SYNC = 0x80000,
    DONTUNMAP = 4,
};

static char *map(size_t pages, int protection, int flags)
{
    char *at = mmap(NULL, pages * PAGE, protection, flags | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

static char *map_private(size_t pages)
{
    return map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

// '1' for each page in memory.
static const char *resident(char *at, size_t pages)
{
    static unsigned char bytes[64];
    static char text[65];
    CHECK(pages < sizeof bytes);
    CHECK_EQUAL(mincore(at, pages * PAGE, bytes), 0);
    for (size_t i = 0; i < pages; i++)
        text[i] = bytes[i] & 1 ? '1' : '0';
    text[pages] = 0;
    return text;
}

static long status_figure(const char *name)
{
    char text[4096];
    int file = open("/proc/self/status", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    CHECK(length > 0);
    text[length] = 0;
    close(file);
    const char *found = strstr(text, name);
    CHECK(found != NULL);
    return strtol(found + strlen(name), NULL, 10);
}

static void touched_pages_are_resident(void)
{
    char *at = map_private(5);
    CHECK_EQUAL(strcmp(resident(at, 5), "00000"), 0);
    at[PAGE] = at[3 * PAGE] = 1;
    CHECK_EQUAL(strcmp(resident(at, 5), "01010"), 0);
    CHECK_EQUAL(madvise(at + PAGE, PAGE, MADV_DONTNEED), 0);
    CHECK_EQUAL(strcmp(resident(at, 5), "00010"), 0);
}

static void residency_refuses_what_is_no_range(void)
{
    unsigned char bytes[4];
    char *at = map_private(3);
    CHECK_ERROR(mincore(at + 1, PAGE, bytes), EINVAL);
    CHECK_ERROR(mincore(at, PAGE, (unsigned char *)8), EFAULT);
    CHECK_EQUAL(munmap(at + PAGE, PAGE), 0);
    CHECK_ERROR(mincore(at, 3 * PAGE, bytes), ENOMEM);
    CHECK_ERROR(mincore(at, (size_t)-PAGE, bytes), ENOMEM);
    CHECK_EQUAL(mincore(at, 0, bytes), 0);
}

static void locking_brings_pages_in_and_counts_them(void)
{
    char *at = map_private(8);
    long before = status_figure("VmLck:");
    CHECK_EQUAL(mlock(at + 1, 2 * PAGE), 0); // three pages hold bytes of it
    CHECK_EQUAL(strcmp(resident(at, 8), "11100000"), 0);
    CHECK_EQUAL(status_figure("VmLck:"), before + 12);
    CHECK_EQUAL(mlock(at, PAGE), 0); // twice is once
    CHECK_EQUAL(status_figure("VmLck:"), before + 12);
    CHECK_EQUAL(munlock(at, PAGE), 0);
    CHECK_EQUAL(status_figure("VmLck:"), before + 8);
    CHECK_EQUAL(syscall(SYS_mlock2, at + 4 * PAGE, PAGE, 1), 0); // MLOCK_ONFAULT
    CHECK_EQUAL(strcmp(resident(at, 8), "11100000"), 0);
    CHECK_EQUAL(status_figure("VmLck:"), before + 12);
    CHECK_EQUAL(munmap(at, 8 * PAGE), 0);
    CHECK_EQUAL(status_figure("VmLck:"), before);
}

static void locking_refuses_holes_and_odd_flags(void)
{
    char *at = map_private(3);
    CHECK_EQUAL(munmap(at + PAGE, PAGE), 0);
    CHECK_ERROR(mlock(at, 3 * PAGE), ENOMEM);
    CHECK_ERROR(msync(at, 3 * PAGE, MS_INVALIDATE), EBUSY); // what lies before the hole is locked
    CHECK_EQUAL(msync(at + 2 * PAGE, PAGE, MS_INVALIDATE), 0);
    CHECK_ERROR(munlock(at, 3 * PAGE), ENOMEM);
    CHECK_ERROR(msync(at, 3 * PAGE, MS_INVALIDATE), ENOMEM);
    CHECK_ERROR(mlock(at, (size_t)-PAGE), EINVAL);
    CHECK_ERROR(syscall(SYS_mlock2, at, PAGE, 2), EINVAL);
    CHECK_ERROR(mlockall(0), EINVAL);
    CHECK_ERROR(mlockall(4), EINVAL); // MCL_ONFAULT alone
    CHECK_ERROR(mlockall(8), EINVAL);
    char *nobody = map(1, PROT_NONE, MAP_PRIVATE);
    CHECK_ERROR(mlock(nobody, PAGE), ENOMEM);
}

static void locked_pages_are_not_discarded(void)
{
    char *at = map_private(2);
    at[0] = 7;
    CHECK_EQUAL(mlock(at, PAGE), 0);
    CHECK_ERROR(madvise(at, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERROR(madvise(at, PAGE, ADVICE_FREE), EINVAL);
    CHECK_ERROR(madvise(at, PAGE, ADVICE_COLD), EINVAL);
    CHECK_ERROR(msync(at, PAGE, MS_INVALIDATE), EBUSY);
    CHECK_EQUAL(at[0], 7);
    CHECK_EQUAL(munlock(at, PAGE), 0);
    CHECK_EQUAL(madvise(at, PAGE, MADV_DONTNEED), 0);
    CHECK_EQUAL(at[0], 0);
    CHECK_EQUAL(msync(at, PAGE, MS_INVALIDATE), 0);
}

static void locked_figure_is_empty_in_a_child(void)
{
    if (status_figure("VmLck:") != 0)
        _exit(3);
}

static void locks_are_not_inherited(void)
{
    char *at = map_private(1);
    CHECK_EQUAL(mlock(at, PAGE), 0);
    CHECK_EQUAL(check_child(locked_figure_is_empty_in_a_child), 0);
    CHECK_EQUAL(munlock(at, PAGE), 0);
}

static void everything_to_come_can_be_locked(void)
{
    CHECK_EQUAL(mlockall(MCL_FUTURE), 0);
    char *at = map_private(3);
    CHECK_EQUAL(strcmp(resident(at, 3), "111"), 0);
    CHECK_EQUAL(munlockall(), 0);
    CHECK_EQUAL(status_figure("VmLck:"), 0);
    at = map_private(3);
    CHECK_EQUAL(strcmp(resident(at, 3), "000"), 0);
    CHECK_EQUAL(mlockall(MCL_CURRENT), 0);
    CHECK_EQUAL(strcmp(resident(at, 3), "111"), 0);
    CHECK_EQUAL(munlockall(), 0);
    at = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_LOCKED);
    CHECK_EQUAL(strcmp(resident(at, 2), "11"), 0);
    CHECK_EQUAL(status_figure("VmLck:"), 8);
}

static void the_limit_of_locked_memory_holds(void)
{
    char *at = map_private(64);
    const struct rlimit some = { 16 * PAGE, 16 * PAGE }, none = { 0, 0 };
    CHECK_EQUAL(setrlimit(RLIMIT_MEMLOCK, &some), 0);
    CHECK_EQUAL(setuid(1000), 0);
    CHECK_ERROR(mlock(at, 17 * PAGE), ENOMEM);
    CHECK_EQUAL(mlock(at, 16 * PAGE), 0);
    CHECK_ERROR(mlock(at + 32 * PAGE, PAGE), ENOMEM);
    CHECK_EQUAL(mlock(at, 4 * PAGE), 0); // is locked already
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED);
    CHECK_EQUAL(errno, EAGAIN);
    CHECK_EQUAL(munlock(at, 64 * PAGE), 0);
    CHECK_EQUAL(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    CHECK_ERROR(mlock(at, PAGE), EPERM);
    CHECK_ERROR(mlockall(MCL_CURRENT), EPERM);
    // Past the C library, one of which turns EPERM into ENOMEM here.
    CHECK_ERROR(syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EPERM);
}

static void advice_that_hints_is_taken(void)
{
    static const int hints[] = { MADV_NORMAL, MADV_RANDOM,     MADV_SEQUENTIAL, MADV_WILLNEED,  MADV_DONTFORK, MADV_DOFORK,
                                 MADV_DODUMP, MADV_NOHUGEPAGE, ADVICE_COLD,     ADVICE_PAGEOUT, ADVICE_WIPE,   ADVICE_KEEP };
    char *at = map_private(4);
    at[PAGE] = 9;
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        CHECK_EQUAL(madvise(at + PAGE, 2 * PAGE, hints[i]), 0);
    CHECK_EQUAL(at[PAGE], 9);
    CHECK_EQUAL(madvise(at, 0, MADV_DONTNEED), 0);
}

static void advice_refuses_what_makes_no_sense(void)
{
    char *at = map_private(3), *shared = map(1, PROT_READ | PROT_WRITE, MAP_SHARED);
    CHECK_ERROR(madvise(at, PAGE, 77), EINVAL);
    CHECK_ERROR(madvise(at, 0, 77), EINVAL);
    CHECK_ERROR(madvise(at, PAGE, -1), EINVAL);
    CHECK_ERROR(madvise(at + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERROR(madvise(at, (size_t)-PAGE - 1, MADV_DONTNEED), EINVAL);
    CHECK_ERROR(madvise(at, PAGE, ADVICE_REMOVE), EINVAL);
    CHECK_ERROR(madvise(shared, PAGE, ADVICE_FREE), EINVAL);
    CHECK_ERROR(madvise(shared, PAGE, ADVICE_WIPE), EINVAL);
    at[0] = at[2 * PAGE] = 1;
    CHECK_EQUAL(munmap(at + PAGE, PAGE), 0);
    CHECK_ERROR(madvise(at, 3 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK_EQUAL(at[0] + at[2 * PAGE], 0); // the rest was served
    CHECK_ERROR(madvise(at, 3 * PAGE, MADV_NORMAL), ENOMEM);
}

static void freed_pages_read_as_they_were_or_zero(void)
{
    char *at = map_private(2);
    at[0] = at[PAGE] = 5;
    CHECK_EQUAL(madvise(at, 2 * PAGE, ADVICE_FREE), 0);
    CHECK(at[0] == 0 || at[0] == 5);
    at[PAGE] = 6;
    CHECK_EQUAL(at[PAGE], 6);
}

static void populating_brings_pages_in(void)
{
    char *at = map_private(4), *readable = map(1, PROT_READ, MAP_PRIVATE);
    CHECK_EQUAL(madvise(at, 2 * PAGE, ADVICE_POPULATE_READ), 0);
    CHECK_EQUAL(madvise(at + 2 * PAGE, PAGE, ADVICE_POPULATE_WRITE), 0);
    CHECK_EQUAL(strcmp(resident(at, 4), "1110"), 0);
    CHECK_ERROR(madvise(readable, PAGE, ADVICE_POPULATE_WRITE), EINVAL);
    CHECK_EQUAL(munmap(at + PAGE, PAGE), 0);
    CHECK_ERROR(madvise(at, 3 * PAGE, ADVICE_POPULATE_READ), ENOMEM);
    at = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE);
    CHECK_EQUAL(strcmp(resident(at, 3), "111"), 0);
}

static char *inherited;

static void child_sees_zeros(void)
{
    if (inherited[0] != 0 || inherited[PAGE] != 4)
        _exit(3);
}

static void child_has_none(void)
{
    unsigned char byte;
    if (mincore(inherited, PAGE, &byte) != -1 || errno != ENOMEM || inherited[PAGE] != 4)
        _exit(3);
}

static void advice_decides_what_a_child_inherits(void)
{
    inherited = map_private(2);
    inherited[0] = inherited[PAGE] = 4;
    CHECK_EQUAL(madvise(inherited, PAGE, ADVICE_WIPE), 0);
    CHECK_EQUAL(check_child(child_sees_zeros), 0);
    CHECK_EQUAL(inherited[0], 4);
    CHECK_EQUAL(madvise(inherited, PAGE, ADVICE_KEEP), 0);
    CHECK_EQUAL(madvise(inherited, PAGE, MADV_DONTFORK), 0);
    CHECK_EQUAL(check_child(child_has_none), 0);
    CHECK_EQUAL(inherited[0], 4);
}

static void fixed_mapping_can_ask_for_free_room(void)
{
    char *at = map_private(3);
    at[PAGE] = 3;
    CHECK(mmap(at + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
    CHECK_EQUAL(errno, EEXIST);
    CHECK_EQUAL(at[PAGE], 3);
    CHECK_EQUAL(munmap(at + PAGE, PAGE), 0);
    CHECK(mmap(at + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | FIXED_NOREPLACE, -1, 0) == at + PAGE);
    CHECK_EQUAL(at[PAGE], 0);
}

static void expect_refused(int flags, int file, int error)
{
    CHECK(mmap(NULL, PAGE, PROT_READ, flags, file, 0) == MAP_FAILED);
    CHECK_EQUAL(errno, error);
}

static void odd_kinds_of_mapping_are_refused(void)
{
    check_enter_scratch();
    int file = open("file", O_RDWR | O_CREAT, 0600);
    CHECK_EQUAL(ftruncate(file, PAGE), 0);
    expect_refused(MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, ENOMEM);
    expect_refused(MAP_PRIVATE | MAP_HUGETLB, file, EINVAL);
    expect_refused(3 | MAP_ANONYMOUS, -1, EINVAL); // MAP_SHARED_VALIDATE is for files
    expect_refused(3 | SYNC, file, EOPNOTSUPP);
    expect_refused(MAP_ANONYMOUS, -1, EINVAL);
    expect_refused(MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, EINVAL);
    expect_refused(MAP_PRIVATE | MAP_GROWSDOWN, file, EINVAL);
    char *at = mmap(NULL, PAGE, PROT_READ, 3, file, 0);
    CHECK(at != MAP_FAILED);
    CHECK_EQUAL(at[0], 0);
}

static void protection_can_reach_down_a_stack(void)
{
    char *at = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_GROWSDOWN), *plain = map_private(1);
    CHECK_EQUAL(mprotect(at + 2 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN), 0);
    CHECK_ERROR(read(open("/dev/zero", O_RDONLY), at, 1), EFAULT); // its first page cannot be written now
    CHECK_ERROR(mprotect(plain, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL);
    CHECK_ERROR(mprotect(at, PAGE, PROT_READ | PROT_GROWSUP), EINVAL);
    CHECK_ERROR(mprotect(at, PAGE, PROT_READ | PROT_GROWSUP | PROT_GROWSDOWN), EINVAL);
    CHECK_ERROR(mprotect(at, PAGE, 0x40), EINVAL);
}

static void pages_can_move_and_leave_their_room(void)
{
    char *at = map_private(3);
    at[0] = 1;
    at[PAGE] = 2;
    char *moved = mremap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | DONTUNMAP, NULL);
    CHECK(moved != MAP_FAILED && moved != at);
    CHECK_EQUAL(moved[0] + moved[PAGE], 3);
    CHECK_EQUAL(strcmp(resident(at, 2), "00"), 0);
    CHECK_EQUAL(at[0] + at[PAGE], 0);
    CHECK_ERROR((long)mremap(at, PAGE, PAGE, DONTUNMAP, NULL), EINVAL);
    CHECK_ERROR((long)mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE | DONTUNMAP, NULL), EINVAL);
    CHECK_ERROR((long)mremap(at, PAGE, PAGE, 8), EINVAL);
}

static void shared_memory_can_be_mapped_twice(void)
{
    char *at = map(2, PROT_READ | PROT_WRITE, MAP_SHARED), *alone = map_private(1);
    at[PAGE] = 8;
    char *again = mremap(at, 0, 2 * PAGE, MREMAP_MAYMOVE);
    CHECK(again != MAP_FAILED && again != at);
    CHECK_EQUAL(again[PAGE], 8);
    again[0] = 9;
    CHECK_EQUAL(at[0], 9);
    CHECK_ERROR((long)mremap(alone, 0, PAGE, MREMAP_MAYMOVE), EINVAL);
}

static void data_limit_counts_private_mappings(void)
{
    struct rlimit limit;
    CHECK_EQUAL(getrlimit(RLIMIT_DATA, &limit), 0);
    limit.rlim_cur = 8 << 20;
    char *readable = map(4096, PROT_READ, MAP_PRIVATE);
    CHECK_EQUAL(setrlimit(RLIMIT_DATA, &limit), 0);
    CHECK(mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CHECK_EQUAL(errno, ENOMEM);
    CHECK(mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    CHECK_ERROR(mprotect(readable, 4096 * PAGE, PROT_READ | PROT_WRITE), ENOMEM);
    CHECK_EQUAL(mprotect(readable, PAGE, PROT_READ | PROT_WRITE), 0);
}

// ---- /proc/self/smaps ----

static char smaps_text[256 * 1024];

static void smaps_read(const char *path)
{
    size_t length = 0;
    ssize_t got;
    int file = open(path, O_RDONLY);
    CHECK(file >= 0);
    while ((got = read(file, smaps_text + length, sizeof smaps_text - 1 - length)) > 0)
        length += (size_t)got;
    smaps_text[length] = 0;
    close(file);
}

// A figure in KiB of the mapping that begins at `at`.
static long smaps_figure(const void *at, const char *name)
{
    char start[40];
    smaps_read("/proc/self/smaps");
    snprintf(start, sizeof start, "%08lx-", (unsigned long)at);
    const char *found = strstr(smaps_text, start);
    CHECK(found != NULL);
    CHECK((found = strstr(found, name)) != NULL);
    return strtol(found + strlen(name), NULL, 10);
}

static void smaps_tells_what_a_mapping_has_in_memory(void)
{
    char *outer = map(16, PROT_NONE, MAP_PRIVATE); // neighbours that it does not become one with
    char *at = outer + 4 * PAGE;
    CHECK_EQUAL(mprotect(at, 8 * PAGE, PROT_READ | PROT_WRITE), 0);
    at[0] = at[PAGE] = at[5 * PAGE] = 1;
    CHECK_EQUAL(smaps_figure(at, "\nSize:"), 32);
    CHECK_EQUAL(smaps_figure(at, "\nRss:"), 12);
    CHECK_EQUAL(smaps_figure(at, "\nPss:"), 12);
    CHECK_EQUAL(smaps_figure(at, "\nPrivate_Dirty:"), 12);
    CHECK_EQUAL(smaps_figure(at, "\nAnonymous:"), 12);
    CHECK_EQUAL(smaps_figure(at, "\nLocked:"), 0);
    CHECK_EQUAL(smaps_figure(at, "\nKernelPageSize:"), 4);
    int ready[2];
    CHECK_EQUAL(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ready[1]);
        char byte;
        _exit(read(ready[0], &byte, 1) == 0 ? 0 : 1);
    }
    CHECK_EQUAL(smaps_figure(at, "\nShared_Dirty:"), 12);
    CHECK_EQUAL(smaps_figure(at, "\nPss:"), 6);
    at[0] = 2;
    CHECK_EQUAL(smaps_figure(at, "\nPrivate_Dirty:"), 4);
    CHECK_EQUAL(smaps_figure(at, "\nPss:"), 8);
    close(ready[1]);
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_EQUAL(smaps_figure(at, "\nPrivate_Dirty:"), 12);
    CHECK_EQUAL(madvise(at, 8 * PAGE, MADV_DONTNEED), 0);
    CHECK_EQUAL(smaps_figure(at, "\nRss:"), 0);
}

static void smaps_tells_files_from_copies(void)
{
    check_enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    CHECK_EQUAL(ftruncate(fd, 4 * PAGE), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(pwrite(fd, "x", 1, i * PAGE), 1);
    char *at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(at != MAP_FAILED);
    CHECK_EQUAL(at[0] + at[PAGE] + at[2 * PAGE] + at[3 * PAGE], 4 * 'x');
    CHECK_EQUAL(smaps_figure(at, "\nRss:"), 16);
    CHECK_EQUAL(smaps_figure(at, "\nAnonymous:"), 0);
    at[PAGE] = 'y';
    CHECK_EQUAL(smaps_figure(at, "\nAnonymous:"), 4);
    CHECK_EQUAL(smaps_figure(at, "\nPrivate_Dirty:") >= 4, 1);
    CHECK(strstr(smaps_text, "/f\n") != NULL);
    CHECK_EQUAL(unlink("f"), 0);
    (void)smaps_figure(at, "\nRss:");
    CHECK(strstr(smaps_text, " (deleted)\n") != NULL);
    struct stat status;
    char number[40];
    CHECK_EQUAL(fstat(fd, &status), 0);
    snprintf(number, sizeof number, " %lu ", (unsigned long)status.st_ino);
    CHECK(strstr(smaps_text, number) != NULL);
    smaps_read("/proc/self/smaps_rollup");
    CHECK(strstr(smaps_text, "[rollup]\n") && strstr(smaps_text, "\nRss:") && strstr(smaps_text, "\nPss:"));
}

static void status_remembers_the_most_memory(void)
{
    enum { MANY = 2048 };
    long peak = status_figure("VmPeak:"), most = status_figure("VmHWM:");
    char *at = map_private(MANY);
    memset(at, 1, MANY * PAGE);
    CHECK_EQUAL(munmap(at, MANY * PAGE), 0);
    CHECK(status_figure("VmPeak:") >= peak + MANY * 4 - 64);
    CHECK(status_figure("VmPeak:") > status_figure("VmSize:") + MANY * 2);
    CHECK(status_figure("VmHWM:") >= most + MANY * 3);
    CHECK(status_figure("VmRSS:") < status_figure("VmHWM:"));
}

static const struct check_row rows[] = {
    CHECK_ROW(smaps_tells_what_a_mapping_has_in_memory),
    CHECK_ROW(smaps_tells_files_from_copies),
    CHECK_ROW(status_remembers_the_most_memory),
    CHECK_ROW(touched_pages_are_resident),
    CHECK_ROW(residency_refuses_what_is_no_range),
    CHECK_ROW(locking_brings_pages_in_and_counts_them),
    CHECK_ROW(locking_refuses_holes_and_odd_flags),
    CHECK_ROW(locked_pages_are_not_discarded),
    CHECK_ROW(locks_are_not_inherited),
    CHECK_ROW(everything_to_come_can_be_locked),
    CHECK_ROW(the_limit_of_locked_memory_holds),
    CHECK_ROW(advice_that_hints_is_taken),
    CHECK_ROW(advice_refuses_what_makes_no_sense),
    CHECK_ROW(freed_pages_read_as_they_were_or_zero),
    CHECK_ROW(populating_brings_pages_in),
    CHECK_ROW(advice_decides_what_a_child_inherits),
    CHECK_ROW(fixed_mapping_can_ask_for_free_room),
    CHECK_ROW(odd_kinds_of_mapping_are_refused),
    CHECK_ROW(protection_can_reach_down_a_stack),
    CHECK_ROW(pages_can_move_and_leave_their_room),
    CHECK_ROW(shared_memory_can_be_mapped_twice),
    CHECK_ROW(data_limit_counts_private_mappings),
};

CHECK_MAIN(rows)
