// SPDX-License-Identifier: MIT
// space_page.c: single pages of any size, for whoever maps by hand (kernel/memory/virtual_mapper.c).

#include <arch/space.h>

#include <helix/spinlock.h>

#include "space_flush.h"
#include "space_walk.h"

enum status table_reach(struct arch_space *space, uint64_t at, unsigned level, bool make, struct table_entry **entry)
{
    struct table_entry *table = direct_map(space->root);
    for (unsigned above = page_table_levels() - 1; above > level; above--) {
        struct table_entry *on_way = &table[table_index(at, above)];
        uint64_t value = entry_read(on_way);
        if (!value && !make)
            return STATUS_NOT_MAPPED;
        if (!value)
            TRY(table_add(on_way, &value));
        if (!page_entry_is_table(value))
            return make ? STATUS_ALREADY_MAPPED : STATUS_NOT_MAPPED;
        TRY(table_own(space, on_way, above, at));
        table = table_below(entry_read(on_way));
    }
    *entry = &table[table_index(at, level)];
    return STATUS_OK;
}

static bool is_kernel(const struct arch_space *space)
{
    return space == &table_kernel_space;
}

static uint64_t entry_for(phys_t frame, unsigned level, uint32_t access)
{
    uint64_t page = page_entry(frame, access | PAGE_BORROWED);
    return level ? page_entry_large(page) : page;
}

// The entry of a borrowed page of this size.
static enum status borrowed_page(struct table_entry *entry, unsigned level, uint64_t *value)
{
    *value = entry_read(entry);
    if (!*value || (level && page_entry_is_table(*value)))
        return STATUS_NOT_MAPPED;
    return page_entry_borrowed(*value) ? STATUS_OK : STATUS_DENIED;
}

static void page_forget(struct arch_space *space, uint64_t at)
{
    if (is_kernel(space))
        kernel_flush(at, at + PAGE_SIZE);
    else
        arch_space_flush(space, at, at + PAGE_SIZE);
}

// ---- with the entry found ----

static enum status entry_map(struct arch_space *space, struct table_entry *entry, unsigned level, phys_t frame, uint32_t access)
{
    if (entry_read(entry))
        return STATUS_ALREADY_MAPPED;
    if (!is_kernel(space))
        table_mark(entry, 1);
    for (uint64_t done = 0; access & PAGE_EXECUTE && done < table_span(level); done += PAGE_SIZE)
        page_table_publish_code((phys_t){ frame.raw + done });
    entry_write(entry, entry_for(frame, level, access));
    return STATUS_OK;
}

// Gives the page another access; UINT32_MAX takes it out. The old entry is gone before the new one comes.
static enum status entry_update(struct arch_space *space, uint64_t at, struct table_entry *entry, unsigned level, uint32_t access,
                                phys_t *frame)
{
    uint64_t old;
    TRY(borrowed_page(entry, level, &old));
    *frame = page_entry_frame(old);
    entry_write(entry, 0);
    page_forget(space, at);
    if (access != UINT32_MAX)
        entry_write(entry, entry_for(*frame, level, access));
    return STATUS_OK;
}

// ---- the way there ----

enum status arch_page_map(struct arch_space *space, virt_t at, unsigned level, phys_t frame, uint32_t access)
{
    struct table_entry *entry;
    enum status outcome;
    if (level > page_table_largest())
        return STATUS_UNSUPPORTED;
    if (!is_kernel(space)) {
        TRY(table_reach(space, at.raw, level, true, &entry));
        TRY(entry_map(space, entry, level, frame, access));
        space->special |= level > 0;
        page_table_publish_user();
        return STATUS_OK;
    }
    spinlock_acquire(&table_kernel_lock);
    outcome = table_kernel_reach(at.raw, level, true, &entry);
    if (outcome == STATUS_OK)
        outcome = entry_map(space, entry, level, frame, access | PAGE_GLOBAL);
    page_table_publish_kernel();
    spinlock_release(&table_kernel_lock);
    return outcome;
}

static enum status page_update(struct arch_space *space, uint64_t at, unsigned level, uint32_t access, phys_t *frame)
{
    struct table_entry *entry;
    enum status outcome;
    if (level > page_table_largest())
        return STATUS_NOT_MAPPED;
    if (!is_kernel(space)) {
        TRY(table_reach(space, at, level, false, &entry));
        TRY(entry_update(space, at, entry, level, access, frame));
        page_table_publish_user();
        return STATUS_OK;
    }
    spinlock_acquire(&table_kernel_lock);
    outcome = table_kernel_reach(at, level, false, &entry);
    if (outcome == STATUS_OK)
        outcome = entry_update(space, at, entry, level, access, frame);
    page_table_publish_kernel();
    spinlock_release(&table_kernel_lock);
    return outcome;
}

enum status arch_page_unmap(struct arch_space *space, virt_t at, unsigned level, phys_t *frame)
{
    return page_update(space, at.raw, level, UINT32_MAX, frame);
}

enum status arch_page_protect(struct arch_space *space, virt_t at, unsigned level, uint32_t access)
{
    phys_t frame;
    return page_update(space, at.raw, level, is_kernel(space) ? access | PAGE_GLOBAL : access, &frame);
}
