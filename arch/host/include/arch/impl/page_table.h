// SPDX-License-Identifier: MIT
// page_table.h: page tables of the host port: four levels in the memory file, translated by translation.c as a CPU would, which also
// remembers translations until it is told to forget them.
#pragma once

enum page_entry_bits : uint64_t {
    PAGE_ENTRY_PRESENT = 1 << 0,
    PAGE_ENTRY_WRITE = 1 << 1,
    PAGE_ENTRY_USER = 1 << 2,
    PAGE_ENTRY_EXECUTE = 1 << 3,
    PAGE_ENTRY_LARGE = 1 << 7,
    PAGE_ENTRY_KEPT = 1 << 9, // a frame without access
    PAGE_ENTRY_BORROWED = 1 << 10,
    PAGE_ENTRY_KEYS = 15ull << 59,
    PAGE_ENTRY_FRAME = 0x000f'ffff'ffff'f000,
};

enum { PAGE_ENTRY_KEY_SHIFT = 59 - PAGE_KEY_SHIFT };

enum { HOST_TAGS = 64 }; // few, so that tests run through many generations

// translation.c
void host_translation_load(phys_t root, uint16_t tag, bool kernel);
void host_translation_forget(uint16_t tag, uint64_t at);
void host_translation_forget_space(uint16_t tag);
void host_translation_forget_users(void);

static inline unsigned page_table_levels(void)
{
    return 4;
}

// The kernel half is the Linux process.
static inline unsigned page_table_kernel_first(void)
{
    return PAGE_TABLE_ENTRIES;
}

static inline unsigned page_table_largest(void)
{
    return 2;
}

static inline void page_table_load(phys_t root, uint16_t tag, bool kernel)
{
    host_translation_load(root, tag, kernel);
}

static inline uint64_t page_entry(phys_t frame, uint32_t access)
{
    uint64_t entry = frame.raw | (access & PAGE_USER ? PAGE_ENTRY_USER : 0) | (access & PAGE_BORROWED ? PAGE_ENTRY_BORROWED : 0);
    if (!(access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE)))
        return entry | PAGE_ENTRY_KEPT;
    return entry | PAGE_ENTRY_PRESENT | (access & PAGE_WRITE ? PAGE_ENTRY_WRITE : 0) | (access & PAGE_EXECUTE ? PAGE_ENTRY_EXECUTE : 0) |
           (uint64_t)(access & PAGE_KEYS) << PAGE_ENTRY_KEY_SHIFT;
}

static inline uint64_t page_entry_large(uint64_t entry)
{
    return entry | PAGE_ENTRY_LARGE;
}

static inline uint64_t page_entry_part(uint64_t entry, unsigned index, unsigned level)
{
    return (level ? entry : entry & ~(uint64_t)PAGE_ENTRY_LARGE) + ((uint64_t)index << (PAGE_SHIFT + 9 * level));
}

static inline uint64_t page_entry_table(phys_t table)
{
    return table.raw | PAGE_ENTRY_PRESENT | PAGE_ENTRY_WRITE | PAGE_ENTRY_USER;
}

static inline uint64_t page_entry_table_shared(phys_t table)
{
    return table.raw | PAGE_ENTRY_PRESENT | PAGE_ENTRY_USER;
}

static inline phys_t page_entry_frame(uint64_t entry)
{
    return (phys_t){ entry & PAGE_ENTRY_FRAME };
}

static inline bool page_entry_present(uint64_t entry)
{
    return entry & PAGE_ENTRY_PRESENT;
}

static inline bool page_entry_borrowed(uint64_t entry)
{
    return entry & PAGE_ENTRY_BORROWED;
}

static inline bool page_entry_is_table(uint64_t entry)
{
    return (entry & (PAGE_ENTRY_PRESENT | PAGE_ENTRY_LARGE)) == PAGE_ENTRY_PRESENT;
}

static inline bool page_entry_is_own(uint64_t entry)
{
    return (entry & (PAGE_ENTRY_PRESENT | PAGE_ENTRY_WRITE | PAGE_ENTRY_LARGE)) == (PAGE_ENTRY_PRESENT | PAGE_ENTRY_WRITE);
}

static inline uint32_t page_entry_access(uint64_t entry)
{
    uint32_t borrowed = entry & PAGE_ENTRY_BORROWED ? PAGE_BORROWED : 0;
    if (!page_entry_present(entry))
        return borrowed;
    return borrowed | PAGE_READ | (entry & PAGE_ENTRY_WRITE ? PAGE_WRITE : 0) | (entry & PAGE_ENTRY_EXECUTE ? PAGE_EXECUTE : 0) |
           (entry & PAGE_ENTRY_USER ? PAGE_USER : 0) | (entry & PAGE_ENTRY_KEYS) >> PAGE_ENTRY_KEY_SHIFT;
}

static inline uint64_t page_entry_write_protect(uint64_t entry)
{
    return entry & ~(uint64_t)PAGE_ENTRY_WRITE;
}

static inline void page_table_publish_user(void)
{
}

static inline void page_table_publish_page(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void page_table_publish_code(phys_t frame)
{
}

static inline void translation_forget_page(uint16_t tag, uint64_t at)
{
    host_translation_forget(tag, at);
}

static inline void translation_forget_way(uint16_t tag, uint64_t at)
{
    translation_forget_page(tag, at);
}

static inline void translation_forget_space(uint16_t tag)
{
    host_translation_forget_space(tag);
}

// Kernel addresses are the process's own.
static inline void page_table_publish_kernel(void)
{
}

static inline void translation_forget_kernel(uint64_t at)
{
}

static inline void translation_forget_users(void)
{
    host_translation_forget_users();
}

static inline void translation_forget_all(void)
{
    translation_forget_users(); // which spares nothing
}

static inline bool translation_reaches_all(void)
{
    return false;
}

static inline uint32_t translation_tags(void)
{
    return HOST_TAGS;
}
