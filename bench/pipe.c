// SPDX-License-Identifier: MIT
// pipe.c: bytes between processes: there and back, in bulk, round a ring; and by sockets and events.
#define _GNU_SOURCE
#include "bench.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, RING_MOST = 64 };

static int out[2], back[2];

static pid_t start(void (*body)(void))
{
    pid_t child = fork();
    NEED(child >= 0, "fork");
    if (child == 0) {
        body();
        _exit(0);
    }
    return child;
}

static void echo(int from, int to)
{
    char byte;
    while (read(from, &byte, 1) == 1)
        if (write(to, &byte, 1) != 1)
            return;
}

static void echo_pipe(void)
{
    close(out[1]);
    echo(out[0], back[1]);
}

static void prepare_round_trip(void)
{
    NEED(pipe(out) == 0 && pipe(back) == 0, "pipe");
    start(echo_pipe);
}

static void bounce(int to, int from, long loops)
{
    char byte = 1;
    while (loops-- > 0)
        if (write(to, &byte, 1) != 1 || read(from, &byte, 1) != 1)
            give_up("write or read");
}

static void run_round_trip(long loops)
{
    bounce(out[1], back[0], loops);
}

// Writes of 64 KiB to a reader that reads as much at once; one operation is 64 KiB moved.
static char chunk[CHUNK];

static void swallow(void)
{
    static char into[CHUNK];
    close(out[1]);
    while (read(out[0], into, CHUNK) > 0)
        ;
}

static void prepare_bandwidth(void)
{
    NEED(pipe(out) == 0, "pipe");
    start(swallow);
}

static void run_bandwidth(long loops)
{
    while (loops-- > 0)
        if (write(out[1], chunk, CHUNK) != CHUNK)
            give_up("write");
}

// A ring of processes: each waits for a byte and hands it on. One operation is one hop: a read, a write and a switch.
static int ring[RING_MOST][2], ring_size, place;

static void hand_on(void)
{
    echo(ring[place][0], ring[(place + 1) % ring_size][1]);
}

static void make_ring(int size)
{
    ring_size = size;
    for (int i = 0; i < size; i++)
        NEED(pipe(ring[i]) == 0, "pipe");
    for (place = 1; place < size; place++)
        start(hand_on);
}

static void make_ring_2(void)
{
    make_ring(2);
}
static void make_ring_8(void)
{
    make_ring(8);
}
static void make_ring_16(void)
{
    make_ring(16);
}
static void make_ring_64(void)
{
    make_ring(64);
}

static void run_ring(long loops)
{
    bounce(ring[1][1], ring[0][0], loops);
}

static int pair[2];

static void echo_socket(void)
{
    close(pair[0]);
    echo(pair[1], pair[1]);
}

static void prepare_socket(void)
{
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    start(echo_socket);
}

static void run_socket(long loops)
{
    bounce(pair[0], pair[0], loops);
}

// Two processes wake each other: each waits by epoll for its eventfd.
static int signals[2];

static void wait_and_signal(int poll, int mine, int other, bool first, long loops)
{
    struct epoll_event event;
    uint64_t value = 1;
    while (loops-- > 0) {
        if (first && write(other, &value, sizeof value) != sizeof value)
            give_up("write to an eventfd");
        if (epoll_wait(poll, &event, 1, -1) != 1 || read(mine, &value, sizeof value) != sizeof value)
            give_up("epoll_wait");
        if (!first && write(other, &value, sizeof value) != sizeof value)
            give_up("write to an eventfd");
    }
}

static int watch(int descriptor)
{
    int poll = epoll_create1(0);
    NEED(poll >= 0, "epoll_create1");
    struct epoll_event event = { .events = EPOLLIN };
    NEED(epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
    return poll;
}

static int own_poll;

static void answer_events(void)
{
    wait_and_signal(watch(signals[1]), signals[1], signals[0], false, __LONG_MAX__);
}

static void prepare_epoll(void)
{
    signals[0] = eventfd(0, 0);
    signals[1] = eventfd(0, 0);
    NEED(signals[0] >= 0 && signals[1] >= 0, "eventfd");
    own_poll = watch(signals[0]);
    start(answer_events);
}

static void run_epoll(long loops)
{
    wait_and_signal(own_poll, signals[0], signals[1], true, loops);
}

static const struct row rows[] = {
    { "pipe_round_trip", prepare_round_trip, .run = run_round_trip },
    { "pipe_64k", prepare_bandwidth, .run = run_bandwidth, .least = 16 },
    { "ring_2", make_ring_2, .run = run_ring, .per = 2 },
    { "ring_8", make_ring_8, .run = run_ring, .per = 8 },
    { "ring_16", make_ring_16, .run = run_ring, .per = 16 },
    { "ring_64", make_ring_64, .run = run_ring, .per = 64 },
};
GROUP(pipe_group, "pipe", rows);

static const struct row socket_rows[] = {
    { "unix_round_trip", prepare_socket, .run = run_socket },
    { "epoll_round_trip", prepare_epoll, .run = run_epoll },
};
GROUP(socket_group, "socket", socket_rows);
