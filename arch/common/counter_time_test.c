// SPDX-License-Identifier: MIT
// counter_time_test.c: time by a counter and a timer of the test's own: a copy of the code, so that the machine's time goes on.

#include <arch/counter.h>

#include <lib/format.h>
#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/scale.h>
#include <arch/time.h>

#include <helix/log.h>
#include <helix/test.h>

static uint64_t fake_count, fake_rate, timer_at;

static uint64_t fake_cycles(void)
{
    return fake_count;
}

static uint64_t fake_start(const struct boot_info *boot)
{
    return fake_rate;
}

static void fake_timer_set(uint64_t at)
{
    timer_at = at;
}

static const char *fake_name(void)
{
    return "fake";
}

#undef log_error
#define log_error(...) ((void)0)

#define arch_cycles            fake_cycles
#define counter_start          fake_start
#define counter_timer_set      fake_timer_set
#define counter_name           fake_name
#define counter_timer_name     fake_name
#define counter_begin          tested_begin
#define arch_time_init         tested_init
#define arch_time_ns           tested_ns
#define arch_cycles_to_ns      tested_cycles_to_ns
#define arch_cycles_per_second tested_per_second
#define arch_timer_set         tested_timer_set
#define arch_time_describe     tested_describe

static void tested_begin(void);
static enum status tested_init(const struct boot_info *boot);
static uint64_t tested_ns(void);
static uint64_t tested_cycles_to_ns(uint64_t cycles);
static uint64_t tested_per_second(void);
static void tested_timer_set(uint64_t deadline_ns);
static size_t tested_describe(char *to, size_t size);

#include "counter_time.c"

static void start(uint64_t first, uint64_t rate)
{
    fake_count = first;
    tested_begin();
    fake_rate = rate;
    CHECK(tested_init(nullptr) == STATUS_OK);
}

TEST(counter_time, begins_at_zero_whatever_the_counter_held)
{
    start(0xffff'ffff'ffff'ff00, 1'000'000'000);
    CHECK_EQUAL(tested_ns(), 0);
    fake_count += 0x1000; // past the counter's end
    CHECK_EQUAL(tested_ns(), 0x1000);
}

TEST(counter_time, refuses_rates_that_cannot_be)
{
    static const uint64_t rates[] = { 0, RATE_LEAST - 1, NS_PER_S + 1, UINT64_MAX };
    for (size_t i = 0; i < ARRAY_LENGTH(rates); i++) {
        fake_rate = rates[i];
        CHECK(tested_init(nullptr) == STATUS_NO_DEVICE);
    }
    start(0, RATE_LEAST);
    start(0, NS_PER_S);
}

TEST(counter_time, counts_nanoseconds_at_any_rate)
{
    static const uint64_t rates[] = { 1'000'000, 10'000'000, 24'000'000, 62'500'000, 1'000'000'000 };
    for (size_t i = 0; i < ARRAY_LENGTH(rates); i++) {
        start(5, rates[i]);
        CHECK_EQUAL(tested_per_second(), rates[i]);
        fake_count = 5 + rates[i] * 100'000; // more than a day
        uint64_t wanted = 100'000 * NS_PER_S, found = tested_ns();
        CHECK(found <= wanted && wanted - found <= 100'000); // at most 1 ns a second behind
        CHECK(tested_cycles_to_ns(rates[i]) <= NS_PER_S && tested_cycles_to_ns(rates[i]) >= NS_PER_S - 1);
    }
}

TEST(counter_time, never_goes_back)
{
    start(0, 62'500'000);
    uint64_t before = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        fake_count += 1 + i * i;
        uint64_t now = tested_ns();
        CHECK(now > before);
        before = now;
    }
}

// Early, it would interrupt again and again until the deadline; late, everybody sleeps too long.
TEST(counter_time, sets_the_timer_to_the_deadline_however_long_the_machine_runs)
{
    static const uint64_t rates[] = { 1'000'000, 10'000'000, 24'000'000, 62'500'000, 999'999'999 };
    static const uint64_t days[] = { 0, 1, 100 };
    for (size_t i = 0; i < ARRAY_LENGTH(rates) * ARRAY_LENGTH(days); i++) {
        uint64_t rate = rates[i / ARRAY_LENGTH(days)], now = 1000 + days[i % ARRAY_LENGTH(days)] * 86'400 * rate;
        start(1000, rate);
        for (uint64_t ahead = 1; ahead < NS_PER_S; ahead = ahead * 7 + 3) {
            fake_count = now;
            uint64_t deadline = tested_ns() + ahead, tick = NS_PER_S / rate + 1;
            tested_timer_set(deadline);
            fake_count = timer_at;
            CHECK(tested_ns() + 1 >= deadline && tested_ns() <= deadline + 2 * tick);
        }
        fake_count = now;
        tested_timer_set(tested_ns() / 2); // has passed
        CHECK(timer_at <= now + 1);
    }
}

// A comparison of signed numbers must not take "never" for the past.
TEST(counter_time, takes_a_deadline_that_never_comes_for_the_far_future)
{
    start(1000, 1'000'000'000);
    tested_timer_set(UINT64_MAX);
    CHECK(timer_at >= 1000 + (uint64_t)INT64_MAX / 2);
}

TEST(counter_time, says_its_rate_and_what_counts)
{
    char text[96];
    start(0, 62'500'000);
    CHECK(tested_describe(text, sizeof text) == strlen(text));
    CHECK(string_equal(text, "fake, 62.500 MHz by the firmware; fake timer"));
}
