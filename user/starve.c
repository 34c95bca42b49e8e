// SPDX-License-Identifier: MIT
// starve.c: what happens when memory ends: who is killed, who is not, and that what was asked for is there afterwards.
//
// Meant for small machines: each row fills all memory. On Linux the rows that name a victim pass as well, as root.
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>

enum { PAGE = 4096, MIB = 1 << 20 };

static bool died_of_hunger(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static size_t memory_size(void)
{
    struct sysinfo info;
    CHECK_EQUAL(sysinfo(&info), 0);
    return (size_t)info.totalram * info.mem_unit;
}

static char *reserve(size_t size)
{
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

static void touch(char *memory, size_t size)
{
    for (size_t at = 0; at < size; at += PAGE)
        memory[at] = 1;
}

static void eat_everything(void)
{
    size_t size = 4 * memory_size();
    touch(reserve(size), size);
}

// Takes what it is given politely, tells by a byte that it has been refused, and keeps it.
static void eat_until_refused(int tell)
{
    enum { BITE = 64 * 1024 };
    char *bite;
    while ((bite = mmap(NULL, BITE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)) != MAP_FAILED)
        continue;
    CHECK_EQUAL(write(tell, "f", 1), 1);
    for (;;)
        pause();
}

static pid_t start(void (*body)(void))
{
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        body();
        _exit(0);
    }
    return child;
}

// A child that has all memory and sleeps.
static pid_t start_full_hog(void)
{
    int ends[2];
    char byte;
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        eat_until_refused(ends[1]);
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return child;
}

static void end_hog(pid_t hog)
{
    kill(hog, SIGKILL);
    CHECK(died_of_hunger(check_wait(hog)));
}

static void store(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    CHECK(fd >= 0);
    CHECK_EQUAL(write(fd, text, strlen(text)), (long long)strlen(text));
    close(fd);
}

static void load(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    ssize_t length = read(fd, text, size - 1);
    CHECK(length > 0);
    text[length] = '\0';
    close(fd);
}

// ---- faults ----

static void hog_dies_beside_an_innocent(void)
{
    int ends[2];
    char byte = 0;
    CHECK_EQUAL(pipe(ends), 0);
    pid_t innocent = fork();
    CHECK(innocent >= 0);
    if (innocent == 0) {
        char *own = reserve(MIB);
        touch(own, MIB);
        close(ends[1]);
        (void)!read(ends[0], &byte, 1);
        for (size_t at = 0; at < MIB; at += PAGE)
            CHECK_EQUAL(own[at], 1);
        touch(reserve(MIB), MIB);
        _exit(0);
    }
    for (int i = 0; i < 2; i++)
        CHECK(died_of_hunger(check_wait(start(eat_everything))));
    close(ends[1]);
    CHECK_EQUAL(check_wait(innocent), 0);
}

static void innocent_faults_are_served_at_the_cost_of_the_hog(void)
{
    pid_t hog = start_full_hog();
    touch(reserve(2 * MIB), 2 * MIB);
    CHECK(died_of_hunger(check_wait(hog)));
}

static void bomb_of_hogs_ends_one_by_one(void)
{
    enum { HOGS = 8 };
    pid_t hogs[HOGS];
    for (int i = 0; i < HOGS; i++)
        hogs[i] = start(eat_everything);
    for (int i = 0; i < HOGS; i++)
        CHECK(died_of_hunger(check_wait(hogs[i])));
    touch(reserve(MIB), MIB);
}

static void forking_hogs_leave_the_parent_alone(void)
{
    time_t end = time(NULL) + 3;
    int killed = 0, ended = 0;
    while (time(NULL) < end) {
        pid_t child = fork();
        if (child == 0) {
            pid_t other = fork();
            eat_everything();
            _exit(other < 0);
        }
        if (child < 0)
            continue;
        int status = check_wait(child);
        killed += died_of_hunger(status);
        ended++;
    }
    CHECK(ended > 0);
    CHECK_EQUAL(killed, ended);
}

// 300 processes, or as many as there may be, then a hog: it alone dies.
static void crowd_survives_a_hog(void)
{
    enum { CROWD = 300 };
    int ends[2], people = 0, status;
    char byte;
    CHECK_EQUAL(pipe(ends), 0);
    for (; people < CROWD; people++) {
        pid_t child = fork();
        if (child < 0)
            break;
        if (child == 0) {
            close(ends[1]);
            (void)!read(ends[0], &byte, 1);
            touch(reserve(PAGE), PAGE);
            _exit(7);
        }
    }
    CHECK(people > 4);
    pid_t hog = fork();
    if (hog == 0) {
        eat_everything();
        _exit(0);
    }
    if (hog > 0)
        CHECK(died_of_hunger(check_wait(hog)));
    close(ends[0]);
    close(ends[1]);
    for (int i = 0; i < people; i++) {
        CHECK(wait(&status) > 0);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    }
}

static int eat_in_the_same_space(void *unused)
{
    eat_everything();
    return 0;
}

// Another process in the same space; what waits for it would go on when it is gone.
static void who_shares_the_space_of_a_hog_ends_with_it(void)
{
    static _Alignas(16) char stack[64 * 1024];
    pid_t hog = fork();
    CHECK(hog >= 0);
    if (hog == 0) {
        (void)clone(eat_in_the_same_space, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
        _exit(3);
    }
    CHECK(died_of_hunger(check_wait(hog)));
}

// ---- system calls ----

static void read_into_new_memory_is_served(void)
{
    pid_t hog = start_full_hog();
    int zero = open("/dev/zero", O_RDONLY);
    char *memory = reserve(4 * MIB);
    CHECK_EQUAL(read(zero, memory, 4 * MIB), 4 * MIB);
    close(zero);
    CHECK(died_of_hunger(check_wait(hog)));
}

static void pipe_fed_by_a_hungry_reader_goes_on(void)
{
    pid_t hog = start_full_hog();
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t writer = fork();
    if (writer == 0) {
        static char block[16 * 1024];
        for (int i = 0; i < 64; i++)
            CHECK_EQUAL(write(ends[1], block, sizeof block), sizeof block);
        _exit(0);
    }
    CHECK(writer > 0);
    close(ends[1]);
    char *memory = reserve(MIB);
    size_t got = 0;
    ssize_t part;
    while ((part = read(ends[0], memory + got, MIB - got)) > 0)
        got += (size_t)part;
    CHECK_EQUAL(got, MIB);
    CHECK_EQUAL(check_wait(writer), 0);
    end_hog(hog);
}

static void calls_are_served_at_the_cost_of_the_hog(void)
{
    pid_t hog = start_full_hog();
    for (int i = 0; i < 16; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            touch(reserve(256 * 1024), 256 * 1024);
            execl("/proc/self/exe", check_program, "nothing", NULL);
            _exit(1);
        }
        CHECK_EQUAL(check_wait(child), 0);
        CHECK(mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) != MAP_FAILED);
    }
    end_hog(hog);
}

// A call that can be refused costs nobody's life when no hog is to be found.
static void hog_is_refused_not_killed(void)
{
    pid_t hog = start_full_hog();
    CHECK_EQUAL(kill(hog, 0), 0);
    usleep(100'000);
    CHECK_EQUAL(waitpid(hog, &(int){ 0 }, WNOHANG), 0);
    end_hog(hog);
}

static void file_of_all_memory_is_refused(void)
{
    static char block[64 * 1024];
    check_enter_scratch();
    int fd = open("big", O_RDWR | O_CREAT, 0600);
    ssize_t got;
    while ((got = write(fd, block, sizeof block)) > 0)
        continue;
    CHECK_EQUAL(errno, ENOSPC);
    pid_t hog = start(eat_everything);
    CHECK(died_of_hunger(check_wait(hog)));
    CHECK_EQUAL(unlink("big"), 0);
    close(fd);
    touch(reserve(MIB), MIB);
}

// ---- /proc/PID/oom_score and oom_score_adj ----

static void adjustment_is_kept_and_checked(void)
{
    char text[32];
    static const char *const bad[] = { "1001", "-1001", "abc", "12x", "-", "99999" };
    load("/proc/self/oom_score_adj", text, sizeof text);
    CHECK_EQUAL(strcmp(text, "0\n"), 0);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);
    CHECK(fd >= 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERROR(write(fd, bad[i], strlen(bad[i])), EINVAL);
    close(fd);
    store("/proc/self/oom_score_adj", "-17\n");
    load("/proc/self/oom_score_adj", text, sizeof text);
    CHECK_EQUAL(strcmp(text, "-17\n"), 0);
    pid_t child = fork();
    if (child == 0) { // inherited; and nobody but root makes himself safer
        load("/proc/self/oom_score_adj", text, sizeof text);
        CHECK_EQUAL(strcmp(text, "-17\n"), 0);
        store("/proc/self/oom_score_adj", "5");
        fd = open("/proc/self/oom_score_adj", O_WRONLY);
        CHECK_EQUAL(setuid(1000), 0);
        CHECK_ERROR(write(fd, "4", 1), EACCES);
        CHECK_EQUAL(write(fd, "6", 1), 1);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
}

static void score_follows_size_and_adjustment(void)
{
    char text[32];
    load("/proc/self/oom_score", text, sizeof text);
    int before = atoi(text);
    size_t size = memory_size() / 4;
    touch(reserve(size), size);
    load("/proc/self/oom_score", text, sizeof text);
    int after = atoi(text);
    CHECK(after >= before + 100 && after <= before + 240); // a quarter of 1000, times two thirds
    store("/proc/self/oom_score_adj", "-1000");
    load("/proc/self/oom_score", text, sizeof text);
    CHECK_EQUAL(atoi(text), 0);
    store("/proc/self/oom_score_adj", "1000");
    load("/proc/self/oom_score", text, sizeof text);
    CHECK(atoi(text) > 1000);
}

static void adjustment_decides_who_dies(void)
{
    int ends[2];
    char byte;
    CHECK_EQUAL(pipe(ends), 0);
    pid_t scapegoat = fork();
    if (scapegoat == 0) {
        store("/proc/self/oom_score_adj", "1000");
        CHECK_EQUAL(write(ends[1], "r", 1), 1);
        for (;;)
            pause();
    }
    CHECK_EQUAL(read(ends[0], &byte, 1), 1);
    pid_t hog = start(eat_everything);
    CHECK(died_of_hunger(check_wait(scapegoat)));
    CHECK(died_of_hunger(check_wait(hog)));
}

static const struct check_row rows[] = {
    CHECK_ROW(hog_dies_beside_an_innocent),
    CHECK_ROW(innocent_faults_are_served_at_the_cost_of_the_hog),
    CHECK_ROW(bomb_of_hogs_ends_one_by_one),
    CHECK_ROW(forking_hogs_leave_the_parent_alone),
    CHECK_ROW(crowd_survives_a_hog),
    CHECK_ROW(who_shares_the_space_of_a_hog_ends_with_it),
    CHECK_ROW(read_into_new_memory_is_served),
    CHECK_ROW(pipe_fed_by_a_hungry_reader_goes_on),
    CHECK_ROW(calls_are_served_at_the_cost_of_the_hog),
    CHECK_ROW(hog_is_refused_not_killed),
    CHECK_ROW(file_of_all_memory_is_refused),
    CHECK_ROW(adjustment_is_kept_and_checked),
    CHECK_ROW(score_follows_size_and_adjustment),
    CHECK_ROW(adjustment_decides_who_dies),
};

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "nothing") == 0)
        return 0; // run by execl above
    return check_main(count, arguments, rows, sizeof rows / sizeof *rows);
}
