// SPDX-License-Identifier: MIT
// elf.h: reading executables, which are hostile input: what is returned as an image holds every promise written here.
//
// Pure functions over bytes. Loaded are static programs: at fixed addresses, or position-independent ones that relocate
// themselves (static PIE). Programs that need an interpreter are refused.
#pragma once

#include <lib/types.h>

enum [[nodiscard]] elf_error : uint8_t {
    ELF_OK,
    ELF_BUFFER_TOO_SMALL, // the file ends before what its headers promise
    ELF_INVALID_MAGIC,
    ELF_UNSUPPORTED_CLASS,  // not 64-bit
    ELF_UNSUPPORTED_ENDIAN, // not little-endian
    ELF_UNSUPPORTED_VERSION,
    ELF_UNSUPPORTED_ABI,  // of another operating system
    ELF_UNSUPPORTED_TYPE, // an object file or a core dump
    ELF_UNSUPPORTED_MACHINE,
    ELF_INVALID_HEADER,         // sizes in the file header
    ELF_INVALID_PROGRAM_HEADER, // the table of program headers, or a row whose figures contradict each other
    ELF_INVALID_ADDRESS,        // a segment outside the addresses that programs may have
    ELF_OVERLAPPING_SEGMENTS,   // two segments in one page
    ELF_SEGMENT_TOO_LARGE,
    ELF_INVALID_ENTRY_POINT, // not in an executable segment
    ELF_NO_LOADABLE_SEGMENTS,
    ELF_NEEDS_INTERPRETER, // dynamically linked
    ELF_ERRORS,
};

// For people; static storage.
const char *elf_error_text(enum elf_error error);

enum { ELF_SEGMENTS_MAX = 32 };
enum : uint64_t {
    ELF_SEGMENT_SIZE_MAX = 256 * MIB,
    ELF_TABLE_SIZE_MAX = PAGE_SIZE, // of the program headers, in bytes
    ELF_ALIGNMENT_MAX = 1 * GIB,
    ELF_SPAN_MAX = 1024 * GIB, // of a position-independent image
};

// What the machine allows.
struct elf_limits {
    uint16_t machine;         // e_machine
    uint64_t lowest, highest; // user addresses: [lowest, highest)
};

// Where the program headers are: inside the file, at most ELF_TABLE_SIZE_MAX bytes.
struct elf_table {
    bool position_independent;
    uint64_t entry;
    uint64_t offset; // in the file
    uint16_t count;
};

// In memory: [address, address + memory_size), of which the first file_size bytes come from `offset` in the file, the rest is zero.
struct elf_segment {
    uint64_t address, memory_size, offset, file_size; // address and offset are equal modulo PAGE_SIZE if file_size is not 0
    uint32_t access;                                  // PAGE_READ | PAGE_WRITE | PAGE_EXECUTE
};

// Segments are in order of address and share no page. Addresses are relative to the load base if position_independent.
struct elf_image {
    bool position_independent;
    uint64_t entry;         // inside an executable segment
    uint64_t low, high;     // whole pages that hold all segments
    uint64_t alignment;     // of the load base; at least PAGE_SIZE
    uint64_t table_address; // where the program headers are loaded, 0: nowhere
    uint16_t table_count;
    uint32_t segment_count; // at least 1
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

// Checks the file header: `bytes` are the first `available` of `file_size` bytes.
enum elf_error elf_read_header(const void *bytes, size_t available, uint64_t file_size, const struct elf_limits *limits,
                               struct elf_table *table);

// Checks the program headers, `table->count` rows at `rows` (any alignment), and builds the image.
enum elf_error elf_read_segments(const struct elf_table *table, const void *rows, uint64_t file_size, const struct elf_limits *limits,
                                 struct elf_image *image);
