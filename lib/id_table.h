// SPDX-License-Identifier: MIT
// id_table.h: objects by a number of their own, where numbers are mostly given out in ascending order: found by hash, visited in
// order. Embed a struct id_node in the object. The caller locks.
#pragma once

#include <lib/list.h>
#include <lib/types.h>

enum { ID_BUCKETS = 256 }; // numbers given out one after the other fill them evenly

struct id_node {
    uint64_t id;
    struct id_node *next, **from; // in its bucket; what points here
    struct list_node order;
};

struct id_table {
    struct id_node *bucket[ID_BUCKETS];
    struct list_node order; // ascending
};

#define ID_TABLE(name_) { .order = LIST_HEAD((name_).order) }

// No object of that number is in it. The highest number so far costs some 20 instructions, another a walk back from the highest.
static inline void id_table_add(struct id_table *table, struct id_node *node, uint64_t id)
{
    struct id_node **from = &table->bucket[id % ID_BUCKETS];
    node->id = id;
    node->next = *from;
    node->from = from;
    if (node->next)
        node->next->from = &node->next;
    *from = node;
    struct list_node *before = table->order.previous;
    while (before != &table->order && container_of(before, struct id_node, order)->id > id)
        before = before->previous;
    list_add(before, &node->order);
}

static inline void id_table_remove(struct id_node *node)
{
    *node->from = node->next;
    if (node->next)
        node->next->from = node->from;
    list_remove(&node->order);
}

// nullptr: there is none.
static inline struct id_node *id_table_find(const struct id_table *table, uint64_t id)
{
    struct id_node *node = table->bucket[id % ID_BUCKETS];
    while (node && node->id != id)
        node = node->next;
    return node;
}
