// SPDX-License-Identifier: MIT
// tree.h: an intrusive balanced (relaxed AVL) binary search tree. The user walks down and compares; the tree keeps balance.
//
// Insert, remove and find cost O(log m), m being the insertions since the tree was last empty; first/next amortised O(1). A removal
// balances nothing.
// Not locked: the owner's lock covers a tree.
#pragma once

#include <lib/types.h>

struct tree_node {
    struct tree_node *parent, *left, *right;
    int32_t rank; // more than its children's; 1 for a new leaf
};

struct tree {
    struct tree_node *root;
};

// Negative: `a` sorts before `b`; positive: after; 0: equal.
typedef int tree_compare(const struct tree_node *a, const struct tree_node *b);

// Puts `node` in its place; equals go after those already there. The node stays the caller's.
void tree_insert(struct tree *tree, struct tree_node *node, tree_compare *compare);

// Takes `node`, which must be in the tree, out of it.
void tree_remove(struct tree *tree, struct tree_node *node);

// ---- trees whose nodes sum up what hangs below them ----
//
// `update` makes a node's summary anew from the node itself and its two children, and says whether that changed it. The tree calls
// it for nodes whose subtree changed, from the bottom up, as far as that makes a difference; for plain trees never.
typedef bool tree_update(struct tree_node *node);

// Puts `node`, whose summary is that of a leaf, right behind `previous` (nullptr: before all others).
void tree_insert_after(struct tree *tree, struct tree_node *previous, struct tree_node *node, tree_update *update);

// Makes an empty tree of `count` nodes in their order, chained by `right` from `first`, as flat as can be: O(count), without a comparison.
void tree_build(struct tree *tree, struct tree_node *first, size_t count, tree_update *update);

// As tree_remove.
void tree_remove_updating(struct tree *tree, struct tree_node *node, tree_update *update);

// What the summary of `node` is made from has changed: makes it anew, and those above it as far as that changes them.
static inline void tree_updated(struct tree_node *node, tree_update *update)
{
    while (node && update(node))
        node = node->parent;
}

// Smallest / largest node, nullptr in an empty tree.
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_last(const struct tree *tree);

// In-order neighbours, nullptr at the ends.
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_previous(const struct tree_node *node);
