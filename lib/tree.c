// SPDX-License-Identifier: MIT
// tree.c: balance without work at removals, and with some patience: a relaxed AVL tree (after Sen and Tarjan, "Deletion without
// rebalancing in balanced binary trees").
//
// Every node has a rank, larger than its children's; a new leaf has 1, a missing child 0. An insertion that leaves a child with its
// parent's rank raises ranks upwards as long as the other child is at most PATIENCE lower, and ends with at most two turns. A removal
// changes no rank and turns nothing, so what is put back where something was taken out finds all as it was. (With a patience of one, as in
// the paper, a leaf that is put in and taken out again and again could be turned up each time.) A node of rank n stood over at least
// N(n - 1) + N(n - 3) insertions, so the height is at most 1.82 log2 + 1 of those made since the tree was last empty.
// Summaries are made anew from the place of a change upwards.

#include <lib/tree.h>

enum { PATIENCE = 2 };

static int32_t rank_of(const struct tree_node *node)
{
    return node ? node->rank : 0;
}

// Puts `next` (or nothing) where `old` hangs below `parent`; nullptr: at the root.
static void child_replace(struct tree *tree, struct tree_node *parent, const struct tree_node *old, struct tree_node *next)
{
    if (!parent)
        tree->root = next;
    else if (parent->left == old)
        parent->left = next;
    else
        parent->right = next;
    if (next)
        next->parent = parent;
}

// `riser`, a child of `node`, takes its place, with `node` as its child.
static void rise(struct tree *tree, struct tree_node *node, struct tree_node *riser)
{
    struct tree_node *inner;
    child_replace(tree, node->parent, node, riser);
    if (node->left == riser) {
        inner = node->left = riser->right;
        riser->right = node;
    } else {
        inner = node->right = riser->left;
        riser->left = node;
    }
    if (inner)
        inner->parent = node;
    node->parent = riser;
}

// `node` has the rank of its child `high`, and a lower child beside that. Returns the root that the subtree has when it is balanced.
static struct tree_node *turn(struct tree *tree, struct tree_node *node, struct tree_node *high, tree_update *update)
{
    struct tree_node *inner = node->left == high ? high->right : high->left, *top = high;
    if (rank_of(inner) == high->rank - 1) {
        rise(tree, high, inner);
        inner->rank++;
        high->rank--;
        top = inner;
    }
    rise(tree, node, top);
    node->rank--;
    if (update) {
        (void)update(node);
        (void)update(high);
        (void)update(top);
    }
    return top;
}

// `child`, a leaf, was put below `node`, whose rank is 1 too. Returns the root of the subtree that was turned, nullptr: none.
static struct tree_node *balance_upwards(struct tree *tree, struct tree_node *node, struct tree_node *child, tree_update *update)
{
    for (; node && node->rank == child->rank; child = node, node = node->parent) {
        const struct tree_node *other = node->left == child ? node->right : node->left;
        if (rank_of(other) < node->rank - PATIENCE)
            return turn(tree, node, child, update);
        node->rank++;
    }
    return nullptr;
}

// Makes the sums of `node` and those above it anew: up to `known_to_change`, which is among them, in any case, and then as far as that changes them.
static inline void sums_renew(struct tree_node *node, const struct tree_node *known_to_change, tree_update *update)
{
    while (node) {
        if (!update(node) && !known_to_change)
            return;
        known_to_change = node == known_to_change ? nullptr : known_to_change;
        node = node->parent;
    }
}

void tree_insert(struct tree *tree, struct tree_node *node, tree_compare *compare)
{
    struct tree_node **link = &tree->root;
    struct tree_node *parent = nullptr;
    while (*link) {
        parent = *link;
        link = compare(node, parent) < 0 ? &parent->left : &parent->right;
    }
    *node = (struct tree_node){ .parent = parent, .rank = 1 };
    *link = node;
    (void)balance_upwards(tree, parent, node, nullptr);
}

static struct tree_node *leftmost(struct tree_node *node)
{
    while (node && node->left)
        node = node->left;
    return node;
}

void tree_insert_after(struct tree *tree, struct tree_node *previous, struct tree_node *node, tree_update *update)
{
    struct tree_node *parent = previous && !previous->right ? previous : leftmost(previous ? previous->right : tree->root);
    *node = (struct tree_node){ .parent = parent, .rank = 1 };
    if (!parent)
        tree->root = node;
    else if (parent == previous)
        parent->right = node;
    else
        parent->left = node;
    const struct tree_node *turned = parent && parent->rank == 1 ? balance_upwards(tree, parent, node, update) : nullptr;
    sums_renew(parent, turned, update);
}

// Takes `count` nodes off the chain. As deep as the tree becomes high.
static struct tree_node *build(struct tree_node **chain, size_t count, struct tree_node *parent, tree_update *update)
{
    if (!count)
        return nullptr;
    struct tree_node *left = build(chain, count / 2, nullptr, update), *node = *chain;
    *chain = node->right;
    node->parent = parent;
    node->left = left;
    if (left)
        left->parent = node;
    node->right = build(chain, count - count / 2 - 1, node, update);
    node->rank = rank_of(left) + 1; // the left one is never the smaller
    (void)update(node);
    return node;
}

void tree_build(struct tree *tree, struct tree_node *first, size_t count, tree_update *update)
{
    tree->root = build(&first, count, nullptr, update);
}

// `node` has two children: its in-order successor, which has no left child, takes its place.
[[gnu::noinline]] static void remove_inner(struct tree *tree, struct tree_node *node, tree_update *update)
{
    struct tree_node *successor = leftmost(node->right);
    struct tree_node *changed = successor->parent == node ? successor : successor->parent;
    child_replace(tree, successor->parent, successor, successor->right);

    successor->left = node->left;
    successor->right = node->right;
    successor->rank = node->rank;
    successor->left->parent = successor;
    if (successor->right)
        successor->right->parent = successor;
    child_replace(tree, node->parent, node, successor);
    if (update)
        sums_renew(changed, successor, update); // whose sum was made for another place
}

void tree_remove_updating(struct tree *tree, struct tree_node *node, tree_update *update)
{
    if (UNLIKELY(node->left && node->right)) {
        remove_inner(tree, node, update);
        return;
    }
    struct tree_node *parent = node->parent;
    child_replace(tree, parent, node, node->left ? node->left : node->right);
    if (update)
        tree_updated(parent, update);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    tree_remove_updating(tree, node, nullptr);
}

struct tree_node *tree_first(const struct tree *tree)
{
    return leftmost(tree->root);
}

struct tree_node *tree_last(const struct tree *tree)
{
    struct tree_node *node = tree->root;
    while (node && node->right)
        node = node->right;
    return node;
}

struct tree_node *tree_next(const struct tree_node *node)
{
    if (node->right)
        return leftmost(node->right);
    while (node->parent && node->parent->right == node)
        node = node->parent;
    return node->parent;
}

struct tree_node *tree_previous(const struct tree_node *node)
{
    if (node->left) {
        struct tree_node *previous = node->left;
        while (previous->right)
            previous = previous->right;
        return previous;
    }
    while (node->parent && node->parent->left == node)
        node = node->parent;
    return node->parent;
}
