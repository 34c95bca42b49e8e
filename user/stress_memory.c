// SPDX-License-Identifier: MIT
// stress_memory.c: memory under every kind of load at once: `stress_memory SECONDS [SEED [PROCESSES]]`.
//
// Rounds of three phases, until the time is over: few processes that do much to large windows (stress_model.h), many that do little to small
// ones, and some beside hogs that take memory until there is none. A heartbeat at real-time priority looks for stalls: of its own, and of all others. Prints a line a phase, `ok PHASE: …` or
// `FAIL PHASE: …`, and `ok stress` in the end.
#include "stress_model.h"

#include <sched.h>
#include <sys/syscall.h>

enum { CHURNERS = 8, PRESSED = 6, HOGS = 3, SMALL_PAGES = 24, STALL_MS = 2000, END_S = 60, PHASE_MS = 15000, PROCESSES_MAX = 1000 };

static pid_t process[PROCESSES_MAX];
static volatile struct heart {
    uint64_t longest_ms; // between two beats, in this phase
    uint64_t idle_ms;    // the longest in which nobody finished an operation, in this phase
    bool alive;
} *heart;

static uint64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1'000'000;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1'000'000 }, NULL);
}

[[gnu::noreturn]] static void beat(void)
{
    struct sched_param urgent = { .sched_priority = 99 };
    heart->alive = syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &urgent) == 0; // musl's own refuses to
    uint64_t last = now_ms(), moved = last, operations = 0;
    while (heart->alive) {
        sleep_ms(20);
        uint64_t now = now_ms();
        if (now - last > heart->longest_ms)
            heart->longest_ms = now - last;
        last = now;
        if (board->operations != operations || !board->go || board->stop)
            moved = now;
        operations = board->operations;
        if (now - moved > heart->idle_ms)
            heart->idle_ms = now - moved;
    }
    _exit(0);
}

// Takes memory until refused or killed, then holds what it has for a while.
[[gnu::noreturn]] static void live_as_hog(uint64_t seed)
{
    me.random = seed * 0x9e3779b97f4a7c15 | 1;
    while (!board->go)
        sleep_ms(10);
    for (uint64_t chunk = 1 << 20; !board->stop && chunk >= PAGE;) {
        char *more = mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (more == MAP_FAILED) {
            chunk /= 2;
            continue;
        }
        for (uint64_t at = 0; at < chunk && !board->stop; at += PAGE)
            more[at] = 1;
    }
    for (uint64_t count = draw(100); count-- > 0 && !board->stop;)
        sleep_ms(10);
    _exit(0);
}

struct phase {
    const char *name;
    int workers, hogs;
    uint32_t pages, pause_ms;
};

static bool starts(const struct phase *phase, uint64_t seed)
{
    int count = phase->workers + phase->hogs;
    for (int i = 0; i < count; i++) {
        process[i] = fork();
        if (process[i] < 0) {
            printf("FAIL %s: fork number %d: %s\n", phase->name, i, strerror(errno));
            return false;
        }
        if (process[i] == 0 && i < phase->workers) {
            while (!board->go)
                sleep_ms(10);
            live_as_worker(seed * 1000 + (uint64_t)i, phase->pages, phase->pause_ms);
        }
        if (process[i] == 0)
            live_as_hog(seed * 1000 + (uint64_t)i);
    }
    return true;
}

// How many are left; those that ended badly are judged.
static int left_of(int count)
{
    int left = 0;
    for (int i = 0; i < count; i++) {
        int status = 0;
        if (process[i] > 0 && waitpid(process[i], &status, WNOHANG) == process[i]) {
            process[i] = 0;
            if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
                board->killed++;
            else if (status != 0 && !board->failed) {
                board->failed = true;
                (void)snprintf(board->report, sizeof board->report, "process %d ended with raw status %#x", i, (unsigned)status);
            }
        }
        left += process[i] > 0;
    }
    return left;
}

static bool run_phase(const struct phase *phase, uint64_t milliseconds, uint64_t seed)
{
    int count = phase->workers + phase->hogs, left = count;
    char *report = board->report;
    memset((void *)board, 0, sizeof *board);
    board->scarce = phase->hogs;
    heart->longest_ms = heart->idle_ms = 0;
    bool fine = starts(phase, seed);
    uint64_t start = now_ms(), end;
    board->go = true;
    while (fine && left && now_ms() - start < milliseconds && !board->stop && heart->idle_ms <= STALL_MS) {
        sleep_ms(50);
        left = left_of(count);
    }
    board->stop = true;
    for (end = now_ms(); (left = left_of(count)) > 0 && now_ms() - end < END_S * 1000;)
        sleep_ms(20);
    for (int i = 0; left && i < count; i++)
        if (process[i] > 0)
            kill(process[i], SIGKILL);
    if (board->failed)
        printf("FAIL %s: %s\n", phase->name, report);
    else if (left)
        printf("FAIL %s: %d processes did not end in %d s\n", phase->name, left, END_S);
    else if (heart->longest_ms > STALL_MS || heart->idle_ms > STALL_MS)
        printf("FAIL %s: stalled for %llu ms, no operation for %llu ms\n", phase->name, (unsigned long long)heart->longest_ms,
               (unsigned long long)heart->idle_ms);
    else if (fine)
        printf(
            "ok %s: %d processes, %llu operations, %llu forks, %llu refused, %llu killed, longest gaps %llu and %llu ms, %llu ms in all\n",
            phase->name, count, (unsigned long long)board->operations, (unsigned long long)board->forks, (unsigned long long)board->refused,
            (unsigned long long)board->killed, (unsigned long long)heart->longest_ms, (unsigned long long)heart->idle_ms,
            (unsigned long long)(now_ms() - start));
    fflush(stdout);
    return fine && !board->failed && !left && heart->longest_ms <= STALL_MS && heart->idle_ms <= STALL_MS;
}

static void *shared(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    memset(at, 0, size);
    return at;
}

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "leaf") == 0)
        return 0;
    uint64_t seconds = count > 1 ? strtoull(arguments[1], NULL, 0) : 0, seed = count > 2 ? strtoull(arguments[2], NULL, 0) : 1;
    int processes = count > 3 ? atoi(arguments[3]) : 300;
    if (!seconds || processes < 1 || processes > PROCESSES_MAX) {
        fprintf(stderr, "usage: stress_memory SECONDS [SEED [PROCESSES]]\n");
        return 2;
    }
    const struct phase phases[] = {
        { "churn", CHURNERS, 0, WINDOW_PAGES, 0 },
        { "crowd", processes, 0, SMALL_PAGES, 200 },
        { "pressure", PRESSED, HOGS, WINDOW_PAGES, 5 },
    };
    board = shared(sizeof *board);
    heart = shared(sizeof *heart);
    heart->alive = true;
    pid_t heartbeat = fork();
    if (heartbeat == 0)
        beat();
    uint64_t part_ms = seconds * 1000 / 3 < PHASE_MS ? seconds * 1000 / 3 : PHASE_MS, end = now_ms() + seconds * 1000, rounds = 0;
    bool fine = heartbeat > 0;
    do {
        for (int i = 0; fine && i < 3; i++)
            fine = run_phase(&phases[i], part_ms, seed * 1000 + rounds * 10 + (uint64_t)i);
        rounds++;
    } while (fine && now_ms() + part_ms < end);
    bool lived = heart->alive;
    heart->alive = false;
    int status = -1;
    if (waitpid(heartbeat, &status, 0) != heartbeat || status != 0 || !lived) {
        printf("FAIL heartbeat: raw status %#x\n", (unsigned)status);
        fine = false;
    }
    if (fine)
        printf("ok stress: seed %llu, %llu rounds\n", (unsigned long long)seed, (unsigned long long)rounds);
    return fine ? 0 : 1;
}
