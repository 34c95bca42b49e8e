// SPDX-License-Identifier: MIT
// device_tree.c: the flattened device tree, read where the loader left it (Devicetree Specification 0.4, chapters 2 and 5).
//
// Purpose     Say what machine this is, from bytes of which every one may be wrong.
// How         The structure block is a run of tokens: a node begins, a property, a node ends, padding, the end. Opening reads all of
//             them once and refuses what breaks a rule. Every question afterwards is a walk over the same tokens by the same
//             checked reader.
// Invariants  Nothing outside the blob is read; nothing is read that is wider than a byte, so no alignment is asked for. The strings
//             block ends with a terminator, so every name in it does. No recursion: what has to be kept of the way down is an
//             array of DEVICE_TREE_DEPTH_MAX nodes.
// Cost        A question takes one walk of the tree, or of the node that it is about. References (phandles) are found in a small
//             table made by opening; a tree that has too many for it costs a walk for each, and only so many are done.
// Not here    Interrupt maps of PCI bridges, ranges of DMA, overlays.

#include <lib/device_tree.h>

#include <lib/string.h>

enum : uint32_t { MAGIC = 0xd00dfeed, VERSION_LEAST = 16, VERSION_SIZED = 17, HANDLE_NONE = UINT32_MAX };
enum { CELL = 4, RESERVATION = 16, CELLS_MAX = 4, ALIAS_MAX = 64, SEARCHES_MAX = 64 };

enum header_field : uint32_t {
    HEADER_MAGIC = 0,
    HEADER_TOTAL = 4,
    HEADER_STRUCTURE = 8,
    HEADER_STRINGS = 12,
    HEADER_RESERVATIONS = 16,
    HEADER_VERSION = 20,
    HEADER_VERSION_COMPATIBLE = 24,
    HEADER_STRINGS_SIZE = 32,
    HEADER_STRUCTURE_SIZE = 36, // from version 17 on
};

enum token_kind : uint32_t { TOKEN_BROKEN, TOKEN_BEGIN, TOKEN_END, TOKEN_PROPERTY, TOKEN_PADDING, TOKEN_LAST = 9 };

struct token {
    enum token_kind kind;
    uint32_t at, next;    // offsets of it and of what follows
    uint32_t name;        // of a property: in the strings block
    uint32_t value, size; // of a property, and the name of a node without its terminator
};

static uint32_t cell_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t pair_at(const uint8_t *bytes)
{
    return (uint64_t)cell_at(bytes) << 32 | cell_at(bytes + CELL);
}

// ---- tokens ----

static struct token token_node(const struct device_tree *tree, uint32_t at, uint32_t end)
{
    uint32_t name = at + CELL, room = end - name;
    uint32_t length = (uint32_t)string_length_bounded((const char *)tree->bytes + name, room);
    uint32_t next = (uint32_t)align_up((uint64_t)name + length + 1, CELL);
    if (length == room || next > end)
        return (struct token){};
    return (struct token){ .kind = TOKEN_BEGIN, .at = at, .next = next, .value = name, .size = length };
}

static struct token token_property(const struct device_tree *tree, uint32_t at, uint32_t end)
{
    if (end - at < 3 * CELL)
        return (struct token){};
    uint32_t size = cell_at(tree->bytes + at + CELL), name = cell_at(tree->bytes + at + 2 * CELL), value = at + 3 * CELL;
    if (size > end - value || name >= tree->strings_size || align_up((uint64_t)value + size, CELL) > end)
        return (struct token){};
    uint32_t next = (uint32_t)align_up((uint64_t)value + size, CELL);
    return (struct token){ .kind = TOKEN_PROPERTY, .at = at, .next = next, .name = name, .value = value, .size = size };
}

// The token at `at` or behind the padding there. TOKEN_BROKEN: there is none that holds.
static struct token token_read(const struct device_tree *tree, uint32_t at)
{
    uint32_t end = tree->structure + tree->structure_size;
    while (at < end && end - at >= CELL) {
        uint32_t kind = cell_at(tree->bytes + at);
        if (kind == TOKEN_BEGIN)
            return token_node(tree, at, end);
        if (kind == TOKEN_PROPERTY)
            return token_property(tree, at, end);
        if (kind == TOKEN_END || kind == TOKEN_LAST)
            return (struct token){ .kind = (enum token_kind)kind, .at = at, .next = at + CELL };
        if (kind != TOKEN_PADDING)
            break;
        at += CELL;
    }
    return (struct token){};
}

// What follows the beginning of `node`: its first property, its first child or its end.
static struct token token_inside(const struct device_tree *tree, struct device_node node)
{
    struct token begin = token_read(tree, node.at);
    return begin.kind == TOKEN_BEGIN ? token_read(tree, begin.next) : (struct token){};
}

static bool token_goes_on(struct token token)
{
    return token.kind != TOKEN_BROKEN && token.kind != TOKEN_LAST;
}

// ---- opening ----

static uint32_t header_field(const void *bytes, enum header_field at)
{
    return cell_at((const uint8_t *)bytes + at);
}

// Behind the header, as version 16 has it, and within the whole.
static bool extent_holds(uint32_t start, uint32_t size, uint32_t whole)
{
    return start >= HEADER_STRUCTURE_SIZE && start <= whole && size <= whole - start;
}

uint32_t device_tree_size(const void *bytes, size_t size)
{
    if (size < DEVICE_TREE_HEADER_SIZE || header_field(bytes, HEADER_MAGIC) != MAGIC)
        return 0;
    uint32_t total = header_field(bytes, HEADER_TOTAL);
    return total >= DEVICE_TREE_HEADER_SIZE && total <= DEVICE_TREE_SIZE_MAX ? total : 0;
}

static enum status header_check(const void *bytes, size_t size)
{
    if (size < DEVICE_TREE_HEADER_SIZE || header_field(bytes, HEADER_MAGIC) != MAGIC)
        return STATUS_BAD_FORMAT;
    if (header_field(bytes, HEADER_TOTAL) > DEVICE_TREE_SIZE_MAX)
        return STATUS_TOO_LONG;
    if (header_field(bytes, HEADER_TOTAL) > size || header_field(bytes, HEADER_TOTAL) < DEVICE_TREE_HEADER_SIZE)
        return STATUS_BAD_FORMAT;
    bool known = header_field(bytes, HEADER_VERSION) >= VERSION_LEAST && header_field(bytes, HEADER_VERSION_COMPATIBLE) <= VERSION_SIZED;
    return known ? STATUS_OK : STATUS_BAD_FORMAT;
}

// Where the blocks lie. The strings end with their last terminator: names behind it would have none.
static enum status blocks_find(struct device_tree *tree, uint32_t total)
{
    const uint8_t *bytes = tree->bytes;
    tree->structure = header_field(bytes, HEADER_STRUCTURE);
    tree->strings = header_field(bytes, HEADER_STRINGS);
    tree->strings_size = header_field(bytes, HEADER_STRINGS_SIZE);
    if (tree->structure > total || !is_aligned(tree->structure, CELL) || !extent_holds(tree->strings, tree->strings_size, total))
        return STATUS_BAD_FORMAT;
    bool sized = header_field(bytes, HEADER_VERSION) >= VERSION_SIZED;
    tree->structure_size = sized ? header_field(bytes, HEADER_STRUCTURE_SIZE) : total - tree->structure;
    if (!extent_holds(tree->structure, tree->structure_size, total))
        return STATUS_BAD_FORMAT;
    while (tree->strings_size && bytes[tree->strings + tree->strings_size - 1])
        tree->strings_size--;
    return STATUS_OK;
}

static enum status reservations_check(struct device_tree *tree, uint32_t total)
{
    tree->reservations = header_field(tree->bytes, HEADER_RESERVATIONS);
    tree->reservation_count = 0;
    for (uint32_t at = tree->reservations; extent_holds(at, RESERVATION, total); at += RESERVATION) {
        if (!pair_at(tree->bytes + at) && !pair_at(tree->bytes + at + 8))
            return STATUS_OK;
        tree->reservation_count++;
    }
    return STATUS_BAD_FORMAT;
}

static uint32_t handle_of(const struct device_tree *tree, struct device_node node)
{
    struct device_property property;
    uint32_t handle;
    bool named = device_tree_property(tree, node, "phandle", &property) || device_tree_property(tree, node, "linux,phandle", &property);
    if (!named || property.size != CELL || !device_property_cell(property, 0, &handle) || handle == HANDLE_NONE)
        return 0;
    return handle;
}

// How many cells an interrupt of this controller takes; 0: it is none that can be named.
static uint32_t interrupt_cells(const struct device_tree *tree, struct device_node node)
{
    uint64_t cells;
    struct device_property property;
    if (!device_tree_property(tree, node, "interrupt-controller", &property) ||
        !device_tree_figure(tree, node, "#interrupt-cells", &cells) || cells > CELLS_MAX)
        return 0;
    return (uint32_t)cells;
}

// The first of two nodes with one handle is meant, here and in searches.
static void handle_keep(struct device_tree *tree, struct device_node node)
{
    uint32_t handle = handle_of(tree, node);
    struct device_handle *slot = &tree->handles[handle % DEVICE_TREE_HANDLES];
    if (!handle || slot->handle == handle)
        return;
    if (slot->handle)
        tree->handles_lost = true;
    else
        *slot = (struct device_handle){ .handle = handle, .node = node.at, .interrupt_cells = (uint8_t)interrupt_cells(tree, node) };
}

// Reads every token: one root, properties before children, what begins ends, and the end where it should be.
static enum status structure_check(struct device_tree *tree)
{
    uint32_t depth = 0;
    struct device_node open = {}; // the node whose properties are being read
    struct token token = { .next = tree->structure };
    do {
        token = token_read(tree, token.next);
        if (token.kind == TOKEN_BROKEN || (token.kind == TOKEN_PROPERTY && !open.at) || (token.kind == TOKEN_END && !depth) ||
            (token.kind == TOKEN_BEGIN && !depth && tree->nodes) || (token.kind == TOKEN_LAST && (depth || !tree->nodes)))
            return STATUS_BAD_FORMAT;
        if (token.kind == TOKEN_BEGIN && depth == DEVICE_TREE_DEPTH_MAX)
            return STATUS_TOO_LONG;
        if (token.kind != TOKEN_PROPERTY && open.at) {
            handle_keep(tree, open);
            open.at = 0;
        }
        if (token.kind == TOKEN_BEGIN) {
            open.at = token.at;
            depth++;
            tree->nodes++;
        } else if (token.kind == TOKEN_END) {
            depth--;
        }
    } while (token.kind != TOKEN_LAST);
    tree->structure_size = token.next - tree->structure;
    return STATUS_OK;
}

// The root begins where the structure does, from now on.
static void padding_skip(struct device_tree *tree)
{
    uint32_t root = token_read(tree, tree->structure).at;
    if (root) {
        tree->structure_size -= root - tree->structure;
        tree->structure = root;
    }
}

// The end of the last block as the header states it, and of what of the structure was read.
static uint32_t blocks_end(const struct device_tree *tree)
{
    uint32_t reservations = tree->reservations + (tree->reservation_count + 1) * RESERVATION;
    uint32_t strings = tree->strings + header_field(tree->bytes, HEADER_STRINGS_SIZE);
    uint32_t structure = tree->structure + tree->structure_size;
    if (header_field(tree->bytes, HEADER_VERSION) >= VERSION_SIZED)
        structure = header_field(tree->bytes, HEADER_STRUCTURE) + header_field(tree->bytes, HEADER_STRUCTURE_SIZE);
    return MAX(MAX(reservations, strings), MAX(structure, (uint32_t)DEVICE_TREE_HEADER_SIZE));
}

enum status device_tree_open(struct device_tree *tree, const void *bytes, size_t size)
{
    *tree = (struct device_tree){ .bytes = bytes };
    TRY(header_check(bytes, size));
    uint32_t total = header_field(bytes, HEADER_TOTAL);
    TRY(blocks_find(tree, total));
    TRY(reservations_check(tree, total));
    padding_skip(tree);
    TRY(structure_check(tree));
    tree->size = blocks_end(tree);
    return STATUS_OK;
}

// ---- from node to node ----

struct device_node device_tree_root(const struct device_tree *tree)
{
    return (struct device_node){ tree->structure };
}

static bool token_is_node(struct token token, struct device_node *found)
{
    if (token.kind != TOKEN_BEGIN)
        return false;
    found->at = token.at;
    return true;
}

bool device_tree_child(const struct device_tree *tree, struct device_node parent, struct device_node *found)
{
    struct token token = token_inside(tree, parent);
    while (token.kind == TOKEN_PROPERTY)
        token = token_read(tree, token.next);
    return token_is_node(token, found);
}

bool device_tree_sibling(const struct device_tree *tree, struct device_node node, struct device_node *found)
{
    uint32_t depth = 0;
    for (struct token token = token_read(tree, node.at); token_goes_on(token); token = token_read(tree, token.next)) {
        if (token.kind == TOKEN_BEGIN)
            depth++;
        else if (token.kind == TOKEN_END && --depth == 0)
            return token_is_node(token_read(tree, token.next), found);
    }
    return false;
}

bool device_tree_next(const struct device_tree *tree, struct device_node node, struct device_node *found)
{
    struct token token = token_inside(tree, node);
    while (token.kind == TOKEN_PROPERTY || token.kind == TOKEN_END)
        token = token_read(tree, token.next);
    return token_is_node(token, found);
}

// The nodes that hold one, the root first.
struct ancestors {
    uint32_t count;
    struct device_node node[DEVICE_TREE_DEPTH_MAX];
};

static bool ancestors_find(const struct device_tree *tree, struct device_node node, struct ancestors *found)
{
    found->count = 0;
    for (struct token token = token_read(tree, tree->structure); token_goes_on(token); token = token_read(tree, token.next)) {
        if (token.kind == TOKEN_BEGIN) {
            if (token.at == node.at)
                return true;
            if (found->count == DEVICE_TREE_DEPTH_MAX)
                return false;
            found->node[found->count++].at = token.at;
        } else if (token.kind == TOKEN_END && found->count-- == 0) {
            return false;
        }
    }
    return false;
}

bool device_tree_parent(const struct device_tree *tree, struct device_node node, struct device_node *found)
{
    struct ancestors above;
    if (!ancestors_find(tree, node, &above) || !above.count)
        return false;
    *found = above.node[above.count - 1];
    return true;
}

const char *device_tree_name(const struct device_tree *tree, struct device_node node)
{
    struct token token = token_read(tree, node.at);
    return token.kind == TOKEN_BEGIN ? (const char *)tree->bytes + token.value : "";
}

// ---- properties ----

// As device_tree_property, the name being the first `length` bytes of `name`.
static bool property_find(const struct device_tree *tree, struct device_node node, const char *name, size_t length,
                          struct device_property *found)
{
    const char *strings = (const char *)tree->bytes + tree->strings;
    for (struct token token = token_inside(tree, node); token.kind == TOKEN_PROPERTY; token = token_read(tree, token.next)) {
        if (strncmp(strings + token.name, name, length) == 0 && !strings[token.name + length]) {
            *found = (struct device_property){ .bytes = tree->bytes + token.value, .size = token.size };
            return true;
        }
    }
    return false;
}

bool device_tree_property(const struct device_tree *tree, struct device_node node, const char *name, struct device_property *found)
{
    return property_find(tree, node, name, strlen(name), found);
}

bool device_property_cell(struct device_property property, uint32_t index, uint32_t *value)
{
    if (index >= property.size / CELL)
        return false;
    *value = cell_at(property.bytes + (size_t)index * CELL);
    return true;
}

bool device_property_figure(struct device_property property, uint32_t index, uint32_t count, uint64_t *value)
{
    uint64_t figure = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t cell;
        if (index > UINT32_MAX - i || !device_property_cell(property, index + i, &cell) || figure >> 32)
            return false;
        figure = figure << 32 | cell;
    }
    *value = figure;
    return true;
}

bool device_tree_figure(const struct device_tree *tree, struct device_node node, const char *name, uint64_t *value)
{
    struct device_property property;
    return device_tree_property(tree, node, name, &property) && (property.size == CELL || property.size == 2 * CELL) &&
           device_property_figure(property, 0, property.size / CELL, value);
}

// The string at `*at`, which moves behind it. False: none, or none that ends.
static bool string_step(struct device_property property, uint32_t *at, const char **string)
{
    uint32_t room = property.size - *at;
    *string = (const char *)property.bytes + *at;
    uint32_t length = (uint32_t)string_length_bounded(*string, room);
    *at += MIN(length + 1, room);
    return length < room;
}

bool device_property_string(struct device_property property, uint32_t index, const char **string)
{
    const char *text;
    for (uint32_t at = 0; string_step(property, &at, &text); index--) {
        if (index == 0) {
            *string = text;
            return true;
        }
    }
    return false;
}

void device_property_wipe(struct device_property property)
{
    memset((void *)(uintptr_t)property.bytes, 0, property.size);
    __asm__ volatile("" : : "r"(property.bytes) : "memory");
}

bool device_tree_enabled(const struct device_tree *tree, struct device_node node)
{
    struct device_property property;
    const char *text;
    if (!device_tree_property(tree, node, "status", &property))
        return true;
    return device_property_string(property, 0, &text) && (string_equal(text, "okay") || string_equal(text, "ok"));
}

bool device_tree_is_compatible(const struct device_tree *tree, struct device_node node, const char *compatible)
{
    struct device_property property;
    const char *text;
    if (!device_tree_property(tree, node, "compatible", &property))
        return false;
    for (uint32_t at = 0; string_step(property, &at, &text);) {
        if (string_equal(text, compatible))
            return true;
    }
    return false;
}

// ---- finding nodes ----

bool device_tree_compatible(const struct device_tree *tree, struct device_node from, const char *compatible, struct device_node *found)
{
    do {
        if (device_tree_is_compatible(tree, from, compatible) && device_tree_enabled(tree, from)) {
            *found = from;
            return true;
        }
    } while (device_tree_next(tree, from, &from));
    return false;
}

// A part of a path ends at a slash, and all of it at a colon: what follows that is for whoever uses the device.
static size_t part_length(const char *path)
{
    size_t length = 0;
    while (path[length] && path[length] != '/' && path[length] != ':')
        length++;
    return length;
}

static bool part_names(const char *part, size_t length, const char *name)
{
    if (strncmp(name, part, length) != 0)
        return false;
    if (!name[length])
        return true;
    bool addressed = false;
    for (size_t i = 0; i < length; i++)
        addressed |= part[i] == '@';
    return name[length] == '@' && !addressed;
}

static bool part_find(const struct device_tree *tree, struct device_node *node, const char *part, size_t length)
{
    struct device_node child;
    for (bool more = device_tree_child(tree, *node, &child); more; more = device_tree_sibling(tree, child, &child)) {
        if (part_names(part, length, device_tree_name(tree, child))) {
            *node = child;
            return true;
        }
    }
    return false;
}

// Moves `*node` down along `path`.
static bool path_follow(const struct device_tree *tree, struct device_node *node, const char *path)
{
    for (;;) {
        while (*path == '/')
            path++;
        size_t length = part_length(path);
        if (!length)
            return true;
        if (!part_find(tree, node, path, length))
            return false;
        path += length;
    }
}

// The path that an alias stands for; it begins at the root, so that no alias leads to another.
static bool alias_find(const struct device_tree *tree, const char *alias, size_t length, const char **path)
{
    struct device_node aliases = device_tree_root(tree);
    struct device_property property;
    return length <= ALIAS_MAX && path_follow(tree, &aliases, "aliases") && property_find(tree, aliases, alias, length, &property) &&
           device_property_string(property, 0, path) && **path == '/';
}

bool device_tree_path(const struct device_tree *tree, const char *path, struct device_node *found)
{
    struct device_node node = device_tree_root(tree);
    if (*path != '/') {
        size_t length = part_length(path);
        const char *target;
        if (!length || !alias_find(tree, path, length, &target) || !path_follow(tree, &node, target))
            return false;
        path += length;
    }
    if (!path_follow(tree, &node, path))
        return false;
    *found = node;
    return true;
}

// ---- references ----

// As device_tree_handle, with what an interrupt of the node takes. A handle that opening could not keep costs a walk of the tree, of
// which `*searches` are left.
static bool handle_find(const struct device_tree *tree, uint32_t handle, uint32_t *searches, struct device_handle *found)
{
    const struct device_handle *slot = &tree->handles[handle % DEVICE_TREE_HANDLES];
    if (!handle || handle == HANDLE_NONE)
        return false;
    if (slot->handle == handle) {
        *found = *slot;
        return true;
    }
    if (!tree->handles_lost || !*searches)
        return false;
    --*searches;
    struct device_node node = device_tree_root(tree);
    do {
        if (handle_of(tree, node) == handle) {
            *found = (struct device_handle){ .handle = handle, .node = node.at, .interrupt_cells = (uint8_t)interrupt_cells(tree, node) };
            return true;
        }
    } while (device_tree_next(tree, node, &node));
    return false;
}

bool device_tree_handle(const struct device_tree *tree, uint32_t handle, struct device_node *found)
{
    struct device_handle entry;
    uint32_t searches = 1;
    if (!handle_find(tree, handle, &searches, &entry))
        return false;
    found->at = entry.node;
    return true;
}

// ---- addresses ----

// How many cells a child of `bus` takes for an address and for a size, 2 and 1 where it does not say (chapter 2.3.5).
struct bus_cells {
    uint32_t address, size;
};

static bool bus_cells_find(const struct device_tree *tree, struct device_node bus, struct bus_cells *cells)
{
    uint64_t address = 2, size = 1;
    (void)device_tree_figure(tree, bus, "#address-cells", &address);
    (void)device_tree_figure(tree, bus, "#size-cells", &size);
    if (address > CELLS_MAX || size > CELLS_MAX)
        return false;
    *cells = (struct bus_cells){ (uint32_t)address, (uint32_t)size };
    return true;
}

// From what `bus` shows its children to what `above` shows `bus`: by the entry of "ranges" that holds all of [*start, + size).
static bool address_raise(const struct device_tree *tree, struct device_node bus, struct device_node above, uint64_t *start, uint64_t size)
{
    struct device_property ranges;
    struct bus_cells inner, outer;
    if (!device_tree_property(tree, bus, "ranges", &ranges) || !bus_cells_find(tree, bus, &inner) || !bus_cells_find(tree, above, &outer))
        return false;
    if (!ranges.size)
        return true;
    uint32_t step = inner.address + outer.address + inner.size, count = ranges.size / CELL;
    for (uint32_t at = 0; step && count - at >= step; at += step) {
        uint64_t from, to, length;
        if (!device_property_figure(ranges, at, inner.address, &from) ||
            !device_property_figure(ranges, at + inner.address, outer.address, &to) ||
            !device_property_figure(ranges, at + inner.address + outer.address, inner.size, &length))
            continue;
        uint64_t inside = *start - from;
        if (*start < from || inside >= length || size > length - inside || inside > UINT64_MAX - to)
            continue;
        *start = to + inside;
        return true;
    }
    return false;
}

bool device_tree_registers_below(const struct device_tree *tree, struct device_node parent, struct device_node node, uint32_t index,
                                 uint64_t *start, uint64_t *size)
{
    struct device_property property;
    struct bus_cells cells;
    if (!device_tree_property(tree, node, "reg", &property) || !bus_cells_find(tree, parent, &cells))
        return false;
    uint64_t at = (uint64_t)index * (cells.address + cells.size), address, length;
    if (!cells.address || at >= property.size / CELL || !device_property_figure(property, (uint32_t)at, cells.address, &address) ||
        !device_property_figure(property, (uint32_t)at + cells.address, cells.size, &length) || length > UINT64_MAX - address)
        return false;
    *start = address;
    *size = length;
    return true;
}

bool device_tree_registers(const struct device_tree *tree, struct device_node node, uint32_t index, uint64_t *start, uint64_t *size)
{
    struct ancestors above;
    uint64_t address, length;
    if (!ancestors_find(tree, node, &above) || !above.count ||
        !device_tree_registers_below(tree, above.node[above.count - 1], node, index, &address, &length))
        return false;
    for (uint32_t i = above.count - 1; i > 0; i--) {
        if (!address_raise(tree, above.node[i], above.node[i - 1], &address, length))
            return false;
    }
    if (length > UINT64_MAX - address)
        return false;
    *start = address;
    *size = length;
    return true;
}

// ---- interrupts ----

static bool specifier_take(struct device_property property, uint64_t at, struct device_handle controller,
                           struct device_interrupt *interrupt)
{
    uint32_t cells = controller.interrupt_cells;
    if (!cells || at >= property.size / CELL || cells > property.size / CELL - at)
        return false;
    *interrupt = (struct device_interrupt){ .controller = { controller.node }, .count = cells };
    for (uint32_t i = 0; i < cells; i++)
        (void)device_property_cell(property, (uint32_t)at + i, &interrupt->cells[i]);
    return true;
}

// Each entry is a reference to a controller and as many cells as that one takes.
static bool interrupt_listed(const struct device_tree *tree, struct device_property list, uint32_t index,
                             struct device_interrupt *interrupt)
{
    uint32_t searches = SEARCHES_MAX, handle;
    for (uint32_t at = 0; device_property_cell(list, at, &handle);) {
        struct device_handle controller;
        if (!handle_find(tree, handle, &searches, &controller) || !controller.interrupt_cells)
            return false;
        if (index-- == 0)
            return specifier_take(list, at + 1, controller, interrupt);
        at += 1 + controller.interrupt_cells;
    }
    return false;
}

// The next controller above: "interrupt-parent" where a node has it, the parent where not, until one says how many cells it takes
// (chapter 2.4). References may lead in circles: so many steps and no more.
static bool controller_find(const struct device_tree *tree, struct device_node node, struct device_handle *controller)
{
    uint32_t searches = SEARCHES_MAX;
    struct device_property property;
    for (uint32_t step = 0; step < DEVICE_TREE_DEPTH_MAX; step++) {
        uint64_t handle;
        if (device_tree_figure(tree, node, "interrupt-parent", &handle)) {
            if (handle > UINT32_MAX || !handle_find(tree, (uint32_t)handle, &searches, controller))
                return false;
        } else if (device_tree_parent(tree, node, &node)) {
            *controller = (struct device_handle){ .node = node.at, .interrupt_cells = (uint8_t)interrupt_cells(tree, node) };
        } else {
            return false;
        }
        node.at = controller->node;
        if (device_tree_property(tree, node, "#interrupt-cells", &property))
            return controller->interrupt_cells != 0;
    }
    return false;
}

bool device_tree_interrupt(const struct device_tree *tree, struct device_node node, uint32_t index, struct device_interrupt *interrupt)
{
    struct device_property property;
    struct device_handle controller;
    if (device_tree_property(tree, node, "interrupts-extended", &property))
        return interrupt_listed(tree, property, index, interrupt);
    return device_tree_property(tree, node, "interrupts", &property) && controller_find(tree, node, &controller) &&
           specifier_take(property, (uint64_t)index * controller.interrupt_cells, controller, interrupt);
}

bool device_tree_reservation(const struct device_tree *tree, uint32_t index, uint64_t *start, uint64_t *size)
{
    if (index >= tree->reservation_count)
        return false;
    const uint8_t *entry = tree->bytes + tree->reservations + (size_t)index * RESERVATION;
    *start = pair_at(entry);
    *size = pair_at(entry + 8);
    return true;
}
