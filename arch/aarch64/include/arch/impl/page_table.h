// SPDX-License-Identifier: MIT
// page_table.h: aarch64's translation tables (Arm ARM D8): VMSAv8-64, 4 KiB granule, four levels, ASIDs in TTBR0_EL1.
//
// TTBR1 translates the kernel half, TTBR0 the user half: a user's root has no kernel entries. While no user space is loaded TTBR0
// holds an empty table. Invalidations are broadcast (…IS), so that they also hold for more CPUs. What a page was before must be
// forgotten before it becomes something else (break before make, D8.16.1); callers write 0 in between.
#pragma once

enum page_entry_bits : uint64_t {
    PAGE_ENTRY_VALID = 1 << 0,
    PAGE_ENTRY_TABLE = 1 << 1,  // above level 0: leads on; at level 0: always set
    PAGE_ENTRY_DEVICE = 1 << 2, // MAIR index 1, Device-nGnRE
    PAGE_ENTRY_NORMAL = 4 << 2, // MAIR index 4, write-back
    PAGE_ENTRY_USER = 1 << 6,
    PAGE_ENTRY_READ_ONLY = 1 << 7,
    PAGE_ENTRY_INNER = 3 << 8, // inner shareable
    PAGE_ENTRY_ACCESSED = 1 << 10,
    PAGE_ENTRY_NOT_GLOBAL = 1 << 11,
    PAGE_ENTRY_NO_KERNEL_EXECUTE = 1ull << 53,
    PAGE_ENTRY_NO_USER_EXECUTE = 1ull << 54,
    PAGE_ENTRY_KEPT = 1ull << 55,           // for software: a frame without access
    PAGE_ENTRY_BORROWED = 1ull << 56,       // likewise: no reference is held on the frame
    PAGE_ENTRY_NO_WRITE_BELOW = 1ull << 62, // of a table: APTable[1]
    PAGE_ENTRY_FRAME = 0x0000'ffff'ffff'f000,
};

extern uint64_t boot_empty_root; // physical address of a table without entries

// Lets the boot tables show memory in which the kernel's own can be built.
void boot_memory_show(void);

// Makes `root` the kernel's instead of the boot tables, which may map the same addresses by pages of another size.
void boot_root_replace(phys_t root);

static inline unsigned page_table_levels(void)
{
    return 4;
}

static inline unsigned page_table_kernel_first(void)
{
    return PAGE_TABLE_ENTRIES;
}

static inline unsigned page_table_largest(void)
{
    return 2;
}

static inline bool page_table_choose(unsigned attempt)
{
    if (attempt)
        return false;
    boot_memory_show();
    return true;
}

static inline bool page_table_start(phys_t root)
{
    boot_root_replace(root);
    return true;
}

static inline uint64_t page_entry(phys_t frame, uint32_t access)
{
    bool user = access & PAGE_USER;
    uint64_t entry = frame.raw | (user ? PAGE_ENTRY_USER : 0) | (access & PAGE_BORROWED ? PAGE_ENTRY_BORROWED : 0);
    if (!(access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE)))
        return entry | PAGE_ENTRY_KEPT;
    uint64_t no_execute = user ? PAGE_ENTRY_NO_USER_EXECUTE : PAGE_ENTRY_NO_KERNEL_EXECUTE;
    uint64_t never = user ? PAGE_ENTRY_NO_KERNEL_EXECUTE : PAGE_ENTRY_NO_USER_EXECUTE;
    return entry | PAGE_ENTRY_VALID | PAGE_ENTRY_TABLE | PAGE_ENTRY_ACCESSED |
           (access & PAGE_UNCACHED ? PAGE_ENTRY_DEVICE : PAGE_ENTRY_NORMAL | PAGE_ENTRY_INNER) |
           (access & PAGE_WRITE ? 0 : PAGE_ENTRY_READ_ONLY) | (user ? PAGE_ENTRY_NOT_GLOBAL : 0) | never |
           (access & PAGE_EXECUTE ? 0 : no_execute);
}

static inline uint64_t page_entry_large(uint64_t entry)
{
    return entry & ~(uint64_t)PAGE_ENTRY_TABLE;
}

static inline uint64_t page_entry_part(uint64_t entry, unsigned index, unsigned level)
{
    uint64_t page = !level && entry & PAGE_ENTRY_VALID ? entry | PAGE_ENTRY_TABLE : entry;
    return page + ((uint64_t)index << (PAGE_SHIFT + 9 * level));
}

// Rights are decided at the last level, but that nothing below a shared table can be written.
static inline uint64_t page_entry_table(phys_t table)
{
    return table.raw | PAGE_ENTRY_VALID | PAGE_ENTRY_TABLE;
}

static inline uint64_t page_entry_table_shared(phys_t table)
{
    return page_entry_table(table) | PAGE_ENTRY_NO_WRITE_BELOW;
}

static inline phys_t page_entry_frame(uint64_t entry)
{
    return (phys_t){ entry & PAGE_ENTRY_FRAME };
}

static inline bool page_entry_present(uint64_t entry)
{
    return entry & PAGE_ENTRY_VALID;
}

static inline bool page_entry_borrowed(uint64_t entry)
{
    return entry & PAGE_ENTRY_BORROWED;
}

static inline bool page_entry_is_table(uint64_t entry)
{
    return (entry & (PAGE_ENTRY_VALID | PAGE_ENTRY_TABLE)) == (PAGE_ENTRY_VALID | PAGE_ENTRY_TABLE);
}

static inline bool page_entry_is_own(uint64_t entry)
{
    uint64_t looked_at = PAGE_ENTRY_VALID | PAGE_ENTRY_TABLE | PAGE_ENTRY_NO_WRITE_BELOW;
    return (entry & looked_at) == (PAGE_ENTRY_VALID | PAGE_ENTRY_TABLE);
}

static inline uint32_t page_entry_access(uint64_t entry)
{
    uint32_t borrowed = entry & PAGE_ENTRY_BORROWED ? PAGE_BORROWED : 0;
    if (!page_entry_present(entry))
        return borrowed;
    uint64_t no_execute = entry & PAGE_ENTRY_USER ? PAGE_ENTRY_NO_USER_EXECUTE : PAGE_ENTRY_NO_KERNEL_EXECUTE;
    return borrowed | PAGE_READ | (entry & PAGE_ENTRY_READ_ONLY ? 0 : PAGE_WRITE) | (entry & no_execute ? 0 : PAGE_EXECUTE) |
           (entry & PAGE_ENTRY_USER ? PAGE_USER : 0);
}

static inline uint64_t page_entry_write_protect(uint64_t entry)
{
    return entry | PAGE_ENTRY_READ_ONLY;
}

// The walker must see the entry; the way back to user mode synchronises the rest.
static inline void page_table_publish_user(void)
{
    __asm__ volatile("dsb ishst" : : : "memory");
}

static inline void page_table_publish_kernel(void)
{
    __asm__ volatile("dsb ishst\n\tisb" : : : "memory");
}

void cache_publish_code(phys_t frame); // cache.c

// A walk that comes too early finds nothing, and the fault that follows finds the page there (space_fault.c).
static inline void page_table_publish_page(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void page_table_publish_code(phys_t frame)
{
    cache_publish_code(frame);
}

// Operand of TLBI by address: ASID and page number (Arm ARM C5.5).
static inline uint64_t translation_operand(uint16_t tag, uint64_t at)
{
    return (uint64_t)tag << 48 | (at >> 12 & 0xfff'ffff'ffff);
}

static inline void translation_forget_page(uint16_t tag, uint64_t at)
{
    __asm__ volatile("dsb ishst\n\ttlbi vae1is, %0\n\tdsb ish\n\tisb" : : "r"(translation_operand(tag, at)) : "memory");
}

static inline void translation_forget_way(uint16_t tag, uint64_t at)
{
    translation_forget_page(tag, at);
}

static inline void translation_forget_space(uint16_t tag)
{
    __asm__ volatile("dsb ishst\n\ttlbi aside1is, %0\n\tdsb ish\n\tisb" : : "r"(translation_operand(tag, 0)) : "memory");
}

static inline void translation_forget_kernel(uint64_t at)
{
    __asm__ volatile("dsb ishst\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb" : : "r"(translation_operand(0, at)) : "memory");
}

static inline void translation_forget_users(void)
{
    __asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
}

static inline void page_table_load(phys_t root, uint16_t tag, bool kernel)
{
    uint64_t table = kernel ? boot_empty_root : root.raw | (uint64_t)tag << 48;
    __asm__ volatile("msr ttbr0_el1, %0\n\tisb" : : "r"(table) : "memory");
}

static inline void translation_forget_all(void)
{
    translation_forget_users(); // which spares nothing
}

// TLBI for the inner shareable domain, which all CPUs are in; DSB ISH waits for them.
static inline bool translation_reaches_all(void)
{
    return true;
}

static inline uint32_t translation_tags(void)
{
    uint64_t control;
    __asm__("mrs %0, tcr_el1" : "=r"(control)); // AS, which boot.S has set where there are 16 bits
    return control >> 36 & 1 ? 65536 : 256;
}
