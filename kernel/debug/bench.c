// SPDX-License-Identifier: MIT
// bench.c: times benchmark rows.
//
// Purpose     Figures for what the kernel really does: each row stands beside the code it times and does the real work.
// How         A tenth of the rounds warms caches up. Then every round is one sample of `batch` operations between two readings of the
//             cycle counter; the samples are sorted, so that minimum, median and 99th percentile can be read off.
// Invariants  Whatever prepare took, finish gives back, also when there is no memory for the samples.
// Locks       None; the calling thread may be preempted, which shows in the 99th percentile and nowhere else.
// Cost        Eight bytes a round; the two counter readings (some 50 cycles) are part of each sample: short operations want a batch.
// Not here    What is timed (the rows), how it is shown (the shell's bench).
#include <lib/string.h>

#include <arch/cpu.h>
#include <helix/bench.h>
#include <helix/heap.h>

enum { ROUNDS_DEFAULT = 1'000, ROUNDS_MAX = 100'000, WARM_UP_SHARE = 10 };

TABLE_DECLARE(struct benchmark, helix_benchmarks);

size_t benchmark_each(const char *category, bool (*visit)(void *context, const struct benchmark *row), void *context)
{
    size_t seen = 0;
    TABLE_EACH(struct benchmark, row, helix_benchmarks) {
        if (category && !string_equal(row->category, category))
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

void benchmark_summarise(uint64_t *samples, size_t count, uint32_t batch, struct benchmark_result *result)
{
    sort_samples(samples, count);
    *result = (struct benchmark_result){
        .minimum = samples[0] / batch,
        .median = samples[count / 2] / batch,
        .p99 = samples[MIN(count * 99 / 100, count - 1)] / batch,
        .rounds = count,
    };
}

static void sample_rounds(const struct benchmark *row, void *state, uint32_t batch, uint64_t *samples, uint32_t rounds)
{
    for (uint32_t round = 0; round < rounds / WARM_UP_SHARE + 1; round++)
        row->run(state, batch);
    for (uint32_t round = 0; round < rounds; round++) {
        uint64_t began = arch_cycles();
        row->run(state, batch);
        samples[round] = arch_cycles() - began;
    }
}

enum status benchmark_run(const struct benchmark *row, uint32_t rounds, struct benchmark_result *result)
{
    void *state = nullptr;
    uint32_t batch = row->batch ? row->batch : 1;
    if (rounds == 0)
        rounds = row->rounds ? row->rounds : ROUNDS_DEFAULT;
    rounds = MIN(rounds, ROUNDS_MAX);

    uint64_t *samples = heap_alloc(rounds * sizeof *samples);
    if (!samples)
        return STATUS_NO_MEMORY;
    enum status status = row->prepare ? row->prepare(&state) : STATUS_OK;
    if (status == STATUS_OK) {
        sample_rounds(row, state, batch, samples, rounds);
        if (row->finish)
            row->finish(state);
        benchmark_summarise(samples, rounds, batch, result);
    }
    heap_free(samples);
    return status;
}
