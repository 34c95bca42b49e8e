// SPDX-License-Identifier: MIT
// boot.c: what boot.S has set up, for the code behind it.

#include <arch/boot.h>

#include <helix/boot_info.h>
#include <helix/frames.h>

#include "early_console.h"
#include "platform.h"

extern char kernel_image_start[];

enum : uint64_t { IMAGE_OFFSET = 0xffff'ffff'8000'0000, EARLY_MAP_END = 4 * GIB }; // as boot.S maps them

void arch_boot_begin(uint64_t data)
{
    time_begin();
    early_console_init();
}

// Until arch_space_init_kernel the direct map shows the first 4 GiB, whatever is there.
const void *arch_boot_view_at(const struct physical_view *view, uint64_t start, uint64_t size)
{
    if (!start || start >= EARLY_MAP_END || size > EARLY_MAP_END - start)
        return nullptr;
    return direct_map((phys_t){ start });
}

phys_t arch_boot_image(void)
{
    return (phys_t){ virt_of(kernel_image_start).raw - IMAGE_OFFSET };
}

void arch_boot_platform(const struct physical_view *view, struct boot_info *boot)
{
    platform_read_acpi(view, boot->rsdp.raw);
    boot->cpu_count = platform_acpi()->cpu_count;
}
