// SPDX-License-Identifier: MIT
// virtual_mapper.c: what virtual_mapper.h promises, over the port's page tables: checks the request, takes the space's lock.

#include <helix/virtual_mapper.h>

#include <arch/layout.h>
#include <arch/space.h>

#include <helix/space.h>

static struct arch_space *tables_of(const struct virtual_mapper *mapper)
{
    return mapper->space ? &mapper->space->arch : arch_space_kernel();
}

// Outside the analysis: what is locked depends on the mapper. The kernel's tables have their own lock (arch).
NO_LOCK_ANALYSIS static void mapper_acquire(const struct virtual_mapper *mapper)
{
    if (mapper->space)
        rwlock_acquire(&mapper->space->lock);
}

NO_LOCK_ANALYSIS static void mapper_release(const struct virtual_mapper *mapper)
{
    if (mapper->space)
        rwlock_release(&mapper->space->lock);
}

static bool address_in_range(const struct virtual_mapper *mapper, uint64_t at, uint64_t size)
{
    uint64_t from = mapper->space ? 0 : KERNEL_STACKS_START, to = mapper->space ? arch_user_end() : DEVICES_END;
    return at >= from && at <= to && size <= to - at;
}

static enum status page_check(const struct virtual_mapper *mapper, struct page page)
{
    if (page.size > PAGE_SIZE_1G)
        return STATUS_BAD_ARGUMENT;
    if (!is_aligned(page.address.raw, page_size_bytes(page.size)))
        return STATUS_BAD_ALIGNMENT;
    return address_in_range(mapper, page.address.raw, page_size_bytes(page.size)) ? STATUS_OK : STATUS_BAD_ADDRESS;
}

static enum status flags_check(const struct virtual_mapper *mapper, struct page page, uint64_t flags)
{
    const uint64_t known = PAGE_FLAG_PRESENT | PAGE_FLAG_WRITABLE | PAGE_FLAG_USER | PAGE_FLAG_WRITE_THROUGH | PAGE_FLAG_NO_CACHE |
                           PAGE_FLAG_ACCESSED | PAGE_FLAG_DIRTY | PAGE_FLAG_HUGE | PAGE_FLAG_GLOBAL | PAGE_FLAG_NO_EXECUTE;
    bool user = flags & PAGE_FLAG_USER, huge = flags & PAGE_FLAG_HUGE;
    if (flags & ~known || user != (mapper->space != nullptr) || (huge && page.size == PAGE_SIZE_4K) || (user && flags & PAGE_FLAG_GLOBAL))
        return STATUS_BAD_ARGUMENT;
    if (flags & PAGE_FLAG_WRITE_THROUGH && !(flags & PAGE_FLAG_NO_CACHE))
        return STATUS_UNSUPPORTED;
    bool both = flags & PAGE_FLAG_PRESENT && flags & PAGE_FLAG_WRITABLE && !(flags & PAGE_FLAG_NO_EXECUTE);
    return both && !user ? STATUS_DENIED : STATUS_OK;
}

static uint32_t access_of(uint64_t flags)
{
    uint32_t access = (flags & PAGE_FLAG_USER ? PAGE_USER : 0) | (flags & PAGE_FLAG_NO_CACHE ? PAGE_UNCACHED : 0);
    if (!(flags & PAGE_FLAG_PRESENT))
        return access;
    return access | PAGE_READ | (flags & PAGE_FLAG_WRITABLE ? PAGE_WRITE : 0) | (flags & PAGE_FLAG_NO_EXECUTE ? 0 : PAGE_EXECUTE);
}

enum status virtual_map(const struct virtual_mapper *mapper, struct page page, phys_t frame, uint64_t flags)
{
    TRY(page_check(mapper, page));
    TRY(flags_check(mapper, page, flags));
    if (!is_aligned(frame.raw, page_size_bytes(page.size)))
        return STATUS_BAD_ALIGNMENT;
    mapper_acquire(mapper);
    enum status outcome = arch_page_map(tables_of(mapper), page.address, page.size, frame, access_of(flags));
    mapper_release(mapper);
    return outcome;
}

enum status virtual_unmap(const struct virtual_mapper *mapper, struct page page, phys_t *frame)
{
    TRY(page_check(mapper, page));
    mapper_acquire(mapper);
    enum status outcome = arch_page_unmap(tables_of(mapper), page.address, page.size, frame);
    mapper_release(mapper);
    return outcome;
}

bool virtual_translate(const struct virtual_mapper *mapper, virt_t address, phys_t *physical)
{
    phys_t frame;
    uint32_t access;
    if (!address_in_range(mapper, address.raw, 1))
        return false;
    mapper_acquire(mapper);
    bool mapped = arch_space_query(tables_of(mapper), (virt_t){ align_down(address.raw, PAGE_SIZE) }, &frame, &access);
    mapper_release(mapper);
    if (!mapped || !(access & PAGE_READ))
        return false;
    physical->raw = frame.raw + (address.raw & PAGE_MASK);
    return true;
}

enum status virtual_update_flags(const struct virtual_mapper *mapper, struct page page, uint64_t flags)
{
    TRY(page_check(mapper, page));
    TRY(flags_check(mapper, page, flags));
    mapper_acquire(mapper);
    enum status outcome = arch_page_protect(tables_of(mapper), page.address, page.size, access_of(flags));
    mapper_release(mapper);
    return outcome;
}

void virtual_flush(const struct virtual_mapper *mapper, struct page page)
{
    if (!mapper->space) {
        arch_kernel_flush(page.address);
        return;
    }
    mapper_acquire(mapper);
    arch_space_flush_way(&mapper->space->arch, page.address.raw);
    mapper_release(mapper);
}

void virtual_flush_all(const struct virtual_mapper *mapper)
{
    mapper_acquire(mapper);
    if (mapper->space)
        arch_space_flush(&mapper->space->arch, 0, arch_user_end());
    else
        arch_kernel_flush_all();
    mapper_release(mapper);
}
