// SPDX-License-Identifier: MIT
// usage.c: what a region has in memory, page by page.
//
// A page's record counts the mappings of its frame, and one more where a file keeps it; where tables are shared after a fork one entry
// stands for several spaces. A page is dirty when nothing else has its bytes: the program's own copy, or a file's page that it may write,
// which it may only since it did.
#include "space.h"

#include <arch/user.h>

#include <helix/frames.h>

struct counting {
    const struct region *region;
    struct region_usage *usage;
};

// Whether the frame is the source's own page there; it is not once the program has a copy.
static bool is_of_source(const struct region *region, uint64_t at, phys_t frame)
{
    struct page_source *source = region->source;
    phys_t found;
    if (!source)
        return false;
    if (!(region_flags(region) & REGION_ANONYMOUS_PAGES))
        return true;
    if (!source->ops->get_resident(source, (at - region->start + region->offset) >> PAGE_SHIFT, 1, &found))
        return false;
    frame_release(found);
    return found.raw == frame.raw;
}

static uint32_t page_users(const struct mapped_pages *pages, bool of_source)
{
    const struct frame *record = frame_of(pages->record);
    uint32_t references = record ? atomic_load_explicit(&record->references, memory_order_relaxed) : 1;
    uint32_t others = references > 1u + of_source ? references - 1 - of_source : 0;
    return others + MAX(pages->sharers, 1u);
}

static void count_pages(void *context, const struct mapped_pages *pages)
{
    const struct counting *counting = context;
    struct region_usage *usage = counting->usage;
    if (pages->access & PAGE_BORROWED)
        return;
    bool of_source = is_of_source(counting->region, pages->at, pages->frame);
    bool dirty = !of_source || pages->access & PAGE_WRITE;
    uint32_t users = page_users(pages, of_source);
    uint64_t bytes = pages->pages * PAGE_SIZE;
    usage->resident += bytes;
    usage->anonymous += of_source ? 0 : bytes;
    usage->large += pages->large ? bytes : 0;
    usage->proportional += (bytes << PAGE_SHIFT) / users;
    if (users > 1)
        *(dirty ? &usage->shared_dirty : &usage->shared_clean) += bytes;
    else
        *(dirty ? &usage->private_dirty : &usage->private_clean) += bytes;
}

void region_usage(const struct space *space, const struct region *region, struct region_usage *usage)
{
    struct counting counting = { region, usage };
    *usage = (struct region_usage){};
    arch_space_each_page(&space->arch, (virt_t){ region->start }, (virt_t){ region->end }, count_pages, &counting);
}
