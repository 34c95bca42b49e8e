// SPDX-License-Identifier: MIT
// boot_info.c: collecting what a protocol reports and putting the memory map in order.
//
// Purpose     Loaders report memory unsorted, overlapping and unaligned; the kernel needs a sorted, disjoint map of pages.
// How         Ranges are aligned (usable ones inwards, all others outwards), then the line of addresses is cut at every range's
//             ends, and each piece gets the strictest kind that covers it. The kernel image, the archives and the first page are
//             ranges like any other.
// Invariants  After boot_info_finish no byte is usable that any report calls otherwise, and every archive lies in RAM.
// Cost        Quadratic in the number of ranges: a dozen on a PC.

#include <helix/boot_info.h>

#include <lib/string.h>

#include <helix/log.h>

enum { PIECES_MAX = BOOT_MEMORY_RANGES + BOOT_INITRAMFS + 2 }; // and the image and the first page

// Which of two kinds wins a page: the larger figure.
static const uint8_t strictness[MEMORY_KINDS] = {
    [MEMORY_USABLE] = 0,    [MEMORY_BOOTLOADER] = 1,  [MEMORY_ACPI_RECLAIMABLE] = 2,
    [MEMORY_INITRAMFS] = 3, [MEMORY_FRAMEBUFFER] = 4, [MEMORY_ACPI_NVS] = 5,
    [MEMORY_RESERVED] = 6,  [MEMORY_BAD] = 7,         [MEMORY_KERNEL] = 8,
};

static uint32_t ranges_lost;
static uint64_t bytes_lost;
static size_t command_line_cut; // bytes

// The place of the smallest usable range, which makes room for a report that restricts; memory_count when none is usable.
static uint32_t smallest_usable(const struct boot_info *boot)
{
    uint32_t found = boot->memory_count;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        if (boot->memory[i].kind == MEMORY_USABLE && (found == boot->memory_count || boot->memory[i].size < boot->memory[found].size))
            found = i;
    }
    return found;
}

void boot_info_add_memory(struct boot_info *boot, uint64_t start, uint64_t size, enum memory_kind kind)
{
    if (!size)
        return;
    if (size > UINT64_MAX - start)
        size = UINT64_MAX - start;
    struct memory_range range = { .start = { start }, .size = size, .kind = kind < MEMORY_KINDS ? kind : MEMORY_RESERVED };
    if (boot->memory_count < BOOT_MEMORY_RANGES) {
        boot->memory[boot->memory_count++] = range;
        return;
    }
    ranges_lost++;
    uint32_t victim = range.kind == MEMORY_USABLE ? boot->memory_count : smallest_usable(boot);
    if (victim == boot->memory_count) {
        bytes_lost += range.kind == MEMORY_USABLE ? range.size : 0;
        return;
    }
    bytes_lost += boot->memory[victim].size;
    boot->memory[victim] = range;
}

void boot_info_set_command_line(struct boot_info *boot, const char *text, size_t length)
{
    length = string_length_bounded(text, length);
    size_t kept = MIN(length, sizeof boot->command_line - 1);
    memcpy(boot->command_line, text, kept);
    boot->command_line[kept] = '\0';
    command_line_cut = length - kept;
}

// ---- putting the map in order ----

struct pieces {
    uint32_t count;
    struct piece {
        uint64_t start, end;
        enum memory_kind kind;
    } piece[PIECES_MAX];
    uint32_t cut_count;
    uint64_t cut[2 * PIECES_MAX]; // ends of all pieces, ascending, each once
};

static void cut_add(struct pieces *pieces, uint64_t at)
{
    uint32_t place = pieces->cut_count;
    while (place && pieces->cut[place - 1] > at)
        place--;
    if (place && pieces->cut[place - 1] == at)
        return;
    memmove(pieces->cut + place + 1, pieces->cut + place, (pieces->cut_count - place) * sizeof *pieces->cut);
    pieces->cut[place] = at;
    pieces->cut_count++;
}

static void piece_add(struct pieces *pieces, uint64_t start, uint64_t size, enum memory_kind kind)
{
    const uint64_t last = align_down(UINT64_MAX, PAGE_SIZE);
    uint64_t end = size > last - MIN(start, last) ? last : start + size;
    if (kind == MEMORY_USABLE) {
        start = start > last - PAGE_SIZE ? last : align_up(start, PAGE_SIZE);
        end = align_down(end, PAGE_SIZE);
    } else {
        start = align_down(start, PAGE_SIZE);
        end = end > last - PAGE_SIZE ? last : align_up(end, PAGE_SIZE);
    }
    if (start >= end)
        return;
    pieces->piece[pieces->count++] = (struct piece){ start, end, kind };
    cut_add(pieces, start);
    cut_add(pieces, end);
}

// The kind of the bytes from `at` to the next cut; false: nobody reported them.
static bool kind_at(const struct pieces *pieces, uint64_t at, enum memory_kind *kind)
{
    bool found = false;
    for (uint32_t i = 0; i < pieces->count; i++) {
        const struct piece *piece = &pieces->piece[i];
        if (piece->start > at || piece->end <= at || (found && strictness[piece->kind] <= strictness[*kind]))
            continue;
        *kind = piece->kind;
        found = true;
    }
    return found;
}

static void map_append(struct boot_info *boot, uint64_t start, uint64_t end, enum memory_kind kind)
{
    struct memory_range *last = boot->memory_count ? &boot->memory[boot->memory_count - 1] : nullptr;
    if (last && last->kind == kind && last->start.raw + last->size == start) {
        last->size += end - start;
        return;
    }
    if (boot->memory_count == BOOT_MEMORY_RANGES) {
        ranges_lost++;
        bytes_lost += kind == MEMORY_USABLE ? end - start : 0;
        return;
    }
    boot->memory[boot->memory_count++] = (struct memory_range){ .start = { start }, .size = end - start, .kind = kind };
}

static bool overlap(uint64_t first, uint64_t first_size, uint64_t second, uint64_t second_size)
{
    return first < second + second_size && second < first + first_size;
}

// Whether the archive lies in memory that was reported as usable or as the loader's, clear of the kernel image.
static bool initramfs_plausible(const struct boot_info *boot, const struct pieces *pieces, const struct boot_module *module)
{
    if (!module->size || module->size > UINT64_MAX - module->start.raw ||
        overlap(module->start.raw, module->size, boot->kernel_start.raw, boot->kernel_size))
        return false;
    uint64_t end = module->start.raw + module->size;
    for (uint64_t at = module->start.raw; at < end;) {
        enum memory_kind kind;
        if (!kind_at(pieces, at, &kind) || (kind != MEMORY_USABLE && kind != MEMORY_BOOTLOADER))
            return false;
        uint32_t next = 0;
        while (next < pieces->cut_count && pieces->cut[next] <= at)
            next++;
        at = next < pieces->cut_count ? pieces->cut[next] : end;
    }
    return true;
}

static void initramfs_check(struct boot_info *boot, const struct pieces *pieces)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < MIN(boot->initramfs_count, (uint32_t)BOOT_INITRAMFS); i++) {
        struct boot_module module = boot->initramfs[i];
        if (initramfs_plausible(boot, pieces, &module))
            boot->initramfs[kept++] = module;
        else
            log_warn("boot", "initramfs %u (0x%llx, %llu bytes) is not in free memory; ignored", i, (unsigned long long)module.start.raw,
                     (unsigned long long)module.size);
    }
    boot->initramfs_count = kept;
}

static void report_losses(void)
{
    if (ranges_lost)
        log_warn("boot", "more than %u memory ranges: %u left out, %llu KiB of memory lost", BOOT_MEMORY_RANGES, ranges_lost,
                 (unsigned long long)(bytes_lost / KIB));
    if (command_line_cut)
        log_warn("boot", "the command line is longer than %u bytes; the last %zu are cut", BOOT_COMMAND_LINE - 1, command_line_cut);
    ranges_lost = 0;
    bytes_lost = 0;
    command_line_cut = 0;
}

void boot_info_finish(struct boot_info *boot)
{
    static struct pieces pieces; // too large for a boot stack; used once
    pieces.count = pieces.cut_count = 0;
    for (uint32_t i = 0; i < boot->memory_count; i++)
        piece_add(&pieces, boot->memory[i].start.raw, boot->memory[i].size, boot->memory[i].kind);
    initramfs_check(boot, &pieces);
    piece_add(&pieces, 0, PAGE_SIZE, MEMORY_RESERVED);
    piece_add(&pieces, boot->kernel_start.raw, boot->kernel_size, MEMORY_KERNEL);
    for (uint32_t i = 0; i < boot->initramfs_count; i++)
        piece_add(&pieces, boot->initramfs[i].start.raw, boot->initramfs[i].size, MEMORY_INITRAMFS);
    boot->memory_count = 0;
    for (uint32_t i = 0; i + 1 < pieces.cut_count; i++) {
        enum memory_kind kind;
        if (kind_at(&pieces, pieces.cut[i], &kind))
            map_append(boot, pieces.cut[i], pieces.cut[i + 1], kind);
    }
    report_losses();
}
