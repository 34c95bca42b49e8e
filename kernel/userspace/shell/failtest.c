// SPDX-License-Identifier: MIT
// failtest.c: the shell's `failtest`: runs a line again and again, each time with another allocation of the kernel failing, and sees
// whether everything that was taken comes back. There only with [debug] allocation_failures.

#include <generated/profile.h>

#if PROFILE_ALLOCATION_FAILURES

#include <lib/string.h>

#include <helix/fail.h>
#include <helix/frame_leaks.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/heap_leaks.h>
#include <helix/memory.h>
#include <helix/panic.h>
#include <helix/thread.h>
#include <helix/timer.h>

#include "local.h"

enum { WARM_UPS = 2, SITES = 16, PATIENCE_NS = 2'000'000'000 };

// What a line leaves behind.
struct footprint {
    uint64_t threads, frames, blocks;
};

struct campaign {
    struct shell *shell;
    const char *line, *cleanup; // cleanup: run after each time, nullptr: nothing
    struct footprint before;
    uint64_t tried, errors, survived, leaks, stuck;
};

static uint64_t frames_used(void)
{
    struct frame_statistics frames;
    frames_statistics(&frames);
    return frames.total - frames.free;
}

static uint64_t blocks_live(void)
{
    uint64_t blocks, bytes;
    (void)heap_leaks(0, nullptr, 0, &blocks, &bytes);
    return blocks;
}

// Runs the line with nothing but allocation `number` failing (0: none), then waits until its processes are gone.
static int line_run(struct campaign *campaign, uint64_t number, struct fail_state *state)
{
    fail_arm(number);
    int status = shell_execute(campaign->shell, campaign->line);
    *state = fail_look();
    fail_arm(0);
    uint64_t until = time_ns() + PATIENCE_NS;
    while (campaign->before.threads && thread_count() > campaign->before.threads && time_ns() < until)
        (void)thread_sleep_until(time_ns() + NS_PER_MS);
    if (campaign->cleanup)
        (void)shell_execute(campaign->shell, campaign->cleanup);
    return status;
}

static void footprint_take(struct footprint *footprint)
{
    memory_trim();
    *footprint = (struct footprint){ .threads = thread_count(), .frames = frames_used(), .blocks = blocks_live() };
}

static void print_sites(struct shell *shell, uint64_t heap_mark, uint64_t frame_mark)
{
    char name[80];
    static struct leak_site blocks[SITES];
    static struct frame_leak frames[SITES];
    uint64_t count, bytes;
    size_t rows = heap_leaks(heap_mark, blocks, SITES, &count, &bytes);
    for (size_t i = 0; i < rows; i++)
        shell_print(shell, "  %llu blocks of %s\n", (unsigned long long)blocks[i].blocks, symbol_text(name, sizeof name, blocks[i].by));
    rows = frame_leaks(frame_mark, frames, SITES);
    for (size_t i = 0; i < rows; i++)
        shell_print(shell, "  %llu frames of %s\n", (unsigned long long)frames[i].frames, symbol_text(name, sizeof name, frames[i].by));
}

// One run with the allocation failing. False: the line ended before it.
static bool point_try(struct campaign *campaign, uint64_t number)
{
    struct fail_state state;
    struct footprint after;
    char name[80];
    uint64_t heap_mark = heap_leak_mark(), frame_mark = frame_leak_mark();
    int status = line_run(campaign, number, &state);
    if (!state.failed)
        return false;
    campaign->tried++;
    (status ? &campaign->errors : &campaign->survived)[0]++;
    footprint_take(&after);
    bool stuck = after.threads > campaign->before.threads;
    bool leaked = after.frames > campaign->before.frames || after.blocks > campaign->before.blocks;
    campaign->stuck += stuck;
    campaign->leaks += leaked;
    if (stuck || leaked) {
        shell_print(campaign->shell, "failtest: allocation %llu, by %s: %lld threads, %lld frames, %lld blocks too many\n",
                    (unsigned long long)number, symbol_text(name, sizeof name, state.by),
                    (long long)(after.threads - campaign->before.threads), (long long)(after.frames - campaign->before.frames),
                    (long long)(after.blocks - campaign->before.blocks));
        print_sites(campaign->shell, heap_mark, frame_mark);
        campaign->before = after; // told once
    }
    return true;
}

static int campaign_run(struct campaign *campaign, uint64_t step)
{
    struct fail_state state;
    for (int i = 0; i < WARM_UPS; i++) {
        int status = line_run(campaign, 0, &state);
        if (status) {
            shell_error(campaign->shell, "failtest: the line fails by itself, with status %d", status);
            return 1;
        }
        footprint_take(&campaign->before);
    }
    for (uint64_t number = 1; point_try(campaign, number); number += step)
        ;
    shell_print(campaign->shell, "failtest: %llu of %llu allocations failed: %llu errors, %llu survived, %llu leaks, %llu stuck\n",
                (unsigned long long)campaign->tried, (unsigned long long)state.counted, (unsigned long long)campaign->errors,
                (unsigned long long)campaign->survived, (unsigned long long)campaign->leaks, (unsigned long long)campaign->stuck);
    return campaign->leaks || campaign->stuck;
}

static uint64_t step_of(const char *text)
{
    uint64_t step = 0;
    for (; *text >= '0' && *text <= '9' && step < 1'000'000; text++)
        step = step * 10 + (uint64_t)(*text - '0');
    return *text ? 0 : step;
}

static int run_failtest(struct shell *shell, int count, char **words)
{
    uint64_t step = count > 1 ? step_of(words[1]) : 0;
    if (count < 3 || count > 4 || !step) {
        shell_error(shell, "usage: failtest STEP LINE [CLEANUP]");
        return EXIT_USAGE;
    }
    // The words are the command's own, which running a line overwrites.
    struct campaign campaign = { .shell = shell, .line = heap_copy_string(words[2]) };
    char *cleanup = count == 4 ? heap_copy_string(words[3]) : nullptr;
    campaign.cleanup = cleanup;
    int status = campaign.line && (cleanup || count < 4) ? campaign_run(&campaign, step) : 1;
    heap_free((char *)campaign.line);
    heap_free(cleanup);
    return status;
}
SHELL_COMMAND(failtest, "STEP LINE [CLEANUP]", "Run LINE with every STEPth allocation failing, one at a time", run_failtest);

#endif
