// SPDX-License-Identifier: MIT
// boot_main.c: the first C code: finds the protocol that booted us, fills the boot_info and hands over to the kernel.

#include <arch/boot.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/machine.h>

#include <helix/boot_info.h>
#include <helix/boot_protocol.h>
#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/scheduler.h>

TABLE_DECLARE(struct boot_protocol, helix_boot_protocols);

extern char kernel_image_start[], kernel_image_end[];

[[noreturn]] static void boot_refuse(const char *why)
{
    arch_early_console_write("Helix: ", 7);
    arch_early_console_write(why, strlen(why));
    arch_early_console_write("\n", 1);
    arch_exit_emulator(0x20); // as a panic does
    arch_cpu_halt();
}

static const struct boot_protocol *protocol_find(uint64_t magic)
{
    TABLE_EACH(struct boot_protocol, protocol, helix_boot_protocols) {
        if (protocol->magic == magic)
            return protocol;
    }
    return nullptr;
}

static bool has_memory(const struct boot_info *boot)
{
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        if (boot->memory[i].kind == MEMORY_USABLE)
            return true;
    }
    return false;
}

void arch_boot_main(uint64_t magic, uint64_t data)
{
    arch_cpu_init(cpu_by_id(0)); // first, so that a fault is told
    arch_boot_begin(data);
    const struct physical_view view = { .at = arch_boot_view_at };
    struct boot_info *boot = boot_info();
    const struct boot_protocol *protocol = protocol_find(magic);
    if (!protocol)
        boot_refuse("the loader speaks no boot protocol of this image.");
    if (protocol->parse(&view, data, boot) != STATUS_OK)
        boot_refuse("what the loader passed does not hold together.");
    if (!has_memory(boot))
        boot_refuse("the loader gave no memory map.");
    boot->kernel_start = arch_boot_image();
    boot->kernel_size = (uint64_t)(kernel_image_end - kernel_image_start);
    arch_boot_platform(&view, boot);
    execution_adopt_boot();
    kernel_main(boot);
}
