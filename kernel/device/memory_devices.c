// SPDX-License-Identifier: MIT
// memory_devices.c: /dev/null, zero, full, random and urandom.
#include <abi/linux/fcntl.h>
#include <lib/string.h>

#include <arch/user.h>

#include <helix/random.h>
#include <helix/thread.h>
#include <helix/vfs.h>

#include "local.h"

enum { MEMORY_MAJOR = 1, ZERO_PIECE = 64 * 1024, RANDOM_PIECE = 256, RANDOM_BITS = 256 };
enum : uint64_t { LINUX_RNDGETENTCNT = 0x80045200 };

static enum status read_nothing(struct open_file *file, struct io_vector *to, size_t *done)
{
    return STATUS_OK;
}

static enum status write_all(struct open_file *file, struct io_vector *from, size_t *done)
{
    *done = from->left;
    from->address += from->left;
    from->left = 0;
    return STATUS_OK;
}

static enum status write_none(struct open_file *file, struct io_vector *from, size_t *done)
{
    return from->left ? STATUS_NO_SPACE : STATUS_OK;
}

// Where one is does not matter.
static enum status seek_anywhere(struct open_file *file, int64_t offset, int whence, uint64_t *position)
{
    *position = 0;
    return STATUS_OK;
}

static enum status zero_piece(struct io_vector *to, size_t size)
{
    if (to->user)
        TRY(arch_clear_user(to->address, size));
    else
        memset((void *)(uintptr_t)to->address, 0, size);
    to->address += size;
    to->left -= size;
    return STATUS_OK;
}

// More than a piece, or into the kernel's memory: by pieces, so that a signal ends it.
static enum status read_zero_pieces(struct io_vector *to, size_t *done)
{
    enum status status = STATUS_OK;
    while (to->left > 0 && status == STATUS_OK) {
        size_t size = MIN(to->left, (size_t)ZERO_PIECE);
        status = zero_piece(to, size);
        if (status == STATUS_OK)
            *done += size;
        if (thread_interrupted())
            break;
    }
    return *done > 0 ? STATUS_OK : status;
}

static enum status read_zero(struct open_file *file, struct io_vector *to, size_t *done)
{
    size_t size = to->left;
    if (UNLIKELY(!to->user || size > ZERO_PIECE))
        return read_zero_pieces(to, done);
    uint64_t address = to->address;
    to->address += size;
    to->left = 0;
    *done = size; // counts only with STATUS_OK
    return arch_clear_user(address, size);
}

static enum status read_random(struct open_file *file, struct io_vector *to, size_t *done)
{
    uint8_t bytes[RANDOM_PIECE];
    enum status status = STATUS_OK;
    while (to->left > 0 && status == STATUS_OK) {
        size_t size = MIN(to->left, sizeof bytes);
        random_bytes(bytes, size);
        status = io_copy_out(to, bytes, size);
        if (status == STATUS_OK)
            *done += size;
        if (thread_interrupted())
            break;
    }
    return *done > 0 ? STATUS_OK : status;
}

static enum status write_random(struct open_file *file, struct io_vector *from, size_t *done)
{
    uint8_t bytes[RANDOM_PIECE];
    enum status status = STATUS_OK;
    while (from->left > 0 && status == STATUS_OK) {
        size_t size = MIN(from->left, sizeof bytes);
        status = io_copy_in(from, bytes, size);
        if (status != STATUS_OK)
            break;
        random_add(bytes, size);
        *done += size;
        if (thread_interrupted())
            break;
    }
    return *done > 0 ? STATUS_OK : status;
}

static enum status ioctl_random(struct open_file *file, uint64_t request, uint64_t argument, int64_t *result)
{
    int32_t bits = RANDOM_BITS;
    if (request != LINUX_RNDGETENTCNT)
        return STATUS_BAD_ARGUMENT;
    return arch_copy_to_user(argument, &bits, sizeof bits);
}

static const struct file_ops null_ops = { .read = read_nothing, .write = write_all, .seek = seek_anywhere };
static const struct file_ops zero_ops = { .read = read_zero, .write = write_all, .seek = seek_anywhere };
static const struct file_ops full_ops = { .read = read_zero, .write = write_none, .seek = seek_anywhere };
static const struct file_ops random_ops = { .read = read_random, .write = write_random, .seek = seek_anywhere, .ioctl = ioctl_random };

static const struct device_file devices[] = {
    { .name = "null", .number = LINUX_DEVICE(MEMORY_MAJOR, 3), .mode = 0666, .ops = &null_ops },
    { .name = "zero", .number = LINUX_DEVICE(MEMORY_MAJOR, 5), .mode = 0666, .ops = &zero_ops },
    { .name = "full", .number = LINUX_DEVICE(MEMORY_MAJOR, 7), .mode = 0666, .ops = &full_ops },
    { .name = "random", .number = LINUX_DEVICE(MEMORY_MAJOR, 8), .mode = 0666, .ops = &random_ops },
    { .name = "urandom", .number = LINUX_DEVICE(MEMORY_MAJOR, 9), .mode = 0666, .ops = &random_ops },
};

enum status memory_devices_register(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(devices); i++)
        TRY(device_file_register(&devices[i]));
    return STATUS_OK;
}
