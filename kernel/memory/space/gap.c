// SPDX-License-Identifier: MIT
// gap.c: where in an address space there is room: the highest free range below `map_top` that is large enough.
//
// Rooms between regions stand in the tree, each with the region above it (region.c); the one that ends at map_top is looked at
// first. Then the way up from there and down into the first subtree that has enough is as long as the tree is high, whatever is mapped.
#include "space.h"

#include <arch/user.h>

// What a large mapping prefers to begin at a multiple of: with a whole GiB of its own it shares no upper page table with its neighbours,
// and a write to them after a fork copies nothing of its table.
enum : uint64_t { LARGE_PAGE = 2 * MIB, LARGE_TABLE = 1 * GIB };

// The highest region of a subtree with a gap of at least `size`, nullptr if none. As deep as the tree is high. Up to GAP_COUNTED the
// first subtree that promises one has it; beyond, each room of that size and more may be looked at: some thousands at the very most.
static struct region *highest_gap(struct tree_node *node, uint64_t size)
{
    uint64_t counted = MIN(size, GAP_COUNTED);
    while (node && region_of(node)->largest_gap >= counted) {
        struct region *right = highest_gap(node->right, size);
        if (right)
            return right;
        if (region_of(node)->gap >= size)
            return region_of(node);
        node = node->left;
    }
    return nullptr;
}

// The highest of `region` and those before it with a gap of at least `size`, nullptr if none.
static struct region *highest_gap_before(struct region *region, uint64_t size)
{
    struct tree_node *node = region ? &region->node : nullptr;
    while (node) {
        if (region_of(node)->gap >= size)
            return region_of(node);
        struct region *left = highest_gap(node->left, size);
        if (left)
            return left;
        while (node->parent && node->parent->left == node)
            node = node->parent;
        node = node->parent;
    }
    return nullptr;
}

bool space_find_gap(struct space *space, uint64_t size, struct room *room)
{
    struct region *below = region_floor(space, space->map_top - 1);
    struct region *above = below ? region_next(below) : region_of(tree_first(&space->regions));
    uint64_t bottom = below ? MAX(below->end, SPACE_LOWEST) : SPACE_LOWEST;
    uint64_t top = above ? MIN(space->map_top, region_low(above)) : space->map_top;
    if (top < bottom || top - bottom < size) {
        above = highest_gap_before(below, size);
        if (!above)
            return false;
        top = region_low(above);
        below = region_previous(above);
    }
    *room = (struct room){ top - size, below, above };
    return true;
}

// With the slack that a preferred block needs; without it when there is not that much room.
static bool gap_at_block(struct space *space, uint64_t size, uint64_t block, struct room *room) MUST_SHARE(space->lock)
{
    if (size < block || !space_find_gap(space, size + block - PAGE_SIZE, room))
        return false;
    room->at = align_down(room->at + block - PAGE_SIZE, block);
    return true;
}

bool space_find_large_gap(struct space *space, uint64_t size, struct room *room)
{
    if (size >= LARGE_PAGE && (gap_at_block(space, size, LARGE_TABLE, room) || gap_at_block(space, size, LARGE_PAGE, room)))
        return true;
    return space_find_gap(space, size, room);
}

bool space_room_at(struct space *space, uint64_t from, uint64_t to, struct room *room)
{
    struct region *below = region_floor(space, from);
    if (below && below->end > from)
        return false;
    struct region *above = below ? region_next(below) : region_of(tree_first(&space->regions));
    *room = (struct room){ from, below, above };
    return !above || region_low(above) >= to;
}
