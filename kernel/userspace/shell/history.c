// SPDX-License-Identifier: MIT
// history.c: the last hundred lines.
#include <lib/string.h>

#include <helix/heap.h>

#include "line.h"

const char *history_get(const struct history *history, uint32_t back)
{
    if (back == 0 || back > history->count)
        return nullptr;
    return history->lines[(history->first + history->count - back) % HISTORY_LINES];
}

void history_add(struct history *history, const char *line)
{
    const char *newest = history_get(history, 1);
    if (!line[0] || (newest && string_equal(newest, line)))
        return;
    char *copy = heap_copy_string(line);
    if (!copy)
        return;
    if (history->count == HISTORY_LINES) {
        heap_free(history->lines[history->first]);
        history->first = (history->first + 1) % HISTORY_LINES;
        history->count--;
    }
    history->lines[(history->first + history->count++) % HISTORY_LINES] = copy;
    history->total++;
}

void history_clear(struct history *history)
{
    for (uint32_t back = 1; back <= history->count; back++)
        heap_free(history->lines[(history->first + history->count - back) % HISTORY_LINES]);
    history->count = 0;
}
