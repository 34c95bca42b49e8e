// SPDX-License-Identifier: MIT
// tree.c: AVL balance. After a change, heights are put right from the place of the change upwards; a node whose
// subtrees differ by two is turned. Summaries are made anew on the same way.

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

static bool summary_update(struct tree_node *node, tree_update *update)
{
    return update && update(node);
}

// The right child rises above `node`. Returns what now stands in its place.
static struct tree_node *turn_left(struct tree *tree, struct tree_node *node, tree_update *update)
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
    (void)summary_update(node, update);
    (void)summary_update(riser, update);
    return riser;
}

static struct tree_node *turn_right(struct tree *tree, struct tree_node *node, tree_update *update)
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
    (void)summary_update(node, update);
    (void)summary_update(riser, update);
    return riser;
}

// Makes the subtree at `node`, whose subtrees differ by two at most and are balanced, balanced. Returns its root.
static struct tree_node *balance_node(struct tree *tree, struct tree_node *node, tree_update *update)
{
    int32_t lean = height_of(node->left) - height_of(node->right);
    if (lean > 1) {
        if (height_of(node->left->left) < height_of(node->left->right))
            turn_left(tree, node->left, update);
        return turn_right(tree, node, update);
    }
    if (lean < -1) {
        if (height_of(node->right->right) < height_of(node->right->left))
            turn_right(tree, node->right, update);
        return turn_left(tree, node, update);
    }
    height_update(node);
    return node;
}

// Stops where a subtree has the height and the summary it had: nothing above can have changed. After a turn the new root's summary
// has nothing to be compared with, so the node above decides.
static void balance_upwards(struct tree *tree, struct tree_node *node, tree_update *update)
{
    while (node) {
        int32_t before = node->height;
        struct tree_node *root = balance_node(tree, node, update);
        bool changed = root != node ? update != nullptr : summary_update(node, update);
        if (root->height == before && !changed)
            return;
        node = root->parent;
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
    balance_upwards(tree, parent, nullptr);
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
    *node = (struct tree_node){ .parent = parent, .height = 1 };
    if (!parent)
        tree->root = node;
    else if (parent == previous)
        parent->right = node;
    else
        parent->left = node;
    (void)summary_update(node, update);
    balance_upwards(tree, parent, update);
}

// `node` has two children: its in-order successor, which has no left child, takes its place.
static void remove_inner(struct tree *tree, struct tree_node *node, tree_update *update)
{
    struct tree_node *successor = leftmost(node->right);
    struct tree_node *changed = successor->parent == node ? successor : successor->parent;
    child_replace(tree, successor->parent, successor, successor->right);

    successor->left = node->left;
    successor->right = node->right;
    successor->height = node->height;
    successor->left->parent = successor;
    if (successor->right)
        successor->right->parent = successor;
    child_replace(tree, node->parent, node, successor);
    balance_upwards(tree, changed, update);
    if (update) {
        (void)update(successor); // its summary was made for another place: the node above decides
        tree_updated(successor->parent, update);
    }
}

void tree_remove_updating(struct tree *tree, struct tree_node *node, tree_update *update)
{
    if (node->left && node->right) {
        remove_inner(tree, node, update);
        return;
    }
    struct tree_node *parent = node->parent;
    child_replace(tree, parent, node, node->left ? node->left : node->right);
    balance_upwards(tree, parent, update);
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
