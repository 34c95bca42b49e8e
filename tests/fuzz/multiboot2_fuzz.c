// SPDX-License-Identifier: MIT
// multiboot2_fuzz.c: any bytes at all as Multiboot2 boot information, up to the finished memory map.
// sources: boot/multiboot2/multiboot2.c boot/common/boot_info.c lib/string.c

#include "../../boot/multiboot2/multiboot2.h"

#include "boot_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct boot_info boot;
    const struct physical_view view = { .at = physical_buffer_at, .bytes = bytes, .base = 0x1000, .size = size };
    boot = (struct boot_info){};
    if (multiboot2_parse(&view, 0x1000, &boot) == STATUS_OK)
        boot_info_verify(&boot);
    return 0;
}
