// SPDX-License-Identifier: MIT
// page_table.h: what arch/common/space.c asks of a port whose tables are radix trees of 512 entries of 8 bytes.
//
// Level 0 is the last, whose entries are pages of 4 KiB; entries of 2 MiB stand at level 1, of 1 GiB at level 2. An entry of 0
// is unmapped on every port. All of this is inline in <arch/impl/page_table.h>.
#pragma once

#include <stdatomic.h>

#include <lib/types.h>

#include <arch/space.h>

enum { PAGE_TABLE_ENTRIES = 512 };

// One entry of a table in memory. CPUs translate by it and, with the space's lock shared, others read it while it changes.
struct table_entry {
    _Atomic uint64_t raw;
};

// What lies behind an entry is reached through what was read here, and processors order that. The sanitizer of threads does not know.
#if __has_feature(thread_sanitizer)
enum { ENTRY_ORDER = memory_order_acquire };
#else
enum { ENTRY_ORDER = memory_order_relaxed };
#endif

static inline uint64_t entry_read(const struct table_entry *entry)
{
    return atomic_load_explicit(&entry->raw, ENTRY_ORDER);
}

static inline void entry_write(struct table_entry *entry, uint64_t value)
{
    atomic_store_explicit(&entry->raw, value, memory_order_relaxed);
}

// Puts `value` where nothing is; false: *found is there already. What was written before is seen by whoever finds `value`.
static inline bool entry_install(struct table_entry *entry, uint64_t value, uint64_t *found)
{
    *found = 0;
    return atomic_compare_exchange_strong_explicit(&entry->raw, found, value, memory_order_release, memory_order_acquire);
}

// How many levels there are now: 3 to 5. Level n - 1 is the root.
static inline unsigned page_table_levels(void);

// The first entry of a user's root that belongs to the kernel half and is copied from the kernel's; PAGE_TABLE_ENTRIES where
// the kernel half hangs on a root register of its own.
static inline unsigned page_table_kernel_first(void);

// The highest level at which an entry can be a page: 1 or 2.
static inline unsigned page_table_largest(void);

// Tries the `attempt`th kind of tables that this CPU may have, the wanted one first; sets page_table_levels(). False: no more kinds.
// Then page_table_start() loads the kernel's root made for it; false: the CPU refused that kind, and the boot tables still hold.
static inline bool page_table_choose(unsigned attempt);
static inline bool page_table_start(phys_t root);

// An entry for a page at level 0 with this access; without any of read, write and execute one that keeps the frame and that the
// hardware takes for unmapped. page_entry_large makes one for a higher level of it, page_entry_part makes of that the entry one level
// below for its part `index`.
static inline uint64_t page_entry(phys_t frame, uint32_t access);
static inline uint64_t page_entry_large(uint64_t entry);
static inline uint64_t page_entry_part(uint64_t entry, unsigned index, unsigned level);

// An entry that leads on to a table. Shared: several tables lead to it, so nothing below may be written through this one: by the
// hardware's rights for tables, or, where there are none, by an entry that the hardware takes for unmapped.
static inline uint64_t page_entry_table(phys_t table);
static inline uint64_t page_entry_table_shared(phys_t table);

static inline phys_t page_entry_frame(uint64_t entry);
static inline uint32_t page_entry_access(uint64_t entry);
static inline bool page_entry_present(uint64_t entry);  // the hardware may translate by it
static inline bool page_entry_borrowed(uint64_t entry); // made with PAGE_BORROWED, which page_entry_access tells, too
static inline bool page_entry_is_table(uint64_t entry); // at a level above 0: leads on to a table, shared or not
static inline bool page_entry_is_own(uint64_t entry);   // … which this entry alone leads to
static inline uint64_t page_entry_write_protect(uint64_t entry);

// Between writing entries that were 0 and the first access through them: of programs, and of the kernel itself.
static inline void page_table_publish_user(void);
static inline void page_table_publish_page(void); // … of one page whose fault is served: may be left to a second fault
static inline void page_table_publish_kernel(void);

// Before a page that holds code just written is mapped executable.
static inline void page_table_publish_code(phys_t frame);

// Forgets cached translations on this CPU: one page, the way to one page, or everything of one address space (tag 0: the CPU has
// no tags, what is loaded is meant), one kernel page with the way to it, everything of all user spaces, everything.
static inline void translation_forget_page(uint16_t tag, uint64_t at);
static inline void translation_forget_way(uint16_t tag, uint64_t at);
static inline void translation_forget_space(uint16_t tag);
static inline void translation_forget_kernel(uint64_t at);
static inline void translation_forget_users(void);
static inline void translation_forget_all(void);

// Whether the translation_forget_* of one CPU make all CPUs forget.
static inline bool translation_reaches_all(void);

// Translates user addresses by this root from now on; the kernel's root: by none. Without tags, nothing of the last space is left.
static inline void page_table_load(phys_t root, uint16_t tag, bool kernel);

// How many tags (ASIDs) the CPU has to tell cached translations of spaces apart; 0: none.
static inline uint32_t translation_tags(void);

#include <arch/impl/page_table.h>
