// SPDX-License-Identifier: MIT
// bench.c: the shell's bench: runs benchmark rows and shows minimum, median and 99th percentile.
#include <lib/string.h>

#include <arch/time.h>
#include <helix/bench.h>

#include "local.h"

typedef unsigned long long number;

enum { QUICK_ROUNDS = 50 };

struct bench_run {
    struct shell *shell;
    uint32_t rounds; // 0: the row's own
    uint32_t failed;
};

// Tenths of nanoseconds, for operations of a few cycles.
static uint64_t tenths_of_ns(uint64_t cycles)
{
    return arch_cycles_to_ns(cycles * 10);
}

static void print_figure(struct shell *shell, uint64_t cycles)
{
    uint64_t ns = tenths_of_ns(cycles);
    shell_print(shell, " %10llu.%llu %10llu", (number)(ns / 10), (number)(ns % 10), (number)cycles);
}

static bool run_row(void *context, const struct benchmark *row)
{
    struct bench_run *run = context;
    struct benchmark_result result;
    shell_print(run->shell, "%-10s %-26s", row->category, row->name);
    enum status status = benchmark_run(row, run->rounds, &result);
    if (status != STATUS_OK) {
        shell_print(run->shell, " %s\n", status_text(status));
        run->failed++;
        return true;
    }
    print_figure(run->shell, result.minimum);
    print_figure(run->shell, result.median);
    print_figure(run->shell, result.p99);
    shell_print(run->shell, "\n");
    return true;
}

static bool print_category(void *context, const struct benchmark *row)
{
    shell_print(context, "  %s/%s\n", row->category, row->name);
    return true;
}

static int run_bench(struct shell *shell, int count, char **words)
{
    const char *what = count > 1 ? words[1] : "all";
    bool quick = string_equal(what, "quick");
    struct bench_run run = { .shell = shell, .rounds = quick ? QUICK_ROUNDS : 0 };

    shell_print(shell, "Running %s benchmarks...\n%-37s %23s %23s %23s\n", what, "", "minimum: ns     cycles", "median: ns     cycles",
                "p99: ns     cycles");
    bool all = quick || string_equal(what, "all");
    if (benchmark_each(all ? nullptr : what, run_row, &run) == 0) {
        shell_error(shell, "no benchmarks of category \"%s\"; there are:", what);
        benchmark_each(nullptr, print_category, shell);
        return 1;
    }
    return run.failed ? 1 : 0;
}
SHELL_COMMAND(bench, "[CATEGORY|all|quick]", "Run benchmarks", run_bench);
