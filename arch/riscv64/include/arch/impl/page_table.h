// SPDX-License-Identifier: MIT
// page_table.h: riscv64's page table entries and translation cache (Privileged Architecture 1.12, 4.3 to 4.5 and 4.2.1).
//
// Bits A and D are set in advance: no CPU needs to trap or to write for them. Whatever can be written or executed can be read.
// What is device memory and what is not the machine's attributes say, not the entries.
#pragma once

enum : uint64_t {
    ENTRY_VALID = 1 << 0,
    ENTRY_READ = 1 << 1,
    ENTRY_WRITE = 1 << 2,
    ENTRY_EXECUTE = 1 << 3,
    ENTRY_USER = 1 << 4,
    ENTRY_GLOBAL = 1 << 5,
    ENTRY_ACCESSED = 1 << 6,
    ENTRY_DIRTY = 1 << 7,
    ENTRY_KEPT = 1 << 8,     // available to software: a frame without access
    ENTRY_BORROWED = 1 << 9, // likewise: no reference is held on the frame
    ENTRY_SHARED = 1 << 7,   // of an invalid entry, all of whose bits are software's: a table that others lead to as well
    ENTRY_LEAF = ENTRY_READ | ENTRY_WRITE | ENTRY_EXECUTE,
    ENTRY_FRAME = 0x003f'ffff'ffff'fc00,
};

enum : uint64_t { SATP_MODE_SHIFT = 60, SATP_TAG_SHIFT = 44, SATP_TAGS = 0xffff, SATP_MODE_SV39 = 8 };

extern unsigned riscv_paging_levels;    // [const] once the kernel's page tables are in force
extern uint32_t riscv_translation_tags; // [const] likewise; 0: the CPU has none

// paging.c: as page_table_choose and page_table_start.
bool paging_choose(unsigned attempt);
bool paging_start(phys_t root);

static inline unsigned page_table_levels(void)
{
    return riscv_paging_levels;
}

// The kernel half is the upper half of the root; of larger roots than Sv39's only the last entry is used.
static inline unsigned page_table_kernel_first(void)
{
    return PAGE_TABLE_ENTRIES / 2;
}

static inline unsigned page_table_largest(void)
{
    return 2;
}

static inline bool page_table_choose(unsigned attempt)
{
    return paging_choose(attempt);
}

static inline bool page_table_start(phys_t root)
{
    return paging_start(root);
}

static inline uint64_t page_entry(phys_t frame, uint32_t access)
{
    uint64_t entry = frame.raw >> PAGE_SHIFT << 10 | (access & PAGE_USER ? ENTRY_USER : 0) | (access & PAGE_BORROWED ? ENTRY_BORROWED : 0);
    if (!(access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE)))
        return entry | ENTRY_KEPT;
    return entry | ENTRY_VALID | ENTRY_READ | ENTRY_ACCESSED | ENTRY_DIRTY | (access & PAGE_WRITE ? ENTRY_WRITE : 0) |
           (access & PAGE_EXECUTE ? ENTRY_EXECUTE : 0) | (access & PAGE_GLOBAL ? ENTRY_GLOBAL : 0);
}

// An entry with rights is a page at every level.
static inline uint64_t page_entry_large(uint64_t entry)
{
    return entry;
}

static inline uint64_t page_entry_part(uint64_t entry, unsigned index, unsigned level)
{
    return entry + ((uint64_t)index << 9 * level << 10);
}

static inline uint64_t page_entry_table(phys_t table)
{
    return table.raw >> PAGE_SHIFT << 10 | ENTRY_VALID;
}

// Entries above the last level have no rights, so the hardware must not see this one: every access below it faults.
static inline uint64_t page_entry_table_shared(phys_t table)
{
    return table.raw >> PAGE_SHIFT << 10 | ENTRY_SHARED;
}

static inline phys_t page_entry_frame(uint64_t entry)
{
    return (phys_t){ (entry & ENTRY_FRAME) >> 10 << PAGE_SHIFT };
}

static inline uint32_t page_entry_access(uint64_t entry)
{
    uint32_t borrowed = entry & ENTRY_BORROWED ? PAGE_BORROWED : 0;
    if (!(entry & ENTRY_VALID))
        return borrowed;
    return borrowed | PAGE_READ | (entry & ENTRY_WRITE ? PAGE_WRITE : 0) | (entry & ENTRY_EXECUTE ? PAGE_EXECUTE : 0) |
           (entry & ENTRY_USER ? PAGE_USER : 0);
}

static inline bool page_entry_present(uint64_t entry)
{
    return entry & ENTRY_VALID;
}

static inline bool page_entry_borrowed(uint64_t entry)
{
    return entry & ENTRY_BORROWED;
}

static inline bool page_entry_is_own(uint64_t entry)
{
    return (entry & (ENTRY_VALID | ENTRY_LEAF)) == ENTRY_VALID;
}

static inline bool page_entry_is_table(uint64_t entry)
{
    return page_entry_is_own(entry) || (entry & (ENTRY_VALID | ENTRY_SHARED)) == ENTRY_SHARED;
}

static inline uint64_t page_entry_write_protect(uint64_t entry)
{
    return entry & ~ENTRY_WRITE;
}

// A CPU may remember that there was nothing, and faults then: trap.c makes it forget when that comes twice.
static inline void page_table_publish_user(void)
{
    __asm__ volatile("" : : : "memory");
}

// A fence for one address is about last entries only, not about the tables on the way (4.2.1); so these two are for all.
static inline void page_table_publish_kernel(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

static inline void translation_forget_kernel(uint64_t at)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

// Instruction fetches of this hart see what it has written.
static inline void page_table_publish_page(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void page_table_publish_code(phys_t frame)
{
    __asm__ volatile("fence.i" : : : "memory");
}

static inline void translation_forget_page(uint16_t tag, uint64_t at)
{
    __asm__ volatile("sfence.vma %0, %1" : : "r"(at), "r"((uint64_t)tag) : "memory");
}

// A register, even one that holds 0, spares what is global.
static inline void translation_forget_space(uint16_t tag)
{
    uint64_t held = tag;
    __asm__ volatile("sfence.vma zero, %0" : : "r"(held) : "memory");
}

static inline void translation_forget_way(uint16_t tag, uint64_t at)
{
    translation_forget_space(tag);
}

static inline void translation_forget_users(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
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
    return riscv_translation_tags;
}

static inline void page_table_load(phys_t root, uint16_t tag, bool kernel)
{
    uint64_t mode = SATP_MODE_SV39 + riscv_paging_levels - 3;
    __asm__ volatile("csrw satp, %0"
                     :
                     : "r"(mode << SATP_MODE_SHIFT | (uint64_t)tag << SATP_TAG_SHIFT | root.raw >> PAGE_SHIFT)
                     : "memory");
    if (!riscv_translation_tags)
        translation_forget_space(0);
}
