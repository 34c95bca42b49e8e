// SPDX-License-Identifier: MIT
// boot.c: the heap of the first instructions: a bump pointer over a piece of the kernel image, retired when frames exist.

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/frames.h>
#include <helix/panic.h>

#include <generated/profile.h>

#include "../memory.h"

enum { HEADER_SIZE = 16 }; // the block's size stands before it; 16 keeps blocks aligned

// Behind .bss: it takes no room in the file, and boot code does not clear it. (The name: the compiler gives a section contents but for
// this prefix and that of .bss itself.)
[[gnu::section(".gnu.linkonce.b.boot_heap"), gnu::aligned(4096)]] static char area[PROFILE_BOOT_HEAP_BYTES];
static uint64_t used; // bytes of area
static bool retired;

extern char kernel_image_start[]; // linker script

static size_t *size_of(const void *block)
{
    return (size_t *)((uintptr_t)block - HEADER_SIZE);
}

void *boot_heap_alloc(size_t size)
{
    uint64_t alignment = size >= PAGE_SIZE ? PAGE_SIZE : 16;
    uint64_t start = align_up(used + HEADER_SIZE, alignment);
    if (retired || start > sizeof area || size > sizeof area - start)
        return nullptr;
    void *block = area + start;
    *size_of(block) = size;
    used = align_up(start + size, 16);
    return block;
}

bool boot_heap_owns(const void *block)
{
    return (uintptr_t)block - (uintptr_t)area < sizeof area;
}

size_t boot_heap_usable_size(const void *block)
{
    return *size_of(block);
}

uint64_t boot_heap_used(void)
{
    return used;
}

void boot_heap_retire(void)
{
    if (retired)
        return;
    retired = true;
    uint64_t kept = MIN(align_up(used, PAGE_SIZE), sizeof area);
    uint64_t from = boot_info()->kernel_start.raw + (uint64_t)(area - kernel_image_start) + kept;
    frames_donate((phys_t){ from }, sizeof area - kept);
}

bool boot_heap_retired(void)
{
    return retired;
}
