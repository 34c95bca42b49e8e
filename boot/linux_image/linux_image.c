// SPDX-License-Identifier: MIT
// linux_image.c: a kernel that was loaded as Linux is on machines with a device tree.

#include "linux_image.h"

#include <helix/boot_info.h>
#include <helix/boot_protocol.h>
#include <helix/boot_tree.h>

enum status linux_image_parse(const struct physical_view *view, uint64_t data, struct boot_info *boot)
{
    static struct device_tree tree; // too large for a boot stack; used once
    const void *bytes = physical_at(view, data, DEVICE_TREE_HEADER_SIZE);
    uint32_t size = bytes ? device_tree_size(bytes, DEVICE_TREE_HEADER_SIZE) : 0;
    bytes = size ? physical_at(view, data, size) : nullptr;
    if (!bytes)
        return STATUS_BAD_FORMAT;
    TRY(device_tree_open(&tree, bytes, size));
    boot->protocol = "linux_image";
    boot->loader = "";
    return boot_device_tree(&tree, data, boot);
}

BOOT_PROTOCOL(linux_image, .magic = LINUX_IMAGE_MAGIC, .parse = linux_image_parse);
