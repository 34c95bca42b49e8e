// SPDX-License-Identifier: MIT
// boot_fuzz.h: what the fuzzers of boot protocols share: the promises of a finished boot_info, and a log that goes nowhere.
#pragma once

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/log.h>

void log_write(enum log_level level, const char *subsystem, const char *file, int line, const char *format, ...)
{
}

static void require(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static bool contains(const struct memory_range *range, const struct boot_module *module)
{
    return module->start.raw < range->start.raw + range->size && range->start.raw < module->start.raw + module->size;
}

static void boot_info_verify(struct boot_info *boot)
{
    require(boot->memory_count <= BOOT_MEMORY_RANGES && boot->initramfs_count <= BOOT_INITRAMFS);
    require(string_length_bounded(boot->command_line, BOOT_COMMAND_LINE) < BOOT_COMMAND_LINE);
    boot->kernel_start = (phys_t){ 2 * MIB };
    boot->kernel_size = MIB;
    boot_info_finish(boot);
    require(boot->memory_count <= BOOT_MEMORY_RANGES && boot->initramfs_count <= BOOT_INITRAMFS);
    uint64_t end = 0;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct memory_range *range = &boot->memory[i];
        require(range->kind < MEMORY_KINDS && range->size && range->start.raw >= end);
        require(is_aligned(range->start.raw | range->size, PAGE_SIZE));
        end = range->start.raw + range->size;
        require(end > range->start.raw);
        for (uint32_t j = 0; j < boot->initramfs_count; j++)
            require(range->kind != MEMORY_USABLE || !contains(range, &boot->initramfs[j]));
    }
}
