// SPDX-License-Identifier: MIT
// elf_test.c: a valid program and, for each check of elf.c, the one change that only this check refuses.

#include <helix/elf.h>

#include <abi/linux/elf.h>
#include <lib/string.h>

#include <arch/space.h>

#include <helix/test.h>

enum { ROWS = 4, FILE_SIZE = 0x2800 };
enum : uint16_t { MACHINE = 62, OTHER_MACHINE = 183 };
enum : uint64_t { TEXT = 0x40'0000, DATA = 0x40'2000, LOWEST = 64 * KIB, HIGHEST = 0x7fff'ffff'f000 };

// A program of two segments: text [0, 0x1100) of the file at TEXT, data [0x2000, 0x2800) at DATA with zeros up to 0x1800 bytes.
struct sample {
    struct elf_header header;
    struct elf_program_header rows[ROWS];
    uint64_t file_size;
    size_t available;
};

static const struct elf_limits limits = { MACHINE, LOWEST, HIGHEST };

static void sample_make(struct sample *sample)
{
    *sample = (struct sample){
        .header = { .identification = { 0x7f, 'E', 'L', 'F', ELF_CLASS_64, ELF_DATA_LITTLE, ELF_VERSION, ELF_ABI_SYSTEM_V },
                    .type = ELF_TYPE_EXECUTABLE,
                    .machine = MACHINE,
                    .version = ELF_VERSION,
                    .entry = TEXT + 0x1000,
                    .program_headers = sizeof(struct elf_header),
                    .header_size = sizeof(struct elf_header),
                    .program_header_size = sizeof(struct elf_program_header),
                    .program_header_count = 2 },
        .rows = { { .type = ELF_SEGMENT_LOAD,
                    .flags = ELF_FLAG_READ | ELF_FLAG_EXECUTE,
                    .virtual_address = TEXT,
                    .file_size = 0x1100,
                    .memory_size = 0x1100,
                    .alignment = PAGE_SIZE },
                  { .type = ELF_SEGMENT_LOAD,
                    .flags = ELF_FLAG_READ | ELF_FLAG_WRITE,
                    .offset = 0x2000,
                    .virtual_address = DATA,
                    .file_size = 0x800,
                    .memory_size = 0x1800,
                    .alignment = PAGE_SIZE } },
        .file_size = FILE_SIZE,
        .available = sizeof(struct elf_header),
    };
}

static enum elf_error sample_read(const struct sample *sample, struct elf_image *image)
{
    struct elf_table table;
    enum elf_error outcome = elf_read_header(&sample->header, sample->available, sample->file_size, &limits, &table);
    if (outcome != ELF_OK)
        return outcome;
    char rows[sizeof sample->rows + 1]; // at an odd address, as a hostile offset may have it
    memcpy(rows + 1, sample->rows, sizeof sample->rows);
    if (table.count > ROWS)
        table.count = ROWS;
    return elf_read_segments(&table, rows + 1, sample->file_size, &limits, image);
}

static void make_dynamic(struct sample *sample)
{
    sample->header.type = ELF_TYPE_DYNAMIC;
    sample->header.entry = 0x1000;
    sample->rows[0].virtual_address = 0;
    sample->rows[1].virtual_address = 0x2000;
}

TEST(elf, accepts_a_static_program)
{
    struct sample sample;
    struct elf_image image;
    sample_make(&sample);
    CHECK(sample_read(&sample, &image) == ELF_OK);
    CHECK(!image.position_independent);
    CHECK_EQUAL(image.entry, TEXT + 0x1000);
    CHECK_EQUAL(image.segment_count, 2);
    CHECK_EQUAL(image.low, TEXT);
    CHECK_EQUAL(image.high, DATA + 0x2000);
    CHECK_EQUAL(image.alignment, PAGE_SIZE);
    CHECK_EQUAL(image.table_count, 2);
    CHECK_EQUAL(image.table_address, TEXT + sizeof(struct elf_header));
    CHECK_EQUAL(image.segments[0].access, PAGE_READ | PAGE_EXECUTE);
    CHECK_EQUAL(image.segments[1].access, PAGE_READ | PAGE_WRITE);
    CHECK_EQUAL(image.segments[1].address, DATA);
    CHECK_EQUAL(image.segments[1].offset, 0x2000);
    CHECK_EQUAL(image.segments[1].file_size, 0x800);
    CHECK_EQUAL(image.segments[1].memory_size, 0x1800);
}

TEST(elf, accepts_a_static_pie_at_address_zero)
{
    struct sample sample;
    struct elf_image image;
    sample_make(&sample);
    make_dynamic(&sample);
    CHECK(sample_read(&sample, &image) == ELF_OK);
    CHECK(image.position_independent);
    CHECK_EQUAL(image.low, 0);
    CHECK_EQUAL(image.high, 0x4000);
}

TEST(elf, puts_segments_in_order_of_address)
{
    struct sample sample;
    struct elf_image image;
    sample_make(&sample);
    struct elf_program_header first = sample.rows[0];
    sample.rows[0] = sample.rows[1];
    sample.rows[1] = first;
    CHECK(sample_read(&sample, &image) == ELF_OK);
    CHECK_EQUAL(image.segments[0].address, TEXT);
    CHECK_EQUAL(image.segments[1].address, DATA);
    CHECK_EQUAL(image.low, TEXT);
}

TEST(elf, counts_whole_pages_of_segments_that_begin_inside_one)
{
    struct sample sample;
    struct elf_image image;
    sample_make(&sample);
    sample.rows[0].offset = 0x10;
    sample.rows[0].virtual_address = TEXT + 0x10;
    CHECK(sample_read(&sample, &image) == ELF_OK);
    CHECK_EQUAL(image.low, TEXT);
    CHECK_EQUAL(image.segments[0].address, TEXT + 0x10);
    sample.rows[1].offset = 0x1110; // the rest of the page that the text ends in
    sample.rows[1].virtual_address = TEXT + 0x1110;
    CHECK(sample_read(&sample, &image) == ELF_OVERLAPPING_SEGMENTS);
}

TEST(elf, lets_a_segment_without_bytes_of_the_file_lie_anywhere)
{
    struct sample sample;
    struct elf_image image;
    sample_make(&sample);
    sample.rows[1].offset = 0x123;
    sample.rows[1].file_size = 0;
    CHECK(sample_read(&sample, &image) == ELF_OK);
    CHECK_EQUAL(image.segments[1].memory_size, 0x1800);
}

TEST(elf, takes_the_largest_alignment_for_the_load_base)
{
    struct sample sample;
    struct elf_image image;
    sample_make(&sample);
    sample.rows[1].alignment = 2 * MIB;
    CHECK(sample_read(&sample, &image) == ELF_OK);
    CHECK_EQUAL(image.alignment, 2 * MIB);
}

TEST(elf, says_no_table_address_when_the_headers_are_not_loaded)
{
    struct sample sample;
    struct elf_image image;
    sample_make(&sample);
    sample.header.program_headers = 0x1800; // between the segments
    CHECK(sample_read(&sample, &image) == ELF_OK);
    CHECK_EQUAL(image.table_address, 0);
    sample.header.program_headers = 0x1100 - 100; // begins in a segment and leaves it
    CHECK(sample_read(&sample, &image) == ELF_OK);
    CHECK_EQUAL(image.table_address, 0);
}

TEST(elf, skips_rows_that_are_not_to_be_loaded)
{
    struct sample sample;
    struct elf_image image;
    sample_make(&sample);
    sample.header.program_header_count = 4;
    sample.rows[2] = (struct elf_program_header){ .type = 0x6474'e551, .file_size = UINT64_MAX, .offset = UINT64_MAX }; // GNU_STACK
    sample.rows[3] = (struct elf_program_header){ .type = ELF_SEGMENT_LOAD, .virtual_address = TEXT };                  // empty
    CHECK(sample_read(&sample, &image) == ELF_OK);
    CHECK_EQUAL(image.segment_count, 2);
}

// ---- one mutation per check ----

static void truncate_header(struct sample *s)
{
    s->available = sizeof s->header - 1;
}
static void break_magic(struct sample *s)
{
    s->header.identification[3] = 'f';
}
static void make_32_bit(struct sample *s)
{
    s->header.identification[ELF_IDENT_CLASS] = 1;
}
static void make_big_endian(struct sample *s)
{
    s->header.identification[ELF_IDENT_DATA] = 2;
}
static void break_ident_version(struct sample *s)
{
    s->header.identification[ELF_IDENT_VERSION] = 0;
}
static void break_version(struct sample *s)
{
    s->header.version = 2;
}
static void make_freebsd(struct sample *s)
{
    s->header.identification[ELF_IDENT_ABI] = 9;
}
static void make_object_file(struct sample *s)
{
    s->header.type = 1;
}
static void make_core_dump(struct sample *s)
{
    s->header.type = 4;
}
static void make_other_machine(struct sample *s)
{
    s->header.machine = OTHER_MACHINE;
}
static void break_header_size(struct sample *s)
{
    s->header.header_size = 63;
}
static void break_row_size(struct sample *s)
{
    s->header.program_header_size = 55;
}
static void drop_rows(struct sample *s)
{
    s->header.program_header_count = 0;
}
static void drop_row_size_too(struct sample *s)
{
    s->header.program_header_count = s->header.program_header_size = 0;
}
static void too_many_rows(struct sample *s)
{
    s->header.program_header_count = PAGE_SIZE / sizeof(struct elf_program_header) + 1;
    s->file_size = MIB;
}
static void table_behind_end(struct sample *s)
{
    s->header.program_headers = FILE_SIZE + 1;
}
static void table_far_behind_end(struct sample *s)
{
    s->header.program_headers = UINT64_MAX - 8;
}
static void table_over_end(struct sample *s)
{
    s->header.program_headers = FILE_SIZE - 2 * sizeof(struct elf_program_header) + 1;
}
static void more_file_than_memory(struct sample *s)
{
    s->rows[1].memory_size = s->rows[1].file_size - 1;
}
static void huge_segment(struct sample *s)
{
    s->rows[1].memory_size = ELF_SEGMENT_SIZE_MAX + 1;
}
static void offset_behind_end(struct sample *s)
{
    s->rows[1].offset = 0x1'0000'2000;
}
static void offset_wraps(struct sample *s)
{
    s->rows[1].offset = -0x1000ull;
    s->rows[1].file_size = 0x1000;
}
static void contents_over_end(struct sample *s)
{
    s->rows[1].file_size = 0x801;
}
static void odd_alignment(struct sample *s)
{
    s->rows[1].alignment = 0x3000;
}
static void huge_alignment(struct sample *s)
{
    s->rows[1].alignment = ELF_ALIGNMENT_MAX * 2;
}
static void not_congruent(struct sample *s)
{
    s->rows[1].virtual_address += 0x10;
}
static void below_lowest(struct sample *s)
{
    s->rows[1].virtual_address = LOWEST - PAGE_SIZE;
}
static void kernel_address(struct sample *s)
{
    s->rows[1].virtual_address = 0xffff'8000'0000'0000;
}
static void address_wraps(struct sample *s)
{
    s->rows[1].virtual_address = -PAGE_SIZE;
}
static void over_highest(struct sample *s)
{
    s->rows[1].virtual_address = HIGHEST - PAGE_SIZE;
}
static void pie_too_wide(struct sample *s)
{
    make_dynamic(s);
    s->rows[1].virtual_address = ELF_SPAN_MAX - PAGE_SIZE;
}
static void overlap_below(struct sample *s)
{
    s->rows[1].virtual_address = TEXT + 0x1000;
} // shares the last page of the text
static void overlap_above(struct sample *s)
{
    struct elf_program_header text = s->rows[0];
    s->rows[0] = s->rows[1];
    s->rows[1] = text;
    s->rows[0].virtual_address = TEXT + 0x1000;
}
static void same_place(struct sample *s)
{
    s->rows[1].virtual_address = TEXT;
}
static void entry_zero(struct sample *s)
{
    s->header.entry = 0;
}
static void entry_behind_text(struct sample *s)
{
    s->header.entry = TEXT + 0x1100;
}
static void entry_before_text(struct sample *s)
{
    s->header.entry = TEXT - 1;
}
static void entry_in_data(struct sample *s)
{
    s->header.entry = DATA;
}
static void entry_in_kernel(struct sample *s)
{
    s->header.entry = 0xffff'ffff'8000'0000;
}
static void nothing_to_load(struct sample *s)
{
    s->rows[0].type = s->rows[1].type = 4;
}
static void only_empty_segments(struct sample *s)
{
    for (unsigned i = 0; i < 2; i++)
        s->rows[i].file_size = s->rows[i].memory_size = 0;
}
static void needs_interpreter(struct sample *s)
{
    s->header.program_header_count = 3;
    s->rows[2].type = ELF_SEGMENT_INTERPRETER;
}

static const struct mutation {
    const char *what;
    void (*apply)(struct sample *sample);
    enum elf_error expected;
} mutations[] = {
    { "a header cut short", truncate_header, ELF_BUFFER_TOO_SMALL },
    { "another magic", break_magic, ELF_INVALID_MAGIC },
    { "32 bits", make_32_bit, ELF_UNSUPPORTED_CLASS },
    { "big-endian", make_big_endian, ELF_UNSUPPORTED_ENDIAN },
    { "an identification of version 0", break_ident_version, ELF_UNSUPPORTED_VERSION },
    { "a header of version 2", break_version, ELF_UNSUPPORTED_VERSION },
    { "another system's ABI", make_freebsd, ELF_UNSUPPORTED_ABI },
    { "an object file", make_object_file, ELF_UNSUPPORTED_TYPE },
    { "a core dump", make_core_dump, ELF_UNSUPPORTED_TYPE },
    { "another machine", make_other_machine, ELF_UNSUPPORTED_MACHINE },
    { "a wrong header size", break_header_size, ELF_INVALID_HEADER },
    { "a wrong row size", break_row_size, ELF_INVALID_PROGRAM_HEADER },
    { "no rows", drop_rows, ELF_NO_LOADABLE_SEGMENTS },
    { "no rows of no size", drop_row_size_too, ELF_NO_LOADABLE_SEGMENTS },
    { "too many rows", too_many_rows, ELF_INVALID_PROGRAM_HEADER },
    { "a table behind the end", table_behind_end, ELF_BUFFER_TOO_SMALL },
    { "a table whose end wraps", table_far_behind_end, ELF_BUFFER_TOO_SMALL },
    { "a table that ends behind the end", table_over_end, ELF_BUFFER_TOO_SMALL },
    { "more bytes in the file than in memory", more_file_than_memory, ELF_INVALID_PROGRAM_HEADER },
    { "a segment over the limit", huge_segment, ELF_SEGMENT_TOO_LARGE },
    { "a segment from behind the end", offset_behind_end, ELF_BUFFER_TOO_SMALL },
    { "a segment whose offset wraps", offset_wraps, ELF_BUFFER_TOO_SMALL },
    { "a segment that ends behind the end", contents_over_end, ELF_BUFFER_TOO_SMALL },
    { "an alignment that is no power of two", odd_alignment, ELF_INVALID_PROGRAM_HEADER },
    { "an alignment over the limit", huge_alignment, ELF_INVALID_PROGRAM_HEADER },
    { "address and offset apart in the page", not_congruent, ELF_INVALID_PROGRAM_HEADER },
    { "an address below the lowest", below_lowest, ELF_INVALID_ADDRESS },
    { "a kernel address", kernel_address, ELF_INVALID_ADDRESS },
    { "an address that wraps", address_wraps, ELF_INVALID_ADDRESS },
    { "an end above the highest", over_highest, ELF_INVALID_ADDRESS },
    { "a position-independent image too wide", pie_too_wide, ELF_INVALID_ADDRESS },
    { "a page shared with the segment below", overlap_below, ELF_OVERLAPPING_SEGMENTS },
    { "a page shared with the segment above", overlap_above, ELF_OVERLAPPING_SEGMENTS },
    { "two segments in one place", same_place, ELF_OVERLAPPING_SEGMENTS },
    { "entry 0", entry_zero, ELF_INVALID_ENTRY_POINT },
    { "an entry behind the text", entry_behind_text, ELF_INVALID_ENTRY_POINT },
    { "an entry before the text", entry_before_text, ELF_INVALID_ENTRY_POINT },
    { "an entry in the data", entry_in_data, ELF_INVALID_ENTRY_POINT },
    { "an entry in the kernel", entry_in_kernel, ELF_INVALID_ENTRY_POINT },
    { "no segment to load", nothing_to_load, ELF_NO_LOADABLE_SEGMENTS },
    { "empty segments only", only_empty_segments, ELF_NO_LOADABLE_SEGMENTS },
    { "an interpreter", needs_interpreter, ELF_NEEDS_INTERPRETER },
};

TEST(elf, refuses_each_defect_by_name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(mutations); i++) {
        struct sample sample;
        struct elf_image image;
        sample_make(&sample);
        mutations[i].apply(&sample);
        enum elf_error outcome = sample_read(&sample, &image);
        if (!CHECK_EQUAL(outcome, mutations[i].expected))
            test_check(false, mutations[i].what, __FILE__, __LINE__);
    }
}

TEST(elf, accepts_what_is_just_within_the_limits)
{
    static const uint8_t abis[] = { ELF_ABI_SYSTEM_V, ELF_ABI_LINUX, ELF_ABI_HELIX };
    struct sample sample;
    struct elf_image image;
    for (size_t i = 0; i < ARRAY_LENGTH(abis); i++) {
        sample_make(&sample);
        sample.header.identification[ELF_IDENT_ABI] = abis[i];
        CHECK(sample_read(&sample, &image) == ELF_OK);
    }
    sample_make(&sample);
    sample.header.program_headers = FILE_SIZE - 2 * sizeof(struct elf_program_header);
    sample.header.entry = TEXT + 0x10ff;
    sample.rows[1].memory_size = ELF_SEGMENT_SIZE_MAX;
    sample.rows[1].alignment = ELF_ALIGNMENT_MAX;
    CHECK(sample_read(&sample, &image) == ELF_OK);
    sample_make(&sample);
    sample.rows[1].virtual_address = HIGHEST - 0x2000;
    CHECK(sample_read(&sample, &image) == ELF_OK);
    sample.rows[1].virtual_address = LOWEST;
    CHECK(sample_read(&sample, &image) == ELF_OK);
}

TEST(elf, refuses_more_segments_than_an_image_holds)
{
    static struct elf_program_header rows[ELF_SEGMENTS_MAX + 1];
    struct elf_table table = { .entry = TEXT, .offset = 64, .count = ELF_SEGMENTS_MAX + 1 };
    struct elf_image image;
    for (unsigned i = 0; i <= ELF_SEGMENTS_MAX; i++)
        rows[i] = (struct elf_program_header){
            .type = ELF_SEGMENT_LOAD, .flags = ELF_FLAG_EXECUTE, .virtual_address = TEXT + i * PAGE_SIZE, .memory_size = 1
        };
    CHECK(elf_read_segments(&table, rows, FILE_SIZE, &limits, &image) == ELF_INVALID_PROGRAM_HEADER);
    table.count--;
    CHECK(elf_read_segments(&table, rows, FILE_SIZE, &limits, &image) == ELF_OK);
}

TEST(elf, calls_a_short_text_no_program)
{
    struct elf_table table;
    CHECK(elf_read_header("hello\n", 6, 6, &limits, &table) == ELF_INVALID_MAGIC);
    CHECK(elf_read_header("\177ELF", 4, 4, &limits, &table) == ELF_BUFFER_TOO_SMALL);
    CHECK(elf_read_header("", 0, 0, &limits, &table) == ELF_INVALID_MAGIC);
}

TEST(elf, has_a_text_for_every_error)
{
    for (unsigned error = 0; error < ELF_ERRORS; error++)
        CHECK(elf_error_text((enum elf_error)error) != nullptr);
    CHECK(string_equal(elf_error_text(ELF_ERRORS), "unknown"));
}
