// SPDX-License-Identifier: MIT
// signal_page.c: the code that signal handlers return to where actions do not name their own: one page with the call of
// rt_sigreturn, shared by all programs, mapped into each at execve.
//
// Unwinders know a signal's frame by these very instructions, so the page holds what the port says and nothing before it. It is a
// private mapping: who makes it writable and writes gets a copy.
#include "userspace.h"

#include <lib/string.h>

#include <arch/signal.h>

#include <helix/frames.h>
#include <helix/space.h>

static phys_t code_frame; // [const] after signal_page_init; raw 0: programs need none

static enum status page_get(struct page_source *source, uint64_t index, bool for_write, phys_t *frame)
{
    if (index)
        return STATUS_OUT_OF_RANGE;
    frame_retain(code_frame);
    *frame = code_frame;
    return STATUS_OK;
}

static size_t page_get_resident(struct page_source *source, uint64_t index, size_t count, phys_t *frames)
{
    return count && page_get(source, index, false, frames) == STATUS_OK;
}

static void page_keep(struct page_source *source)
{
}

static void page_describe(struct page_source *source, char *text, size_t size)
{
    (void)string_copy(text, "[sigpage]", size);
}

static const struct page_source_ops page_ops = {
    .get = page_get,
    .get_resident = page_get_resident,
    .retain = page_keep,
    .release = page_keep,
    .describe = page_describe,
};

static struct page_source page_source = { .ops = &page_ops };

enum status signal_page_init(void)
{
    const void *code;
    size_t size = arch_signal_trampoline(&code);
    if (!size || code_frame.raw)
        return STATUS_OK;
    TRY(frame_alloc(1, FRAME_ZEROED, &code_frame));
    memcpy(direct_map(code_frame), code, size);
    return STATUS_OK;
}

enum status signal_page_map(struct space *space, uint64_t *at)
{
    const struct map_request request = { .size = PAGE_SIZE, .access = PAGE_READ | PAGE_EXECUTE, .source = &page_source };
    *at = 0;
    return code_frame.raw ? space_map(space, &request, at) : STATUS_OK;
}
