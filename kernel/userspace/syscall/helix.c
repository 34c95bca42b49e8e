// SPDX-License-Identifier: MIT
// helix.c: Helix's own system calls: what the kernel is, and how fast.
#include <abi/helix.h>
#include <lib/string.h>

#include <arch/machine.h>
#include <arch/time.h>
#include <arch/user.h>
#include <generated/profile.h>
#include <helix/bench.h>
#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/orchestrator.h>
#include <helix/scheduler.h>

#include "calls.h"

// The subsystems behind these three are not in this kernel.
int64_t sys_helix_dis_stats(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(STATUS_UNSUPPORTED);
}

int64_t sys_helix_hot_reload(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(STATUS_UNSUPPORTED);
}

int64_t sys_helix_self_heal(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(STATUS_UNSUPPORTED);
}

static void info_count(struct helix_kernel_info *info)
{
    struct frame_statistics memory;
    frames_statistics(&memory);
    info->memory_total = memory.total * PAGE_SIZE;
    info->memory_free = memory.free * PAGE_SIZE;
    info->threads = thread_count();
    info->processes = process_count();
    info->cpu_count = cpu_count();
    for (uint32_t id = 0; id < info->cpu_count; id++) {
        const struct cpu *cpu = cpu_by_id(id);
        info->context_switches += cpu->switches;
        info->interrupts += cpu->interrupts;
        info->page_faults += cpu->page_faults;
    }
    for (uint32_t number = 0; number < SYSCALL_SLOTS; number++)
        info->system_calls += syscall_count(number);
}

static void info_fill(struct helix_kernel_info *info)
{
    *info = (struct helix_kernel_info){
        .struct_version = HELIX_KERNEL_INFO_VERSION,
        .major = kernel_version.major,
        .minor = kernel_version.minor,
        .patch = kernel_version.patch,
        .state = kernel_state(),
        .lifecycle_phase = lifecycle_phase(),
        .capabilities = orchestrator_capabilities(),
        .uptime_ns = time_ns(),
        .boot_ns = boot_duration_ns,
    };
    (void)string_copy(info->architecture, arch_name(), sizeof info->architecture);
    (void)string_copy(info->profile, PROFILE_NAME, sizeof info->profile);
    (void)string_copy(info->scheduler, scheduler_name(), sizeof info->scheduler);
    (void)string_copy(info->suffix, kernel_version.suffix, sizeof info->suffix);
    info_count(info);
}

int64_t sys_helix_kernel_info(struct thread *self, const struct syscall_arguments *arguments)
{
    struct helix_kernel_info info;
    uint64_t to = arguments->value[0], size = arguments->value[1];
    info_fill(&info);
    enum status status = arch_copy_to_user(to, &info, MIN(size, sizeof info));
    return status == STATUS_OK ? (int64_t)sizeof info : syscall_result(status);
}

// ---- benchmarks ----

struct benchmark_request {
    uint64_t to, size; // what is left of the caller's buffer
    int64_t ran;
    enum status failure;
};

static void result_fill(struct helix_benchmark_result *out, const struct benchmark *row, const struct benchmark_result *result)
{
    *out = (struct helix_benchmark_result){
        .minimum_cycles = result->minimum,
        .median_cycles = result->median,
        .p99_cycles = result->p99,
        .minimum_ns = arch_cycles_to_ns(result->minimum),
        .median_ns = arch_cycles_to_ns(result->median),
        .p99_ns = arch_cycles_to_ns(result->p99),
        .rounds = result->rounds,
    };
    (void)string_copy(out->category, row->category, sizeof out->category);
    (void)string_copy(out->name, row->name, sizeof out->name);
}

static bool run_row(void *context, const struct benchmark *row)
{
    struct benchmark_request *request = context;
    struct benchmark_result result;
    struct helix_benchmark_result out;

    if (thread_interrupted()) {
        request->failure = STATUS_INTERRUPTED;
        return false;
    }
    request->failure = benchmark_run(row, 0, &result);
    if (request->failure != STATUS_OK)
        return false;
    request->ran++;
    if (request->size < sizeof out)
        return true;
    result_fill(&out, row, &result);
    request->failure = arch_copy_to_user(request->to, &out, sizeof out);
    request->to += sizeof out;
    request->size -= sizeof out;
    return request->failure == STATUS_OK;
}

int64_t sys_helix_benchmark(struct thread *self, const struct syscall_arguments *arguments)
{
    char category[HELIX_NAME_BYTES] = "all";
    size_t length = 0;
    struct benchmark_request request = { .to = arguments->value[1], .size = arguments->value[2] };

    if (arguments->value[0]) {
        enum status status = arch_copy_string_from_user(category, arguments->value[0], sizeof category, &length);
        if (status != STATUS_OK)
            return syscall_result(status);
    }
    bool all = string_equal(category, "all");
    if (benchmark_each(all ? nullptr : category, run_row, &request) == 0)
        return syscall_result(STATUS_NOT_FOUND);
    return request.failure == STATUS_OK ? request.ran : syscall_result(request.failure);
}
