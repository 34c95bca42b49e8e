// SPDX-License-Identifier: MIT
// initramfs.c: fills the root file system from the archives that the boot loader left in memory, and gives that memory back.
//
// A broken archive is reported with the place and what was unpacked so far; the system goes on with that. What has been read is given
// back on the way, so that archive and files are never both in memory as a whole.
#include "fs.h"

#include <abi/linux/fcntl.h>
#include <lib/string.h>
#include <lib/tree.h>

#include <helix/boot_info.h>
#include <helix/cpio.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/log.h>
#include <helix/timer.h>

// A file with several names: the first one unpacked.
struct linked_file {
    struct tree_node link;
    uint64_t device, number;
    struct entry *entry; // a reference
};

enum : uint64_t { GIVE_STEP = 64 * KIB };

// The whole pages of an archive that were given back: [from, to) of physical memory.
struct given {
    uint64_t from, to;
};

struct unpacker {
    struct given given[BOOT_INITRAMFS];
    struct given *giving; // the present archive's; nullptr: it shares bytes with another, so none
    struct cpio_reader reader;
    struct cpio_member member;
    struct tree linked;
    uint64_t files, bytes;
    // The directory of the last member: members of one directory mostly follow one another.
    struct entry *directory; // a reference; nullptr: must be looked up
    char directory_path[sizeof(((struct cpio_member *)nullptr)->path)];
    size_t directory_length; // with its last slash
    const char *name;        // of the member in its directory; points into its path
};

static int linked_compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct linked_file *left = container_of(a, struct linked_file, link), *right = container_of(b, struct linked_file, link);
    if (left->device != right->device)
        return left->device < right->device ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

static struct linked_file *linked_find(const struct unpacker *unpacker, uint64_t device, uint64_t number)
{
    struct linked_file wanted = { .device = device, .number = number };
    struct tree_node *at = unpacker->linked.root;
    while (at) {
        int order = linked_compare(&wanted.link, at);
        if (order == 0)
            return container_of(at, struct linked_file, link);
        at = order < 0 ? at->left : at->right;
    }
    return nullptr;
}

static void linked_forget(struct unpacker *unpacker)
{
    struct tree_node *first;
    while ((first = tree_first(&unpacker->linked))) {
        struct linked_file *file = container_of(first, struct linked_file, link);
        tree_remove(&unpacker->linked, first);
        entry_release(file->entry);
        heap_free(file);
    }
}

static void directory_forget(struct unpacker *unpacker)
{
    if (unpacker->directory)
        entry_release(unpacker->directory);
    unpacker->directory = nullptr;
}

// Makes the directories of the path that the archive did not name.
static enum status directory_make(char *path)
{
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        enum status status = vfs_make_directory(vfs_kernel_context(), nullptr, path, 0755);
        *slash = '/';
        if (status != STATUS_OK && status != STATUS_EXISTS)
            return status;
    }
    return STATUS_OK;
}

// Splits the member's path, which is not empty, into a directory, made where it is missing, and a name.
static enum status directory_enter(struct unpacker *unpacker)
{
    char *path = unpacker->member.path;
    size_t length = 0;
    for (size_t i = 0; path[i]; i++) {
        if (path[i] == '/')
            length = i + 1;
    }
    unpacker->name = path + length;
    if (unpacker->directory && length == unpacker->directory_length && memcmp(path, unpacker->directory_path, length) == 0)
        return STATUS_OK;
    directory_forget(unpacker);
    TRY(directory_make(path));
    memcpy(unpacker->directory_path, path, length);
    unpacker->directory_path[length] = '\0';
    unpacker->directory_length = length;
    return vfs_lookup(vfs_kernel_context(), nullptr, length ? unpacker->directory_path : "/", true, &unpacker->directory);
}

static void unpack_attributes(const struct cpio_member *member, struct node *node)
{
    node->user = member->user;
    node->group = member->group;
    if (!node_is(node, LINUX_S_IFLNK))
        node->mode = (node->mode & LINUX_S_IFMT) | (member->mode & 07777);
    node->modified_ns = node->accessed_ns = member->modified_s * NS_PER_S;
}

// ---- the archives' memory ----

// [from, to), as far as it is the loader's for archives, which boot_info_finish() cut to pages.
static void initramfs_give(uint64_t from, uint64_t to)
{
    const struct boot_info *boot = boot_info();
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct memory_range *range = &boot->memory[i];
        uint64_t low = MAX(from, range->start.raw), high = MIN(to, range->start.raw + range->size);
        if (range->kind == MEMORY_INITRAMFS && low < high)
            frames_donate((phys_t){ low }, high - low);
    }
}

// Nothing of the archive before `end` is read any more.
static void archive_consumed(struct unpacker *unpacker, const uint8_t *end)
{
    struct given *given = unpacker->giving;
    uint64_t to = align_down(direct_map_phys(end).raw, PAGE_SIZE);
    if (!given || to < given->to + GIVE_STEP)
        return;
    initramfs_give(given->to, to);
    given->to = to;
}

static bool archive_is_alone(const struct boot_info *boot, uint32_t which)
{
    const struct boot_module *self = &boot->initramfs[which];
    for (uint32_t i = 0; i < boot->initramfs_count; i++) {
        const struct boot_module *other = &boot->initramfs[i];
        if (i != which && self->start.raw < other->start.raw + other->size && other->start.raw < self->start.raw + self->size)
            return false;
    }
    return true;
}

static void archive_begin(struct unpacker *unpacker, const struct boot_info *boot, uint32_t which)
{
    uint64_t first = align_up(boot->initramfs[which].start.raw, PAGE_SIZE);
    unpacker->given[which] = (struct given){ first, first };
    unpacker->giving = archive_is_alone(boot, which) ? &unpacker->given[which] : nullptr;
}

// What was not given back on the way: the archives' ends, and the pages that they share.
static void initramfs_give_rest(const struct unpacker *unpacker)
{
    uint64_t at = 0;
    for (;;) {
        const struct given *next = nullptr;
        for (uint32_t i = 0; i < BOOT_INITRAMFS; i++) {
            const struct given *given = &unpacker->given[i];
            if (given->to > given->from && given->from >= at && (!next || given->from < next->from))
                next = given;
        }
        initramfs_give(at, next ? next->from : UINT64_MAX);
        if (!next)
            return;
        at = next->to;
    }
}

// ---- members ----

static enum status unpack_data(struct unpacker *unpacker, struct entry *entry)
{
    const struct cpio_member *member = &unpacker->member;
    if (member->size == 0)
        return STATUS_OK;
    struct open_file *file;
    entry_retain(entry);
    enum status status = file_open_entry(entry, LINUX_O_WRONLY, &file);
    if (status != STATUS_OK) {
        entry_release(entry);
        return status;
    }
    for (size_t at = 0; at < member->size && status == STATUS_OK;) {
        size_t part = MIN(member->size - at, (size_t)GIVE_STEP), done = 0;
        status = file_write(file, (const char *)member->data + at, part, &done);
        if (status == STATUS_OK && done < part)
            status = STATUS_NO_SPACE;
        at += done;
        unpacker->bytes += done;
        archive_consumed(unpacker, (const uint8_t *)member->data + at);
    }
    file_release(file);
    return status;
}

static enum status unpack_remember(struct unpacker *unpacker, uint64_t device, struct entry *entry)
{
    struct linked_file *linked = heap_alloc(sizeof(*linked));
    if (!linked)
        return STATUS_NO_MEMORY;
    *linked = (struct linked_file){ .device = device, .number = unpacker->member.number, .entry = entry };
    entry_retain(entry);
    tree_insert(&unpacker->linked, &linked->link, linked_compare);
    return STATUS_OK;
}

// Another name for the file. The bodies stand with one of the names, usually the last.
static enum status unpack_link(struct unpacker *unpacker, struct linked_file *linked)
{
    TRY(vfs_link(vfs_kernel_context(), linked->entry, "", false, unpacker->directory, unpacker->name));
    if (unpacker->member.size == 0)
        return STATUS_OK;
    TRY(node_truncate(linked->entry->node, 0));
    TRY(unpack_data(unpacker, linked->entry));
    unpack_attributes(&unpacker->member, linked->entry->node);
    return STATUS_OK;
}

static enum status unpack_make(struct unpacker *unpacker)
{
    const struct cpio_member *member = &unpacker->member;
    struct vfs_context *context = vfs_kernel_context();
    struct entry *directory = unpacker->directory;
    const char *name = unpacker->name;
    switch (member->mode & LINUX_S_IFMT) {
    case LINUX_S_IFDIR:
        return vfs_make_directory(context, directory, name, member->mode);
    case LINUX_S_IFLNK: {
        char *target = heap_alloc(member->size + 1);
        if (!target)
            return STATUS_NO_MEMORY;
        memcpy(target, member->data, member->size);
        target[member->size] = '\0';
        enum status status = member->size < PATH_MAX_BYTES ? vfs_symlink(context, target, directory, name) : STATUS_TOO_LONG;
        heap_free(target);
        return status;
    }
    default:
        return vfs_make_node(context, directory, name, member->mode, LINUX_DEVICE(member->special_major, member->special_minor));
    }
}

// Makes the member's name; an older one of an earlier archive gives way, but a directory stays a directory.
static enum status unpack_name(struct unpacker *unpacker)
{
    enum status status = unpack_make(unpacker);
    if (status != STATUS_EXISTS)
        return status;
    struct entry *old;
    TRY(vfs_lookup(vfs_kernel_context(), unpacker->directory, unpacker->name, false, &old));
    bool directory = node_is(old->node, LINUX_S_IFDIR);
    entry_release(old);
    if (directory)
        return (unpacker->member.mode & LINUX_S_IFMT) == LINUX_S_IFDIR ? STATUS_OK : STATUS_IS_DIRECTORY;
    TRY(vfs_unlink(vfs_kernel_context(), unpacker->directory, unpacker->name, false));
    return unpack_make(unpacker);
}

static enum status unpack_member(struct unpacker *unpacker)
{
    struct cpio_member *member = &unpacker->member;
    if (member->path[0] == '\0') {
        unpack_attributes(member, vfs_kernel_context()->root->node);
        return STATUS_OK;
    }
    uint64_t device = (uint64_t)member->device_major << 32 | member->device_minor;
    bool shared = member->links > 1 && (member->mode & LINUX_S_IFMT) != LINUX_S_IFDIR;
    TRY(directory_enter(unpacker));
    struct linked_file *linked = shared ? linked_find(unpacker, device, member->number) : nullptr;
    if (linked)
        return unpack_link(unpacker, linked);
    TRY(unpack_name(unpacker));
    struct entry *entry;
    TRY(vfs_lookup(vfs_kernel_context(), unpacker->directory, unpacker->name, false, &entry));
    enum status status = node_is(entry->node, LINUX_S_IFREG) ? unpack_data(unpacker, entry) : STATUS_OK;
    unpack_attributes(member, entry->node);
    if (status == STATUS_OK && shared)
        status = unpack_remember(unpacker, device, entry);
    entry_release(entry);
    return status;
}

static enum status unpack_archive(struct unpacker *unpacker, const struct boot_module *module)
{
    cpio_open(&unpacker->reader, direct_map(module->start), module->size);
    for (;;) {
        enum status status = cpio_next(&unpacker->reader, &unpacker->member);
        if (status == STATUS_NOT_FOUND)
            return STATUS_OK;
        if (status != STATUS_OK) {
            log_error("initramfs", "the archive is broken at byte %zu of %llu: %s", unpacker->reader.at, (unsigned long long)module->size,
                      unpacker->reader.problem);
            return status;
        }
        status = unpack_member(unpacker);
        if (status == STATUS_NO_SPACE || status == STATUS_NO_MEMORY) {
            log_error("initramfs", "/%s does not fit: %s", unpacker->member.path, status_text(status));
            return status;
        }
        if (status != STATUS_OK)
            log_warn("initramfs", "/%s left out: %s", unpacker->member.path, status_text(status));
        else
            unpacker->files++;
        archive_consumed(unpacker, unpacker->reader.bytes + unpacker->reader.at);
    }
}

enum status initramfs_unpack(void)
{
    const struct boot_info *boot = boot_info();
    if (boot->initramfs_count == 0) {
        log_warn("initramfs", "none was given: the root file system is empty");
        return STATUS_OK;
    }
    struct unpacker *unpacker = heap_alloc_zeroed(1, sizeof *unpacker); // too large for a kernel stack
    if (!unpacker)
        return STATUS_NO_MEMORY;
    uint64_t began = time_ns();
    enum status outcome = STATUS_OK;
    for (uint32_t i = 0; i < boot->initramfs_count; i++) {
        archive_begin(unpacker, boot, i);
        enum status status = unpack_archive(unpacker, &boot->initramfs[i]);
        linked_forget(unpacker);
        if (status != STATUS_OK)
            outcome = status;
    }
    directory_forget(unpacker);
    initramfs_give_rest(unpacker);
    log_info("initramfs", "%llu files, %llu KiB unpacked in %llu us", (unsigned long long)unpacker->files,
             (unsigned long long)(unpacker->bytes / KIB), (unsigned long long)((time_ns() - began) / NS_PER_US));
    heap_free(unpacker);
    return outcome;
}
