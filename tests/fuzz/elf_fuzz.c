// SPDX-License-Identifier: MIT
// elf_fuzz.c: any bytes at all go through elf.c, and what it accepts must keep every promise of elf.h.

#include <helix/elf.h>

#include <lib/string.h>

#include <abi/linux/elf.h>

#include <arch/space.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct elf_limits limits = { ELF_MACHINE_X86_64, 64 * KIB, 0x7fff'ffff'f000 };

static void require(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static void segment_verify(const struct elf_image *image, uint32_t index, uint64_t file_size)
{
    const struct elf_segment *segment = &image->segments[index];
    uint64_t highest = image->position_independent ? ELF_SPAN_MAX : limits.highest;
    require(segment->memory_size && segment->memory_size <= ELF_SEGMENT_SIZE_MAX);
    require(segment->file_size <= segment->memory_size);
    require(segment->offset <= file_size && segment->file_size <= file_size - segment->offset);
    require(!segment->file_size || is_aligned(segment->address - segment->offset, PAGE_SIZE));
    require(image->position_independent || segment->address >= limits.lowest);
    require(segment->address <= highest && segment->memory_size <= highest - segment->address);
    require(!(segment->access & ~(PAGE_READ | PAGE_WRITE | PAGE_EXECUTE)));
    require(image->low <= segment->address && segment->address + segment->memory_size <= image->high);
    if (index)
        require(align_up(segment[-1].address + segment[-1].memory_size, PAGE_SIZE) <= align_down(segment->address, PAGE_SIZE));
}

static void image_verify(const struct elf_image *image, uint64_t file_size)
{
    bool entered = false;
    require(image->segment_count >= 1 && image->segment_count <= ELF_SEGMENTS_MAX);
    require(image->alignment >= PAGE_SIZE && image->alignment <= ELF_ALIGNMENT_MAX && !(image->alignment & (image->alignment - 1)));
    require(is_aligned(image->low, PAGE_SIZE) && is_aligned(image->high, PAGE_SIZE) && image->low < image->high);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        segment_verify(image, i, file_size);
        entered |= segment->access & PAGE_EXECUTE && image->entry - segment->address < segment->memory_size;
    }
    require(entered);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct elf_table table;
    struct elf_image image;
    enum elf_error outcome = elf_read_header(bytes, size, size, &limits, &table);
    if (outcome != ELF_OK)
        return 0;
    require(table.count * sizeof(struct elf_program_header) <= ELF_TABLE_SIZE_MAX && table.offset <= size);
    require(table.count * sizeof(struct elf_program_header) <= size - table.offset);
    if (elf_read_segments(&table, bytes + table.offset, size, &limits, &image) == ELF_OK)
        image_verify(&image, size);
    return 0;
}
