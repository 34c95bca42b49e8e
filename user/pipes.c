// SPDX-License-Identifier: MIT
// pipes.c: pipes, and waiting for descriptors with poll and select.
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void reader_sees_data_then_end_of_file(void)
{
    int ends[2];
    char buffer[16];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(write(ends[1], "hello", 5), 5);
    CHECK_EQUAL(read(ends[0], buffer, 2), 2);
    CHECK_EQUAL(read(ends[0], buffer, 0), 0);
    CHECK_EQUAL(write(ends[1], "!", 1), 1);
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], buffer, 16), 4);
    CHECK(memcmp(buffer, "llo!", 4) == 0);
    CHECK_EQUAL(read(ends[0], buffer, 16), 0);
    CHECK_EQUAL(read(ends[0], buffer, 16), 0);
    CHECK_ERROR(write(ends[0], "x", 1), EBADF);
}

static void vectors_do_not_wait_for_more(void)
{
    int ends[2];
    char one[3], two[10];
    struct iovec rows_of_two[2] = { { one, 3 }, { two, 10 } };
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(write(ends[1], "abc", 3), 3);
    alarm(5);
    CHECK_EQUAL(readv(ends[0], rows_of_two, 2), 3);
    CHECK_EQUAL(write(ends[1], "abcd", 4), 4);
    CHECK_EQUAL(readv(ends[0], rows_of_two, 2), 4);
    CHECK_EQUAL(two[0], 'd');
}

static void write_without_reader_body(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    close(ends[0]);
    CHECK(write(ends[1], "x", 1) == 12345);
}

static void writing_without_a_reader_is_broken_pipe(void)
{
    int status = check_child(write_without_reader_body);
    CHECK(WIFSIGNALED(status));
    CHECK_EQUAL(WTERMSIG(status), SIGPIPE);
    signal(SIGPIPE, SIG_IGN);
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    close(ends[0]);
    CHECK_ERROR(write(ends[1], "x", 1), EPIPE);
}

static void nonblocking_ends_return_at_once(void)
{
    int ends[2];
    static char block[65536];
    CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
    CHECK_ERROR(read(ends[0], block, 1), EAGAIN);
    CHECK_EQUAL(write(ends[1], block, 65536), 65536);
    CHECK_ERROR(write(ends[1], block, 1), EAGAIN);
    CHECK_EQUAL(read(ends[0], block, 4096), 4096);
    CHECK_EQUAL(write(ends[1], block, 65536), 4096);
    int count = 0;
    CHECK_EQUAL(ioctl(ends[0], FIONREAD, &count), 0);
    CHECK_EQUAL(count, 65536);
    CHECK_EQUAL(fcntl(ends[0], F_GETPIPE_SZ), 65536);
    CHECK_ERROR(pipe2(ends, 0x10), EINVAL);
}

static void small_writes_are_atomic(void)
{
    enum { WRITERS = 4, MESSAGES = 200, LENGTH = 700 };
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    for (int w = 0; w < WRITERS; w++)
        if (fork() == 0) {
            char message[LENGTH];
            memset(message, 'a' + w, LENGTH);
            for (int i = 0; i < MESSAGES; i++)
                CHECK_EQUAL(write(ends[1], message, LENGTH), LENGTH);
            _exit(0);
        }
    close(ends[1]);
    int counts[WRITERS] = { 0 };
    char message[LENGTH];
    for (;;) {
        size_t have = 0;
        ssize_t got = 0;
        while (have < LENGTH && (got = read(ends[0], message + have, LENGTH - have)) > 0)
            have += (size_t)got;
        if (have == 0)
            break;
        CHECK_EQUAL(have, LENGTH);
        for (int i = 1; i < LENGTH; i++)
            CHECK_EQUAL(message[i], message[0]);
        counts[message[0] - 'a']++;
    }
    for (int w = 0; w < WRITERS; w++) {
        CHECK_EQUAL(counts[w], MESSAGES);
        int status;
        CHECK(wait(&status) > 0 && status == 0);
    }
}

static void large_transfer_blocks_and_arrives_whole(void)
{
    enum { TOTAL = 2 << 20 };
    int ends[2];
    static unsigned char block[100000];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        size_t sent = 0;
        while (sent < TOTAL) {
            size_t length = TOTAL - sent < sizeof block ? TOTAL - sent : sizeof block;
            for (size_t i = 0; i < length; i++)
                block[i] = (unsigned char)((sent + i) * 31 >> 3);
            CHECK_EQUAL(write(ends[1], block, length), length);
            sent += length;
        }
        _exit(0);
    }
    close(ends[1]);
    size_t received = 0;
    ssize_t got;
    while ((got = read(ends[0], block, 7777)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            CHECK_EQUAL(block[i], (unsigned char)((received + (size_t)i) * 31 >> 3));
        received += (size_t)got;
    }
    CHECK_EQUAL(received, TOTAL);
    CHECK_EQUAL(check_wait(child), 0);
}

static void blocked_writer_is_told_when_the_reader_leaves(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        static char block[200000];
        close(ends[0]);
        signal(SIGPIPE, SIG_IGN);
        ssize_t sent = write(ends[1], block, sizeof block);
        CHECK(sent == 65536 || (sent == -1 && errno == EPIPE));
        _exit(0);
    }
    close(ends[1]);
    usleep(50000);
    close(ends[0]);
    CHECK_EQUAL(check_wait(child), 0);
}

// ---- long reads that wait: their bytes may come straight from the writer ----

enum { LONG = 96 * 1024 };

static unsigned char pattern(size_t at)
{
    return (unsigned char)(at * 7 + (at >> 12));
}

// A child writes `size` bytes of the pattern at once, when the reader waits.
static pid_t start_writer(int ends[2], size_t size)
{
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        static unsigned char block[4 * LONG];
        for (size_t i = 0; i < size; i++)
            block[i] = pattern(i);
        close(ends[0]);
        usleep(20000);
        CHECK_EQUAL(write(ends[1], block, size), size);
        _exit(0);
    }
    close(ends[1]);
    return child;
}

static size_t read_pattern(int from, unsigned char *block, size_t most)
{
    size_t have = 0;
    ssize_t got;
    while ((got = read(from, block, most)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            if (block[i] != pattern(have + (size_t)i))
                return have;
        have += (size_t)got;
    }
    return have;
}

static void long_reads_that_wait_get_every_byte(void)
{
    static const size_t sizes[] = { 8191, 8192, 20000, LONG, 3 * LONG + 17 };
    static unsigned char block[LONG + 4096];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int ends[2];
        memset(block, 1, i % 2 ? sizeof block : 1); // with its pages there, and without
        pid_t child = start_writer(ends, sizes[i]);
        CHECK_EQUAL(read_pattern(ends[0], block + 5 * i, LONG), sizes[i]);
        CHECK_EQUAL(check_wait(child), 0);
        close(ends[0]);
    }
}

// The page in the middle of the buffer belongs to a child of the reader too, and stays as it was there.
static void long_read_leaves_the_pages_of_others_alone(void)
{
    static unsigned char block[LONG];
    int ends[2], go[2];
    memset(block, 'x', sizeof block);
    CHECK_EQUAL(pipe(go), 0);
    pid_t other = fork();
    if (other == 0) {
        char byte;
        close(go[1]);
        CHECK_EQUAL(read(go[0], &byte, 1), 0);
        for (size_t i = 0; i < sizeof block; i++)
            CHECK_EQUAL(block[i], 'x');
        _exit(0);
    }
    block[0] = 'y'; // this page is the reader's own again
    pid_t child = start_writer(ends, LONG);
    CHECK_EQUAL(read_pattern(ends[0], block, LONG), LONG);
    CHECK_EQUAL(check_wait(child), 0);
    close(go[1]);
    CHECK_EQUAL(check_wait(other), 0);
}

static void long_read_into_forbidden_pages_fails_and_keeps_the_bytes(void)
{
    int ends[2];
    unsigned char *block = mmap(NULL, LONG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *all = malloc(LONG);
    memset(block, 1, LONG);
    CHECK_EQUAL(mprotect(block, LONG, PROT_READ), 0);
    pid_t child = start_writer(ends, 20000);
    CHECK_ERROR(read(ends[0], block, LONG), EFAULT);
    CHECK_EQUAL(block[0], 1);
    CHECK_EQUAL(read_pattern(ends[0], all, LONG), 20000);
    CHECK_EQUAL(check_wait(child), 0);
    munmap(block, LONG);
    free(all);
}

static void ignore(int signal)
{
    (void)signal;
}

// Whoever leaves while he waits is forgotten: the bytes go to the next one.
static void a_reader_that_leaves_takes_no_bytes_along(void)
{
    static unsigned char block[LONG];
    int ends[2];
    for (int killed = 0; killed < 2; killed++) {
        CHECK_EQUAL(pipe(ends), 0);
        pid_t first = fork();
        if (first == 0) {
            struct sigaction action = { .sa_handler = ignore };
            sigaction(SIGALRM, &action, NULL);
            close(ends[1]);
            if (!killed)
                ualarm(10000, 0);
            CHECK_ERROR(read(ends[0], block, LONG), EINTR);
            _exit(0);
        }
        usleep(30000);
        if (killed)
            kill(first, SIGKILL);
        int status;
        CHECK_EQUAL(waitpid(first, &status, 0), first);
        CHECK_EQUAL(status, killed ? SIGKILL : 0);
        memset(block, 3, sizeof block);
        CHECK_EQUAL(write(ends[1], block, 30000), 30000);
        CHECK_EQUAL(read(ends[0], block, LONG), 30000);
        close(ends[0]);
        close(ends[1]);
    }
}

// Several wait for the same bytes: each byte reaches one of them, and the end all.
static void waiting_readers_share_what_comes(void)
{
    enum { READERS = 4, BYTES = 1000 };
    int ends[2], sums[2];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(pipe(sums), 0);
    for (int i = 0; i < READERS; i++)
        if (fork() == 0) {
            static char part[LONG];
            ssize_t got;
            int sum = 0;
            close(ends[1]);
            while ((got = read(ends[0], part, i % 2 ? sizeof part : 1)) > 0)
                sum += (int)got;
            CHECK_EQUAL(got, 0);
            CHECK_EQUAL(write(sums[1], &sum, sizeof sum), sizeof sum);
            _exit(0);
        }
    usleep(20000);
    for (int i = 0; i < BYTES; i++)
        CHECK_EQUAL(write(ends[1], "x", 1), 1);
    close(ends[1]);
    int total = 0, sum;
    for (int i = 0; i < READERS; i++) {
        CHECK_EQUAL(read(sums[0], &sum, sizeof sum), sizeof sum);
        total += sum;
        wait(NULL);
    }
    CHECK_EQUAL(total, BYTES);
}

static void poll_reports_each_condition(void)
{
    int ends[2], other[2];
    static char block[65536];
    CHECK_EQUAL(pipe(ends), 0);
    struct pollfd set[2] = { { .fd = ends[0], .events = POLLIN }, { .fd = ends[1], .events = POLLOUT } };
    CHECK_EQUAL(poll(set, 2, 0), 1);
    CHECK_EQUAL(set[0].revents, 0);
    CHECK_EQUAL(set[1].revents, POLLOUT);
    CHECK_EQUAL(write(ends[1], block, sizeof block), sizeof block);
    CHECK_EQUAL(poll(set, 2, 0), 1);
    CHECK_EQUAL(set[0].revents, POLLIN);
    CHECK_EQUAL(set[1].revents, 0);
    close(ends[1]);
    set[1].fd = -1;
    CHECK_EQUAL(poll(set, 2, 0), 1);
    CHECK_EQUAL(set[0].revents, POLLIN | POLLHUP);
    CHECK_EQUAL(set[1].revents, 0);
    CHECK_EQUAL(pipe(other), 0);
    close(other[0]);
    set[1] = (struct pollfd){ .fd = other[1], .events = POLLOUT };
    CHECK_EQUAL(poll(set + 1, 1, 0), 1);
    CHECK_EQUAL(set[1].revents & POLLERR, POLLERR);
    set[1].fd = 999;
    CHECK_EQUAL(poll(set + 1, 1, 0), 1);
    CHECK_EQUAL(set[1].revents, POLLNVAL);
    CHECK_ERROR(poll((void *)8, 1, 0), EFAULT);
    int null = open("/dev/null", O_RDWR);
    set[0] = (struct pollfd){ .fd = null, .events = POLLIN | POLLOUT };
    CHECK_EQUAL(poll(set, 1, -1), 1);
    CHECK_EQUAL(set[0].revents, POLLIN | POLLOUT);
}

static void poll_waits_as_long_as_told(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    struct pollfd set = { .fd = ends[0], .events = POLLIN };
    int64_t start = now_ns();
    CHECK_EQUAL(poll(&set, 1, 100), 0);
    int64_t waited = now_ns() - start;
    CHECK(waited >= 99000000 && waited < 1500000000);
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        CHECK_EQUAL(write(ends[1], "x", 1), 1);
        _exit(0);
    }
    CHECK_EQUAL(poll(&set, 1, 10000), 1);
    CHECK_EQUAL(set.revents, POLLIN);
    CHECK_EQUAL(check_wait(child), 0);
    start = now_ns();
    CHECK_EQUAL(poll(NULL, 0, 50), 0);
    CHECK(now_ns() - start >= 49000000);
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
}

static void waiting_is_interrupted_by_a_handler(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
    CHECK_EQUAL(sigaction(SIGALRM, &action, NULL), 0);
    struct pollfd set = { .fd = ends[0], .events = POLLIN };
    struct itimerval soon = { .it_value = { 0, 50000 } };
    CHECK_EQUAL(setitimer(ITIMER_REAL, &soon, NULL), 0);
    CHECK_ERROR(poll(&set, 1, -1), EINTR);
    CHECK_EQUAL(setitimer(ITIMER_REAL, &soon, NULL), 0);
    fd_set fds;
    FD_ZERO(&fds);
    FD_SET(ends[0], &fds);
    CHECK_ERROR(select(ends[0] + 1, &fds, NULL, NULL, NULL), EINTR);
    sigset_t block, none;
    sigemptyset(&block);
    sigemptyset(&none);
    sigaddset(&block, SIGALRM);
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, &block, NULL), 0);
    CHECK_EQUAL(setitimer(ITIMER_REAL, &soon, NULL), 0);
    CHECK_EQUAL(poll(&set, 1, 150), 0);
    struct timespec limit = { 10, 0 };
    CHECK_ERROR(ppoll(&set, 1, &limit, &none), EINTR);
    sigset_t now;
    CHECK_EQUAL(sigprocmask(SIG_SETMASK, NULL, &now), 0);
    CHECK(sigismember(&now, SIGALRM));
}

static void select_marks_ready_descriptors(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(ends[0], &in);
    FD_SET(ends[1], &out);
    struct timeval limit = { 5, 0 };
    CHECK_EQUAL(select(ends[1] + 1, &in, &out, NULL, &limit), 1);
    CHECK(!FD_ISSET(ends[0], &in) && FD_ISSET(ends[1], &out));
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    FD_SET(ends[0], &in);
    CHECK_EQUAL(select(ends[1] + 1, &in, &out, NULL, NULL), 2);
    char byte;
    CHECK_EQUAL(read(ends[0], &byte, 1), 1);
    FD_ZERO(&in);
    FD_SET(ends[0], &in);
    limit = (struct timeval){ 0, 50000 };
    int64_t start = now_ns();
    CHECK_EQUAL(select(ends[0] + 1, &in, NULL, NULL, &limit), 0);
    CHECK(now_ns() - start >= 49000000);
    CHECK(!FD_ISSET(ends[0], &in));
    FD_ZERO(&in);
    FD_SET(200, &in);
    CHECK_ERROR(select(201, &in, NULL, NULL, &limit), EBADF);
    CHECK_ERROR(select(-1, NULL, NULL, NULL, NULL), EINVAL);
}

static void five_processes_in_a_row_pass_everything_on(void)
{
    int previous[2], next[2];
    CHECK_EQUAL(pipe(previous), 0);
    int first = previous[1];
    for (int stage = 0; stage < 5; stage++) {
        CHECK_EQUAL(pipe(next), 0);
        if (fork() == 0) {
            close(first);
            close(next[0]);
            char buffer[512];
            ssize_t got;
            while ((got = read(previous[0], buffer, sizeof buffer)) > 0) {
                for (ssize_t i = 0; i < got; i++)
                    buffer[i]++;
                CHECK_EQUAL(write(next[1], buffer, (size_t)got), got);
            }
            _exit(0);
        }
        close(previous[0]);
        close(next[1]);
        previous[0] = next[0];
    }
    if (fork() == 0) {
        for (int i = 0; i < 1000; i++)
            CHECK_EQUAL(write(first, "ABCDEFGHIJ", 10), 10);
        _exit(0);
    }
    close(first);
    size_t total = 0;
    char buffer[512];
    ssize_t got;
    while ((got = read(previous[0], buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            CHECK_EQUAL(buffer[i], "FGHIJKLMNO"[(total + (size_t)i) % 10]);
        total += (size_t)got;
    }
    CHECK_EQUAL(total, 10000);
    for (int i = 0; i < 6; i++) {
        int status;
        CHECK(wait(&status) > 0 && status == 0);
    }
}

static int shared_ends[2];

static void *close_then_write(void *unused)
{
    usleep(20000); // the other thread sleeps in read by then
    close(shared_ends[0]);
    (void)!write(shared_ends[1], "x", 1);
    return unused;
}

static void closing_elsewhere_leaves_a_read_in_progress_its_file(void)
{
    pthread_t other;
    char byte = 0;
    CHECK_EQUAL(pipe(shared_ends), 0);
    CHECK_EQUAL(pthread_create(&other, NULL, close_then_write, NULL), 0);
    CHECK_EQUAL(read(shared_ends[0], &byte, 1), 1);
    CHECK_EQUAL(byte, 'x');
    CHECK_EQUAL(pthread_join(other, NULL), 0);
    CHECK_ERROR(read(shared_ends[0], &byte, 1), EBADF);
}

static const struct check_row rows[] = {
    CHECK_ROW(reader_sees_data_then_end_of_file),
    CHECK_ROW(vectors_do_not_wait_for_more),
    CHECK_ROW(writing_without_a_reader_is_broken_pipe),
    CHECK_ROW(nonblocking_ends_return_at_once),
    CHECK_ROW(small_writes_are_atomic),
    CHECK_ROW(large_transfer_blocks_and_arrives_whole),
    CHECK_ROW(blocked_writer_is_told_when_the_reader_leaves),
    CHECK_ROW(long_reads_that_wait_get_every_byte),
    CHECK_ROW(long_read_leaves_the_pages_of_others_alone),
    CHECK_ROW(long_read_into_forbidden_pages_fails_and_keeps_the_bytes),
    CHECK_ROW(a_reader_that_leaves_takes_no_bytes_along),
    CHECK_ROW(waiting_readers_share_what_comes),
    CHECK_ROW(poll_reports_each_condition),
    CHECK_ROW(poll_waits_as_long_as_told),
    CHECK_ROW(waiting_is_interrupted_by_a_handler),
    CHECK_ROW(select_marks_ready_descriptors),
    CHECK_ROW(closing_elsewhere_leaves_a_read_in_progress_its_file),
    CHECK_ROW(five_processes_in_a_row_pass_everything_on),
};

CHECK_MAIN(rows)
