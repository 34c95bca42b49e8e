// SPDX-License-Identifier: MIT
// time.c: the clock is the TSC, the timer is the Local APIC's.
//
// Purpose     Nanoseconds in a few instructions, and one interrupt at a given nanosecond.
// How         Both rates are measured once against one reference (reference.c, the best first), in the same windows. From
//             then on a conversion is one multiplication by a 32.32 fixed-point figure. A timer later than the counter reaches fires early;
//             the kernel then sets it again.
// Invariants  Time starts at 0 in boot code and stands still until the rates are known.
// Cost        Measuring takes 0.4 ms by HPET, APIC or CPUID, 2 ms by PIT. Reading: 8 instructions.
// Not here    Clocks that differ between CPUs or change their rate. A TSC that is not declared invariant is used all the same,
//             since emulators do not declare theirs; the description says so.

#include <arch/time.h>

#include <lib/format.h>

#include <arch/cpu.h>
#include <arch/scale.h>

#include <helix/log.h>

#include "apic.h"
#include "cpuid.h"
#include "msr.h"
#include "platform.h"
#include "reference.h"

enum { BRACKET_TRIES = 5, ROUNDS = 3, STALLED_READS = 100'000, AGREEMENT = 256 };
enum : uint32_t { MSR_TSC_DEADLINE = 0x6e0 };

static uint64_t base_cycles;                            // [const] from boot code
static uint64_t tsc_hz, apic_hz;                        // [const] after arch_time_init
static uint64_t ns_of_cycle, cycles_of_ns, ticks_of_ns; // [const] 32.32 fixed point; 0 before arch_time_init
static bool has_deadline;                               // [const]
static const char *measured_by = "nothing";

void time_begin(void)
{
    base_cycles = arch_cycles();
}

// ---- calibration ----

struct sample {
    uint64_t cycles, ticks;
    uint32_t apic_left;
};

// Reads the three clocks at one moment: of a few tries the one that took least.
static bool sample_take(const struct reference *reference, struct sample *sample)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < BRACKET_TRIES; i++) {
        struct sample taken;
        uint64_t before = arch_cycles();
        if (!reference->read(&taken.ticks))
            return false;
        taken.apic_left = apic_timer_left();
        uint64_t after = arch_cycles();
        taken.cycles = before + (after - before) / 2;
        if (after - before < least) {
            least = after - before;
            *sample = taken;
        }
    }
    return true;
}

// Waits until `ticks` have gone by since `from`. False: the reference stands still.
static bool reference_wait(const struct reference *reference, uint64_t from, uint64_t ticks)
{
    uint64_t now = from, last = from;
    for (int stalled = 0; now - from < ticks; stalled = now == last ? stalled + 1 : 0, last = now) {
        if (stalled > STALLED_READS || !reference->read(&now))
            return false;
    }
    return true;
}

static uint64_t rate(uint64_t counted, uint64_t ticks, uint64_t hz)
{
    return ticks ? (uint64_t)(counted * (scale_ratio(hz, ticks) >> 16) >> 16) : 0;
}

static bool agree(uint64_t first, uint64_t second)
{
    uint64_t difference = first > second ? first - second : second - first;
    return first && second && difference <= first / AGREEMENT;
}

// Two windows one after the other; taken as one when they agree.
static bool measure_once(const struct reference *reference)
{
    struct sample a, b, c;
    uint64_t ticks = MAX(reference->hz * (reference->window_ns / NS_PER_US) / 1'000'000, 1ull);
    if (!sample_take(reference, &a) || !reference_wait(reference, a.ticks, ticks) || !sample_take(reference, &b) ||
        !reference_wait(reference, b.ticks, ticks) || !sample_take(reference, &c))
        return false;
    if (!agree(rate(b.cycles - a.cycles, b.ticks - a.ticks, reference->hz), rate(c.cycles - b.cycles, c.ticks - b.ticks, reference->hz)))
        return false;
    tsc_hz = rate(c.cycles - a.cycles, c.ticks - a.ticks, reference->hz);
    apic_hz = rate(a.apic_left - c.apic_left, c.ticks - a.ticks, reference->hz);
    return tsc_hz > 1'000'000 && apic_hz > 10'000;
}

static bool measure(const struct reference *reference)
{
    for (int i = 0; i < ROUNDS; i++) {
        apic_timer_start(UINT32_MAX);
        bool good = reference->start() && measure_once(reference);
        apic_timer_start(0);
        if (good)
            return true;
        if (!reference->hz)
            return false;
    }
    return false;
}

// Without any reference: the frequency the CPU was sold with, and the APIC timer measured against it.
static bool measure_by_nominal(void)
{
    struct sample a = {}, b = {};
    uint64_t hz = tsc_nominal_hz();
    if (!hz)
        return false;
    apic_timer_start(UINT32_MAX);
    a.cycles = arch_cycles();
    a.apic_left = apic_timer_left();
    while ((b.cycles = arch_cycles()) - a.cycles < hz / 1000)
        arch_cpu_relax();
    b.apic_left = apic_timer_left();
    apic_timer_start(0);
    tsc_hz = hz;
    apic_hz = rate(a.apic_left - b.apic_left, b.cycles - a.cycles, hz);
    measured_by = "the CPU's nominal frequency";
    return apic_hz > 10'000;
}

static bool measure_by_any(void)
{
    for (size_t i = 0; i < REFERENCES; i++) {
        if (measure(&references[i])) {
            measured_by = references[i].name;
            return true;
        }
    }
    return measure_by_nominal();
}

enum status arch_time_init(const struct boot_info *boot)
{
    if (!measure_by_any()) {
        log_error("timers", "nothing here has a known frequency: no HPET, PIT or ACPI timer answers and CPUID names none");
        return STATUS_NO_DEVICE;
    }
    cycles_of_ns = scale_ratio(tsc_hz, NS_PER_S);
    ticks_of_ns = scale_ratio(apic_hz, NS_PER_S);
    ns_of_cycle = scale_ratio(NS_PER_S, tsc_hz);
    has_deadline = cpuid_read(1, 0).c >> 24 & 1;
    if (has_deadline)
        apic_timer_deadline();
    else
        apic_timer_one_shot();
    return STATUS_OK;
}

// ---- the clock and the timer ----

uint64_t arch_time_ns(void)
{
    return scale(arch_cycles() - base_cycles, ns_of_cycle);
}

uint64_t arch_cycles_to_ns(uint64_t cycles)
{
    return scale(cycles, ns_of_cycle);
}

uint64_t arch_cycles_per_second(void)
{
    return tsc_hz;
}

// From now on, so that the error of the conversion does not grow with the time since boot. Rounded up: not before the deadline, but
// for what lies beyond the longest time; the kernel sets the timer again then.
void arch_timer_set(uint64_t deadline_ns)
{
    enum : uint64_t { LONGEST_NS = 3600 * NS_PER_S };
    uint64_t now = arch_cycles(), now_ns = scale(now - base_cycles, ns_of_cycle);
    uint64_t ahead = deadline_ns > now_ns ? MIN(deadline_ns - now_ns, LONGEST_NS) : 0;
    if (has_deadline) {
        msr_write(MSR_TSC_DEADLINE, now + scale(ahead, cycles_of_ns) + 1);
        return;
    }
    uint64_t ticks = scale(ahead, ticks_of_ns);
    apic_timer_start(ticks < UINT32_MAX ? (uint32_t)ticks + 1 : UINT32_MAX);
}

size_t arch_time_describe(char *to, size_t size)
{
    bool invariant = cpuid_checked(0x8000'0007, 0).d >> 8 & 1;
    struct text text = { .bytes = to, .size = size };
    text_add(&text, "tsc, %llu.%03llu MHz by %s%s; %s timer", (unsigned long long)(tsc_hz / 1'000'000),
             (unsigned long long)(tsc_hz / 1000 % 1000), measured_by, invariant ? "" : " (not declared invariant)",
             has_deadline ? "tsc-deadline" : "one-shot");
    return text.length;
}
