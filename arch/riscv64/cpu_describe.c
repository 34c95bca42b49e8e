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

static bool letters_have(const char *letters, size_t count, char letter)
{
    for (size_t i = 0; i < count; i++) {
        if (letters[i] == letter)
            return true;
    }
    return false;
}

// "g" stands for the five that are general.
bool isa_letter(char letter)
{
    const char name[] = { letter, '\0' }, *letters = isa_text() + 4;
    size_t count = isa_base_length(isa_text()) - 4;
    return letters_have(letters, count, letter) || (letters_have(letters, count, 'g') && letters_have("imafd", 5, letter)) ||
           platform_hart_has(name);
}

// Vector registers belong to nobody: what works on them is not shown.
static void letters_add(struct text *text, const char *isa)
{
    size_t length = isa_base_length(isa);
    text_add(text, "rv64");
    for (size_t i = 4; i < length; i++) {
        if (isa[i] != 'v')
            text_add(text, "%c", isa[i]);
    }
}

static void extensions_add(struct text *text, const char *isa)
{
    size_t length;
    for (const char *part = isa + isa_base_length(isa); *part; part += length) {
        length = 1 + isa_base_length(part + 1);
        if (!string_starts(part, "_zv"))
            text_add(text, "%.*s", (int)length, part);
    }
}

size_t arch_cpu_describe(char *to, size_t size)
{
    static const char *const notable[] = { "sstc", "svpbmt", "svinval", "svadu", "zba", "zbb", "zicbom", "zicboz", "zkr" };
    struct text text = { .bytes = to, .size = size };
    letters_add(&text, isa_text());
    text_add(&text, ": %s%s", paging_name(), fpu_present() ? " fpu" : "");
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
    text_add(&text, "processor\t: %u\nhart\t\t: %lu\nisa\t\t: ", cpu, cpu_by_id(cpu)->arch.hart);
    letters_add(&text, isa_text());
    extensions_add(&text, isa_text());
    text_add(&text, "\nmmu\t\t: %s\n", paging_name());
    text_add(&text, "mvendorid\t: 0x%lx\nmarchid\t\t: 0x%lx\nmimpid\t\t: 0x%lx\n\n", sbi_machine(VENDOR), sbi_machine(ARCHITECTURE),
             sbi_machine(IMPLEMENTATION));
    return text.length;
}
