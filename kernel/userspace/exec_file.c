// SPDX-License-Identifier: MIT
// exec_file.c: finding the file of a program, and reading it through its pages.
#include "exec.h"

#include <lib/string.h>

#include <helix/frames.h>

static enum status node_check(const struct node *node)
{
    if ((node->mode & LINUX_S_IFMT) != LINUX_S_IFREG)
        return STATUS_DENIED;
    TRY(node_permission(node, NODE_MAY_EXECUTE));
    return node->source.ops ? STATUS_OK : STATUS_DENIED; // what cannot be mapped cannot be run
}

enum status program_open(struct vfs_context *place, const char *path, struct program_file *file)
{
    struct entry *entry;
    TRY(vfs_lookup(place, nullptr, path, true, &entry));
    struct node *node = entry_node(entry);
    enum status outcome = node_check(node);
    if (outcome != STATUS_OK) {
        entry_release(entry);
        return outcome;
    }
    *file = (struct program_file){ entry, &node->source, node->size };
    return STATUS_OK;
}

void program_close(struct program_file *file)
{
    if (file->entry)
        entry_release(file->entry);
    *file = (struct program_file){};
}

enum status program_page(const struct program_file *file, uint64_t index, phys_t *frame)
{
    enum status outcome = file->source->ops->get(file->source, index, false, frame);
    return outcome == STATUS_OUT_OF_RANGE ? STATUS_BAD_FORMAT : outcome; // empty, or cut off since it was opened
}

enum status program_read(const struct program_file *file, uint64_t offset, void *to, size_t size)
{
    if (offset > file->size || size > file->size - offset)
        return STATUS_BAD_FORMAT;
    for (size_t done = 0; done < size;) {
        uint64_t inside = (offset + done) & PAGE_MASK;
        size_t part = (size_t)MIN(PAGE_SIZE - inside, (uint64_t)(size - done));
        phys_t frame;
        TRY(program_page(file, (offset + done) >> PAGE_SHIFT, &frame));
        memcpy((char *)to + done, (const char *)direct_map(frame) + inside, part);
        frame_release(frame);
        done += part;
    }
    return STATUS_OK;
}
