// SPDX-License-Identifier: MIT
// helix.h: structs of Helix's own system calls (500–504), as user space passes them.
#pragma once

#include <stdint.h>

enum { HELIX_KERNEL_INFO_VERSION = 1, HELIX_NAME_BYTES = 32 };

// helix_kernel_info(buffer, size): fills at most `size` bytes, returns how many the whole struct has.
struct helix_kernel_info {
    uint32_t struct_version; // HELIX_KERNEL_INFO_VERSION; later versions only append
    uint16_t major, minor, patch, padding;
    uint32_t state;           // 0 EarlyBoot … 5 Suspended
    uint32_t lifecycle_phase; // 0 Boot … 6 Halted
    uint32_t capabilities;    // enum phase_capability (helix/subsystem.h)
    uint32_t cpu_count;
    uint64_t uptime_ns, boot_ns;                                      // since the clock started; kernel entry to the last subsystem
    uint64_t memory_total, memory_free;                               // bytes
    uint64_t threads, processes;                                      // alive now
    uint64_t context_switches, interrupts, page_faults, system_calls; // since boot, all CPUs
    char architecture[HELIX_NAME_BYTES], profile[HELIX_NAME_BYTES], scheduler[HELIX_NAME_BYTES], suffix[HELIX_NAME_BYTES];
};
static_assert(sizeof(struct helix_kernel_info) == 32 + 10 * 8 + 4 * HELIX_NAME_BYTES);

// helix_benchmark(category, buffer, size): runs the category's benchmarks ("all" or a null pointer: every one), writes as many
// results as fit, returns how many benchmarks ran.
struct helix_benchmark_result {
    char category[HELIX_NAME_BYTES], name[HELIX_NAME_BYTES];
    uint64_t minimum_cycles, median_cycles, p99_cycles, minimum_ns, median_ns, p99_ns, rounds;
};
static_assert(sizeof(struct helix_benchmark_result) == 2 * HELIX_NAME_BYTES + 7 * 8);
