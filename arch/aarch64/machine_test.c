// SPDX-License-Identifier: MIT
// machine_test.c: what the booted CPU must show: protections on, nothing of the kernel's open to programs, no way round W^X.

#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/device.h>
#include <arch/layout.h>
#include <arch/page_table.h>

#include <helix/boot_info.h>
#include <helix/test.h>

#include "features.h"

KERNEL_TEST(machine, has_every_protection_that_the_cpu_offers_switched_on)
{
    enum : uint64_t { MMU = 1 << 0, SP_CHECK = 1 << 3, KEEP_PAN = 1 << 23, MASKS_OPEN = 1 << 9, E0PD = 1ull << 56 };
    uint64_t control = system_register_read("sctlr_el1");
    CHECK((control & (MMU | SP_CHECK)) == (MMU | SP_CHECK));
    CHECK(!(control & MASKS_OPEN));
    CHECK_EQUAL(!(control & KEEP_PAN), feature_field(system_register_read(ID_AA64MMFR1), 20) != 0);
    CHECK_EQUAL(!!(system_register_read("tcr_el1") & E0PD), feature_field(system_register_read(ID_AA64MMFR2), 60) != 0);
    CHECK_EQUAL(system_register_read("cntkctl_el1"), 2); // the virtual counter, and no timer
}

KERNEL_TEST(machine, knows_pages_again_by_their_entries)
{
    static const uint32_t kinds[] = {
        PAGE_READ,
        PAGE_READ | PAGE_WRITE,
        PAGE_READ | PAGE_EXECUTE,
        PAGE_READ | PAGE_USER,
        PAGE_READ | PAGE_WRITE | PAGE_USER,
        PAGE_READ | PAGE_EXECUTE | PAGE_USER,
        PAGE_READ | PAGE_WRITE | PAGE_EXECUTE | PAGE_USER,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        uint64_t entry = page_entry((phys_t){ 0x1234'5678'9000 }, kinds[i]);
        CHECK_EQUAL(page_entry_frame(entry).raw, 0x1234'5678'9000);
        CHECK_EQUAL(page_entry_access(entry), kinds[i]);
        CHECK_EQUAL(page_entry_access(page_entry_write_protect(entry)), kinds[i] & ~(uint32_t)PAGE_WRITE);
        CHECK(!page_entry_is_table(page_entry_large(entry)));
    }
    uint64_t kept = page_entry((phys_t){ 0x5000 }, PAGE_USER);
    CHECK(kept != 0 && !page_entry_present(kept));
    CHECK_EQUAL(page_entry_frame(kept).raw, 0x5000);
}

// A CPU may read ahead wherever it is allowed to: in the first tables, too, which still stand.
KERNEL_TEST(machine, was_shown_memory_and_no_device_by_boot_code)
{
    struct arch_device serial;
    CHECK(arch_boot_view_at(nullptr, boot_info()->device_tree.raw, 8) != nullptr);
    CHECK(arch_boot_view_at(nullptr, DIRECT_MAP_SIZE - PAGE_SIZE, 8) == nullptr);
    CHECK(arch_device_find("arm,pl011", 0, &serial) == STATUS_OK);
    CHECK(arch_boot_view_at(nullptr, serial.start.raw, 8) == nullptr);
}

KERNEL_TEST(machine, executes_no_page_on_both_sides)
{
    enum : uint64_t { NEITHER = PAGE_ENTRY_NO_KERNEL_EXECUTE | PAGE_ENTRY_NO_USER_EXECUTE };
    CHECK_EQUAL(page_entry((phys_t){}, PAGE_READ | PAGE_WRITE) & NEITHER, NEITHER);
    CHECK_EQUAL(page_entry((phys_t){}, PAGE_READ | PAGE_EXECUTE) & NEITHER, PAGE_ENTRY_NO_USER_EXECUTE);
    CHECK_EQUAL(page_entry((phys_t){}, PAGE_READ | PAGE_EXECUTE | PAGE_USER) & NEITHER, PAGE_ENTRY_NO_KERNEL_EXECUTE);
}
