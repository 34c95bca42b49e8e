// SPDX-License-Identifier: MIT
// protection.c: protection domains: rights and keys, put into effect by mprotect's code and by the mapper of single pages.
#include <helix/protection.h>

#include <arch/keys.h>
#include <arch/layout.h>
#include <arch/space.h>

#include <helix/space.h>
#include <helix/virtual_mapper.h>

#include "memory.h"

static_assert(PAGE_READ == 1 << 0 && PAGE_WRITE == 1 << 1 && PAGE_EXECUTE == 1 << 2); // as protection_flags

static enum status flags_check(const struct space *space, uint32_t flags)
{
    if (flags & ~(uint32_t)(PROTECTION_RWX | PROTECTION_USER) || !(flags & PROTECTION_USER) != !space)
        return STATUS_BAD_ARGUMENT;
    return !space && (flags & PROTECTION_WRITE) && (flags & PROTECTION_EXECUTE) ? STATUS_DENIED : STATUS_OK;
}

enum status protection_domain_open(struct space *space, uint32_t flags, struct protection_domain *domain)
{
    uint32_t key = 0, rights = (flags & PROTECTION_READ ? 0 : KEY_NO_ACCESS) | (flags & PROTECTION_WRITE ? 0 : KEY_NO_WRITE);
    TRY(flags_check(space, flags));
    if (space && arch_keys() == 1)
        return STATUS_UNSUPPORTED;
    if (space)
        TRY(space_key_alloc(space, rights, &key));
    *domain = (struct protection_domain){ protection_key(key), flags };
    return STATUS_OK;
}

// Key 0 is everybody's and no domain's of a program.
static bool domain_is_open(const struct space *space, const struct protection_domain *domain)
{
    uint32_t key = domain->key.number;
    if (flags_check(space, domain->flags) != STATUS_OK)
        return false;
    return space ? key && space_key_known(space, key) : !key;
}

enum status protection_domain_close(struct space *space, const struct protection_domain *domain)
{
    if (!domain_is_open(space, domain))
        return STATUS_BAD_STATE;
    return space && space_key_free(space, domain->key.number) != STATUS_OK ? STATUS_BAD_STATE : STATUS_OK;
}

// ---- the kernel's area ----

// All pages are there and were mapped by hand.
static enum status kernel_pages_check(uint64_t at, uint64_t size)
{
    if (!kernel_area_holds(at, size))
        return STATUS_BAD_ADDRESS;
    for (uint64_t page = at; page < at + size; page += PAGE_SIZE) {
        uint32_t access = 0;
        if (!arch_space_query(arch_space_kernel(), (virt_t){ page }, nullptr, &access))
            return STATUS_NOT_MAPPED;
        if (!(access & PAGE_BORROWED))
            return STATUS_DENIED;
    }
    return STATUS_OK;
}

static enum status kernel_pages_apply(uint32_t flags, uint64_t at, uint64_t size)
{
    const struct virtual_mapper kernel = { nullptr };
    uint64_t page_flags = (flags & PROTECTION_RWX ? PAGE_FLAG_PRESENT : 0) | (flags & PROTECTION_WRITE ? PAGE_FLAG_WRITABLE : 0) |
                          (flags & PROTECTION_EXECUTE ? 0 : PAGE_FLAG_NO_EXECUTE);
    TRY(kernel_pages_check(at, size));
    for (uint64_t page = at; page < at + size; page += PAGE_SIZE)
        TRY(virtual_update_flags(&kernel, (struct page){ { page }, PAGE_SIZE_4K }, page_flags)); // fails only for large pages, at the first
    return STATUS_OK;
}

enum status protection_domain_apply(struct space *space, const struct protection_domain *domain, uint64_t at, uint64_t size)
{
    if (!is_aligned(at | size, PAGE_SIZE))
        return STATUS_BAD_ALIGNMENT;
    if (!size)
        return STATUS_BAD_ARGUMENT;
    if (!domain_is_open(space, domain))
        return STATUS_BAD_STATE;
    if (!space)
        return kernel_pages_apply(domain->flags, at, size);
    return space_protect_key(space, at, size, domain->flags & PROTECTION_RWX, domain->key.number);
}
