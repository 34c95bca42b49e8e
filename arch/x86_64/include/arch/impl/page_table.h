// SPDX-License-Identifier: MIT
// page_table.h: x86_64's page table entries (Intel SDM volume 3, chapter 4): four levels, no tags yet.
#pragma once

enum page_entry_bits : uint64_t {
    PAGE_ENTRY_PRESENT = 1 << 0,
    PAGE_ENTRY_WRITE = 1 << 1,
    PAGE_ENTRY_USER = 1 << 2,
    PAGE_ENTRY_WRITE_THROUGH = 1 << 3,
    PAGE_ENTRY_NO_CACHE = 1 << 4,
    PAGE_ENTRY_ACCESSED = 1 << 5, // this one and the next are set in advance: no CPU needs to write into tables
    PAGE_ENTRY_DIRTY = 1 << 6,
    PAGE_ENTRY_LARGE = 1 << 7,
    PAGE_ENTRY_GLOBAL = 1 << 8,
    PAGE_ENTRY_KEPT = 1 << 9,      // available to software: a frame without access
    PAGE_ENTRY_BORROWED = 1 << 10, // likewise: no reference is held on the frame
    PAGE_ENTRY_KEYS = 15ull << 59, // the protection key
    PAGE_ENTRY_NO_EXECUTE = 1ull << 63,
    PAGE_ENTRY_FRAME = 0x000f'ffff'ffff'f000,
};

enum { PAGE_ENTRY_KEY_SHIFT = 59 - PAGE_KEY_SHIFT }; // from PAGE_KEYS

enum : uint64_t { PAGE_CONTROL_GLOBAL = 1 << 7 }; // CR4.PGE

static inline unsigned page_table_levels(void)
{
    return 4;
}

static inline unsigned page_table_kernel_first(void)
{
    return PAGE_TABLE_ENTRIES / 2;
}

static inline unsigned page_table_largest(void)
{
    uint32_t a = 0x8000'0001, b, c = 0, d;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return d >> 26 & 1 ? 2 : 1;
}

static inline bool page_table_choose(unsigned attempt)
{
    return attempt == 0;
}

// Loading a root forgets every translation that is not global.
static inline void page_table_load(phys_t root, uint16_t tag, bool kernel)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(root.raw) : "memory");
}

static inline bool page_table_start(phys_t root)
{
    page_table_load(root, 0, true);
    return true;
}

// What the bits of an access say goes over into an entry, and back, several at a time where they lie equally far apart.
static_assert(PAGE_READ == 1 << 0 && PAGE_WRITE == 1 << 1 && PAGE_EXECUTE == 1 << 2 && PAGE_USER == 1 << 3 && PAGE_UNCACHED == 1 << 4 &&
              PAGE_GLOBAL == 1 << 5 && PAGE_BORROWED == 1 << 6);

static inline uint64_t page_entry_rights(uint32_t access)
{
    uint64_t kept = (access & (PAGE_USER | PAGE_UNCACHED)) >> 1 | (access & PAGE_BORROWED) << 4;
    if (!(access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE)))
        return kept | PAGE_ENTRY_KEPT;
    return kept | PAGE_ENTRY_PRESENT | PAGE_ENTRY_ACCESSED | PAGE_ENTRY_DIRTY | (access & (PAGE_WRITE | PAGE_UNCACHED)) |
           (access & PAGE_GLOBAL) << 3 | (uint64_t)(~access & PAGE_EXECUTE) << 61 | (uint64_t)(access & PAGE_KEYS) << PAGE_ENTRY_KEY_SHIFT;
}

static inline uint64_t page_entry(phys_t frame, uint32_t access)
{
    return frame.raw | page_entry_rights(access);
}

static inline uint64_t page_entry_large(uint64_t entry)
{
    return entry | PAGE_ENTRY_LARGE;
}

static inline uint64_t page_entry_part(uint64_t entry, unsigned index, unsigned level)
{
    return (level ? entry : entry & ~(uint64_t)PAGE_ENTRY_LARGE) + ((uint64_t)index << (PAGE_SHIFT + 9 * level));
}

// The rights of all levels together count: those of programs are decided at the last.
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
    uint32_t borrowed = entry >> 4 & PAGE_BORROWED;
    if (!page_entry_present(entry))
        return borrowed;
    return borrowed | (entry & (PAGE_READ | PAGE_WRITE)) | (entry << 1 & PAGE_USER) | (~entry >> 61 & PAGE_EXECUTE) |
           (entry >> PAGE_ENTRY_KEY_SHIFT & PAGE_KEYS);
}

static inline uint64_t page_entry_write_protect(uint64_t entry)
{
    return entry & ~(uint64_t)PAGE_ENTRY_WRITE;
}

// An entry that was 0 is nowhere cached, and instruction fetch sees what was written.
static inline void page_table_publish_user(void)
{
}

static inline void page_table_publish_kernel(void)
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
    __asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

static inline void translation_forget_way(uint16_t tag, uint64_t at)
{
    translation_forget_page(tag, at);
}

static inline void translation_forget_kernel(uint64_t at)
{
    translation_forget_page(0, at);
}

static inline void translation_forget_users(void)
{
    uint64_t root;
    __asm__ volatile("movq %%cr3, %0\n\tmovq %0, %%cr3" : "=r"(root) : : "memory");
}

static inline void translation_forget_space(uint16_t tag)
{
    translation_forget_users();
}

// Changing CR4.PGE forgets global translations as well.
static inline void translation_forget_all(void)
{
    uint64_t control;
    __asm__ volatile("movq %%cr4, %0" : "=r"(control));
    __asm__ volatile("movq %0, %%cr4\n\tmovq %1, %%cr4" : : "r"(control ^ PAGE_CONTROL_GLOBAL), "r"(control) : "memory");
}

static inline bool translation_reaches_all(void)
{
    return false;
}

static inline uint32_t translation_tags(void)
{
    return 0;
}
