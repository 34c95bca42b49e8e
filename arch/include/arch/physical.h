// SPDX-License-Identifier: MIT
// physical.h: a view of physical memory for code that parses what firmware and loaders left there: the early direct map in the
// kernel, a buffer in tests and fuzzers.
#pragma once

#include <lib/types.h>

struct physical_view {
    // The `size` bytes at `start`, nullptr when the view does not hold all of them.
    const void *(*at)(const struct physical_view *view, uint64_t start, uint64_t size);
    const uint8_t *bytes; // for views of one buffer: what `base` is shown as
    uint64_t base, size;
};

// Asks the view.
static inline const void *physical_at(const struct physical_view *view, uint64_t start, uint64_t size)
{
    return view->at(view, start, size);
}

// `at` of a view of one buffer: physical [base, base + size).
static inline const void *physical_buffer_at(const struct physical_view *view, uint64_t start, uint64_t size)
{
    if (start < view->base || start - view->base > view->size || size > view->size - (start - view->base))
        return nullptr;
    return view->bytes + (start - view->base);
}
