// SPDX-License-Identifier: MIT
// boot_main.c: the first C code: finds the protocol that booted us, fills the boot_info and hands over to the kernel.

#include <arch/cpu.h>
#include <arch/machine.h>

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/boot_protocol.h>
#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/scheduler.h>

#include "early_console.h"
#include "platform.h"

TABLE_DECLARE(struct boot_protocol, helix_boot_protocols);

extern char kernel_image_start[], kernel_image_end[];

enum : uint64_t { IMAGE_OFFSET = 0xffff'ffff'8000'0000, EARLY_MAP_END = 4 * GIB }; // as boot.S maps them

[[noreturn]] void arch_boot_main(uint32_t magic, uint64_t data);

// Until arch_space_init_kernel the direct map shows the first 4 GiB, whatever is there.
static const void *early_map_at(const struct physical_view *view, uint64_t start, uint64_t size)
{
    if (!start || start >= EARLY_MAP_END || size > EARLY_MAP_END - start)
        return nullptr;
    return direct_map((phys_t){ start });
}

[[noreturn]] static void boot_refuse(const char *why)
{
    arch_early_console_write("Helix: ", 7);
    arch_early_console_write(why, strlen(why));
    arch_early_console_write("\n", 1);
    arch_exit_emulator(0x20); // as a panic does
    arch_cpu_halt();
}

static const struct boot_protocol *protocol_find(uint32_t magic)
{
    TABLE_EACH(struct boot_protocol, protocol, helix_boot_protocols) {
        if (protocol->magic == magic)
            return protocol;
    }
    return nullptr;
}

void arch_boot_main(uint32_t magic, uint64_t data)
{
    time_begin();
    early_console_init();
    arch_cpu_init(cpu_by_id(0));
    const struct physical_view view = { .at = early_map_at };
    struct boot_info *boot = boot_info();
    const struct boot_protocol *protocol = protocol_find(magic);
    if (!protocol)
        boot_refuse("the loader speaks no boot protocol of this image.");
    if (protocol->parse(&view, data, boot) != STATUS_OK || !boot->memory_count)
        boot_refuse("the loader gave no memory map.");
    boot->kernel_start = (phys_t){ virt_of(kernel_image_start).raw - IMAGE_OFFSET };
    boot->kernel_size = (uint64_t)(kernel_image_end - kernel_image_start);
    platform_read_acpi(&view, boot->rsdp.raw);
    execution_adopt_boot();
    kernel_main(boot);
}
