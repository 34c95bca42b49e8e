// SPDX-License-Identifier: MIT
// symbol.c: finds the function that holds an address, by binary search in a table of names.
#include "core.h"

#include <helix/panic.h>

const char *symbol_find(const struct symbol_table *table, uint64_t address, uint64_t *offset)
{
    *offset = 0;
    if (table->count == 0 || address < table->base || address >= table->end || address - table->base < table->offsets[0])
        return "?";
    uint64_t wanted = address - table->base;
    // Invariant: offsets[low] <= wanted, and wanted < offsets[high] or high == count.
    uint32_t low = 0, high = table->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (table->offsets[middle] <= wanted)
            low = middle;
        else
            high = middle;
    }
    *offset = wanted - table->offsets[low];
    return table->bytes + table->names[low];
}

const char *symbol_text(char *text, size_t size, uint64_t address)
{
    uint64_t offset = 0;
    const char *name = symbol_name(address - 1, &offset); // the call, not what follows it
    if (!address)
        format_text(text, size, "nobody");
    else if (name[0] == '?')
        format_text(text, size, "0x%lx", (unsigned long)address);
    else
        format_text(text, size, "%s+0x%lx", name, (unsigned long)offset + 1);
    return text;
}
