// SPDX-License-Identifier: MIT
// @NAME@.c: the device /dev/@NAME@: takes any bytes, and tells as text how many it has taken.
#include <stdatomic.h>

#include <lib/format.h>
#include <lib/string.h>

#include <helix/module.h>
#include <helix/subsystem.h>
#include <helix/vfs.h>

enum { DRIVER_ABI = 1, MAJOR = 240, MINOR = @MINOR@ }; // 240 to 254: numbers for local use

static _Atomic uint64_t taken_bytes;

static enum status @NAME@_read(struct open_file *file, struct io_vector *to, size_t *done)
{
    char text[24];
    format_text(text, sizeof text, "%lu\n", (uint64_t)taken_bytes);
    size_t length = strlen(text);
    if (file->offset >= length)
        return STATUS_OK;
    size_t size = MIN(length - file->offset, to->left);
    TRY(io_copy_out(to, text + file->offset, size));
    file->offset += size;
    *done = size;
    return STATUS_OK;
}

static enum status @NAME@_write(struct open_file *file, struct io_vector *from, size_t *done)
{
    *done = from->left;
    atomic_fetch_add_explicit(&taken_bytes, from->left, memory_order_relaxed);
    return STATUS_OK;
}

static const struct file_ops    @NAME@_ops    = { .read = @NAME@_read, .write = @NAME@_write };
static const struct device_file @NAME@_device = { .name = "@NAME@", .number = LINUX_DEVICE(MAJOR, MINOR), .mode = 0666, .ops = &@NAME@_ops };

static enum status @NAME@_init(void)
{
    return device_file_register(&@NAME@_device);
}
static const struct component @NAME@_component = { .init = @NAME@_init };
SUBSYSTEM(@NAME@, .phase = INIT_LATE, .priority = 100, .depends = { "filesystem" }, .ops = &@NAME@_component);

MODULE(@NAME@, .version = "0.1.0", .description = "/dev/@NAME@", .provides = "driver", .abi = DRIVER_ABI, .ops = &@NAME@_device);
