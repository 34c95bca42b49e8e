// SPDX-License-Identifier: MIT
// threads.c: POSIX threads and the futexes below them.
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

enum { WAIT = 0, WAKE = 1, REQUEUE = 3, CMP_REQUEUE = 4, WAIT_BITSET = 9, WAKE_BITSET = 10, PRIVATE = 128 };

static long futex(void *word, int operation, uint32_t value, const struct timespec *limit)
{
    return syscall(SYS_futex, word, operation, value, limit, NULL, ~0U);
}

static void *return_square(void *argument)
{
    long value = (long)argument;
    return (void *)(value * value);
}

static void threads_return_values(void)
{
    pthread_t threads[30];
    for (long i = 0; i < 30; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, return_square, (void *)i), 0);
    for (long i = 0; i < 30; i++) {
        void *result;
        CHECK_EQUAL(pthread_join(threads[i], &result), 0);
        CHECK_EQUAL((long)result, i * i);
    }
    for (long i = 0; i < 200; i++) {
        CHECK_EQUAL(pthread_create(&threads[0], NULL, return_square, (void *)i), 0);
        CHECK_EQUAL(pthread_join(threads[0], NULL), 0);
    }
}

static int end_at_once(void *argument)
{
    return (int)syscall(SYS_exit, argument != NULL);
}

// One word is told the thread's id and cleared at its end: in this order, however soon the thread runs.
static void id_is_stored_before_the_thread_runs(void)
{
    enum { THREADS = 4000, STACK = 16384 };
    static char stack[STACK] __attribute__((aligned(16)));
    static _Atomic pid_t word;
    int flags =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    const struct timespec limit = { .tv_sec = 2 };
    for (int i = 0; i < THREADS; i++) {
        word = -1;
        pid_t id = clone(end_at_once, stack + STACK, flags, NULL, &word, NULL, &word);
        if (id < 0 && errno == EINVAL) {
            CHECK_SKIP("this C library's clone makes no threads");
            return;
        }
        CHECK(id > 0);
        for (pid_t now = word; now; now = word) {
            if (futex(&word, WAIT, (uint32_t)now, &limit) < 0 && errno == ETIMEDOUT)
                break;
        }
        CHECK_EQUAL(word, 0);
        if (word)
            return;
    }
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter;

static void *add_many(void *argument)
{
    for (int i = 0; i < 5000; i++) {
        pthread_mutex_lock(&mutex);
        long seen = counter;
        if (i % 100 == 0)
            sched_yield();
        counter = seen + 1;
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

static void mutex_excludes(void)
{
    pthread_t threads[6];
    for (int i = 0; i < 6; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    for (int i = 0; i < 6; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    CHECK_EQUAL(counter, 30000);
}

static int turn;

static void *play(void *argument)
{
    int mine = (int)(long)argument;
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != mine)
            pthread_cond_wait(&condition, &mutex);
        turn = !mine;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void conditions_hand_over(void)
{
    pthread_t other;
    CHECK_EQUAL(pthread_create(&other, NULL, play, (void *)1L), 0);
    play((void *)0L);
    CHECK_EQUAL(pthread_join(other, NULL), 0);
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_nsec += 50000000;
    limit.tv_sec += limit.tv_nsec / 1000000000;
    limit.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mutex);
    CHECK_EQUAL(pthread_cond_timedwait(&condition, &mutex, &limit), ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static __thread long local = 7;

static void *use_local(void *argument)
{
    CHECK_EQUAL(local, 7);
    for (int i = 0; i < 100; i++) {
        local = (long)argument + i;
        sched_yield();
        CHECK_EQUAL(local, (long)argument + i);
    }
    return (void *)&local;
}

static void thread_storage_is_separate(void)
{
    pthread_t threads[8];
    for (long i = 0; i < 8; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, use_local, (void *)(i * 1000)), 0);
    for (int i = 0; i < 8; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    CHECK_EQUAL(local, 7);
}

static atomic_long identity;

static void *note_identity(void *argument)
{
    identity = syscall(SYS_gettid);
    CHECK_EQUAL(getpid(), (long)argument);
    return NULL;
}

static void threads_share_the_process(void)
{
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, note_identity, (void *)(long)getpid()), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK(identity != getpid() && identity > 0);
    CHECK_ERROR(waitpid(-1, NULL, 0), ECHILD);
}

static void *exit_everything(void *argument)
{
    usleep(50000);
    _exit((int)(long)argument);
}

static void *sleep_forever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void any_thread_can_end_the_process(void)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 5; i++)
            pthread_create(&thread, NULL, sleep_forever, NULL);
        pthread_create(&thread, NULL, exit_everything, (void *)13L);
        sleep_forever(NULL);
    }
    CHECK_EQUAL(check_wait(child), 13 << 8);
    if ((child = fork()) == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, exit_everything, (void *)14L);
        syscall(SYS_exit, 3);
    }
    CHECK_EQUAL(check_wait(child), 14 << 8);
    if ((child = fork()) == 0) {
        pthread_t thread;
        for (int i = 0; i < 5; i++)
            pthread_create(&thread, NULL, sleep_forever, NULL);
        kill(getpid(), SIGTERM);
        sleep_forever(NULL);
    }
    CHECK_EQUAL(check_wait(child), SIGTERM);
}

static void *crash(void *argument)
{
    *(volatile int *)argument = 1;
    return NULL;
}

static void crash_of_a_thread_kills_all(void)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, crash, (void *)8);
        sleep_forever(NULL);
    }
    CHECK_EQUAL(check_wait(child), SIGSEGV);
}

static void *exec_self(void *argument)
{
    execl(check_program, check_program, "thread_storage_is_separate", (char *)NULL);
    return argument;
}

static void exec_from_a_thread_replaces_the_process(void)
{
    pid_t child = fork();
    if (child == 0) {
        close(1);
        if (open("/dev/null", O_WRONLY) != 1)
            _exit(7);
        pthread_t thread;
        pthread_create(&thread, NULL, sleep_forever, NULL);
        pthread_create(&thread, NULL, exec_self, NULL);
        sleep_forever(NULL);
    }
    CHECK_EQUAL(check_wait(child), 0);
}

static void fork_copies_only_the_caller(void)
{
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, sleep_forever, NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        pthread_t another;
        CHECK_EQUAL(pthread_create(&another, NULL, return_square, (void *)3L), 0);
        CHECK_EQUAL(pthread_join(another, NULL), 0);
        _exit(6);
    }
    CHECK_EQUAL(check_wait(child), 6 << 8);
}

static atomic_long handled_by;

static void note_thread(int signal_number)
{
    (void)signal_number;
    handled_by = syscall(SYS_gettid);
}

static void *unblock_and_wait(void *argument)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    identity = syscall(SYS_gettid);
    while (!handled_by)
        usleep(1000);
    return argument;
}

static void process_signal_goes_to_a_thread_that_takes_it(void)
{
    signal(SIGUSR1, note_thread);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, unblock_and_wait, NULL), 0);
    while (!identity)
        usleep(1000);
    CHECK_EQUAL(kill(getpid(), SIGUSR1), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(handled_by, identity);
    handled_by = 0;
    identity = 0;
    CHECK_EQUAL(pthread_create(&thread, NULL, unblock_and_wait, NULL), 0);
    while (!identity)
        usleep(1000);
    CHECK_EQUAL(pthread_kill(thread, SIGUSR1), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(handled_by, identity);
}

static void threads_can_be_cancelled(void)
{
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, sleep_forever, NULL), 0);
    usleep(20000);
    CHECK_EQUAL(pthread_cancel(thread), 0);
    void *result;
    CHECK_EQUAL(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
}

static sem_t semaphore;
static pthread_barrier_t barrier;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static atomic_int arrived;

static void *meet(void *argument)
{
    for (int i = 0; i < 50; i++) {
        arrived++;
        pthread_barrier_wait(&barrier);
        CHECK(arrived >= (i + 1) * 4);
        pthread_barrier_wait(&barrier);
    }
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_unlock(&lock);
    sem_post(&semaphore);
    return argument;
}

static void other_primitives_work(void)
{
    pthread_t threads[4];
    CHECK_EQUAL(sem_init(&semaphore, 0, 0), 0);
    CHECK_EQUAL(pthread_barrier_init(&barrier, NULL, 4), 0);
    pthread_rwlock_wrlock(&lock);
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, meet, NULL), 0);
    usleep(100000);
    CHECK_EQUAL(sem_trywait(&semaphore), -1);
    pthread_rwlock_unlock(&lock);
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(sem_wait(&semaphore), 0);
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    }
}

static void futex_checks_its_arguments(void)
{
    static uint32_t word = 5;
    struct timespec soon = { 0, 50000000 }, bad = { 0, 2000000000 };
    CHECK_ERROR(futex(&word, WAIT, 4, NULL), EAGAIN);
    CHECK_ERROR(futex(&word, WAIT, 5, &soon), ETIMEDOUT);
    CHECK_ERROR(futex(&word, WAIT | PRIVATE, 5, &soon), ETIMEDOUT);
    CHECK_ERROR(futex(&word, WAIT, 5, &bad), EINVAL);
    CHECK_ERROR(futex((char *)&word + 1, WAIT, 5, &soon), EINVAL);
    CHECK_ERROR(futex((void *)8, WAIT, 5, &soon), EFAULT);
    CHECK_ERROR(futex((void *)MACHINE_KERNEL_START, WAIT, 5, &soon), EFAULT);
    CHECK_EQUAL(futex(&word, WAKE, 1, NULL), 0);
    CHECK_ERROR(futex(&word, 99, 1, NULL), ENOSYS);
    CHECK_ERROR(syscall(SYS_futex, &word, WAIT_BITSET, 5, NULL, NULL, 0), EINVAL);
}

static void futex_wakes_across_processes(void)
{
    atomic_uint *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            word[1]++;
            while (word[0] == 0)
                futex(word, WAIT, 0, NULL);
            _exit(0);
        }
    while (word[1] < 3)
        usleep(1000);
    usleep(50000);
    CHECK_EQUAL(futex(word, WAKE, 1, NULL), 1);
    usleep(50000);
    word[0] = 1;
    CHECK_EQUAL(futex(word, WAKE, 100, NULL), 3);
    for (int i = 0; i < 3; i++) {
        int status;
        CHECK(wait(&status) > 0 && status == 0);
    }
}

static void robust_mutex_survives_its_dead_owner(void)
{
    pthread_mutex_t *robust = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    CHECK_EQUAL(pthread_mutex_init(robust, &attributes), 0);
    pid_t child = fork();
    if (child == 0) {
        pthread_mutex_lock(robust);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_EQUAL(pthread_mutex_lock(robust), EOWNERDEAD);
    CHECK_EQUAL(pthread_mutex_consistent(robust), 0);
    CHECK_EQUAL(pthread_mutex_unlock(robust), 0);
}

static const struct check_row rows[] = {
    CHECK_ROW(threads_return_values),
    CHECK_ROW(id_is_stored_before_the_thread_runs),
    CHECK_ROW(mutex_excludes),
    CHECK_ROW(conditions_hand_over),
    CHECK_ROW(thread_storage_is_separate),
    CHECK_ROW(threads_share_the_process),
    CHECK_ROW(any_thread_can_end_the_process),
    CHECK_ROW(crash_of_a_thread_kills_all),
    CHECK_ROW(exec_from_a_thread_replaces_the_process),
    CHECK_ROW(fork_copies_only_the_caller),
    CHECK_ROW(process_signal_goes_to_a_thread_that_takes_it),
    CHECK_ROW(threads_can_be_cancelled),
    CHECK_ROW(other_primitives_work),
    CHECK_ROW(futex_checks_its_arguments),
    CHECK_ROW(futex_wakes_across_processes),
    CHECK_ROW(robust_mutex_survives_its_dead_owner),
};

CHECK_MAIN(rows)
