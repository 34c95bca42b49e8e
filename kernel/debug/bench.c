// SPDX-License-Identifier: MIT
// bench.c: times benchmark rows.
//
// Purpose     Figures for what the kernel really does: each row stands beside the code it times and does the real work.
// How         A tenth of the rounds warms caches up. Then every round is one sample of `batch` operations between two readings of the
//             cycle counter, less the shortest that an empty loop of the batch takes between them; the samples are sorted, so that
//             minimum, median and percentiles can be read off. Nothing is left out: what an interrupt costs shows in the maximum.
// Invariants  Whatever prepare took, finish gives back, also when there is no memory for the samples.
// Locks       None; the calling thread may be preempted, which shows in the highest percentiles, the mean and the deviation.
// Cost        Eight bytes a round. Short operations want a batch: the counter of some machines is coarse.
// Not here    What is timed (the rows), how it is shown (the shell's bench).
#include <lib/string.h>

#include <arch/cpu.h>
#include <helix/bench.h>
#include <helix/heap.h>

enum {
    OPERATIONS_DEFAULT = 10'000,
    ROUNDS_LEAST = 100,
    ROUNDS_MAX = 100'000,
    WARM_UP_SHARE = 10,
    EMPTY_ROUNDS = 16,
    OUTLIER_DEVIATIONS = 3
};

TABLE_DECLARE(struct benchmark, helix_benchmarks);

static bool benchmark_matches(const struct benchmark *row, const char *what)
{
    size_t length = strlen(row->category);
    if (string_starts(what, row->category) && what[length] == '/')
        what += length + 1;
    else if (string_equal(row->category, what))
        return true;
    return string_starts(row->name, what);
}

size_t benchmark_each(const char *what, bool (*visit)(void *context, const struct benchmark *row), void *context)
{
    size_t seen = 0;
    TABLE_EACH(struct benchmark, row, helix_benchmarks) {
        if (what && !benchmark_matches(row, what))
            continue;
        seen++;
        if (!visit(context, row))
            break;
    }
    return seen;
}

// Restores the heap order below `root` of a heap of `count` samples, the largest on top.
static void sift_down(uint64_t *samples, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && samples[child + 1] > samples[child])
            child++;
        if (samples[root] >= samples[child])
            return;
        uint64_t larger = samples[child];
        samples[child] = samples[root];
        samples[root] = larger;
        root = child;
    }
}

static void sort_samples(uint64_t *samples, size_t count)
{
    for (size_t root = count / 2; root-- > 0;)
        sift_down(samples, root, count);
    for (size_t end = count; end-- > 1;) {
        uint64_t largest = samples[0];
        samples[0] = samples[end];
        samples[end] = largest;
        sift_down(samples, 0, end);
    }
}

static uint64_t square_root(uint64_t square)
{
    uint64_t root = 0;
    for (uint64_t bit = 1ull << 31; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= square)
            root |= bit;
    return root;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

// A sum that does not fit 64 bits, as hours of cycles do not, gives the largest mean there is.
static uint64_t mean_of(const uint64_t *samples, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(sum, samples[i], &sum))
            return UINT64_MAX / count;
    return sum / count;
}

// Distances so large that their squares do not fit give the largest deviation there is.
static uint64_t deviation_of(const uint64_t *samples, size_t count, uint64_t mean)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t far = distance(samples[i], mean), square;
        if (__builtin_mul_overflow(far, far, &square) || __builtin_add_overflow(sum, square, &sum))
            return square_root(UINT64_MAX);
    }
    return square_root(sum / count);
}

void benchmark_summarise(uint64_t *samples, size_t count, uint32_t batch, struct benchmark_result *result)
{
    sort_samples(samples, count);
    uint64_t mean = mean_of(samples, count), deviation = deviation_of(samples, count, mean), outliers = 0;
    for (size_t i = 0; i < count; i++)
        outliers += distance(samples[i], mean) > OUTLIER_DEVIATIONS * deviation;
    *result = (struct benchmark_result){
        .minimum = samples[0] / batch,
        .mean = mean / batch,
        .median = samples[count / 2] / batch,
        .p95 = samples[MIN(count * 95 / 100, count - 1)] / batch,
        .p99 = samples[MIN(count * 99 / 100, count - 1)] / batch,
        .maximum = samples[count - 1] / batch,
        .deviation = deviation / batch,
        .outliers = outliers,
        .rounds = count,
        .median_sample = samples[count / 2],
        .batch = batch,
    };
}

static uint64_t sample(const struct benchmark *row, void *state, uint32_t batch)
{
    if (row->before)
        row->before(state, batch);
    uint64_t began = arch_cycles();
    row->run(state, batch);
    uint64_t took = arch_cycles() - began;
    if (row->after)
        row->after(state, batch);
    return took;
}

static void run_empty(void *state, uint32_t operations)
{
    while (operations--)
        __asm__ volatile("" : : : "memory");
}

static uint64_t overhead(uint32_t batch)
{
    static const struct benchmark empty = { .run = run_empty };
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < EMPTY_ROUNDS; i++)
        least = MIN(least, sample(&empty, nullptr, batch));
    return least;
}

static void sample_rounds(const struct benchmark *row, void *state, uint32_t batch, uint64_t *samples, uint32_t rounds)
{
    uint64_t off = overhead(batch);
    for (uint32_t round = 0; round < rounds / WARM_UP_SHARE + 1; round++)
        (void)sample(row, state, batch);
    for (uint32_t round = 0; round < rounds; round++) {
        uint64_t took = sample(row, state, batch);
        samples[round] = took > off ? took - off : 0;
    }
}

enum status benchmark_run(const struct benchmark *row, uint32_t rounds, struct benchmark_result *result)
{
    void *state = nullptr;
    uint32_t batch = row->batch ? row->batch : 1;
    if (rounds == 0)
        rounds = row->rounds ? row->rounds : MAX(OPERATIONS_DEFAULT / batch, ROUNDS_LEAST);
    rounds = MIN(rounds, ROUNDS_MAX);

    uint64_t *samples = heap_alloc(rounds * sizeof *samples);
    if (!samples)
        return STATUS_NO_MEMORY;
    enum status status = row->prepare ? row->prepare(&state) : STATUS_OK;
    if (status == STATUS_OK) {
        sample_rounds(row, state, batch, samples, rounds);
        if (row->finish)
            status = row->finish(state);
    }
    if (status == STATUS_OK) {
        benchmark_summarise(samples, rounds, batch, result);
    }
    heap_free(samples);
    return status;
}
