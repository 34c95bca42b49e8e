// SPDX-License-Identifier: MIT
// measure.c: batches, samples, what is taken off them, and the line that is printed.
#include "bench.h"
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES = 31, SAMPLES_LEAST = 5, EMPTY_LOOPS = 4096, NUMBER_BITS = 8, TENTHS = 10 };
// What a sample lasts at least, and all samples together at most, when the row allows.
static const uint64_t sample_target[2] = { 200000, 4000000 }, row_budget[2] = { 60000000, 1500000000 };

static void run_empty(long loops)
{
    while (loops-- > 0)
        __asm__ volatile("" : : : "memory");
}
static const struct row empty = { .name = "empty", .run = run_empty };

static uint64_t sample(const struct row *row, long loops)
{
    if (row->before)
        row->before(loops);
    uint64_t spent;
    if (row->lateness) {
        spent = row->lateness();
    } else {
        uint64_t start = clock_now();
        row->run(loops);
        spent = clock_now() - start;
    }
    if (row->after)
        row->after(loops);
    return spent;
}

// The same between two marks, for who watches the processor from outside.
static void marked_sample(const struct row *row, unsigned number, long loops)
{
    if (row->before)
        row->before(loops);
    for (int bit = NUMBER_BITS - 1; bit >= 0; bit--)
        mark_bit(number >> bit & 1);
    mark_begin();
    if (row->lateness)
        row->lateness();
    else
        row->run(loops);
    mark_end();
    if (row->after)
        row->after(loops);
}

// The shorter of two samples: what interrupts one of them does not make a batch too small.
static uint64_t try_batch(const struct row *row, long loops)
{
    uint64_t first = sample(row, loops), second = sample(row, loops);
    return first < second ? first : second;
}

// A batch whose sample is long enough; finding it warms up.
static long choose_batch(const struct row *row, uint64_t *spent)
{
    long loops = row->least ? row->least : 1;
    *spent = try_batch(row, loops);
    if (row->lateness)
        return 1;
    while (*spent < sample_target[wall_time] && (!row->most || loops < row->most)) {
        loops *= 2;
        if (row->most && loops > row->most)
            loops = row->most;
        *spent = try_batch(row, loops);
    }
    return loops;
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// The least that an empty loop of so many turns takes: loop and clock are part of every sample.
static uint64_t overhead(const struct row *row, long loops)
{
    if (row->lateness)
        return 0;
    uint64_t fixed = UINT64_MAX, turns = UINT64_MAX;
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t one = sample(&empty, 1), many = sample(&empty, EMPTY_LOOPS + 1);
        fixed = one < fixed ? one : fixed;
        turns = many < turns ? many : turns;
    }
    return fixed + (turns > fixed ? turns - fixed : 0) * (uint64_t)loops / EMPTY_LOOPS;
}

static unsigned sample_count(const struct row *row, uint64_t spent)
{
    uint64_t most = row->samples ? row->samples : SAMPLES, affordable = row_budget[wall_time] / (spent ? spent : 1);
    return (unsigned)(affordable >= most ? most : affordable >= SAMPLES_LEAST ? affordable : SAMPLES_LEAST < most ? SAMPLES_LEAST : most);
}

static uint64_t tenths(uint64_t spent, uint64_t overhead, uint64_t operations)
{
    uint64_t rest = spent > overhead ? spent - overhead : 0;
    return (rest * TENTHS + operations / 2) / operations;
}

void measure(const struct group *group, const struct row *row, unsigned number)
{
    if (row->prepare)
        row->prepare();
    uint64_t spent, samples[SAMPLES];
    long loops = choose_batch(row, &spent);
    uint64_t operations = (uint64_t)loops * (uint64_t)(row->per ? row->per : 1), off = overhead(row, loops);
    unsigned count = sample_count(row, spent);
    for (unsigned i = 0; i < count; i++)
        samples[i] = tenths(sample(row, loops), off, operations);
    marked_sample(row, number, loops);
    qsort(samples, count, sizeof *samples, ascending);
    uint64_t low = samples[0], middle = samples[count / 2], high = samples[count * 99 / 100];
    char line[160];
    int length = snprintf(line, sizeof line, "bench-row %u %s %s %llu.%llu %llu.%llu %llu.%llu %llu %u\n", number, group->name, row->name,
                          (unsigned long long)low / TENTHS, (unsigned long long)low % TENTHS, (unsigned long long)middle / TENTHS,
                          (unsigned long long)middle % TENTHS, (unsigned long long)high / TENTHS, (unsigned long long)high % TENTHS,
                          (unsigned long long)operations, count);
    (void)!write(STDOUT_FILENO, line, (size_t)length);
}
