// SPDX-License-Identifier: MIT
// exec_test.c: scripts, segments and stacks, from a file that is two pages of memory, in spaces that no thread runs.
#include "exec.h"
#include "userspace.h"

#include <abi/linux/auxv.h>
#include <abi/linux/elf.h>
#include <lib/format.h>
#include <lib/string.h>

#include <arch/linux.h>
#include <arch/machine.h>
#include <arch/signal.h>
#include <arch/user.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/test.h>

enum : uint64_t { TEXT = 0x40'0000, TOP = 0x10'0000'0000 };

// ---- a file of up to two pages ----

struct test_file {
    struct page_source source;
    phys_t frames[2];
    uint64_t pages;      // that it still has
    enum status failure; // of the device it is on
};

static enum status page_get(struct page_source *source, uint64_t index, bool for_write, phys_t *frame)
{
    const struct test_file *file = container_of(source, struct test_file, source);
    if (file->failure != STATUS_OK)
        return file->failure;
    if (index >= file->pages)
        return STATUS_OUT_OF_RANGE;
    *frame = file->frames[index];
    frame_retain(*frame);
    return STATUS_OK;
}

static size_t page_get_resident(struct page_source *source, uint64_t index, size_t count, phys_t *frames)
{
    return count && page_get(source, index, false, frames) == STATUS_OK;
}

static void page_keep(struct page_source *source)
{
}

static void page_describe(struct page_source *source, char *text, size_t size)
{
    (void)string_copy(text, "test", size);
}

static const struct page_source_ops page_ops = {
    .get = page_get, .get_resident = page_get_resident, .retain = page_keep, .release = page_keep, .describe = page_describe
};

static bool file_make(struct test_file *file, const void *bytes, size_t size, struct program_file *program)
{
    *file = (struct test_file){ .source = { .ops = &page_ops }, .pages = 2 };
    for (size_t i = 0; i < 2; i++) {
        if (!CHECK(frame_alloc(1, FRAME_ZEROED, &file->frames[i]) == STATUS_OK))
            return false;
    }
    if (file->frames[0].raw < file->frames[1].raw) { // so that reading beyond the first page does not reach the second
        phys_t lower = file->frames[0];
        file->frames[0] = file->frames[1];
        file->frames[1] = lower;
    }
    for (size_t done = 0; done < size; done += PAGE_SIZE)
        memcpy(direct_map(file->frames[done >> PAGE_SHIFT]), (const char *)bytes + done, MIN(PAGE_SIZE, size - done));
    *program = (struct program_file){ nullptr, &file->source, size };
    return true;
}

static void file_drop(struct test_file *file)
{
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQUAL(atomic_load_explicit(&frame_of(file->frames[i])->references, memory_order_relaxed), 1);
        frame_release(file->frames[i]);
    }
}

// ---- scripts ----

// The interpreter's arguments joined with '|', "refused" when there is none.
static void script_expect(const char *text, const char *expected)
{
    struct test_file file;
    struct program_file program;
    struct script *script = nullptr;
    char *argv[] = { "old", "a", "b", nullptr };
    char joined[512] = "refused";
    if (!file_make(&file, text, strlen(text), &program))
        return;
    CHECK(script_is(&program));
    if (script_enter(&program, "/s", argv, &script) == STATUS_OK) {
        struct text line = { joined, sizeof joined, 0 };
        for (char **argument = script->argv; *argument; argument++)
            text_add(&line, "%s|", *argument);
        script_leave(script);
    }
    if (!CHECK(string_equal(joined, expected)))
        test_check(false, joined, __FILE__, __LINE__);
    file_drop(&file);
}

TEST(exec, reads_script_lines_as_linux_does)
{
    script_expect("#!/bin/sh\necho", "/bin/sh|/s|a|b|");
    script_expect("#!/bin/sh", "/bin/sh|/s|a|b|"); // the file ends with the line
    script_expect("#! \t/bin/awk -f  \n", "/bin/awk|-f|/s|a|b|");
    script_expect("#!/usr/bin/env a b c\n", "/usr/bin/env|a b c|/s|a|b|");
    script_expect("#!\n", "refused");
    script_expect("#!", "refused");
    script_expect("#!   \t \n/bin/sh\n", "refused");
}

TEST(exec, refuses_interpreters_that_the_line_cuts_off)
{
    char text[400];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "#!/", 3);
    text[sizeof text - 1] = '\0';
    script_expect(text, "refused");
}

TEST(exec, takes_only_files_that_begin_with_the_marks_for_scripts)
{
    struct test_file file;
    struct program_file program;
    if (!file_make(&file, "# !", 3, &program))
        return;
    CHECK(!script_is(&program));
    program.size = 1;
    CHECK(!script_is(&program));
    file_drop(&file);
}

// ---- programs ----

struct test_program {
    struct elf_header header;
    struct elf_program_header rows[1];
    char rest[104]; // no padding behind it
};

static void program_make(struct test_program *program)
{
    *program = (struct test_program){
        .header = { .identification = { 0x7f, 'E', 'L', 'F', ELF_CLASS_64, ELF_DATA_LITTLE, ELF_VERSION },
                    .type = ELF_TYPE_EXECUTABLE,
                    .machine = arch_elf_machine(),
                    .version = ELF_VERSION,
                    .entry = TEXT,
                    .program_headers = sizeof(struct elf_header),
                    .header_size = sizeof(struct elf_header),
                    .program_header_size = sizeof(struct elf_program_header),
                    .program_header_count = 1 },
        .rows = { { .type = ELF_SEGMENT_LOAD,
                    .flags = ELF_FLAG_READ | ELF_FLAG_EXECUTE,
                    .virtual_address = TEXT,
                    .file_size = sizeof(struct test_program),
                    .memory_size = 3 * PAGE_SIZE } },
    };
    memset(program->rest, 'r', sizeof program->rest);
}

TEST(exec, clears_what_lies_behind_the_files_bytes)
{
    struct test_program bytes;
    struct test_file file;
    struct program_file opened;
    struct program program = {};
    struct space *space;
    program_make(&bytes);
    if (!file_make(&file, &bytes, sizeof bytes, &opened) || !CHECK(space_create(&space) == STATUS_OK))
        return;
    memset((char *)direct_map(file.frames[0]) + sizeof bytes, 'x', PAGE_SIZE - sizeof bytes); // behind the end of the file
    CHECK(program_parse(&opened, &program.image, nullptr) == STATUS_OK);
    CHECK(program_map(space, &opened, &program) == STATUS_OK);
    char read[2] = "??";
    CHECK_EQUAL(space_read(space, TEXT + sizeof bytes - 1, read, 2), 2);
    CHECK_EQUAL(read[0], 'r');
    CHECK_EQUAL(read[1], 0);
    CHECK_EQUAL(space_read(space, TEXT + 3 * PAGE_SIZE - 1, read, 1), 1);
    CHECK_EQUAL(read[0], 0);
    CHECK_EQUAL(space_write(space, TEXT, "w", 1), 0); // the text stays what it should be
    CHECK_EQUAL(((char *)direct_map(file.frames[0]))[sizeof bytes], 'x');
    space_release(space);
    file_drop(&file);
}

TEST(exec, refuses_a_file_that_is_shorter_than_it_says)
{
    struct test_program bytes;
    struct test_file file;
    struct program_file opened;
    struct elf_image image;
    enum elf_error reason;
    program_make(&bytes);
    if (!file_make(&file, &bytes, sizeof bytes, &opened))
        return;
    opened.size--;
    CHECK(program_parse(&opened, &image, &reason) == STATUS_BAD_FORMAT);
    CHECK(reason == ELF_BUFFER_TOO_SMALL);
    opened.size = 0;
    CHECK(program_parse(&opened, &image, &reason) == STATUS_BAD_FORMAT);
    file_drop(&file);
}

TEST(exec, maps_exactly_the_files_bytes_when_there_is_nothing_to_clear)
{
    struct test_program bytes;
    struct test_file file;
    struct program_file opened;
    struct program program = {};
    struct space *space;
    program_make(&bytes);
    bytes.rows[0].memory_size = bytes.rows[0].file_size;
    if (!file_make(&file, &bytes, sizeof bytes, &opened) || !CHECK(space_create(&space) == STATUS_OK))
        return;
    CHECK(program_parse(&opened, &program.image, nullptr) == STATUS_OK);
    CHECK(program_map(space, &opened, &program) == STATUS_OK);
    CHECK_EQUAL(space->mapped, PAGE_SIZE);
    CHECK_EQUAL(space->faults_copied, 0); // the page is the file's own
    space_release(space);
    file_drop(&file);
}

TEST(exec, refuses_to_map_what_it_cannot_read_or_has_no_room_for)
{
    struct test_program bytes;
    struct test_file file;
    struct program_file opened;
    struct program program = {};
    struct space *space;
    program_make(&bytes);
    if (!file_make(&file, &bytes, sizeof bytes, &opened) || !CHECK(space_create(&space) == STATUS_OK))
        return;
    CHECK(program_parse(&opened, &program.image, nullptr) == STATUS_OK);
    space->limit_space = PAGE_SIZE / 2;
    CHECK(program_map(space, &opened, &program) == STATUS_NO_MEMORY);
    space->limit_space = PAGE_SIZE; // the file's page, and not those behind it
    CHECK(program_map(space, &opened, &program) == STATUS_NO_MEMORY);
    space_release(space);
    if (!CHECK(space_create(&space) == STATUS_OK))
        return;
    file.failure = STATUS_IO_ERROR;
    CHECK(program_map(space, &opened, &program) == STATUS_IO_ERROR);
    space_release(space);
    file_drop(&file);
}

TEST(exec, reads_program_headers_wherever_they_lie_in_the_file)
{
    static const uint64_t offsets[] = { PAGE_SIZE - 20, PAGE_SIZE, PAGE_SIZE + 8, 3000 };
    static char pages[2 * PAGE_SIZE];
    struct test_program bytes;
    struct test_file file;
    struct program_file opened;
    struct elf_image image;
    for (size_t i = 0; i < ARRAY_LENGTH(offsets); i++) {
        program_make(&bytes);
        bytes.header.program_headers = offsets[i];
        memset(pages, 0, sizeof pages);
        memcpy(pages, &bytes, sizeof bytes);
        memcpy(pages + offsets[i], bytes.rows, sizeof bytes.rows);
        if (!file_make(&file, pages, sizeof pages, &opened))
            return;
        CHECK(program_parse(&opened, &image, nullptr) == STATUS_OK);
        CHECK_EQUAL(image.segments[0].address, TEXT);
        file_drop(&file);
    }
}

// Takes every free frame, each linked to the one before.
static phys_t frames_take_all(void)
{
    phys_t last = {}, frame;
    while (frame_alloc(1, 0, &frame) == STATUS_OK) {
        *(phys_t *)direct_map(frame) = last;
        last = frame;
    }
    return last;
}

static void frames_give_back(phys_t last)
{
    while (last.raw) {
        phys_t frame = last;
        last = *(phys_t *)direct_map(frame);
        frame_release(frame);
    }
}

REUSE_TEST(exec, refuses_a_program_when_there_is_no_memory_for_its_headers)
{
    enum { ROWS = 73, AT = 3000 }; // more than the heap's largest class, and not all in the first page
    static char pages[2 * PAGE_SIZE];
    struct test_program bytes;
    struct test_file file;
    struct program_file opened;
    struct elf_image image;
    program_make(&bytes);
    bytes.header.program_headers = AT;
    bytes.header.program_header_count = ROWS;
    memcpy(pages, &bytes, sizeof bytes);
    memcpy(pages + AT, bytes.rows, sizeof bytes.rows);
    if (!file_make(&file, pages, sizeof pages, &opened))
        return;
    CHECK(program_parse(&opened, &image, nullptr) == STATUS_OK);
    heap_trim();
    phys_t taken = frames_take_all();
    enum status outcome = program_parse(&opened, &image, nullptr);
    frames_give_back(taken);
    CHECK(outcome == STATUS_NO_MEMORY);
    CHECK(program_parse(&opened, &image, nullptr) == STATUS_OK);
    file_drop(&file);
}

TEST(exec, says_why_a_file_is_no_program)
{
    struct test_program bytes;
    struct test_file file;
    struct program_file opened;
    struct elf_image image;
    enum elf_error reason = ELF_OK;
    program_make(&bytes);
    bytes.header.program_headers = 0; // so that only the size of the file is against it
    if (!file_make(&file, &bytes, sizeof bytes, &opened))
        return;
    opened.size = sizeof bytes.header - 4;
    CHECK(program_parse(&opened, &image, &reason) == STATUS_BAD_FORMAT && reason == ELF_BUFFER_TOO_SMALL);
    memset(direct_map(file.frames[0]), 't', PAGE_SIZE);
    CHECK(program_parse(&opened, &image, &reason) == STATUS_BAD_FORMAT && reason == ELF_INVALID_MAGIC);
    file.pages = 0; // emptied since it was opened
    CHECK(program_parse(&opened, &image, &reason) == STATUS_BAD_FORMAT && reason == ELF_INVALID_MAGIC);
    file.failure = STATUS_IO_ERROR;
    CHECK(program_parse(&opened, &image, nullptr) == STATUS_IO_ERROR);
    file_drop(&file);
}

TEST(exec, reads_across_pages_and_nothing_beyond_the_end)
{
    enum : uint64_t { SIZE = PAGE_SIZE + 100 };
    static char pages[SIZE];
    char read[16] = "----------";
    struct test_file file;
    struct program_file opened;
    memcpy(pages + PAGE_SIZE - 4, "abcdefgh", 8);
    if (!file_make(&file, pages, sizeof pages, &opened))
        return;
    CHECK(program_read(&opened, PAGE_SIZE - 4, read, 8) == STATUS_OK);
    CHECK(!memcmp(read, "abcdefgh--", 10));
    CHECK(program_read(&opened, SIZE, read, 0) == STATUS_OK);
    CHECK(program_read(&opened, SIZE - 4, read, 4) == STATUS_OK);
    CHECK(program_read(&opened, SIZE - 3, read, 4) == STATUS_BAD_FORMAT);
    CHECK(program_read(&opened, SIZE + 1, read, 0) == STATUS_BAD_FORMAT);
    CHECK(program_read(&opened, UINT64_MAX - 1, read, 4) == STATUS_BAD_FORMAT);
    file.pages = 1; // cut off since it was opened
    CHECK(program_read(&opened, PAGE_SIZE - 4, read, 8) == STATUS_BAD_FORMAT);
    file.failure = STATUS_IO_ERROR;
    CHECK(program_read(&opened, 0, read, 1) == STATUS_IO_ERROR);
    file_drop(&file);
}

// ---- finding the file ----

// What opening says while the file's node has another mode, and perhaps no pages, as files of /proc.
static enum status open_as(const char *path, uint32_t mode, bool pages)
{
    struct program_file file;
    struct entry *entry;
    if (!CHECK(vfs_lookup(vfs_kernel_context(), nullptr, path, true, &entry) == STATUS_OK))
        return STATUS_OK;
    struct node *node = entry_node(entry);
    uint32_t mode_before = node->mode;
    const struct page_source_ops *ops_before = node->source.ops;
    node->mode = mode;
    node->source.ops = pages ? ops_before : nullptr;
    enum status outcome = program_open(vfs_kernel_context(), path, &file);
    if (outcome == STATUS_OK)
        program_close(&file);
    node->mode = mode_before;
    node->source.ops = ops_before;
    entry_release(entry);
    return outcome;
}

KERNEL_TEST(exec, opens_only_regular_files_that_may_be_run_and_mapped)
{
    static const char path[] = "/tmp/exec_test";
    struct open_file *made;
    struct program_file file;
    if (!CHECK(vfs_open(vfs_kernel_context(), nullptr, path, LINUX_O_CREAT | LINUX_O_WRONLY, 0755, &made) == STATUS_OK))
        return;
    file_release(made);
    CHECK(open_as(path, LINUX_S_IFREG | 0755, true) == STATUS_OK);
    CHECK(open_as(path, LINUX_S_IFREG | 0100, true) == STATUS_OK);
    CHECK(open_as(path, LINUX_S_IFREG | 0644, true) == STATUS_DENIED);
    CHECK(open_as(path, LINUX_S_IFIFO | 0755, true) == STATUS_DENIED);
    CHECK(open_as(path, LINUX_S_IFREG | 0755, false) == STATUS_DENIED);
    CHECK(program_open(vfs_kernel_context(), "/", &file) == STATUS_DENIED);
    CHECK(program_open(vfs_kernel_context(), "/no/such/file", &file) == STATUS_NOT_FOUND);
    CHECK(vfs_unlink(vfs_kernel_context(), nullptr, path, false) == STATUS_OK);
}

// ---- stacks ----

static uint64_t word_at(struct space *space, uint64_t at)
{
    uint64_t word = UINT64_MAX;
    CHECK_EQUAL(space_read(space, at, &word, sizeof word), sizeof word);
    return word;
}

static void expect_text(struct space *space, uint64_t at, const char *expected)
{
    char text[32] = {};
    CHECK_EQUAL(space_read(space, at, text, strlen(expected) + 1), strlen(expected) + 1);
    CHECK(string_equal(text, expected));
}

static uint64_t auxiliary_at(struct space *space, uint64_t at, uint64_t tag)
{
    for (unsigned i = 0; i < 32; i++, at += 2 * sizeof(uint64_t)) {
        uint64_t found = word_at(space, at);
        if (found == tag)
            return word_at(space, at + sizeof(uint64_t));
        if (found == LINUX_AT_NULL)
            break;
    }
    return UINT64_MAX;
}

KERNEL_TEST(exec, builds_the_stack_of_the_system_v_abi)
{
    static const struct program program = { .image = { .entry = TEXT, .table_address = TEXT + 64, .table_count = 3 } };
    char *argv[] = { "prog", "-x", "", nullptr }, *envp[] = { "HOME=/", nullptr };
    struct stack_plan plan = { .program = &program, .path = "/bin/prog", .argv = argv, .envp = envp, .top = TOP, .random = { 1, 2, 3 } };
    struct space *space;
    uint64_t sp = 0;
    if (!CHECK(space_create(&space) == STATUS_OK))
        return;
    space->limit_stack = 8 * MIB;
    CHECK(stack_build(space, &plan, &sp) == STATUS_OK);
    CHECK(is_aligned(sp, 16));
    CHECK_EQUAL(word_at(space, sp), 3);
    expect_text(space, word_at(space, sp + 8), "prog");
    expect_text(space, word_at(space, sp + 16), "-x");
    expect_text(space, word_at(space, sp + 24), "");
    CHECK_EQUAL(word_at(space, sp + 32), 0);
    expect_text(space, word_at(space, sp + 40), "HOME=/");
    CHECK_EQUAL(word_at(space, sp + 48), 0);
    CHECK_EQUAL(word_at(space, TOP - 8), 0);
    CHECK_EQUAL(space->argument_end - space->argument_start, sizeof "prog" + sizeof "-x" + sizeof "");
    const uint64_t auxiliary = sp + 56;
    CHECK_EQUAL(auxiliary_at(space, auxiliary, LINUX_AT_PAGESZ), PAGE_SIZE);
    CHECK_EQUAL(auxiliary_at(space, auxiliary, LINUX_AT_ENTRY), TEXT);
    CHECK_EQUAL(auxiliary_at(space, auxiliary, LINUX_AT_PHDR), TEXT + 64);
    CHECK_EQUAL(auxiliary_at(space, auxiliary, LINUX_AT_PHNUM), 3);
    CHECK_EQUAL(auxiliary_at(space, auxiliary, LINUX_AT_SECURE), 0);
    CHECK_EQUAL(word_at(space, auxiliary_at(space, auxiliary, LINUX_AT_RANDOM)), 0x030201);
    expect_text(space, auxiliary_at(space, auxiliary, LINUX_AT_EXECFN), "/bin/prog");
    CHECK_EQUAL(auxiliary_at(space, auxiliary, LINUX_AT_HWCAP), arch_elf_hwcap());
    CHECK_EQUAL(auxiliary_at(space, auxiliary, LINUX_AT_HWCAP2), arch_elf_hwcap2() ? arch_elf_hwcap2() : UINT64_MAX);
    static const char *const platform = LINUX_PLATFORM;
    if (platform)
        expect_text(space, auxiliary_at(space, auxiliary, LINUX_AT_PLATFORM), platform);
    else
        CHECK_EQUAL(auxiliary_at(space, auxiliary, LINUX_AT_PLATFORM), UINT64_MAX);
    space_release(space);
}

KERNEL_TEST(exec, refuses_more_arguments_than_a_stack_may_hold)
{
    static const struct program program = {};
    static char large[128 * KIB];
    char *argv[20] = { large }, *envp[] = { nullptr };
    struct stack_plan plan = { .program = &program, .path = "/p", .argv = argv, .envp = envp, .top = TOP };
    struct space *space;
    uint64_t sp;
    if (!CHECK(space_create(&space) == STATUS_OK))
        return;
    space->limit_stack = 8 * MIB;
    memset(large, 'a', sizeof large); // one string of 128 KiB without an end
    CHECK(stack_build(space, &plan, &sp) == STATUS_TOO_BIG);
    large[sizeof large - 1] = '\0';
    for (unsigned i = 0; i < ARRAY_LENGTH(argv) - 1; i++)
        argv[i] = large; // each allowed, all together more than a quarter of the stack
    CHECK(stack_build(space, &plan, &sp) == STATUS_TOO_BIG);
    CHECK_EQUAL(space->mapped, 0);
    argv[10] = nullptr;
    CHECK(stack_build(space, &plan, &sp) == STATUS_OK);
    space_release(space);
}

// ---- where things lie ----

static void expect_places(uint64_t user_end, uint64_t stack_limit, uint32_t random)
{
    const struct exec_random slides = { .image = random, .heap = random, .stack = random, .map = random };
    struct exec_places places;
    exec_choose_places(user_end, stack_limit, &slides, &places);
    CHECK(is_aligned(places.image | places.stack_top | places.map_top, PAGE_SIZE));
    CHECK(places.stack_top < user_end && places.stack_top < 1ull << 48);
    CHECK(places.stack_top - places.map_top >= MIN(MAX(stack_limit, 128 * MIB), MIN(user_end, 1ull << 48) / 8));
    CHECK(places.image < places.map_top && places.map_top - places.image > 4 * GIB); // room for the image and its heap
    CHECK(places.image > 64 * GIB);                                                  // and for programs that say where they go
}

TEST(exec, lays_programs_out_in_user_halves_of_every_size)
{
    static const unsigned bits[] = { 38, 47, 48, 56 };
    static const uint64_t limits[] = { 0, 8 * MIB, 1 * GIB, UINT64_MAX };
    for (size_t i = 0; i < ARRAY_LENGTH(bits); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(limits); j++) {
            expect_places((1ull << bits[i]) - PAGE_SIZE, limits[j], 0);
            expect_places((1ull << bits[i]) - PAGE_SIZE, limits[j], UINT32_MAX);
        }
    }
}

TEST(exec, begins_position_independent_programs_where_linux_does_without_a_slide)
{
    const struct exec_random none = {};
    struct exec_places places;
    exec_choose_places((1ull << 47) - PAGE_SIZE, 8 * MIB, &none, &places);
    CHECK_EQUAL(places.image, 0x5555'5555'4000);
}

// ---- the page that signal handlers return to ----

TEST(exec, maps_the_code_that_handlers_return_to)
{
    const void *code = nullptr;
    size_t size = arch_signal_trampoline(&code);
    struct space *space;
    char found[64] = {};
    uint64_t at = 1;
    CHECK(size <= sizeof found && signal_page_init() == STATUS_OK);
    if (!CHECK(space_create(&space) == STATUS_OK))
        return;
    CHECK(signal_page_map(space, &at) == STATUS_OK);
    CHECK_EQUAL(at != 0, size != 0);
    CHECK_EQUAL(space->mapped, size ? PAGE_SIZE : 0);
    if (size) {
        CHECK(is_aligned(at, PAGE_SIZE));
        CHECK_EQUAL(space_read(space, at, found, sizeof found), sizeof found);
        CHECK(!memcmp(found, code, size));
        CHECK_EQUAL(found[size], 0);
        CHECK_EQUAL(space_write(space, at, code, 1), 0);
    }
    space_release(space);
}

// Who makes it writable changes it for himself alone.
TEST(exec, shares_that_code_without_letting_a_program_change_it)
{
    struct space *one, *other;
    uint64_t at = 0, there = 0;
    uint8_t first = 0, byte = 0x5a;
    CHECK(signal_page_init() == STATUS_OK);
    if (!CHECK(space_create(&one) == STATUS_OK) || !CHECK(space_create(&other) == STATUS_OK))
        return;
    CHECK(signal_page_map(one, &at) == STATUS_OK && signal_page_map(other, &there) == STATUS_OK);
    if (at) {
        CHECK_EQUAL(space_read(other, there, &first, 1), 1);
        CHECK(space_protect(one, at, PAGE_SIZE, PAGE_READ | PAGE_WRITE) == STATUS_OK);
        CHECK_EQUAL(space_write(one, at, &byte, 1), 1);
        CHECK_EQUAL(space_read(other, there, &byte, 1), 1);
        CHECK_EQUAL(byte, first);
    }
    space_release(one);
    space_release(other);
}
