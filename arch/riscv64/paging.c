// SPDX-License-Identifier: MIT
// paging.c: which page tables the kernel uses: Sv39, Sv48 or Sv57, as the profile or the boot option says and the CPU takes.
//
// The boot tables are Sv39's. Whether the CPU has larger ones is tried before any are built: the kernel half is the top 256 GiB in
// every mode, so a root whose last entry leads to the boot root shows the kernel where it is, a level deeper.

#include "paging.h"

#include <arch/boot.h>
#include <arch/layout.h>
#include <arch/page_table.h>

#include <lib/string.h>

#include <generated/profile.h>
#include <helix/boot_info.h>

#include "csr.h"
#include "platform.h"

BOOT_OPTION(paging, "paging", "sv39, sv48 or sv57: how large address spaces are, if the CPU has it");

enum { LEVELS_LEAST = 3, LEVELS_MOST = 5 };

unsigned riscv_paging_levels = LEVELS_LEAST; // the boot tables'
uint32_t riscv_translation_tags;
uint64_t riscv_user_end;

static const char *const names[] = { "sv39", "sv48", "sv57" };
static unsigned levels_chosen; // 0: not yet
alignas(PAGE_SIZE) static uint64_t trial_roots[LEVELS_MOST - LEVELS_LEAST][PAGE_TABLE_ENTRIES];

extern char kernel_image_start[], boot_tables[];

static unsigned levels_wanted(void)
{
    char wanted[8];
    if (!boot_option("paging", wanted, sizeof wanted))
        return PROFILE_PAGING_LEVELS;
    for (unsigned i = 0; i < ARRAY_LENGTH(names); i++) {
        if (string_equal(wanted, names[i]))
            return LEVELS_LEAST + i;
    }
    return PROFILE_PAGING_LEVELS;
}

static phys_t image_phys(const void *in_image)
{
    return (phys_t){ arch_boot_image().raw + (virt_of(in_image).raw - virt_of(kernel_image_start).raw) };
}

static uint64_t satp_of(unsigned levels, phys_t root)
{
    return (SATP_MODE_SV39 + levels - LEVELS_LEAST) << SATP_MODE_SHIFT | root.raw >> PAGE_SHIFT;
}

// A mode that the CPU does not have leaves satp as it was (Privileged Architecture 1.12, 4.1.11).
static bool satp_take(uint64_t satp)
{
    __asm__ volatile("sfence.vma" : : : "memory");
    CSR_WRITE(satp, satp);
    __asm__ volatile("sfence.vma" : : : "memory");
    return CSR_READ(satp) == satp;
}

// Boot tables in force.
static bool levels_possible(unsigned levels)
{
    uint64_t boot = CSR_READ(satp);
    phys_t below = image_phys(boot_tables);
    for (unsigned i = 0; i < levels - LEVELS_LEAST; i++) {
        trial_roots[i][PAGE_TABLE_ENTRIES - 1] = page_entry_table(below);
        below = image_phys(trial_roots[i]);
    }
    bool possible = satp_take(satp_of(levels, below));
    (void)satp_take(boot);
    return possible;
}

static unsigned levels_choose(void)
{
    if (levels_chosen)
        return levels_chosen;
    levels_chosen = levels_wanted();
    while (levels_chosen > LEVELS_LEAST && !levels_possible(levels_chosen))
        levels_chosen--;
    return levels_chosen;
}

const char *paging_name(void)
{
    return names[levels_choose() - LEVELS_LEAST];
}

bool paging_choose(unsigned attempt)
{
    riscv_paging_levels = levels_choose();
    return attempt == 0;
}

// The bits of the tag that the CPU keeps.
static uint32_t tags_probe(uint64_t satp)
{
    CSR_WRITE(satp, satp | SATP_TAGS << SATP_TAG_SHIFT);
    uint64_t kept = CSR_READ(satp) >> SATP_TAG_SHIFT & SATP_TAGS;
    (void)satp_take(satp);
    return kept ? (uint32_t)kept + 1 : 0;
}

bool paging_start(phys_t root)
{
    uint64_t satp = satp_of(riscv_paging_levels, root);
    if (!satp_take(satp))
        return false;
    riscv_translation_tags = tags_probe(satp);
    riscv_user_end = (1ull << (PAGE_SHIFT + 9 * riscv_paging_levels - 1)) - PAGE_SIZE;
    platform_map_power(); // so that a panic from here on can end an emulator
    return true;
}
