// SPDX-License-Identifier: MIT
// boot_info.h: what every boot protocol boils down to. Nobody later asks which protocol it was.
#pragma once

#include <lib/attributes.h>
#include <lib/types.h>

enum memory_kind : uint32_t {
    MEMORY_USABLE,
    MEMORY_RESERVED,
    MEMORY_ACPI_RECLAIMABLE,
    MEMORY_ACPI_NVS,
    MEMORY_BAD,
    MEMORY_BOOTLOADER,
    MEMORY_KERNEL,
    MEMORY_FRAMEBUFFER,
    MEMORY_INITRAMFS,
    MEMORY_KINDS,
};

struct memory_range {
    phys_t start;
    uint64_t size; // bytes
    enum memory_kind kind;
};

struct framebuffer {
    phys_t base;
    uint32_t width, height, pitch_bytes, bits_per_pixel; // width 0: there is none
};

enum { BOOT_MEMORY_RANGES = 128, BOOT_COMMAND_LINE = 4096, BOOT_INITRAMFS = 8, BOOT_RANDOM_SEED = 64 };

struct boot_module {
    phys_t start;
    uint64_t size;
};

struct boot_info {
    const char *protocol; // "pvh", "linux_image", …: for the log only
    const char *loader;   // the loader's own name, "" when unknown
    uint32_t memory_count;
    struct memory_range memory[BOOT_MEMORY_RANGES]; // sorted, disjoint, page-aligned after boot_info_finish()
    uint32_t initramfs_count;
    struct boot_module initramfs[BOOT_INITRAMFS]; // newc archives, unpacked in this order
    phys_t rsdp;                                  // 0: none
    uint32_t cpu_count;                           // CPUs that the machine says it has; 0: it does not say
    phys_t device_tree;                           // 0: none
    struct framebuffer framebuffer;
    phys_t kernel_start; // physical extent of the loaded image
    uint64_t kernel_size;
    uint64_t entropy_seed;                 // 0: none given
    uint8_t random_seed[BOOT_RANDOM_SEED]; // for the random generator, which wipes it
    uint32_t random_seed_size;             // bytes, 0: none given
    char command_line[BOOT_COMMAND_LINE];
};

// Where every boot path ends: the port has run arch_cpu_init and execution_adopt_boot, interrupts are off, memory is not ordered yet.
[[noreturn]] void kernel_main(struct boot_info *boot);

// The one boot_info of this boot, filled by a protocol before kernel_main.
struct boot_info *boot_info(void);

// Appends a range as the firmware reports it: unsorted, overlapping and zero-length ones are fine; beyond
// BOOT_MEMORY_RANGES they are dropped (counted as lost memory in the log).
void boot_info_add_memory(struct boot_info *boot, uint64_t start, uint64_t size, enum memory_kind kind);

// Copies the command line; longer ones are cut and the cut is reported in the log.
void boot_info_set_command_line(struct boot_info *boot, const char *text, size_t length);

// Sorts, aligns inwards, resolves overlaps (the more restrictive kind wins) and carves the kernel image, the initramfs
// and the first page out of usable memory. Called once by kernel_main. Pure: no hardware.
void boot_info_finish(struct boot_info *boot);

// ---- the command line: space-separated words, `key` or `key=value`; "…" keeps spaces together ----

// Finds `key`; the value ("" for a bare key) is copied to `value`. False: not there, or the value does not fit.
bool boot_option(const char *key, char *value, size_t size);
bool boot_flag(const char *key);

// Reports every word of the command line that no part of the kernel knows, once, through log_warn: rows of
// BOOT_OPTION (below) are what is known.
void boot_options_check(void);

struct boot_option_row {
    const char *key;
    const char *help; // one line for docs and the shell
};
#define BOOT_OPTION(name_, key_, help_) \
    TABLE_ROW(helix_boot_options) static const struct boot_option_row boot_option_##name_ = { .key = key_, .help = help_ }
