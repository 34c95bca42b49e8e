// SPDX-License-Identifier: MIT
// protection.h: who may do what with a range of pages: protection domains (rights and a key of the CPU) and guard pages.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct space;

enum protection_flags : uint32_t {
    PROTECTION_NONE = 0,
    PROTECTION_READ = 1 << 0,
    PROTECTION_WRITE = 1 << 1,
    PROTECTION_EXECUTE = 1 << 2,
    PROTECTION_USER = 1 << 3,
    PROTECTION_RW = PROTECTION_READ | PROTECTION_WRITE,
    PROTECTION_RX = PROTECTION_READ | PROTECTION_EXECUTE,
    PROTECTION_RWX = PROTECTION_RW | PROTECTION_EXECUTE,
};

// 0 to 15; 0 is what every page has that was given none.
struct protection_key {
    uint8_t number;
};

static inline struct protection_key protection_key(uint32_t number)
{
    return (struct protection_key){ (uint8_t)(number & 15) };
}

// Pages that are treated alike: by the rights of their entries, and in a program's space by what each thread may do with the key.
struct protection_domain {
    struct protection_key key;
    uint32_t flags; // enum protection_flags
};

// Makes a domain. `space` is a program's, with PROTECTION_USER: the domain gets a key of its own, on which the running thread has the rights
// of `flags`, other threads what they have. Or nullptr, the kernel: key 0. STATUS_BAD_ARGUMENT: unknown flags, or USER does not
// fit; STATUS_UNSUPPORTED: the CPU has no keys; STATUS_NO_SPACE: all are taken; STATUS_DENIED: the kernel has nothing writable and executable.
// Thread context.
enum status protection_domain_open(struct space *space, uint32_t flags, struct protection_domain *domain);

// Gives its key back; pages keep it. STATUS_BAD_STATE: it was not opened in this space, or was closed.
enum status protection_domain_close(struct space *space, const struct protection_domain *domain);

// Puts the pages of [at, at + size) into the domain: in a program's space as mprotect does, in the kernel's area those that were mapped by
// virtual_map. STATUS_BAD_ALIGNMENT, STATUS_BAD_ARGUMENT (no size), STATUS_BAD_ADDRESS; STATUS_BAD_STATE: the domain is not open in this
// space; STATUS_NOT_MAPPED or, in a program's space, STATUS_NO_MEMORY: a part is not mapped; STATUS_DENIED: a part is not to be changed. In the
// kernel's area nothing changed then.
enum status protection_domain_apply(struct space *space, const struct protection_domain *domain, uint64_t at, uint64_t size);

// ---- guard pages ----

// Pages of the kernel's area that nobody may touch: the kernel ends at once when it does, and says whose guard it was.
struct guard_page {
    uint64_t address, size; // whole pages
    const char *owner;      // lives as long as the guard
    uint64_t flags;         // guard_page_install's: of what was mapped there (enum page_flags); 0: nothing was
};

enum { GUARD_PAGES_MOST = 32 };

static inline bool guard_page_check(const struct guard_page *guard, uint64_t address)
{
    return address - guard->address < guard->size;
}

// Takes away what virtual_map mapped there, cached and all alike, or sees that nothing is. Kernel stacks have theirs without being asked
// for. STATUS_BAD_ARGUMENT: empty, no owner, or pages with different rights; STATUS_BAD_ALIGNMENT; STATUS_BAD_ADDRESS: outside of
// the kernel's area; STATUS_EXISTS: a guard is there; STATUS_DENIED: mapped by somebody else; STATUS_NO_SPACE: GUARD_PAGES_MOST. Nothing
// changed then. Thread context.
enum status guard_page_install(struct guard_page *guard);

// What was mapped there is again. STATUS_BAD_STATE: it is not installed.
enum status guard_page_remove(struct guard_page *guard);

// Whether the address lies in a guard page, of a kernel stack or one that was installed, and in which. Any context, no lock.
bool guard_page_hit(uint64_t address, struct guard_page *found);
