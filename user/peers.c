// SPDX-License-Identifier: MIT
// peers.c: one process in another's memory, barriers between threads, personalities; holes in files that are mapped.
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { PAGE = 4096, KEEP_SIZE = 1, PUNCH = 2, COLLAPSE = 8, ZERO = 16, ADVICE_REMOVE = 9 };

static char *map_of(int fd, size_t pages, int protection, int flags)
{
    char *at = mmap(NULL, pages * PAGE, protection, flags, fd, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

// ---- process_vm_readv and process_vm_writev ----

static long peer_read(pid_t peer, void *own, void *other, size_t size)
{
    struct iovec here = { own, size }, there = { other, size };
    return syscall(SYS_process_vm_readv, peer, &here, 1L, &there, 1L, 0L);
}

static long peer_write(pid_t peer, void *own, void *other, size_t size)
{
    struct iovec here = { own, size }, there = { other, size };
    return syscall(SYS_process_vm_writev, peer, &here, 1L, &there, 1L, 0L);
}

// A child that waits until `go` is closed, and then says whether its first byte became 'w'.
static pid_t start_peer(char *at, int go[2])
{
    CHECK_EQUAL(pipe(go), 0);
    pid_t child = fork();
    if (child)
        return child;
    char byte;
    close(go[1]);
    strcpy(at, "the child's own text");
    memset(at + PAGE, 'p', PAGE);
    while (read(go[0], &byte, 1) > 0)
        continue;
    _exit(at[0] == 'w' ? 7 : 8);
}

static void another_process_is_read_and_written(void)
{
    int go[2];
    static char text[2 * PAGE + 16];
    char *at = map_of(-1, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    CHECK_EQUAL(mprotect(at + 2 * PAGE, PAGE, PROT_NONE), 0);
    pid_t peer = start_peer(at, go);
    for (int i = 0; i < 1000 && (peer_read(peer, text, at + 2 * PAGE - 1, 1) != 1 || text[0] != 'p'); i++)
        usleep(1000);
    CHECK_EQUAL(peer_read(peer, text, at, 20), 20);
    CHECK(memcmp(text, "the child's own text", 20) == 0 && at[0] == 0);
    struct iovec here[] = { { text, 4 }, { text + 100, 10 }, { text + 200, PAGE } };
    struct iovec there[] = { { at + 4, 7 }, { at + PAGE - 1, 5 }, { at + 2 * PAGE - 8, 16 } };
    CHECK_EQUAL(syscall(SYS_process_vm_readv, peer, here, 3L, there, 3L, 0L), 7 + 5 + 8); // stops where nothing may be read
    CHECK(memcmp(text, "chil", 4) == 0 && memcmp(text + 100, "d's", 3) == 0 && text[100 + 4] == 'p');
    CHECK_EQUAL(peer_write(peer, "w", at, 1), 1);
    CHECK_ERROR(peer_read(peer, text, at + 2 * PAGE, 1), EFAULT);
    CHECK_ERROR(peer_write(peer, text, at + 2 * PAGE, 1), EFAULT);
    CHECK_ERROR(peer_read(peer, at + 2 * PAGE, at, 1), EFAULT);
    CHECK_EQUAL(peer_read(peer, text, at, 0), 0);
    struct iovec one = { text, 1 };
    CHECK_ERROR(syscall(SYS_process_vm_readv, peer, &one, 1L, &one, 1L, 1L), EINVAL);
    CHECK_ERROR(syscall(SYS_process_vm_readv, peer, &one, 2000L, &one, 1L, 0L), EINVAL);
    close(go[1]);
    int status = check_wait(peer);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK_ERROR(peer_read(peer, text, at, 1), ESRCH);
}

static void a_stranger_may_not(void)
{
    if (geteuid() != 0)
        CHECK_SKIP("not root");
    pid_t child = fork();
    if (child == 0) {
        char byte;
        CHECK_EQUAL(setresgid(1000, 1000, 1000), 0);
        CHECK_EQUAL(setresuid(1000, 1000, 1000), 0);
        CHECK_ERROR(peer_read(getppid(), &byte, &byte, 1), EPERM);
        CHECK_ERROR(peer_write(getppid(), &byte, &byte, 1), EPERM);
        CHECK_EQUAL(peer_read(getpid(), &byte, "x", 1), 1);
        CHECK_EQUAL(byte, 'x');
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
}

// ---- membarrier ----

static void barriers_are_those_that_are_told(void)
{
    enum { QUERY = 0, GLOBAL = 1, PRIVATE = 8, REGISTER_PRIVATE = 16 };
    long known = syscall(SYS_membarrier, QUERY, 0, 0);
    CHECK(known >= 0);
    CHECK_ERROR(syscall(SYS_membarrier, QUERY, 8, 0), EINVAL);
    CHECK_ERROR(syscall(SYS_membarrier, 1 << 20, 0, 0), EINVAL);
    CHECK_ERROR(syscall(SYS_membarrier, GLOBAL | PRIVATE, 0, 0), EINVAL);
    if (!(known & PRIVATE))
        CHECK_SKIP("no barriers");
    CHECK_EQUAL(syscall(SYS_membarrier, GLOBAL, 0, 0), 0);
    CHECK_ERROR(syscall(SYS_membarrier, PRIVATE, 0, 0), EPERM);
    CHECK_EQUAL(syscall(SYS_membarrier, REGISTER_PRIVATE, 0, 0), 0);
    CHECK_EQUAL(syscall(SYS_membarrier, PRIVATE, 0, 0), 0);
}

// ---- personality ----

// Where a program's stack is, as it says itself.
static void stack_of_a_program(char *text, size_t size)
{
    int out[2];
    CHECK_EQUAL(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], 1);
        execl("/proc/self/exe", check_program, "where", NULL);
        _exit(1);
    }
    close(out[1]);
    memset(text, 0, size);
    CHECK(read(out[0], text, size - 1) > 0);
    close(out[0]);
    CHECK_EQUAL(check_wait(child), 0);
}

static void places_are_the_same_without_chance(void)
{
    char first[40], second[40];
    CHECK_EQUAL(personality(0xffffffff), 0);
    CHECK_EQUAL(personality(ADDR_NO_RANDOMIZE), 0);
    CHECK_EQUAL(personality(0xffffffff), ADDR_NO_RANDOMIZE);
    stack_of_a_program(first, sizeof first);
    for (int i = 0; i < 3; i++) {
        stack_of_a_program(second, sizeof second);
        CHECK(strcmp(first, second) == 0);
    }
    CHECK_EQUAL(personality(0), ADDR_NO_RANDOMIZE);
    int different = 0;
    for (int i = 0; i < 4; i++) {
        stack_of_a_program(second, sizeof second);
        different += strcmp(first, second) != 0;
    }
    CHECK(different >= 2);
}

// ---- holes ----

static int file_of(size_t pages)
{
    int fd = open("holes", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    for (size_t i = 0; i < pages * PAGE; i += 16)
        CHECK_EQUAL(pwrite(fd, "0123456789abcdef", 16, (off_t)i), 16);
    return fd;
}

static long blocks_of(int fd)
{
    struct stat status;
    CHECK_EQUAL(fstat(fd, &status), 0);
    return (long)status.st_blocks;
}

static void a_hole_is_seen_through_mappings(void)
{
    check_enter_scratch();
    int fd = file_of(8);
    char *shared = map_of(fd, 8, PROT_READ | PROT_WRITE, MAP_SHARED), *own = map_of(fd, 8, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    for (int i = 0; i < 8; i++)
        CHECK(shared[i * PAGE] == '0' && own[i * PAGE] == '0');
    own[2 * PAGE] = 'o';
    CHECK_EQUAL(fallocate(fd, PUNCH | KEEP_SIZE, PAGE + 8, 3 * PAGE), 0);
    CHECK_EQUAL(blocks_of(fd), 6 * 8);
    CHECK(shared[PAGE] == '0' && shared[PAGE + 8] == 0 && shared[2 * PAGE] == 0 && shared[3 * PAGE] == 0);
    CHECK(shared[4 * PAGE] == 0 && shared[4 * PAGE + 8] == '8' && shared[5 * PAGE] == '0');
    CHECK(own[2 * PAGE] == 'o' && own[2 * PAGE + 1] == '1' && own[3 * PAGE] == 0);
    shared[3 * PAGE] = 'n';
    char byte;
    CHECK_EQUAL(pread(fd, &byte, 1, 3 * PAGE), 1);
    CHECK_EQUAL(byte, 'n');
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), 8 * PAGE);
    CHECK_ERROR(fallocate(fd, PUNCH, 0, PAGE), EOPNOTSUPP);
}

static void memory_is_given_up_in_the_middle_of_a_file(void)
{
    check_enter_scratch();
    int fd = file_of(8);
    char *shared = map_of(fd, 8, PROT_READ | PROT_WRITE, MAP_SHARED), *own = map_of(fd, 8, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    CHECK(shared[PAGE] == '0' && shared[2 * PAGE] == '0');
    CHECK_EQUAL(madvise(shared + PAGE, 2 * PAGE, ADVICE_REMOVE), 0);
    CHECK(shared[PAGE] == 0 && shared[3 * PAGE - 1] == 0 && shared[3 * PAGE] == '0' && shared[0] == '0');
    CHECK_EQUAL(blocks_of(fd), 8 * 8); // read: there again
    CHECK_ERROR(madvise(own, PAGE, ADVICE_REMOVE), EACCES);
    char *nothing = map_of(-1, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    CHECK_ERROR(madvise(nothing, PAGE, ADVICE_REMOVE), EINVAL);
    int reader = open("holes", O_RDONLY);
    char *look = map_of(reader, 8, PROT_READ, MAP_SHARED);
    CHECK_ERROR(madvise(look, PAGE, ADVICE_REMOVE), EACCES);
    CHECK_EQUAL(look[3 * PAGE], '0');
}

// Linux's tmpfs does not know it, its disk file systems do.
static void a_range_is_made_zeros(void)
{
    check_enter_scratch();
    int fd = file_of(4);
    char *shared = map_of(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
    if (fallocate(fd, ZERO | KEEP_SIZE, PAGE - 8, PAGE + 16) != 0 && errno == EOPNOTSUPP)
        CHECK_SKIP("not on this file system");
    CHECK(shared[PAGE - 9] == '7' && shared[PAGE - 8] == 0 && shared[2 * PAGE] == 0 && shared[2 * PAGE + 8] == '8');
    CHECK_EQUAL(fallocate(fd, ZERO | KEEP_SIZE, 4 * PAGE, PAGE), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), 4 * PAGE);
    CHECK_EQUAL(fallocate(fd, ZERO, 3 * PAGE, 3 * PAGE), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), 6 * PAGE);
    CHECK_EQUAL(blocks_of(fd), 6 * 8);
    CHECK_ERROR(fallocate(fd, COLLAPSE, 0, PAGE), EOPNOTSUPP);
    CHECK_ERROR(fallocate(fd, ZERO, 0, 0), EINVAL);
}

// ---- files without a name ----

static void a_file_in_memory_has_no_name(void)
{
    char text[300], path[40];
    struct stat status;
    int fd = (int)syscall(SYS_memfd_create, "notes", 1);
    CHECK(fd >= 0);
    CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK(S_ISREG(status.st_mode) && status.st_nlink == 0 && status.st_size == 0);
    CHECK_EQUAL(ftruncate(fd, 3 * PAGE), 0);
    char *at = map_of(fd, 3, PROT_READ | PROT_WRITE, MAP_SHARED);
    strcpy(at + 2 * PAGE, "kept");
    CHECK_EQUAL(pread(fd, text, 5, 2 * PAGE), 5);
    CHECK(strcmp(text, "kept") == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, text, sizeof text - 1);
    CHECK(length > 0);
    text[length] = 0;
    CHECK(strcmp(text, "/memfd:notes (deleted)") == 0);
    int again = open(path, O_RDONLY);
    CHECK(again >= 0 && again != fd);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(pread(again, text, 5, 2 * PAGE), 5);
    CHECK_EQUAL(write(again, text, 1), -1);
    CHECK(syscall(SYS_memfd_create, "notes", 0) >= 0); // one of the same name is another
    memset(text, 'n', 260);
    text[260] = 0;
    CHECK_ERROR(syscall(SYS_memfd_create, text, 0), EINVAL);
    CHECK_ERROR(syscall(SYS_memfd_create, "x", 1 << 20), EINVAL);
    CHECK_ERROR(syscall(SYS_memfd_create, (char *)-1, 0), EFAULT);
}

static const struct check_row rows[] = {
    CHECK_ROW(a_file_in_memory_has_no_name),
    CHECK_ROW(another_process_is_read_and_written),
    CHECK_ROW(a_stranger_may_not),
    CHECK_ROW(barriers_are_those_that_are_told),
    CHECK_ROW(places_are_the_same_without_chance),
    CHECK_ROW(a_hole_is_seen_through_mappings),
    CHECK_ROW(memory_is_given_up_in_the_middle_of_a_file),
    CHECK_ROW(a_range_is_made_zeros),
};

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "where") == 0) {
        printf("%p\n", (void *)&count);
        return 0;
    }
    return check_main(count, arguments, rows, sizeof rows / sizeof *rows);
}
