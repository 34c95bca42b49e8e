// SPDX-License-Identifier: MIT
// mutants.c: damaged programs. `mutants run VICTIM COUNT` executes that many, each damaged by a seed of its own;
// `mutants write VICTIM COUNT DIRECTORY` leaves them as files. Whatever they do, only they may suffer.
#define _GNU_SOURCE
#include "machine.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t state;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static const uint64_t interesting[] = {
    0,
    1,
    0xff,
    0xffff,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x1000,
    0xfff,
    MACHINE_USER_TOP,
    MACHINE_BEYOND_USER,
    MACHINE_KERNEL_START,
    MACHINE_KERNEL_IMAGE,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xfffffffffffff000,
    ~0UL,
    0x400000,
    0x100000000,
};

static uint64_t pick_value(void)
{
    return next_random() % 2 ? interesting[next_random() % (sizeof interesting / sizeof *interesting)] : next_random();
}

// Sets one whole field of the file header or of a program header: a blind byte flip seldom gets past the first check.
static void damage_field(uint8_t *image, size_t length)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)image;
    size_t headers = sizeof *header + (size_t)(next_random() % 6) * sizeof(Elf64_Phdr);
    size_t at = next_random() % 3 == 0 ? 16 + next_random() % 48 : headers + (next_random() % 7) * 8;
    uint64_t value = pick_value();
    if (at + 8 <= length)
        memcpy(image + at, &value, (size_t)1 << next_random() % 4);
}

static size_t damage(uint8_t *image, size_t length, uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15 + 1;
    for (int i = 0; i < 8; i++)
        next_random();
    switch (next_random() % 6) {
    case 0:
        return next_random() % length; // cut short
    case 1:
        return next_random() % 200; // cut very short
    case 2:
        for (uint64_t i = next_random() % 8 + 1; i > 0; i--)
            image[next_random() % 1024 % length] = (uint8_t)next_random();
        return length;
    case 3:
        for (uint64_t i = next_random() % 64 + 1; i > 0; i--)
            image[next_random() % length] = (uint8_t)next_random();
        return length;
    default:
        for (uint64_t i = next_random() % 3 + 1; i > 0; i--)
            damage_field(image, length);
        return length;
    }
}

static int write_file(const char *path, const uint8_t *image, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (fd < 0)
        return -1;
    ssize_t written = length ? write(fd, image, length) : 0;
    close(fd);
    return written == (ssize_t)length ? 0 : -1;
}

static int execute(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        // A damaged program may do anything a program may: it gets no descriptor, little time and little memory.
        struct rlimit memory = { 64 << 20, 64 << 20 };
        setrlimit(RLIMIT_AS, &memory);
        close(0), close(1), close(2);
        setsid();
        alarm(1);
        execl(path, path, (char *)NULL);
        _exit(200);
    }
    int status = 0;
    while (waitpid(child, &status, 0) != child)
        ;
    return status;
}

int main(int count, char **arguments)
{
    if (count < 4) {
        fprintf(stderr, "usage: mutants run VICTIM COUNT | mutants write VICTIM COUNT DIRECTORY\n");
        return 2;
    }
    int fd = open(arguments[2], O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(arguments[2]);
        return 2;
    }
    size_t length = (size_t)st.st_size;
    uint8_t *original = malloc(length), *image = malloc(length);
    if (read(fd, original, length) != (ssize_t)length)
        return 2;
    int refused = 0, ran = 0, killed = 0;
    for (uint64_t seed = 1; seed <= (uint64_t)atoi(arguments[3]); seed++) {
        memcpy(image, original, length);
        size_t kept = damage(image, length, seed);
        char path[128] = "/tmp/mutant";
        if (count > 4)
            (void)snprintf(path, sizeof path, "%s/%llu", arguments[4], (unsigned long long)seed);
        unlink(path);
        if (write_file(path, image, kept) != 0) {
            printf("FAIL mutants: cannot write %s: %s\n", path, strerror(errno));
            return 1;
        }
        if (count > 4)
            continue;
        int status = execute(path);
        refused += WIFEXITED(status) && WEXITSTATUS(status) == 200;
        ran += WIFEXITED(status) && WEXITSTATUS(status) != 200;
        killed += WIFSIGNALED(status);
    }
    unlink("/tmp/mutant");
    printf("ok mutants: %d refused, %d ran, %d killed\n", refused, ran, killed);
    return 0;
}
