// SPDX-License-Identifier: MIT
// transfer.c: bytes from one space straight into another, for one thread that gives to another that waits (pipes).
//
// Both spaces' locks are only tried for: two transfers that go opposite ways never wait for each other. With a lock shared an entry that may
// be written stays as it is, for copying on write begins with one that may not; entries of the source, which may be such, are kept by their
// region's lock. Nothing faults: what is not there, or not allowed by the entry alone (protection keys), ends the transfer.
#include "space.h"

#include <lib/string.h>

#include <arch/user.h>

#include <helix/frames.h>

// Where the kernel reaches the byte at `at`; nullptr: the entry does not say that it may be had.
static char *byte_reach(const struct space *space, uint64_t at, uint32_t wanted)
{
    enum : uint32_t { PLAIN = PAGE_READ | PAGE_WRITE | PAGE_EXECUTE | PAGE_USER | PAGE_BORROWED };
    phys_t frame;
    uint32_t access;
    if (!arch_space_query(&space->arch, (virt_t){ at }, &frame, &access) || !(access & wanted) || (access & ~PLAIN))
        return nullptr;
    if (wanted & PAGE_WRITE)
        frame_written(frame);
    return (char *)direct_map(frame) + (at & PAGE_MASK);
}

static size_t transfer_pages(const struct space *source, uint64_t from, const struct space *target, uint64_t to, size_t size)
{
    size_t done = 0;
    while (done < size) {
        uint64_t left = PAGE_SIZE - MAX((from + done) & PAGE_MASK, (to + done) & PAGE_MASK);
        size_t part = (size_t)MIN(left, (uint64_t)(size - done));
        const char *bytes = byte_reach(source, from + done, PAGE_READ);
        char *place = bytes ? byte_reach(target, to + done, PAGE_WRITE) : nullptr;
        if (!place)
            break;
        memcpy(place, bytes, part);
        done += part;
    }
    return done;
}

// Region by region of the source.
static size_t transfer_locked(struct space *source, uint64_t from, struct space *target, uint64_t to, size_t size) MUST_SHARE(source->lock)
    MUST_SHARE(target->lock)
{
    size_t done = 0, wanted = size;
    while (wanted > 0) {
        struct region *region = space_find(source, from + done);
        if (!region)
            break;
        wanted = (size_t)MIN(region->end - (from + done), (uint64_t)(size - done));
        region_acquire(source, region);
        size_t part = transfer_pages(source, from + done, target, to + done, wanted);
        region_release(source, region);
        done += part;
        wanted = part < wanted ? 0 : size - done;
    }
    return done;
}

size_t space_transfer(struct space *source, uint64_t from, struct space *target, uint64_t to, size_t size)
{
    size_t done = 0;
    if (source == target || !arch_user_range(from, size) || !arch_user_range(to, size) || !rwlock_try_acquire_shared(&source->lock))
        return 0;
    if (rwlock_try_acquire_shared(&target->lock)) {
        done = transfer_locked(source, from, target, to, size);
        rwlock_release_shared(&target->lock);
    }
    rwlock_release_shared(&source->lock);
    return done;
}
