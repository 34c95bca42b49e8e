// SPDX-License-Identifier: MIT
// machine_test.c: what the booted machine must show: protections on, clocks that go forward, a plausible date.

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/time.h>

#include <helix/test.h>

#include "cpuid.h"
#include "msr.h"

KERNEL_TEST(machine, has_every_protection_that_the_cpu_offers_switched_on)
{
    enum : uint64_t { WRITE_PROTECT = 1 << 16, UMIP = 1 << 11, FSGSBASE = 1 << 16, SMEP = 1 << 20, SMAP = 1 << 21, NO_EXECUTE = 1 << 11 };
    struct cpuid extended = cpuid_checked(7, 0);
    uint64_t cr4 = cr4_read();
    CHECK(cr0_read() & WRITE_PROTECT);
    CHECK(msr_read(MSR_EFER) & NO_EXECUTE);
    CHECK_EQUAL(!!(cr4 & SMEP), extended.b >> 7 & 1);
    CHECK_EQUAL(!!(cr4 & SMAP), extended.b >> 20 & 1);
    CHECK_EQUAL(!!(cr4 & UMIP), extended.c >> 2 & 1);
    CHECK(!(cr4 & FSGSBASE));
}

KERNEL_TEST(machine, converts_cycles_to_time_without_drift)
{
    uint64_t hz = arch_cycles_per_second();
    CHECK(hz > 1'000'000);
    uint64_t second = arch_cycles_to_ns(hz), hour = arch_cycles_to_ns(3600 * hz);
    CHECK(second >= NS_PER_S - 2 && second <= NS_PER_S + 2);
    CHECK(hour >= 3600 * NS_PER_S - 10'000 && hour <= 3600 * NS_PER_S + 10'000);
}

KERNEL_TEST(machine, has_a_clock_that_goes_forward)
{
    uint64_t last = arch_time_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = arch_time_ns();
        CHECK(now >= last);
        last = now;
    }
}

KERNEL_TEST(machine, knows_the_date_or_says_that_it_does_not)
{
    enum : uint64_t { YEAR_2020 = 1'577'836'800, YEAR_2200 = 7'258'118'400 };
    uint64_t seconds = arch_wall_clock_seconds();
    CHECK(seconds == 0 || (seconds > YEAR_2020 && seconds < YEAR_2200));
}

KERNEL_TEST(machine, describes_its_cpu_within_the_buffer)
{
    char text[16];
    memset(text, 'x', sizeof text);
    CHECK(arch_cpu_information(0, text, 8) > 8);
    CHECK_EQUAL(strlen(text), 7);
    CHECK_EQUAL(text[8], 'x');
}

KERNEL_TEST(machine, gives_random_bytes_that_differ)
{
    uint64_t first[4], second[4];
    (void)arch_entropy(first, sizeof first);
    (void)arch_entropy(second, sizeof second);
    CHECK(memcmp(first, second, sizeof first) != 0);
}
