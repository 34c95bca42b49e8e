// SPDX-License-Identifier: MIT
// list.h: an intrusive doubly linked list. A head and a node are the same struct; an empty head points at itself.
#pragma once

#include <lib/types.h>

struct list_node {
    struct list_node *next, *previous;
};

#define LIST_HEAD(name_) { &(name_), &(name_) }

// Makes a head an empty list, and a node one that is in no list.
static inline void list_init(struct list_node *head)
{
    head->next = head->previous = head;
}

static inline bool list_empty(const struct list_node *head)
{
    return head->next == head;
}

static inline void list_insert_between(struct list_node *node, struct list_node *before, struct list_node *after)
{
    node->previous = before;
    node->next = after;
    before->next = node;
    after->previous = node;
}

// At the front; list_add_tail: at the end. The node is in no list before.
static inline void list_add(struct list_node *head, struct list_node *node)
{
    list_insert_between(node, head, head->next);
}

static inline void list_add_tail(struct list_node *head, struct list_node *node)
{
    list_insert_between(node, head->previous, head);
}

// Leaves the node an empty list of its own, so removing twice is harmless.
static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}

// Whether the node is in a list (it must have been initialised once).
static inline bool list_linked(const struct list_node *node)
{
    return node->next != node;
}

// Removes and returns the first node, nullptr when there is none.
static inline struct list_node *list_take(struct list_node *head)
{
    if (list_empty(head))
        return nullptr;
    struct list_node *node = head->next;
    list_remove(node);
    return node;
}

// Moves everything in `from` to the end of `to`, in constant time.
static inline void list_splice_tail(struct list_node *to, struct list_node *from)
{
    if (list_empty(from))
        return;
    from->next->previous = to->previous;
    to->previous->next = from->next;
    from->previous->next = to;
    to->previous = from->previous;
    list_init(from);
}

#define list_for_each(node_, head_) for (struct list_node *node_ = (head_)->next; node_ != (head_); node_ = node_->next)

// As list_for_each, and the body may remove `node_`.
#define list_for_each_safe(node_, head_)                                                         \
    for (struct list_node *node_ = (head_)->next, *next_##node_ = node_->next; node_ != (head_); \
         node_ = next_##node_, next_##node_ = node_->next)
