// SPDX-License-Identifier: MIT
// tree.c: AVL balance with some patience. After a change, heights are put right from the place of the change upwards; a node whose
// subtrees differ by three is turned. Had it been two, as in the books, something put in and taken out again and again could
// turn the same node each time; now what a change turned, its opposite leaves alone. Summaries are made anew on the same way.

#include <lib/tree.h>

enum { LEAN_MOST = 2 };

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
    if (update) {
        (void)update(node);
        (void)update(riser);
    }
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
    if (update) {
        (void)update(node);
        (void)update(riser);
    }
    return riser;
}

// The subtrees of `node` are balanced and differ by one more than they may. Returns the root that the subtree has when it is balanced.
[[gnu::noinline]] static struct tree_node *balance_node(struct tree *tree, struct tree_node *node, tree_update *update)
{
    if (height_of(node->left) > height_of(node->right)) {
        if (height_of(node->left->left) < height_of(node->left->right))
            turn_left(tree, node->left, update);
        return turn_right(tree, node, update);
    }
    if (height_of(node->right->right) < height_of(node->right->left))
        turn_right(tree, node->right, update);
    return turn_left(tree, node, update);
}

// Stops where a subtree has the height it had: nothing above can have changed. Returns the highest root of a subtree that was turned.
static struct tree_node *balance_upwards(struct tree *tree, struct tree_node *node, tree_update *update)
{
    struct tree_node *turned = nullptr;
    while (node) {
        int32_t left = height_of(node->left), right = height_of(node->right), before = node->height;
        if (UNLIKELY(left - right > LEAN_MOST || right - left > LEAN_MOST))
            node = turned = balance_node(tree, node, update);
        else
            node->height = MAX(left, right) + 1;
        if (node->height == before)
            break;
        node = node->parent;
    }
    return turned;
}

// Makes the sums of `node` and those above it anew: up to `first` and `second`, which are among them, in any case, and then as far
// as that changes them. (The sum of a root that was turned has nothing to be compared with: the node above it decides.)
static void sums_renew(struct tree_node *node, const struct tree_node *first, const struct tree_node *second, tree_update *update)
{
    while (node) {
        if (!update(node) && !first && !second)
            return;
        first = node == first ? nullptr : first;
        second = node == second ? nullptr : second;
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
    (void)balance_upwards(tree, parent, nullptr);
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
    (void)update(node);
    struct tree_node *turned = parent && parent->height == 1 ? balance_upwards(tree, parent, update) : nullptr;
    sums_renew(parent, turned, nullptr, update);
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
    node->height = height_of(left) + 1; // the left one is never the smaller
    (void)update(node);
    return node;
}

void tree_build(struct tree *tree, struct tree_node *first, size_t count, tree_update *update)
{
    tree->root = build(&first, count, nullptr, update);
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
    struct tree_node *turned = balance_upwards(tree, changed, update);
    if (update)
        sums_renew(changed, turned, successor, update); // whose sum was made for another place
}

void tree_remove_updating(struct tree *tree, struct tree_node *node, tree_update *update)
{
    if (node->left && node->right) {
        remove_inner(tree, node, update);
        return;
    }
    struct tree_node *parent = node->parent;
    child_replace(tree, parent, node, node->left ? node->left : node->right);
    struct tree_node *turned = balance_upwards(tree, parent, update);
    if (update)
        sums_renew(parent, turned, nullptr, update);
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
