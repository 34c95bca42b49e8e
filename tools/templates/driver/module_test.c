// SPDX-License-Identifier: MIT
// @NAME@_test.c: the device counts what is written and refuses a number that is taken.
#include <lib/types.h>

#include <helix/module.h>
#include <helix/test.h>
#include <helix/vfs.h>

KERNEL_TEST(@NAME@, is_registered_once_and_takes_every_byte)
{
    const struct module *module = module_find("driver", "@NAME@");
    if (!CHECK(module))
        return;
    const struct device_file *device = module->ops;
    CHECK(device_file_find(device->number) == device);
    CHECK(device_file_register(device) == STATUS_EXISTS);

    char             bytes[5] = "12345";
    struct open_file file     = {};
    struct io_vector from     = { .address = (uint64_t)bytes, .left = sizeof bytes, .position = -1 };
    size_t           done     = 0;
    CHECK(device->ops->write(&file, &from, &done) == STATUS_OK);
    CHECK_EQUAL(done, sizeof bytes);
}
