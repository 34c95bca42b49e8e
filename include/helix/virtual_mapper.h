// SPDX-License-Identifier: MIT
// virtual_mapper.h: single pages of any size, mapped by hand: the kernel's own area, or a program's space behind the regions' back.
//
// A mapping made here borrows its frames: who mapped them owns them before, meanwhile and after unmapping. What demand paging mapped
// is not touched. Thread context; a user space's lock is taken, so it must not be held.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct space;

enum page_size : uint8_t { PAGE_SIZE_4K, PAGE_SIZE_2M, PAGE_SIZE_1G };

static inline uint64_t page_size_bytes(enum page_size size)
{
    return 1ull << (PAGE_SHIFT + 9 * size);
}

enum page_flags : uint64_t {
    PAGE_FLAG_PRESENT = 1 << 0, // without it the page keeps its frame and nobody may touch it
    PAGE_FLAG_WRITABLE = 1 << 1,
    PAGE_FLAG_USER = 1 << 2,
    PAGE_FLAG_WRITE_THROUGH = 1 << 3, // only together with NO_CACHE: STATUS_UNSUPPORTED otherwise
    PAGE_FLAG_NO_CACHE = 1 << 4,
    PAGE_FLAG_ACCESSED = 1 << 5, // this one and the next say nothing: entries carry them from the start
    PAGE_FLAG_DIRTY = 1 << 6,
    PAGE_FLAG_HUGE = 1 << 7,   // goes with 2 MiB and 1 GiB, and need not be given
    PAGE_FLAG_GLOBAL = 1 << 8, // kernel pages only, which all are
    PAGE_FLAG_NO_EXECUTE = 1ull << 63,

    // Presets. Data is never executable.
    PAGE_FLAGS_KERNEL_READ = PAGE_FLAG_PRESENT | PAGE_FLAG_NO_EXECUTE,
    PAGE_FLAGS_KERNEL_WRITE = PAGE_FLAG_PRESENT | PAGE_FLAG_WRITABLE | PAGE_FLAG_NO_EXECUTE,
    PAGE_FLAGS_KERNEL_CODE = PAGE_FLAG_PRESENT,
    PAGE_FLAGS_USER_READ = PAGE_FLAG_PRESENT | PAGE_FLAG_USER | PAGE_FLAG_NO_EXECUTE,
    PAGE_FLAGS_USER_WRITE = PAGE_FLAG_PRESENT | PAGE_FLAG_USER | PAGE_FLAG_WRITABLE | PAGE_FLAG_NO_EXECUTE,
    PAGE_FLAGS_USER_CODE = PAGE_FLAG_PRESENT | PAGE_FLAG_USER,
};

struct page {
    virt_t address; // aligned to its size
    enum page_size size;
};

// Whose pages: a program's space, or the kernel's (nullptr), of which KERNEL_AREA_START to KERNEL_AREA_END can be mapped.
struct virtual_mapper {
    struct space *space;
};

// What all of them refuse: STATUS_BAD_ALIGNMENT (address or frame not aligned to the size), STATUS_BAD_ADDRESS (outside the mapper's range),
// STATUS_UNSUPPORTED (the CPU has no pages that large), STATUS_BAD_ARGUMENT (flags that do not fit the size or the space).

// STATUS_ALREADY_MAPPED: a page of whatever size is there, or a table where a larger page is to be; STATUS_DENIED: the kernel maps nothing
// writable and executable (W^X); STATUS_NO_MEMORY. Nothing changed then.
enum status virtual_map(const struct virtual_mapper *mapper, struct page page, phys_t frame, uint64_t flags);

// *frame: what was mapped, which no CPU reaches through this page any more. STATUS_NOT_MAPPED: no page of this size begins there;
// STATUS_DENIED: demand paging mapped it.
enum status virtual_unmap(const struct virtual_mapper *mapper, struct page page, phys_t *frame);

// Where an address leads, whoever mapped it and with whatever size; false: nowhere. Not within pages without PRESENT.
bool virtual_translate(const struct virtual_mapper *mapper, virt_t address, phys_t *physical);

// As unmapping and mapping with other flags. Flushed on return. Refuses as virtual_unmap and virtual_map do.
enum status virtual_update_flags(const struct virtual_mapper *mapper, struct page page, uint64_t flags);

// Makes the CPUs forget what they remember of a page, of all pages. All of the above do so where it is due.
void virtual_flush(const struct virtual_mapper *mapper, struct page page);
void virtual_flush_all(const struct virtual_mapper *mapper);
