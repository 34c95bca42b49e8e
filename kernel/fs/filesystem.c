// SPDX-License-Identifier: MIT
// filesystem.c: the file layer as a subsystem: nodes, names, mounts and open files.
//
// Purpose     Gives every part of the kernel, and Linux programs above all, one tree of names over many file systems.
// How         A file system (modules/fs/…) makes nodes and answers for names in its directories. entry.c keeps the names in use,
//             path.c walks along them, open.c and namespace.c change what they lead to, file.c and regular.c move bytes. Pipes,
//             polling and advisory locks stand beside them. initramfs.c fills the root from the boot archives.
// Invariants  A name has one entry at most. A node lives while an entry, a mapping or its directory holds it; a removed file's
//             memory goes with the last of them. Names nobody uses stay known, up to a limit, and go when memory is trimmed.
// Locks       Mount table, rename, directory before what is in it, file offset, pipe; then spinlocks: entries, descriptors, pages.
//             User memory is copied with at most sleepable locks held; a file's pages never need its node's lock, so that a
//             fault on a mapping of the very file being written is served.
// Cost        One table probe a path component for a known name, one question to the file system otherwise; nothing is linear.
// Not here    What a file system keeps where (modules/fs), descriptors and system calls (kernel/userspace).
#include "fs.h"

#include <lib/string.h>

#include <helix/log.h>
#include <helix/module.h>
#include <helix/subsystem.h>

TABLE_DECLARE(struct module, helix_modules);

static void filesystem_mount_if_there(const char *type, const char *path)
{
    if (!module_find("file_system", type))
        return;
    enum status status = vfs_mount(vfs_kernel_context(), type, path, type, "");
    if (status == STATUS_NOT_FOUND) {
        // An archive without the directory: it is made, so that every image has its devices.
        status = vfs_make_directory(vfs_kernel_context(), nullptr, path, 0755);
        if (status == STATUS_OK)
            status = vfs_mount(vfs_kernel_context(), type, path, type, "");
    }
    if (status != STATUS_OK)
        log_warn("filesystem", "%s not mounted on %s: %s", type, path, status_text(status));
}

static void filesystem_mount_temporary(void)
{
    struct entry *directory;
    if (vfs_lookup(vfs_kernel_context(), nullptr, "/tmp", true, &directory) != STATUS_OK)
        return;
    entry_release(directory);
    enum status status = vfs_mount(vfs_kernel_context(), "tmpfs", "/tmp", "tmpfs", "mode=1777");
    if (status != STATUS_OK)
        log_warn("filesystem", "tmpfs not mounted on /tmp: %s", status_text(status));
}

static enum status filesystem_init(void)
{
    TRY(mount_root("ramfs", "mode=755"));
    enum status status = initramfs_unpack();
    if (status != STATUS_OK)
        log_error("filesystem", "going on without the rest of the initramfs");
    filesystem_mount_if_there("devtmpfs", "/dev");
    filesystem_mount_if_there("proc", "/proc");
    filesystem_mount_temporary();
    return STATUS_OK;
}

static const struct component filesystem_component = { .init = filesystem_init };

SUBSYSTEM(filesystem, .phase = INIT_LATE, .priority = 85, .depends = { "memory", "scheduler" }, .provides = PHASE_FILESYSTEM,
          .ops = &filesystem_component);

// ---- /proc ----

// Blanks and backslashes as Linux writes them in this file, so that each line keeps its fields.
static void write_field(struct text_writer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\\')
            text_write(out, "\\%03o", (unsigned)*text);
        else
            text_write_bytes(out, text, 1);
    }
}

static void show_mount(void *context, const struct mount_point *mount, const char *path)
{
    struct text_writer *out = context;
    write_field(out, mount->source);
    text_write_bytes(out, " ", 1);
    write_field(out, path);
    text_write(out, " %s %s,relatime 0 0\n", mount->ops->name, mount->read_only ? "ro" : "rw");
}

static void show_mounts(struct text_writer *out)
{
    vfs_each_mount(show_mount, out);
}

static void show_file_systems(struct text_writer *out)
{
    TABLE_EACH(struct module, module, helix_modules) {
        if (module->provides && string_equal(module->provides, "file_system"))
            text_write(out, "nodev\t%s\n", ((const struct file_system_ops *)module->ops)->name);
    }
}

PROC_FILE(mounts, "mounts", show_mounts);
PROC_FILE(filesystems, "filesystems", show_file_systems);
