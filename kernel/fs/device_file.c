// SPDX-License-Identifier: MIT
// device_file.c: the table of character devices, by number.
#include "fs.h"

#include <helix/spinlock.h>

enum { DEVICE_FILES_MAX = 64 };

static struct spinlock device_lock = SPINLOCK(RANK_DRIVER);
static const struct device_file *devices[DEVICE_FILES_MAX];
static _Atomic uint32_t device_count;

const struct device_file *device_file_find(uint64_t number)
{
    uint32_t count = atomic_load_explicit(&device_count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        if (devices[i]->number == number)
            return devices[i];
    }
    return nullptr;
}

enum status device_file_register(const struct device_file *device)
{
    spinlock_acquire(&device_lock);
    uint32_t count = atomic_load_explicit(&device_count, memory_order_relaxed);
    enum status status = STATUS_OK;
    if (device_file_find(device->number))
        status = STATUS_EXISTS;
    else if (count == DEVICE_FILES_MAX)
        status = STATUS_NO_SPACE;
    else
        devices[count] = device;
    if (status == STATUS_OK)
        atomic_store_explicit(&device_count, count + 1, memory_order_release);
    spinlock_release(&device_lock);
    return status;
}

void device_file_each(void (*visit)(void *context, const struct device_file *device), void *context)
{
    uint32_t count = atomic_load_explicit(&device_count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++)
        visit(context, devices[i]);
}
