// SPDX-License-Identifier: MIT
// bench.h: benchmarks of real paths: rows beside the code they time, run by the shell's `bench`.
#pragma once

#include <abi/status.h>
#include <lib/attributes.h>
#include <lib/types.h>

struct benchmark {
    const char *category, *name;          // "scheduler", "context_switch"
    uint32_t rounds;                      // samples; 0: 1,000
    uint32_t batch;                       // operations in one sample; 0: 1. Figures are per operation.
    enum status (*prepare)(void **state); // may be nullptr
    void (*run)(void *state, uint32_t operations);
    void (*finish)(void *state); // may be nullptr
};
#define BENCHMARK(name_, ...) TABLE_ROW(helix_benchmarks) static const struct benchmark benchmark_##name_ = { .name = #name_, __VA_ARGS__ }

struct benchmark_result {
    uint64_t minimum, median, p99; // cycles per operation
    uint64_t rounds;
};
// Warms up, samples, sorts. `rounds` 0: the row's own. STATUS_NO_MEMORY, or what prepare returned.
enum status benchmark_run(const struct benchmark *row, uint32_t rounds, struct benchmark_result *result);

// Sorts `count` (>= 1) samples of `batch` operations each in place and fills the result. Pure.
void benchmark_summarise(uint64_t *samples, size_t count, uint32_t batch, struct benchmark_result *result);

// Calls visit for each row of the category (nullptr: all) until it returns false. Returns how many rows it saw.
size_t benchmark_each(const char *category, bool (*visit)(void *context, const struct benchmark *row), void *context);
