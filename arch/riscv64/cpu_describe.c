// SPDX-License-Identifier: MIT
// cpu_describe.c: the CPU in words: its instruction set and what the kernel uses of it, as people know them from Linux.

#include <arch/cpu.h>

#include <lib/format.h>
#include <lib/string.h>

#include <arch/platform_tree.h>

#include <helix/cpu.h>

#include "fpu_state.h"
#include "isa.h"
#include "paging.h"
#include "platform.h"
#include "sbi.h"

const char *isa_text(void)
{
    struct device_node hart;
    struct device_property isa;
    const char *text;
    if (platform_boot_hart_node(&hart) && device_tree_property(platform_tree(), hart, "riscv,isa", &isa) &&
        device_property_string(isa, 0, &text) && string_starts(text, "rv64"))
        return text;
    return "rv64ima";
}

// Letters stand between "rv64" and the first longer name.
static size_t isa_base_length(const char *isa)
{
    size_t length = 0;
    while (isa[length] && isa[length] != '_')
        length++;
    return length;
}

bool isa_letter(char letter)
{
    const char *isa = isa_text();
    size_t length = isa_base_length(isa);
    for (size_t i = 4; i < length; i++) {
        if (isa[i] == letter)
            return true;
    }
    return false;
}

size_t arch_cpu_describe(char *to, size_t size)
{
    static const char *const notable[] = { "sstc", "svpbmt", "svinval", "svadu", "zba", "zbb", "zicbom", "zicboz", "zkr" };
    const char *isa = isa_text();
    struct text text = { .bytes = to, .size = size };
    text_add(&text, "%.*s: %s%s", (int)isa_base_length(isa), isa, paging_name(), fpu_present() ? " fpu" : "");
    for (size_t i = 0; i < ARRAY_LENGTH(notable); i++) {
        if (platform_hart_has(notable[i]))
            text_add(&text, " %s", notable[i]);
    }
    return text.length;
}

enum : uint64_t { VENDOR = 4, ARCHITECTURE = 5, IMPLEMENTATION = 6 }; // functions of the base extension (SBI 2.0, 4.6 to 4.8)

size_t arch_cpu_information(uint32_t cpu, char *to, size_t size)
{
    struct text text = { .bytes = to, .size = size };
    text_add(&text, "processor\t: %u\nhart\t\t: %lu\nisa\t\t: %s\nmmu\t\t: %s\n", cpu, cpu_by_id(cpu)->arch.hart, isa_text(),
             paging_name());
    text_add(&text, "mvendorid\t: 0x%lx\nmarchid\t\t: 0x%lx\nmimpid\t\t: 0x%lx\n\n", sbi_machine(VENDOR), sbi_machine(ARCHITECTURE),
             sbi_machine(IMPLEMENTATION));
    return text.length;
}
