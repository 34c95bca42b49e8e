// SPDX-License-Identifier: MIT
#include <helix/bench.h>

#include <lib/format.h>

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
    CHECK_EQUAL(result.median_sample, 640);
    CHECK_EQUAL(result.batch, 32);
    CHECK_EQUAL(result.p99, 20);
}

TEST(bench, sees_no_rows_in_a_category_nobody_has)
{
    CHECK_EQUAL(benchmark_each("no such category", nullptr, nullptr), 0);
    CHECK_EQUAL(benchmark_each("lock.no_such_row", nullptr, nullptr), 0);
}

static bool take_first(void *context, const struct benchmark *row)
{
    *(const struct benchmark **)context = row;
    return false;
}

// As the shell's list writes it.
TEST(bench, finds_a_row_by_category_and_name)
{
    const struct benchmark *first = nullptr, *found = nullptr;
    char name[128];
    if (!CHECK_EQUAL(benchmark_each(nullptr, take_first, &first), 1))
        return;
    format_text(name, sizeof name, "%s/%s", first->category, first->name);
    CHECK_EQUAL(benchmark_each(name, take_first, &found), 1);
    CHECK(found == first);
    format_text(name, sizeof name, "%s/no_such_row", first->category);
    CHECK_EQUAL(benchmark_each(name, take_first, &found), 0);
    format_text(name, sizeof name, "no_such_category/%s", first->name);
    CHECK_EQUAL(benchmark_each(name, take_first, &found), 0);
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

static enum status outcome;

static enum status finish(void *state)
{
    finished++;
    return outcome;
}

static uint32_t befores, afters;

static void before(void *state, uint32_t count)
{
    befores += count;
}

static void after(void *state, uint32_t count)
{
    afters += count;
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

TEST(bench, makes_ready_and_clears_up_around_each_sample)
{
    const struct benchmark row = { .category = "test", .name = "row", .batch = 3, .before = before, .run = run, .after = after };
    struct benchmark_result result;
    operations = befores = afters = 0;
    CHECK(benchmark_run(&row, 10, &result) == STATUS_OK);
    CHECK_EQUAL(operations, 3 * (10 + 2));
    CHECK_EQUAL(befores, operations);
    CHECK_EQUAL(afters, operations);
}

TEST(bench, gives_no_result_when_the_work_was_not_done)
{
    const struct benchmark row = { .category = "test", .name = "row", .run = run, .finish = finish };
    struct benchmark_result result = { .rounds = 77 };
    outcome = STATUS_NO_MEMORY;
    CHECK(benchmark_run(&row, 5, &result) == STATUS_NO_MEMORY);
    CHECK_EQUAL(result.rounds, 77);
    outcome = STATUS_OK;
}

TEST(bench, tells_mean_deviation_and_outliers)
{
    uint64_t samples[100];
    for (size_t i = 0; i < 100; i++)
        samples[i] = i % 2 ? 90 : 110;
    samples[50] = 5'000;
    struct benchmark_result result;
    benchmark_summarise(samples, 100, 10, &result);
    CHECK_EQUAL(result.minimum, 9);
    CHECK_EQUAL(result.maximum, 500);
    CHECK_EQUAL(result.p95, 11);
    CHECK_EQUAL(result.outliers, 1);
    CHECK(result.mean >= 14 && result.mean <= 15);
    CHECK(result.deviation >= 48 && result.deviation <= 49);
    uint64_t same[4] = { 70, 70, 70, 70 };
    benchmark_summarise(same, 4, 7, &result);
    CHECK_EQUAL(result.deviation + result.outliers, 0);
    CHECK_EQUAL(result.mean, 10);
}

TEST(bench, reports_a_failing_preparation_and_runs_nothing)
{
    const struct benchmark row = { .category = "test", .name = "row", .prepare = refuse, .run = run, .finish = finish };
    struct benchmark_result result;
    operations = finished = 0;
    CHECK(benchmark_run(&row, 20, &result) == STATUS_NO_DEVICE);
    CHECK_EQUAL(operations + finished, 0);
}
