// SPDX-License-Identifier: MIT
// exec_image.c: the segments of a program as mappings of its file.
#include "exec.h"

#include <abi/linux/elf.h>
#include <lib/string.h>

#include <arch/machine.h>
#include <arch/user.h>

#include <helix/frames.h>
#include <helix/heap.h>

enum : uint64_t { PROGRAM_LOWEST = 64 * KIB };

// The rows of the table, from the first page's bytes when they are there, else read into *buffer.
static enum status table_find(const struct program_file *file, const struct elf_table *table, const char *head, size_t head_size,
                              void **buffer, const void **rows)
{
    size_t size = table->count * sizeof(struct elf_program_header);
    if (table->offset <= head_size && size <= head_size - table->offset) {
        *rows = head + table->offset;
        return STATUS_OK;
    }
    *buffer = heap_alloc(size);
    if (!*buffer)
        return STATUS_NO_MEMORY;
    *rows = *buffer;
    return program_read(file, table->offset, *buffer, size);
}

static enum status parse_head(const struct program_file *file, const char *head, struct elf_image *image, enum elf_error *reason)
{
    const struct elf_limits limits = { arch_elf_machine(), PROGRAM_LOWEST, arch_user_end() };
    size_t head_size = (size_t)MIN(file->size, PAGE_SIZE);
    struct elf_table table;
    *reason = elf_read_header(head, head_size, file->size, &limits, &table);
    if (*reason != ELF_OK)
        return STATUS_BAD_FORMAT;
    void *buffer = nullptr;
    const void *rows;
    enum status outcome = table_find(file, &table, head, head_size, &buffer, &rows);
    if (outcome == STATUS_OK) {
        *reason = elf_read_segments(&table, rows, file->size, &limits, image);
        outcome = *reason == ELF_OK ? STATUS_OK : STATUS_BAD_FORMAT;
    }
    heap_free(buffer);
    return outcome;
}

enum status program_parse(const struct program_file *file, struct elf_image *image, enum elf_error *reason)
{
    enum elf_error unused;
    phys_t frame;
    if (!reason)
        reason = &unused;
    *reason = ELF_INVALID_MAGIC;
    TRY(program_page(file, 0, &frame));
    enum status outcome = parse_head(file, direct_map(frame), image, reason);
    frame_release(frame);
    return outcome;
}

// The file's part, whose last page is cleared behind the file's bytes when the segment goes on in memory.
static enum status segment_map_file(struct space *space, const struct program_file *file, const struct elf_segment *segment, uint64_t at)
{
    uint64_t start = align_down(at, PAGE_SIZE), end = at + segment->file_size;
    bool clear = segment->memory_size > segment->file_size && end & PAGE_MASK;
    const struct map_request request = { .hint = start,
                                         .size = end - start,
                                         .access = segment->access | (clear ? PAGE_WRITE : 0),
                                         .flags = MAP_AT_FREE,
                                         .source = file->source,
                                         .offset = align_down(segment->offset, PAGE_SIZE) };
    uint64_t mapped;
    TRY(space_map(space, &request, &mapped));
    if (!clear)
        return STATUS_OK;
    void *page;
    TRY(space_page(space, end, true, &page));
    memset((char *)page + (end & PAGE_MASK), 0, PAGE_SIZE - (end & PAGE_MASK));
    frame_written(direct_map_phys(page));
    return request.access == segment->access ? STATUS_OK : space_protect(space, start, end - start, segment->access);
}

static enum status segment_map(struct space *space, const struct program_file *file, const struct elf_segment *segment, uint64_t base)
{
    uint64_t at = base + segment->address, zero = align_down(at, PAGE_SIZE);
    if (segment->file_size) {
        TRY(segment_map_file(space, file, segment, at));
        zero = align_up(at + segment->file_size, PAGE_SIZE);
    }
    uint64_t end = align_up(at + segment->memory_size, PAGE_SIZE);
    if (end <= zero)
        return STATUS_OK;
    const struct map_request request = { .hint = zero, .size = end - zero, .access = segment->access, .flags = MAP_AT_FREE };
    uint64_t mapped;
    return space_map(space, &request, &mapped);
}

enum status program_map(struct space *space, const struct program_file *file, const struct program *program)
{
    for (uint32_t i = 0; i < program->image.segment_count; i++)
        TRY(segment_map(space, file, &program->image.segments[i], program->base));
    return STATUS_OK;
}
