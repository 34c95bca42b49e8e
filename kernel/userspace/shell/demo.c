// SPDX-License-Identifier: MIT
// demo.c: the shell's demo: does what the kernel is for, once, and says what happened and how long it took.
#include <abi/linux/fcntl.h>
#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/time.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/process.h>
#include <helix/scheduler.h>
#include <helix/space.h>
#include <helix/user.h>
#include <helix/vfs.h>

#include "local.h"

typedef unsigned long long number;

enum { BLOCKS = 1'000, BLOCK_SIZE = 96, ROUND_TRIPS = 1'000, FORKED_PAGES = 256, PROGRAMS = 10 };

// Nanoseconds that one of `operations` took since `began` (cycles).
static uint64_t each_ns(uint64_t began, uint64_t operations)
{
    return arch_cycles_to_ns(arch_cycles() - began) / operations;
}

static enum status demo_heap(struct shell *shell)
{
    static void *blocks[BLOCKS];
    uint64_t began = arch_cycles();
    enum status status = STATUS_OK;
    size_t made = 0;
    for (; made < BLOCKS && status == STATUS_OK; made++) {
        blocks[made] = heap_alloc(BLOCK_SIZE);
        status = blocks[made] ? STATUS_OK : STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < made; i++)
        heap_free(blocks[i]);
    if (status == STATUS_OK)
        shell_print(shell, "memory     %d blocks of %d bytes allocated and freed, %llu ns a pair\n", BLOCKS, BLOCK_SIZE,
                    (number)each_ns(began, BLOCKS));
    return status;
}

static enum status demo_space(struct shell *shell)
{
    struct space *parent, *child;
    TRY(space_create(&parent));
    const struct map_request request = { .size = FORKED_PAGES * PAGE_SIZE, .access = PAGE_READ | PAGE_WRITE, .flags = MAP_PREFAULT };
    uint64_t at = 0;
    enum status status = space_map(parent, &request, &at);
    uint64_t began = arch_cycles();
    if (status == STATUS_OK)
        status = space_fork(parent, &child);
    if (status == STATUS_OK) {
        uint64_t forked = each_ns(began, 1);
        shell_print(shell, "isolation  an address space of %llu pages forked copy-on-write in %llu ns\n", (number)space_resident(parent),
                    (number)forked);
        space_release(child);
    }
    space_release(parent);
    return status;
}

// ---- two threads and two pipes ----

struct ping {
    struct open_file *ball_in, *ball_out, *back_in, *back_out;
};

// Returns every byte until the pipe is closed, then gives its ends up.
static void echo_main(void *argument)
{
    struct ping *ping = argument;
    struct open_file *from = ping->ball_in, *to = ping->back_out;
    char byte;
    size_t done = 0;
    while (file_read(from, &byte, 1, &done) == STATUS_OK && done == 1) {
        if (file_write(to, &byte, 1, &done) != STATUS_OK)
            break;
    }
    file_release(from);
    file_release(to);
    thread_exit(0);
}

static enum status ping_play(struct ping *ping)
{
    char byte = 'x';
    size_t done = 0;
    for (int i = 0; i < ROUND_TRIPS; i++) {
        TRY(file_write(ping->ball_out, &byte, 1, &done));
        TRY(file_read(ping->back_in, &byte, 1, &done));
    }
    return STATUS_OK;
}

static enum status ping_open(struct ping *ping)
{
    TRY(pipe_create(0, &ping->ball_in, &ping->ball_out));
    enum status status = pipe_create(0, &ping->back_in, &ping->back_out);
    if (status != STATUS_OK) {
        file_release(ping->ball_in);
        file_release(ping->ball_out);
    }
    return status;
}

static enum status demo_pipe(struct shell *shell)
{
    static struct ping ping; // static: the echo thread may read it late
    struct thread *echo;
    TRY(ping_open(&ping));
    enum status status = thread_spawn("echo", echo_main, &ping, &echo);
    if (status != STATUS_OK) {
        file_release(ping.ball_in);
        file_release(ping.back_out);
    } else {
        struct scheduler_statistics before = { 0 }, after = { 0 };
        scheduler_statistics(&before);
        uint64_t began = arch_cycles();
        status = ping_play(&ping);
        uint64_t ns = each_ns(began, ROUND_TRIPS);
        scheduler_statistics(&after);
        if (status == STATUS_OK)
            shell_print(shell, "threads    %d round trips between two threads through pipes, %llu ns each, %llu switches\n", ROUND_TRIPS,
                        (number)ns, (number)(after.context_switches - before.context_switches));
        thread_release(echo);
    }
    file_release(ping.ball_out);
    file_release(ping.back_in);
    return status;
}

// ---- programs ----

static enum status run_once(struct shell *shell, const char *path)
{
    char *words[] = { "busybox", "true", nullptr };
    const struct spawn_request request = { .path = path, .arguments = { .argv = words, .envp = shell->environment.entries } };
    struct process *process;
    int wait_status = 0;
    TRY(user_spawn(&request, &process));
    (void)user_wait(process, false, &wait_status);
    if (wait_status)
        shell_error(shell, "%s ended with status %d", path, program_exit_status(wait_status));
    return wait_status ? STATUS_INTERNAL : STATUS_OK;
}

static enum status demo_program(struct shell *shell)
{
    static const char path[] = "/bin/busybox";
    struct entry *entry;
    if (vfs_lookup(vfs_kernel_context(), nullptr, path, true, &entry) != STATUS_OK)
        return STATUS_OK; // an image without programs has nothing to show here
    entry_release(entry);
    struct frame_statistics before, after;
    TRY(run_once(shell, path)); // the first one fills caches
    frames_statistics(&before);
    uint64_t began = arch_cycles();
    for (int i = 0; i < PROGRAMS; i++)
        TRY(run_once(shell, path));
    uint64_t ns = each_ns(began, PROGRAMS);
    frames_statistics(&after);
    shell_print(
        shell,
        "programs   %s true, unmodified, in a process of its own: %llu us from start to reaping; frames free before %llu, after %llu\n",
        path, (number)(ns / NS_PER_US), (number)before.free, (number)after.free);
    return STATUS_OK;
}

static const struct {
    const char *name;
    enum status (*run)(struct shell *shell);
} demos[] = {
    { "memory", demo_heap },
    { "isolation", demo_space },
    { "threads", demo_pipe },
    { "programs", demo_program },
};

static int run_demo(struct shell *shell, int count, char **words)
{
    const char *wanted = count > 1 ? words[1] : "all";
    bool all = string_equal(wanted, "all"), found = false;
    int failed = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(demos); i++) {
        if (!all && !string_equal(wanted, demos[i].name))
            continue;
        found = true;
        enum status status = demos[i].run(shell);
        if (status != STATUS_OK) {
            shell_error(shell, "%s: %s", demos[i].name, status_text(status));
            failed = 1;
        }
    }
    if (!found) {
        shell_error(shell, "demo: there are memory, isolation, threads, programs and all");
        return EXIT_USAGE;
    }
    return failed;
}
SHELL_COMMAND(demo, "[PART|all]", "Run kernel demonstration", run_demo);
