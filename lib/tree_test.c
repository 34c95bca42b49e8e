// SPDX-License-Identifier: MIT
// tree_test.c: order and balance after every change of long pseudo-random sequences.

#include <lib/tree.h>

#include <helix/test.h>

enum { ITEMS = 200, HEIGHT_MOST = 20 }; // 1.82 log2 + 1 of a test's insertions

struct item {
    struct tree_node node;
    uint32_t key, serial;
    bool in;
};

static uint32_t key_of(const struct tree_node *node)
{
    return container_of(node, struct item, node)->key;
}

static int item_compare(const struct tree_node *a, const struct tree_node *b)
{
    return key_of(a) < key_of(b) ? -1 : key_of(a) > key_of(b);
}

// Height of a sound subtree, -1 for one whose ranks or parent links are wrong.
static int32_t sound_height(const struct tree_node *node, const struct tree_node *parent)
{
    if (!node)
        return 0;
    int32_t left = sound_height(node->left, node), right = sound_height(node->right, node);
    bool above = (!node->left || node->left->rank < node->rank) && (!node->right || node->right->rank < node->rank);
    return left >= 0 && right >= 0 && above && node->parent == parent ? MAX(left, right) + 1 : -1;
}

// Nodes in order, 0 when the order is wrong in either direction.
static size_t count_in_order(const struct tree *tree)
{
    size_t forwards = 0, backwards = 0;
    for (struct tree_node *node = tree_first(tree); node; node = tree_next(node), forwards++) {
        struct tree_node *next = tree_next(node);
        if (next && key_of(next) < key_of(node))
            return 0;
    }
    for (struct tree_node *node = tree_last(tree); node; node = tree_previous(node))
        backwards++;
    return forwards == backwards ? forwards : 0;
}

TEST(tree, stays_ordered_and_balanced_through_random_changes)
{
    static struct item items[ITEMS];
    struct tree tree = {};
    uint32_t seed = 1;
    size_t held = 0, wrong = 0;
    for (size_t i = 0; i < ITEMS; i++)
        items[i] = (struct item){};
    for (uint32_t step = 0; step < 4000; step++) {
        seed = seed * 1'664'525 + 1'013'904'223;
        struct item *item = &items[(seed >> 16) % ITEMS];
        if (item->in) {
            tree_remove(&tree, &item->node);
            held--;
        } else {
            item->key = seed >> 8 & 0x3f; // many equals
            tree_insert(&tree, &item->node, item_compare);
            held++;
        }
        item->in = !item->in;
        int32_t height = sound_height(tree.root, nullptr);
        wrong += height < 0 || height > HEIGHT_MOST || count_in_order(&tree) != held;
    }
    CHECK_EQUAL(wrong, 0);
}

TEST(tree, stays_low_when_filled_in_order)
{
    static struct item items[ITEMS];
    struct tree tree = {};
    size_t wrong = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        items[i] = (struct item){ .key = i };
        tree_insert(&tree, &items[i].node, item_compare);
        wrong += sound_height(tree.root, nullptr) < 0;
    }
    CHECK_EQUAL(wrong, 0);
    CHECK(sound_height(tree.root, nullptr) <= 14); // 1.82 log2(200) + 1
}

TEST(tree, puts_equals_behind_those_already_there)
{
    struct item items[20] = {};
    struct tree tree = {};
    for (uint32_t i = 0; i < 20; i++) {
        items[i] = (struct item){ .key = i % 2, .serial = i };
        tree_insert(&tree, &items[i].node, item_compare);
    }
    uint32_t last = 0, wrong = 0;
    for (struct tree_node *node = tree_first(&tree); node && key_of(node) == 0; node = tree_next(node)) {
        uint32_t serial = container_of(node, struct item, node)->serial;
        wrong += serial < last;
        last = serial;
    }
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(last, 18);
}

// Whatever the tree, from the second time on nothing changes but the node itself.
TEST(tree, finds_all_as_it_was_when_a_node_is_put_back)
{
    static struct item items[ITEMS];
    struct tree tree = {};
    size_t moved = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        items[i] = (struct item){ .key = i * 77 % ITEMS * 2 };
        tree_insert(&tree, &items[i].node, item_compare);
        struct item guest = { .key = items[i].key + 1 };
        tree_insert(&tree, &guest.node, item_compare);
        tree_remove(&tree, &guest.node);
        const struct tree_node before = items[i].node, *root = tree.root;
        tree_insert(&tree, &guest.node, item_compare);
        moved += guest.node.left || guest.node.right;
        tree_remove(&tree, &guest.node);
        moved += tree.root != root || items[i].node.parent != before.parent || items[i].node.rank != before.rank;
    }
    CHECK_EQUAL(moved, 0);
}

TEST(tree, has_neither_first_nor_last_when_empty)
{
    struct tree tree = {};
    struct item only = { .key = 3 };
    CHECK(!tree_first(&tree) && !tree_last(&tree));
    tree_insert(&tree, &only.node, item_compare);
    CHECK(tree_first(&tree) == &only.node && tree_last(&tree) == &only.node);
    CHECK(!tree_next(&only.node) && !tree_previous(&only.node));
    tree_remove(&tree, &only.node);
    CHECK(!tree_first(&tree));
}

static bool nothing_to_update(struct tree_node *node)
{
    return false;
}

TEST(tree, builds_a_flat_tree_of_any_number_in_order)
{
    static struct item items[ITEMS];
    size_t wrong = 0;
    for (size_t count = 0; count <= ITEMS; count++) {
        struct tree tree = {};
        for (uint32_t i = 0; i < count; i++)
            items[i] = (struct item){ .key = i, .node.right = i + 1 < count ? &items[i + 1].node : nullptr };
        tree_build(&tree, count ? &items[0].node : nullptr, count, nothing_to_update);
        int32_t height = sound_height(tree.root, nullptr);
        wrong += height < 0 || (height && count < 1u << (height - 1)) || count_in_order(&tree) != count;
    }
    CHECK_EQUAL(wrong, 0);
}

// ---- summaries: the largest weight of a subtree ----

struct weighed {
    struct tree_node node;
    uint32_t weight, largest;
    bool in;
};

static uint32_t largest_of(const struct tree_node *node)
{
    return node ? container_of(node, struct weighed, node)->largest : 0;
}

static uint32_t largest_now(const struct tree_node *node)
{
    return MAX(container_of(node, struct weighed, node)->weight, MAX(largest_of(node->left), largest_of(node->right)));
}

static bool largest_update(struct tree_node *node)
{
    struct weighed *item = container_of(node, struct weighed, node);
    uint32_t before = item->largest;
    item->largest = largest_now(node);
    return item->largest != before;
}

static size_t wrong_summaries(const struct tree *tree)
{
    size_t wrong = 0;
    for (struct tree_node *node = tree_first(tree); node; node = tree_next(node))
        wrong += largest_of(node) != largest_now(node);
    return wrong;
}

TEST(tree, keeps_summaries_right_through_random_changes)
{
    static struct weighed items[ITEMS]; // in the order of their addresses
    struct tree tree = {};
    uint32_t seed = 7;
    size_t wrong = 0;
    for (size_t i = 0; i < ITEMS; i++)
        items[i] = (struct weighed){};
    for (uint32_t step = 0; step < 6000; step++) {
        seed = seed * 1'664'525 + 1'013'904'223;
        size_t which = (seed >> 16) % ITEMS, before = which;
        struct weighed *item = &items[which];
        if (!item->in) {
            while (before > 0 && !items[before - 1].in)
                before--;
            item->weight = seed >> 8 & 0xff;
            item->largest = item->weight;
            tree_insert_after(&tree, before > 0 ? &items[before - 1].node : nullptr, &item->node, largest_update);
            item->in = true;
        } else if (seed & 1) {
            tree_remove_updating(&tree, &item->node, largest_update);
            item->in = false;
        } else {
            item->weight = seed >> 8 & 0xff;
            tree_updated(&item->node, largest_update);
        }
        wrong += sound_height(tree.root, nullptr) < 0 || wrong_summaries(&tree);
        for (struct tree_node *node = tree_first(&tree), *next; node; node = next) {
            next = tree_next(node);
            wrong += next && next < node;
        }
    }
    CHECK_EQUAL(wrong, 0);
}

TEST(tree, sums_up_what_it_builds)
{
    static struct weighed items[ITEMS];
    size_t wrong = 0;
    for (size_t count = 1; count <= ITEMS; count += 7) {
        struct tree tree = {};
        for (uint32_t i = 0; i < count; i++)
            items[i] = (struct weighed){ .weight = i * 37 % 101, .node.right = i + 1 < count ? &items[i + 1].node : nullptr };
        tree_build(&tree, &items[0].node, count, largest_update);
        wrong += wrong_summaries(&tree);
    }
    CHECK_EQUAL(wrong, 0);
}
