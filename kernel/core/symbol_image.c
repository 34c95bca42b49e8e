// SPDX-License-Identifier: MIT
// symbol_image.c: the names of this image's own functions, which the second link puts into it.
#include "core.h"

#include <helix/panic.h>

// The first link has no table; these weak ones stand in for it.
extern const uint32_t kernel_symbol_count;
extern const uint32_t kernel_symbol_offsets[];
extern const uint32_t kernel_symbol_names[];
extern const char kernel_symbol_bytes[];
[[gnu::weak]] const uint32_t kernel_symbol_count = 0;
[[gnu::weak]] const uint32_t kernel_symbol_offsets[1] = { 0 };
[[gnu::weak]] const uint32_t kernel_symbol_names[1] = { 0 };
[[gnu::weak]] const char kernel_symbol_bytes[1] = { 0 };

extern const char kernel_image_start[], kernel_text_end[];

const char *symbol_name(uint64_t address, uint64_t *offset)
{
    const struct symbol_table table = {
        .base = virt_of(kernel_image_start).raw,
        .end = virt_of(kernel_text_end).raw,
        .count = kernel_symbol_count,
        .offsets = kernel_symbol_offsets,
        .names = kernel_symbol_names,
        .bytes = kernel_symbol_bytes,
    };
    return symbol_find(&table, address, offset);
}
