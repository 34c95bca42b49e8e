// SPDX-License-Identifier: MIT
// memory.c: the host's RAM: a sparse memory file, mapped whole as the direct map, page by page for kernel stacks.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <arch/layout.h>
#include <arch/space.h>
#include <arch/table_kernel.h>

#include <helix/boot_info.h>
#include <helix/frames.h>
#include <helix/spinlock.h>

#include "host.h"

// Some memory in each zone, with the hole below 4 GiB that PCs have.
enum : uint64_t { RAM_END = 4 * GIB + 32 * MIB };

uint64_t direct_map_base = HOST_DIRECT_MAP;

static int memory_file = -1;
struct arch_space table_kernel_space; // what arch_kernel_map maps in the process, for those who look it up
struct spinlock table_kernel_lock = SPINLOCK(RANK_KERNEL_SPACE);
const char boot_stack_guard[PAGE_SIZE]; // boot has a stack of Linux's
uint64_t table_kernel_groups;           // none: a user's root has nothing of it

// Names of the kernel image's parts that a linker script would define.
char kernel_image_start[1], kernel_bss_start[1], kernel_bss_end[1];
const char kernel_text_start[1], kernel_text_end[1];

static struct boot_info boot = {
    .protocol     = "host",
    .loader       = "",
    .memory_count = 3,
    .memory       = {
        { { 0x1000 }, 0x9e000, MEMORY_USABLE },
        { { 1 * MIB }, 47 * MIB, MEMORY_USABLE },
        { { 4 * GIB }, 32 * MIB, MEMORY_USABLE },
    },
};

struct boot_info *boot_info(void)
{
    return &boot;
}

void arch_space_init_kernel(const struct boot_info *unused)
{
    memory_file = memfd_create("helix-ram", MFD_CLOEXEC);
    if (memory_file < 0 || ftruncate(memory_file, RAM_END) != 0) {
        perror("memory file");
        exit(2);
    }
    int flags = MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
    void *at = mmap((void *)HOST_DIRECT_MAP, RAM_END, PROT_READ | PROT_WRITE, flags, memory_file, 0);
    if (at == MAP_FAILED) {
        perror("direct map");
        exit(2);
    }
    // As a machine's RAM would, it begins with anything but zeros.
    for (uint32_t i = 0; i < boot.memory_count; i++)
        memset((char *)HOST_DIRECT_MAP + boot.memory[i].start.raw, 0xb5, boot.memory[i].size);
    // The boot heap is no part of this RAM: what is donated from it lies beyond the frame database.
    boot.kernel_start.raw = RAM_END + 1 * GIB;
}

void host_memory_own(void)
{
    int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE;
    if (mmap((void *)HOST_DIRECT_MAP, RAM_END, PROT_READ | PROT_WRITE, flags, memory_file, 0) == MAP_FAILED) {
        perror("direct map");
        exit(2);
    }
}

static enum status kernel_space_ready(void)
{
    return table_kernel_space.root.raw ? STATUS_OK : arch_space_create(&table_kernel_space);
}

enum status table_kernel_reach(uint64_t at, unsigned level, bool make, struct table_entry **entry)
{
    TRY(kernel_space_ready());
    return table_reach(&table_kernel_space, at, level, make, entry);
}

// Really maps the frames there, so that stacks can be used and their guard pages fault.
enum status arch_kernel_map(virt_t at, phys_t frame, size_t pages, uint32_t access)
{
    if (access & PAGE_WRITE && access & PAGE_EXECUTE)
        return STATUS_DENIED;
    TRY(kernel_space_ready());
    for (size_t i = 0; i < pages; i++) {
        virt_t page = { at.raw + i * PAGE_SIZE };
        phys_t backing = { frame.raw + i * PAGE_SIZE };
        enum status outcome = arch_space_map(&table_kernel_space, page, backing, access | PAGE_BORROWED);
        if (outcome != STATUS_OK) {
            arch_kernel_unmap(at, i);
            return outcome;
        }
        if (backing.raw < RAM_END)
            mmap(virt_pointer(page), PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory_file, (off_t)backing.raw);
    }
    return STATUS_OK;
}

void arch_kernel_unmap(virt_t at, size_t pages)
{
    arch_space_unmap(&table_kernel_space, at, (virt_t){ at.raw + pages * PAGE_SIZE });
    if (pages)
        munmap(virt_pointer(at), pages * PAGE_SIZE);
}
