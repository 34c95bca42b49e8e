// SPDX-License-Identifier: MIT
// order.c: the order in which subsystems come up: what each depends on first, then phase, then priority (Kahn's algorithm).
#include <lib/string.h>

#include <helix/orchestrator.h>

enum { NO_ROW = SUBSYSTEM_MAX };

static size_t row_find(const struct subsystem *const *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (string_equal(rows[i]->name, name))
            return i;
    }
    return NO_ROW;
}

static bool row_before(const struct subsystem *a, const struct subsystem *b)
{
    if (a->phase != b->phase)
        return a->phase < b->phase;
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return strcmp(a->name, b->name) < 0;
}

// What one row waits for, as a set of row indices.
static enum status row_wants(const struct subsystem *const *rows, size_t count, size_t row, uint64_t *wants)
{
    *wants = 0;
    for (size_t i = 0; i < SUBSYSTEM_DEPENDS && rows[row]->depends[i]; i++) {
        size_t wanted = row_find(rows, count, rows[row]->depends[i]);
        if (wanted == NO_ROW)
            return STATUS_DEPENDENCY_MISSING;
        *wants |= 1ull << wanted;
    }
    return STATUS_OK;
}

// The most urgent row that is not placed yet and waits for nothing unplaced; NO_ROW: there is none.
static size_t row_ready(const struct subsystem *const *rows, size_t count, const uint64_t *wants, uint64_t placed)
{
    size_t best = NO_ROW;
    for (size_t i = 0; i < count; i++) {
        if ((placed >> i & 1) || (wants[i] & ~placed))
            continue;
        if (best == NO_ROW || row_before(rows[i], rows[best]))
            best = i;
    }
    return best;
}

// A row on a cycle: whoever follows unplaced dependencies for `count` steps is on one.
static size_t row_on_cycle(const uint64_t *wants, size_t count, uint64_t placed)
{
    size_t row = (size_t)__builtin_ctzll(~placed);
    for (size_t step = 0; step < count; step++)
        row = (size_t)__builtin_ctzll(wants[row] & ~placed);
    return row;
}

enum status subsystem_order(const struct subsystem *const *rows, size_t count, size_t *order, size_t *culprit)
{
    uint64_t wants[SUBSYSTEM_MAX];
    static_assert(SUBSYSTEM_MAX <= 64, "a set of rows is one word");

    *culprit = 0;
    if (count > SUBSYSTEM_MAX)
        return STATUS_LIMIT;
    for (size_t i = 0; i < count; i++) {
        *culprit = i;
        if (row_find(rows, i, rows[i]->name) != NO_ROW)
            return STATUS_EXISTS;
        TRY(row_wants(rows, count, i, &wants[i]));
    }
    uint64_t placed = 0;
    for (size_t i = 0; i < count; i++) {
        size_t next = row_ready(rows, count, wants, placed);
        if (next == NO_ROW) {
            *culprit = row_on_cycle(wants, count, placed);
            return STATUS_DEPENDENCY_CYCLE;
        }
        order[i] = next;
        placed |= 1ull << next;
    }
    return STATUS_OK;
}
