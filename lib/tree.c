// SPDX-License-Identifier: MIT
// tree.c: AVL balance. After a change, heights are put right from the place of the change upwards; a node whose
// subtrees differ by two is turned.

#include <lib/tree.h>

static int32_t height_of(const struct tree_node *node)
{
    return node ? node->height : 0;
}

static void height_update(struct tree_node *node)
{
    node->height = MAX(height_of(node->left), height_of(node->right)) + 1;
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

// The right child rises above `node`. Returns what now stands in its place.
static struct tree_node *turn_left(struct tree *tree, struct tree_node *node)
{
    struct tree_node *riser = node->right;
    child_replace(tree, node->parent, node, riser);
    node->right = riser->left;
    if (node->right)
        node->right->parent = node;
    riser->left = node;
    node->parent = riser;
    height_update(node);
    height_update(riser);
    return riser;
}

static struct tree_node *turn_right(struct tree *tree, struct tree_node *node)
{
    struct tree_node *riser = node->left;
    child_replace(tree, node->parent, node, riser);
    node->left = riser->right;
    if (node->left)
        node->left->parent = node;
    riser->right = node;
    node->parent = riser;
    height_update(node);
    height_update(riser);
    return riser;
}

// Makes the subtree at `node` balanced when its own subtrees are. Returns its root.
static struct tree_node *balance_node(struct tree *tree, struct tree_node *node)
{
    int32_t lean = height_of(node->left) - height_of(node->right);
    if (lean > 1) {
        if (height_of(node->left->left) < height_of(node->left->right))
            turn_left(tree, node->left);
        return turn_right(tree, node);
    }
    if (lean < -1) {
        if (height_of(node->right->right) < height_of(node->right->left))
            turn_right(tree, node->right);
        return turn_left(tree, node);
    }
    height_update(node);
    return node;
}

// Stops where a subtree has the height it had: nothing above can have changed.
static void balance_upwards(struct tree *tree, struct tree_node *node)
{
    while (node) {
        int32_t before = node->height;
        node = balance_node(tree, node);
        if (node->height == before)
            return;
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
    *node = (struct tree_node){ .parent = parent, .height = 1 };
    *link = node;
    balance_upwards(tree, parent);
}

// `node` has two children: its in-order successor, which has no left child, takes its place.
static void remove_inner(struct tree *tree, struct tree_node *node)
{
    struct tree_node *successor = node->right;
    while (successor->left)
        successor = successor->left;
    struct tree_node *changed = successor->parent == node ? successor : successor->parent;
    child_replace(tree, successor->parent, successor, successor->right);

    successor->left = node->left;
    successor->right = node->right;
    successor->height = node->height;
    successor->left->parent = successor;
    if (successor->right)
        successor->right->parent = successor;
    child_replace(tree, node->parent, node, successor);
    balance_upwards(tree, changed);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    if (node->left && node->right) {
        remove_inner(tree, node);
        return;
    }
    struct tree_node *parent = node->parent;
    child_replace(tree, parent, node, node->left ? node->left : node->right);
    balance_upwards(tree, parent);
}

struct tree_node *tree_first(const struct tree *tree)
{
    struct tree_node *node = tree->root;
    while (node && node->left)
        node = node->left;
    return node;
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
    if (node->right) {
        struct tree_node *next = node->right;
        while (next->left)
            next = next->left;
        return next;
    }
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
