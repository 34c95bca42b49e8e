// SPDX-License-Identifier: MIT
// elf.c: checks executables as hostile input and says what to map where.
//
// Purpose     Between a file that anybody may have written and the loader, which then believes the image without a second look.
// How         Every field is copied once before it is looked at, since the file may change meanwhile. Each check stands alone, has
//             an error of its own or a mutation of its own in elf_test.c, and removing it makes a test fail.
// Invariants  Those of struct elf_image. Sums are compared as differences, so that nothing wraps.
// Not here    Mapping (exec_image.c); relocation (static PIE programs do it themselves); sections (loading needs none).

#include <helix/elf.h>

#include <abi/linux/elf.h>
#include <lib/string.h>

#include <arch/space.h>

static const char *const error_texts[ELF_ERRORS] = {
    [ELF_OK] = "a valid program",
    [ELF_BUFFER_TOO_SMALL] = "the file is truncated",
    [ELF_INVALID_MAGIC] = "not an ELF file",
    [ELF_UNSUPPORTED_CLASS] = "not a 64-bit program",
    [ELF_UNSUPPORTED_ENDIAN] = "not a little-endian program",
    [ELF_UNSUPPORTED_VERSION] = "an unknown version of ELF",
    [ELF_UNSUPPORTED_ABI] = "a program for another operating system",
    [ELF_UNSUPPORTED_TYPE] = "not an executable (an object file or a core dump)",
    [ELF_UNSUPPORTED_MACHINE] = "a program for another machine",
    [ELF_INVALID_HEADER] = "the file header is damaged",
    [ELF_INVALID_PROGRAM_HEADER] = "the program headers are damaged",
    [ELF_INVALID_ADDRESS] = "a segment lies outside the user addresses",
    [ELF_OVERLAPPING_SEGMENTS] = "two segments share a page",
    [ELF_SEGMENT_TOO_LARGE] = "a segment is larger than 256 MiB",
    [ELF_INVALID_ENTRY_POINT] = "the entry point is in no executable segment",
    [ELF_NO_LOADABLE_SEGMENTS] = "nothing to load",
    [ELF_NEEDS_INTERPRETER] = "dynamically linked (needs an interpreter); only static programs run",
};

const char *elf_error_text(enum elf_error error)
{
    return error < ELF_ERRORS ? error_texts[error] : "unknown";
}

#define ELF_TRY(expression_)                   \
    do {                                       \
        enum elf_error error_ = (expression_); \
        if (error_ != ELF_OK)                  \
            return error_;                     \
    } while (0)

// ---- the file header ----

static enum elf_error header_check_identification(const struct elf_header *header)
{
    const uint8_t *identification = header->identification;
    if (identification[ELF_IDENT_CLASS] != ELF_CLASS_64)
        return ELF_UNSUPPORTED_CLASS;
    if (identification[ELF_IDENT_DATA] != ELF_DATA_LITTLE)
        return ELF_UNSUPPORTED_ENDIAN;
    if (identification[ELF_IDENT_VERSION] != ELF_VERSION)
        return ELF_UNSUPPORTED_VERSION;
    if (header->version != ELF_VERSION)
        return ELF_UNSUPPORTED_VERSION;
    uint8_t abi = identification[ELF_IDENT_ABI];
    return abi == ELF_ABI_SYSTEM_V || abi == ELF_ABI_LINUX || abi == ELF_ABI_HELIX ? ELF_OK : ELF_UNSUPPORTED_ABI;
}

static enum elf_error header_check_table(const struct elf_header *header, uint64_t file_size)
{
    if (header->header_size != sizeof(struct elf_header))
        return ELF_INVALID_HEADER;
    if (!header->program_header_count)
        return ELF_NO_LOADABLE_SEGMENTS;
    if (header->program_header_size != sizeof(struct elf_program_header))
        return ELF_INVALID_PROGRAM_HEADER;
    uint64_t size = (uint64_t)header->program_header_count * sizeof(struct elf_program_header);
    if (size > ELF_TABLE_SIZE_MAX)
        return ELF_INVALID_PROGRAM_HEADER;
    if (header->program_headers > file_size)
        return ELF_BUFFER_TOO_SMALL;
    return size > file_size - header->program_headers ? ELF_BUFFER_TOO_SMALL : ELF_OK;
}

enum elf_error elf_read_header(const void *bytes, size_t available, uint64_t file_size, const struct elf_limits *limits,
                               struct elf_table *table)
{
    struct elf_header header = {};
    memcpy(&header, bytes, MIN(available, sizeof header));
    if (memcmp(header.identification, "\177ELF", 4))
        return ELF_INVALID_MAGIC; // asked first: a short text file is no truncated program
    if (available < sizeof header)
        return ELF_BUFFER_TOO_SMALL;
    ELF_TRY(header_check_identification(&header));
    if (header.machine != limits->machine)
        return ELF_UNSUPPORTED_MACHINE;
    if (header.type != ELF_TYPE_EXECUTABLE && header.type != ELF_TYPE_DYNAMIC)
        return ELF_UNSUPPORTED_TYPE;
    ELF_TRY(header_check_table(&header, file_size));
    *table = (struct elf_table){ header.type == ELF_TYPE_DYNAMIC, header.entry, header.program_headers, header.program_header_count };
    return ELF_OK;
}

// ---- segments ----

static enum elf_error segment_check_file(const struct elf_program_header *row, uint64_t file_size)
{
    if (row->file_size > row->memory_size)
        return ELF_INVALID_PROGRAM_HEADER;
    if (row->memory_size > ELF_SEGMENT_SIZE_MAX)
        return ELF_SEGMENT_TOO_LARGE;
    if (row->offset > file_size)
        return ELF_BUFFER_TOO_SMALL;
    if (row->file_size > file_size - row->offset)
        return ELF_BUFFER_TOO_SMALL;
    if (row->alignment & (row->alignment - 1))
        return ELF_INVALID_PROGRAM_HEADER;
    if (row->alignment > ELF_ALIGNMENT_MAX)
        return ELF_INVALID_PROGRAM_HEADER;
    bool congruent = is_aligned(row->virtual_address - row->offset, PAGE_SIZE);
    return row->file_size && !congruent ? ELF_INVALID_PROGRAM_HEADER : ELF_OK;
}

static enum elf_error segment_check_address(const struct elf_program_header *row, const struct elf_limits *limits,
                                            bool position_independent)
{
    uint64_t lowest = position_independent ? 0 : limits->lowest;
    uint64_t highest = position_independent ? ELF_SPAN_MAX : limits->highest;
    if (row->virtual_address < lowest)
        return ELF_INVALID_ADDRESS;
    if (row->virtual_address > highest)
        return ELF_INVALID_ADDRESS;
    return row->memory_size > highest - row->virtual_address ? ELF_INVALID_ADDRESS : ELF_OK;
}

static uint32_t segment_access(uint32_t flags)
{
    return (flags & ELF_FLAG_READ ? PAGE_READ : 0) | (flags & ELF_FLAG_WRITE ? PAGE_WRITE : 0) |
           (flags & ELF_FLAG_EXECUTE ? PAGE_EXECUTE : 0);
}

static uint64_t segment_first_page(const struct elf_segment *segment)
{
    return align_down(segment->address, PAGE_SIZE);
}

static uint64_t segment_last_page(const struct elf_segment *segment)
{
    return align_up(segment->address + segment->memory_size, PAGE_SIZE);
}

// Puts a segment in its place among those in order of address.
static enum elf_error image_insert(struct elf_image *image, const struct elf_segment *segment)
{
    if (image->segment_count == ELF_SEGMENTS_MAX)
        return ELF_INVALID_PROGRAM_HEADER;
    uint32_t place = image->segment_count;
    while (place && image->segments[place - 1].address > segment->address)
        place--;
    if (place && segment_last_page(&image->segments[place - 1]) > segment_first_page(segment))
        return ELF_OVERLAPPING_SEGMENTS;
    if (place < image->segment_count && segment_last_page(segment) > segment_first_page(&image->segments[place]))
        return ELF_OVERLAPPING_SEGMENTS;
    memmove(&image->segments[place + 1], &image->segments[place], (image->segment_count - place) * sizeof *segment);
    image->segments[place] = *segment;
    image->segment_count++;
    return ELF_OK;
}

static enum elf_error image_add(struct elf_image *image, const struct elf_program_header *row, uint64_t file_size,
                                const struct elf_limits *limits)
{
    if (row->type == ELF_SEGMENT_INTERPRETER)
        return ELF_NEEDS_INTERPRETER;
    if (row->type != ELF_SEGMENT_LOAD)
        return ELF_OK;
    ELF_TRY(segment_check_file(row, file_size));
    ELF_TRY(segment_check_address(row, limits, image->position_independent));
    if (!row->memory_size)
        return ELF_OK; // nothing of it is ever seen
    const struct elf_segment segment = { row->virtual_address, row->memory_size, row->offset, row->file_size, segment_access(row->flags) };
    image->alignment = MAX(image->alignment, row->alignment);
    return image_insert(image, &segment);
}

static bool image_enters_code(const struct elf_image *image)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        if (segment->access & PAGE_EXECUTE && image->entry - segment->address < segment->memory_size)
            return true;
    }
    return false;
}

// Where the program finds its own headers: in the segment that loads that part of the file.
static uint64_t image_table_address(const struct elf_image *image, uint64_t offset, uint64_t size)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        uint64_t inside = offset - segment->offset; // huge before the segment
        if (inside <= segment->file_size && size <= segment->file_size - inside)
            return segment->address + inside;
    }
    return 0;
}

enum elf_error elf_read_segments(const struct elf_table *table, const void *rows, uint64_t file_size, const struct elf_limits *limits,
                                 struct elf_image *image)
{
    *image = (struct elf_image){
        .position_independent = table->position_independent, .entry = table->entry, .alignment = PAGE_SIZE, .table_count = table->count
    };
    for (uint16_t i = 0; i < table->count; i++) {
        struct elf_program_header row;
        memcpy(&row, (const char *)rows + i * sizeof row, sizeof row);
        ELF_TRY(image_add(image, &row, file_size, limits));
    }
    if (!image->segment_count)
        return ELF_NO_LOADABLE_SEGMENTS;
    if (!image_enters_code(image))
        return ELF_INVALID_ENTRY_POINT;
    image->low = segment_first_page(&image->segments[0]);
    image->high = segment_last_page(&image->segments[image->segment_count - 1]);
    image->table_address = image_table_address(image, table->offset, table->count * sizeof(struct elf_program_header));
    return ELF_OK;
}
