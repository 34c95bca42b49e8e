// SPDX-License-Identifier: MIT
// bench.c: the shell's bench: runs benchmark rows and shows what came out.
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

static void print_result(struct shell *shell, const struct benchmark_result *result)
{
    uint64_t tenths_of_ns = arch_cycles_to_ns(result->median_sample * 10) / result->batch; // tenths: for operations of a few cycles
    const uint64_t cycles[] = {
        result->median, result->minimum, result->mean, result->p95, result->p99, result->maximum, result->deviation
    };
    shell_print(shell, " %9llu.%llu", (number)(tenths_of_ns / 10), (number)(tenths_of_ns % 10));
    for (size_t i = 0; i < ARRAY_LENGTH(cycles); i++)
        shell_print(shell, " %9llu", (number)cycles[i]);
    shell_print(shell, " %8llu\n", (number)result->outliers);
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
    print_result(run->shell, &result);
    return true;
}

static bool print_category(void *context, const struct benchmark *row)
{
    shell_print(context, "  %s/%s\n", row->category, row->name);
    return true;
}

static bool any_row(void *context, const struct benchmark *row)
{
    return false;
}

static int run_bench(struct shell *shell, int count, char **words)
{
    const char *what = count > 1 ? words[1] : "all";
    bool quick = string_equal(what, "quick"), all = quick || string_equal(what, "all");
    struct bench_run run = { .shell = shell, .rounds = quick ? QUICK_ROUNDS : 0 };

    if (!all && !benchmark_each(what, any_row, nullptr)) {
        shell_error(shell, "no benchmarks called \"%s\"; there are:", what);
        benchmark_each(nullptr, print_category, shell);
        return 1;
    }
    shell_print(shell, "Running %s benchmarks...\n%-37s %11s %9s %9s %9s %9s %9s %9s %9s %8s\n", what, "per operation, cycles where not ns",
                "median: ns", "median", "minimum", "mean", "p95", "p99", "maximum", "deviation", "outliers");
    benchmark_each(all ? nullptr : what, run_row, &run);
    return run.failed ? 1 : 0;
}
SHELL_COMMAND(bench, "[CATEGORY|NAME|all|quick]", "Run benchmarks", run_bench);
