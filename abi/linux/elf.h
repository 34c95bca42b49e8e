// SPDX-License-Identifier: MIT
// elf.h: the executable file format, ELF for 64-bit machines.
#pragma once

#include <stdint.h>

struct elf_header {
    uint8_t identification[16]; // ELF_IDENT_…
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers; // an address; two file offsets
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count, section_header_size, section_header_count, section_names;
};
static_assert(sizeof(struct elf_header) == 64);

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, virtual_address, physical_address, file_size, memory_size, alignment;
};
static_assert(sizeof(struct elf_program_header) == 56);

enum { ELF_IDENT_CLASS = 4, ELF_IDENT_DATA = 5, ELF_IDENT_VERSION = 6, ELF_IDENT_ABI = 7 };
enum { ELF_CLASS_64 = 2, ELF_DATA_LITTLE = 1, ELF_VERSION = 1 };
enum { ELF_ABI_SYSTEM_V = 0, ELF_ABI_LINUX = 3, ELF_ABI_HELIX = 0xfe };
enum { ELF_TYPE_EXECUTABLE = 2, ELF_TYPE_DYNAMIC = 3 };
enum { ELF_MACHINE_X86_64 = 62, ELF_MACHINE_AARCH64 = 183, ELF_MACHINE_RISCV = 243 };
enum : uint32_t { ELF_SEGMENT_LOAD = 1, ELF_SEGMENT_INTERPRETER = 3 };
enum : uint32_t { ELF_FLAG_EXECUTE = 1, ELF_FLAG_WRITE = 2, ELF_FLAG_READ = 4 };
