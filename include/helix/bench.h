// SPDX-License-Identifier: MIT
// bench.h: benchmarks of real paths: rows beside the code they time, run by the shell's `bench`.
#pragma once

#include <abi/status.h>
#include <lib/attributes.h>
#include <lib/types.h>

struct benchmark {
    const char *category, *name;                      // "memory", "alloc.small_16": a subject and what is done with it
    uint32_t rounds;                                  // samples; 0: as many as 10,000 operations take, 100 at least
    uint32_t batch;                                   // operations in one sample; 0: 1. Figures are per operation.
    enum status (*prepare)(void **state);             // may be nullptr, like all below but run
    void (*before)(void *state, uint32_t operations); // before each sample, not timed
    void (*run)(void *state, uint32_t operations);
    void (*after)(void *state, uint32_t operations); // after each sample, not timed
    enum status (*finish)(void *state);              // gives back what prepare took; a failure tells that operations did not do their work
};
#define BENCHMARK(identifier_, name_, ...) \
    TABLE_ROW(helix_benchmarks) static const struct benchmark benchmark_##identifier_ = { .name = name_, __VA_ARGS__ }

// Cycles per operation; of a whole sample, divided by its operations.
struct benchmark_result {
    uint64_t minimum, mean, median, p95, p99, maximum;
    uint64_t deviation; // standard deviation
    uint64_t outliers;  // samples further than three deviations from the mean; they are counted, not left out
    uint64_t rounds;
    uint64_t median_sample; // cycles of a whole sample: tells more where the counter's steps are coarse …
    uint32_t batch;         // … divided by this
};
// Warms up with a tenth of the rounds, samples, takes off what an empty loop of the batch takes, sorts. `rounds` 0: the row's own.
// STATUS_NO_MEMORY, or what prepare or finish returned; there is no result then.
enum status benchmark_run(const struct benchmark *row, uint32_t rounds, struct benchmark_result *result);

// Sorts `count` (>= 1) samples of `batch` operations each in place and fills the result. Pure.
void benchmark_summarise(uint64_t *samples, size_t count, uint32_t batch, struct benchmark_result *result);

// Calls visit for each row of this category, or whose name or CATEGORY/NAME begins so (nullptr: all), until it returns false. Returns how many rows it saw.
size_t benchmark_each(const char *what, bool (*visit)(void *context, const struct benchmark *row), void *context);
