// SPDX-License-Identifier: MIT
// space.c: page tables of the host port: a tree of pages, from the C library's heap, with the contract of arch/space.h.

#include <stdlib.h>

#include <arch/space.h>

#include <arch/cpu.h>

#include <helix/frames.h>

struct host_page {
    struct tree_node node;
    uint64_t at;
    phys_t frame;
    uint32_t access;
};

static int page_compare(const struct tree_node *a, const struct tree_node *b)
{
    uint64_t left = container_of(a, struct host_page, node)->at, right = container_of(b, struct host_page, node)->at;
    return left < right ? -1 : left > right;
}

// First page at or after `at`.
static struct host_page *page_from(const struct arch_space *space, uint64_t at)
{
    struct host_page *best = nullptr;
    for (struct tree_node *node = space->pages.root; node;) {
        struct host_page *page = container_of(node, struct host_page, node);
        if (page->at >= at)
            best = page;
        node = page->at > at ? node->left : page->at < at ? node->right : nullptr;
    }
    return best;
}

static struct host_page *page_at(const struct arch_space *space, uint64_t at)
{
    struct host_page *page = page_from(space, at);
    return page && page->at == at ? page : nullptr;
}

enum status arch_space_create(struct arch_space *space)
{
    *space = (struct arch_space){};
    return STATUS_OK;
}

void arch_space_destroy(struct arch_space *space, void (*drop)(void *context, phys_t frame), void *context)
{
    arch_space_unmap(space, (virt_t){ 0 }, (virt_t){ UINT64_MAX }, drop, context);
    if (host_cpu->space == space)
        host_cpu->space = nullptr;
}

enum status arch_space_map(struct arch_space *space, virt_t at, phys_t frame, uint32_t access)
{
    struct host_page *page = page_at(space, at.raw);
    if (!page) {
        page = malloc(sizeof *page);
        if (!page)
            return STATUS_NO_MEMORY;
        page->at = at.raw;
        tree_insert(&space->pages, &page->node, page_compare);
    }
    page->frame = frame;
    page->access = access;
    return STATUS_OK;
}

enum status arch_space_map_run(struct arch_space *space, virt_t at, const phys_t *frames, size_t count, uint32_t access, size_t *mapped)
{
    for (*mapped = 0; *mapped < count; ++*mapped)
        TRY(arch_space_map(space, (virt_t){ at.raw + *mapped * PAGE_SIZE }, frames[*mapped], access));
    return STATUS_OK;
}

bool arch_space_query(const struct arch_space *space, virt_t at, phys_t *frame, uint32_t *access)
{
    const struct host_page *page = page_at(space, align_down(at.raw, PAGE_SIZE));
    if (!page)
        return false;
    if (frame)
        *frame = page->frame;
    if (access) // a page without rights says so, whatever else was asked for
        *access = page->access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE) ? page->access : 0;
    return true;
}

void arch_space_unmap(struct arch_space *space, virt_t from, virt_t to, void (*drop)(void *context, phys_t frame), void *context)
{
    for (struct host_page *page = page_from(space, from.raw); page && page->at < to.raw; page = page_from(space, from.raw)) {
        phys_t frame = page->frame;
        tree_remove(&space->pages, &page->node);
        free(page);
        drop(context, frame);
    }
}

void arch_space_protect(struct arch_space *space, virt_t from, virt_t to, uint32_t access)
{
    for (struct host_page *page = page_from(space, from.raw); page && page->at < to.raw; page = page_from(space, page->at + 1))
        page->access = access;
}

enum status arch_space_share(struct arch_space *source, struct arch_space *target, virt_t from, virt_t to, bool write_protect,
                             void (*share)(void *context, phys_t frame), void *context)
{
    for (struct host_page *page = page_from(source, from.raw); page && page->at < to.raw; page = page_from(source, page->at + 1)) {
        uint32_t access = write_protect ? page->access & ~(uint32_t)PAGE_WRITE : page->access;
        TRY(arch_space_map(target, (virt_t){ page->at }, page->frame, access));
        page->access = access;
        share(context, page->frame);
    }
    return STATUS_OK;
}

void arch_space_activate(struct arch_space *space)
{
    host_cpu->space = space;
}
