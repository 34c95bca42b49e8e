// SPDX-License-Identifier: MIT
#include <helix/bench.h>
#include <helix/test.h>

TEST(bench, reads_minimum_median_and_p99_off_sorted_samples)
{
    uint64_t samples[200];
    for (size_t i = 0; i < 200; i++)
        samples[i] = (i * 77 + 13) % 200 + 1; // 1 … 200 shuffled
    struct benchmark_result result;
    benchmark_summarise(samples, 200, 1, &result);
    CHECK_EQUAL(result.minimum, 1);
    CHECK_EQUAL(result.median, 101);
    CHECK_EQUAL(result.p99, 199);
    CHECK_EQUAL(result.rounds, 200);
    for (size_t i = 1; i < 200; i++)
        CHECK(samples[i - 1] <= samples[i]);
}

TEST(bench, divides_by_the_batch_and_takes_a_single_sample)
{
    uint64_t sample = 640;
    struct benchmark_result result;
    benchmark_summarise(&sample, 1, 32, &result);
    CHECK_EQUAL(result.minimum, 20);
    CHECK_EQUAL(result.median, 20);
    CHECK_EQUAL(result.p99, 20);
}

TEST(bench, sees_no_rows_in_a_category_nobody_has)
{
    CHECK_EQUAL(benchmark_each("no such category", nullptr, nullptr), 0);
}

static uint32_t prepared, operations, finished;

static enum status prepare(void **state)
{
    prepared++;
    return STATUS_OK;
}

static enum status refuse(void **state)
{
    return STATUS_NO_DEVICE;
}

static void run(void *state, uint32_t count)
{
    operations += count;
}

static void finish(void *state)
{
    finished++;
}

TEST(bench, warms_up_and_finishes_what_it_prepared)
{
    const struct benchmark row = { .category = "test", .name = "row", .batch = 4, .prepare = prepare, .run = run, .finish = finish };
    struct benchmark_result result;
    prepared = operations = finished = 0;
    CHECK(benchmark_run(&row, 20, &result) == STATUS_OK);
    CHECK_EQUAL(prepared, 1);
    CHECK_EQUAL(finished, 1);
    CHECK_EQUAL(operations, 4 * (20 + 3));
}

TEST(bench, reports_a_failing_preparation_and_runs_nothing)
{
    const struct benchmark row = { .category = "test", .name = "row", .prepare = refuse, .run = run, .finish = finish };
    struct benchmark_result result;
    operations = finished = 0;
    CHECK(benchmark_run(&row, 20, &result) == STATUS_NO_DEVICE);
    CHECK_EQUAL(operations + finished, 0);
}
