// SPDX-License-Identifier: MIT
// spaces.c: an address shows each process its own memory, however many there were and however fast they change.
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

enum { PAGE = 4096, SHORT_LIVES = 5000, AT_ONCE = 4 };

// The same address in every process here. Two pages: one written right away, one first seen after others have run.
static volatile uint64_t *const place = (volatile uint64_t *)0x3000000000;

static void map_place(void)
{
    void *at = mmap((void *)(uintptr_t)place, (size_t)PAGE * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(at == (void *)(uintptr_t)place);
}

static volatile uint64_t *second(void)
{
    return place + PAGE / sizeof *place;
}

static bool is_mine(uint64_t value)
{
    return place[0] == value && place[7] == ~value && *second() == value * 3;
}

static void make_mine(uint64_t value)
{
    place[0] = value;
    place[7] = ~value;
    *second() = value * 3;
}

static void live_shortly(uint64_t value)
{
    if (*second() != 0)
        _exit(1); // the parent's is empty
    make_mine(value);
    (void)sched_yield();
    _exit(is_mine(value) ? 0 : 2);
}

static void live_long(uint64_t value)
{
    make_mine(value);
    for (;;) {
        if (!is_mine(value))
            _exit(4);
        (void)sched_yield();
    }
}

// More processes than a processor has tags (4,096 with 12 bits).
static void tags_are_never_shared(void)
{
    map_place();
    place[0] = 1;
    pid_t old = fork();
    if (old == 0)
        live_long(0x0123456789abcdef);
    for (uint64_t i = 0; i < SHORT_LIVES / AT_ONCE; i++) {
        for (uint64_t j = 0; j < AT_ONCE; j++)
            if (fork() == 0)
                live_shortly(i * AT_ONCE + j + 2);
        for (int j = 0; j < AT_ONCE; j++) {
            int status;
            pid_t child = wait(&status);
            CHECK(child > 0 && child != old);
            CHECK_EQUAL(status, 0);
        }
        CHECK_EQUAL(place[0], 1);
        CHECK_EQUAL(*second(), 0);
    }
    kill(old, SIGKILL);
    CHECK_EQUAL(WTERMSIG(check_wait(old)), SIGKILL);
}

// Two take turns as fast as the kernel can switch.
static void turns_show_each_its_own(void)
{
    int there[2], back[2];
    uint32_t turn = 0;
    map_place();
    CHECK_EQUAL(pipe(there), 0);
    CHECK_EQUAL(pipe(back), 0);
    pid_t other = fork();
    uint64_t mine = other ? 0x1111 : 0x2222;
    make_mine(mine);
    for (uint32_t i = 0; i < 3000; i++) {
        if (other)
            CHECK(write(there[1], &i, sizeof i) == sizeof i && read(back[0], &turn, sizeof turn) == sizeof turn && turn == i);
        else
            CHECK(read(there[0], &turn, sizeof turn) == sizeof turn && turn == i && write(back[1], &i, sizeof i) == sizeof i);
        CHECK(is_mine(mine));
        make_mine(++mine);
    }
    if (!other)
        _exit(0);
    CHECK_EQUAL(check_wait(other), 0);
}

static void change_mappings(uint64_t value)
{
    for (int i = 0; i < 300; i++) {
        make_mine(value + (uint64_t)i);
        (void)sched_yield();
        if (!is_mine(value + (uint64_t)i))
            _exit(1);
        map_place(); // fresh: zeros, whatever the translations say
        if (place[0] || place[7])
            _exit(2);
        (void)sched_yield();
        if (*second())
            _exit(3);
    }
    _exit(0);
}

static void changed_mappings_are_seen_at_once(void)
{
    map_place();
    for (uint64_t i = 1; i <= 6; i++)
        if (fork() == 0)
            change_mappings(i << 32);
    for (int i = 0; i < 6; i++) {
        int status;
        CHECK(wait(&status) > 0);
        CHECK_EQUAL(status, 0);
    }
}

// A program in place of another has nothing of it at the address.
static void programs_begin_without_it(void)
{
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            map_place();
            make_mine(5);
            close(1); // its rows are not ours
            execl(check_program, check_program, "nothing_is_there", (char *)NULL);
            _exit(9);
        }
        CHECK_EQUAL(check_wait(child), 0);
    }
}

static void nothing_is_there(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit((int)place[0]);
    CHECK_EQUAL(WTERMSIG(check_wait(child)), SIGSEGV);
}

static const struct check_row rows[] = {
    CHECK_ROW(tags_are_never_shared),     CHECK_ROW(turns_show_each_its_own), CHECK_ROW(changed_mappings_are_seen_at_once),
    CHECK_ROW(programs_begin_without_it), CHECK_ROW(nothing_is_there),
};

CHECK_MAIN(rows)
