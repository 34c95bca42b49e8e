// SPDX-License-Identifier: MIT
// space_test.c: address spaces that no thread runs, looked at through their page tables and through space_read and space_write.
#include "space_test.h"

#include <abi/linux/mman.h>
#include <lib/string.h>

#include <arch/interrupt.h>
#include <arch/user.h>

// ---- a file of three pages and a bit, whose page n is full of the byte n + 1 ----

enum { FILE_PAGES = 4 };
struct test_file {
    struct page_source source;
    phys_t frames[FILE_PAGES];
    uint32_t references, asked;
    bool resident;
};

static enum status file_get(struct page_source *source, uint64_t index, bool for_write, phys_t *frame)
{
    struct test_file *file = container_of(source, struct test_file, source);
    file->asked++;
    if (index >= FILE_PAGES)
        return STATUS_OUT_OF_RANGE;
    *frame = file->frames[index];
    frame_retain(*frame);
    return STATUS_OK;
}

static size_t file_get_resident(struct page_source *source, uint64_t index, size_t count, phys_t *frames)
{
    struct test_file *file = container_of(source, struct test_file, source);
    size_t found = 0;
    for (; file->resident && found < count && index + found < FILE_PAGES; found++) {
        frames[found] = file->frames[index + found];
        frame_retain(frames[found]);
    }
    return found;
}

static void file_retain_source(struct page_source *source)
{
    container_of(source, struct test_file, source)->references++;
}

static void file_release_source(struct page_source *source)
{
    container_of(source, struct test_file, source)->references--;
}

static void file_describe_source(struct page_source *source, char *text, size_t size)
{
    (void)string_copy(text, "test", size);
}

static const struct page_source_ops file_ops = {
    .get = file_get,
    .get_resident = file_get_resident,
    .retain = file_retain_source,
    .release = file_release_source,
    .describe = file_describe_source,
};

static bool file_open(struct test_file *file)
{
    *file = (struct test_file){ .source = { .ops = &file_ops }, .references = 1, .resident = true };
    for (unsigned i = 0; i < FILE_PAGES; i++) {
        if (!CHECK(frame_alloc(1, 0, &file->frames[i]) == STATUS_OK))
            return false;
        memset(direct_map(file->frames[i]), (int)i + 1, PAGE_SIZE);
    }
    return true;
}

static uint32_t frame_count(phys_t frame)
{
    return atomic_load_explicit(&frame_of(frame)->references, memory_order_relaxed);
}

// Nobody but the file itself has its pages.
static void file_close(struct test_file *file)
{
    CHECK_EQUAL(file->references, 1);
    for (unsigned i = 0; i < FILE_PAGES; i++) {
        CHECK_EQUAL(frame_count(file->frames[i]), 1);
        frame_release(file->frames[i]);
    }
}

// ---- helpers ----

static uint32_t access_at(struct space *space, uint64_t at)
{
    uint32_t access;
    return arch_space_query(&space->arch, (virt_t){ at }, nullptr, &access) ? access & ~PAGE_USER : UINT32_MAX;
}

static void expect_regions(struct space *space, const uint64_t *bounds, size_t count)
{
    size_t found = 0;
    uint64_t bytes = 0;
    for (struct region *region = region_of(tree_first(&space->regions)); region; region = region_next(region), found++) {
        if (found < count) {
            CHECK_EQUAL(region->start, bounds[2 * found]);
            CHECK_EQUAL(region->end, bounds[2 * found + 1]);
        }
        bytes += region_size(region);
    }
    CHECK_EQUAL(found, count);
    CHECK_EQUAL(space->region_count, count);
    CHECK_EQUAL(space->mapped, bytes);
}
#define EXPECT_REGIONS(space_, ...)                           \
    do {                                                      \
        const uint64_t bounds_[] = { __VA_ARGS__ };           \
        expect_regions(space_, bounds_, sizeof bounds_ / 16); \
    } while (0)

// ---- mapping ----

static void scenario_pages(void)
{
    struct space *space = space_new();
    CHECK(map_at(space, AT, 20, READ_WRITE, nullptr, 0) == STATUS_OK);
    for (unsigned i = 0; i < 20; i++)
        CHECK(write_byte(space, AT + i * PAGE_SIZE, 7));
    CHECK_EQUAL(space_resident(space), 20);
    space_release(space);
}

TEST(space, starts_empty_and_gives_every_frame_back)
{
    expect_no_leak(scenario_pages);
}

TEST(space, delivers_zeros_on_demand)
{
    struct space *space = space_new();
    CHECK(map_at(space, AT, 2, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK_EQUAL(space_resident(space), 0);
    CHECK_EQUAL(byte_at(space, AT + PAGE_SIZE + 5), 0);
    CHECK_EQUAL(space_resident(space), 1);
    space_release(space);
}

TEST(space, maps_downwards_and_joins_what_is_alike)
{
    struct space *space = space_new();
    const struct map_request request = { .size = PAGE_SIZE, .access = READ_WRITE };
    uint64_t first = 0, second = 0, third = 0;
    CHECK(space_map(space, &request, &first) == STATUS_OK && space_map(space, &request, &second) == STATUS_OK);
    CHECK_EQUAL(second, first - PAGE_SIZE);
    EXPECT_REGIONS(space, second, first + PAGE_SIZE);
    CHECK(space_unmap(space, first, PAGE_SIZE) == STATUS_OK);
    CHECK(space_map(space, &request, &third) == STATUS_OK);
    CHECK_EQUAL(third, first); // the hole is found again
    space_release(space);
}

TEST(space, finds_small_holes_behind_the_cursor)
{
    struct space *space = space_new();
    struct map_request request = { .size = 4 * PAGE_SIZE, .access = READ };
    uint64_t upper, lower, again;
    CHECK(space_map(space, &request, &upper) == STATUS_OK);
    request.access = READ_WRITE;
    CHECK(space_map(space, &request, &lower) == STATUS_OK);
    CHECK(space_unmap(space, upper + PAGE_SIZE, 2 * PAGE_SIZE) == STATUS_OK);
    request.size = 3 * PAGE_SIZE; // too large for the hole: goes below
    CHECK(space_map(space, &request, &again) == STATUS_OK);
    CHECK_EQUAL(again, lower - 3 * PAGE_SIZE);
    request.size = 2 * PAGE_SIZE;
    CHECK(space_map(space, &request, &again) == STATUS_OK);
    CHECK_EQUAL(again, upper + PAGE_SIZE);
    space_release(space);
}

TEST(space, takes_a_free_hint_and_avoids_a_taken_one)
{
    struct space *space = space_new();
    struct map_request request = { .hint = AT, .size = PAGE_SIZE, .access = READ };
    uint64_t at;
    CHECK(space_map(space, &request, &at) == STATUS_OK);
    CHECK_EQUAL(at, AT);
    CHECK(space_map(space, &request, &at) == STATUS_OK);
    CHECK(at != AT);
    space_release(space);
}

TEST(space, replaces_what_is_at_a_fixed_address)
{
    struct space *space = space_new();
    CHECK(map_at(space, AT, 3, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(write_byte(space, AT + PAGE_SIZE, 1) && write_byte(space, AT, 2));
    CHECK(map_at(space, AT + PAGE_SIZE, 1, READ, nullptr, 0) == STATUS_OK);
    EXPECT_REGIONS(space, AT, AT + PAGE_SIZE, AT + PAGE_SIZE, AT + 2 * PAGE_SIZE, AT + 2 * PAGE_SIZE, AT + 3 * PAGE_SIZE);
    CHECK_EQUAL(byte_at(space, AT + PAGE_SIZE), 0);
    CHECK_EQUAL(byte_at(space, AT), 2);
    CHECK(map_at(space, AT, 1, READ, nullptr, MAP_AT_FREE) == STATUS_EXISTS);
    space_release(space);
}

TEST(space, refuses_impossible_requests)
{
    struct space *space = space_new();
    struct map_request request = { .hint = AT, .access = READ_WRITE };
    uint64_t at;
    CHECK(space_map(space, &request, &at) == STATUS_BAD_ARGUMENT); // no size
    request.size = UINT64_MAX;
    CHECK(space_map(space, &request, &at) == STATUS_NO_MEMORY);
    request.size = arch_user_end() + PAGE_SIZE;
    CHECK(space_map(space, &request, &at) == STATUS_NO_MEMORY);
    request.size = PAGE_SIZE;
    request.hint = AT + 1;
    CHECK(space_map(space, &request, &at) == STATUS_BAD_ARGUMENT);
    CHECK(map_at(space, 0, 1, READ, nullptr, 0) == STATUS_NOT_PERMITTED);
    CHECK(map_at(space, arch_user_end(), 1, READ, nullptr, 0) == STATUS_NO_MEMORY);
    CHECK(map_at(space, arch_user_end() - PAGE_SIZE, 2, READ, nullptr, 0) == STATUS_NO_MEMORY);
    CHECK(map_at(space, 0xffff'8000'0000'0000, 1, READ, nullptr, 0) == STATUS_NO_MEMORY);
    request = (struct map_request){ .size = align_down(arch_user_end() / 2, PAGE_SIZE), .access = READ_WRITE };
    CHECK(space_map(space, &request, &at) == STATUS_NO_MEMORY); // more than RAM
    request.access = 0;
    CHECK(space_map(space, &request, &at) == STATUS_OK); // but addresses cost nothing
    space->limit_space = space->mapped + PAGE_SIZE;
    CHECK(map_at(space, AT, 2, READ, nullptr, 0) == STATUS_NO_MEMORY);
    CHECK(map_at(space, AT, 1, READ, nullptr, 0) == STATUS_OK);
    space_release(space);
}

TEST(space, reaches_nothing_of_the_kernel_for_another_process)
{
    static char kernel_bytes[16] = "untouched";
    struct space *space = space_new();
    char got[16] = {};
    uint64_t at = virt_of(kernel_bytes).raw;
    CHECK_EQUAL(space_write(space, at, "overwritten", 12), 0);
    CHECK_EQUAL(space_read(space, at, got, sizeof got), 0);
    CHECK_EQUAL(space_write(space, arch_user_end(), "x", 1), 0);
    CHECK_EQUAL(space_read(space, UINT64_MAX - 4, got, sizeof got), 0);
    CHECK(string_equal(kernel_bytes, "untouched") && !got[0]);
    space_release(space);
}

TEST(space, splits_at_the_edges_of_an_unmapping)
{
    struct space *space = space_new();
    CHECK(map_at(space, AT, 5, READ_WRITE, nullptr, 0) == STATUS_OK);
    for (unsigned i = 0; i < 5; i++)
        CHECK(write_byte(space, AT + i * PAGE_SIZE, (uint8_t)(i + 1)));
    CHECK(space_unmap(space, AT + PAGE_SIZE, 2 * PAGE_SIZE) == STATUS_OK);
    EXPECT_REGIONS(space, AT, AT + PAGE_SIZE, AT + 3 * PAGE_SIZE, AT + 5 * PAGE_SIZE);
    CHECK_EQUAL(space_resident(space), 3);
    CHECK_EQUAL(byte_at(space, AT + 4 * PAGE_SIZE), 5);
    CHECK(space_fault(space, AT + PAGE_SIZE, 0) == STATUS_NOT_MAPPED);
    CHECK(space_unmap(space, AT + PAGE_SIZE, PAGE_SIZE) == STATUS_OK); // nothing there: no error
    CHECK(space_unmap(space, AT + 1, PAGE_SIZE) == STATUS_BAD_ARGUMENT);
    CHECK(space_unmap(space, AT, 0) == STATUS_BAD_ARGUMENT);
    CHECK(space_unmap(space, AT, UINT64_MAX) == STATUS_BAD_ARGUMENT);
    CHECK(space_unmap(space, arch_user_end(), PAGE_SIZE) == STATUS_BAD_ARGUMENT);
    space_release(space);
}

TEST(space, protects_parts_and_joins_them_again)
{
    struct space *space = space_new();
    CHECK(map_at(space, AT, 3, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(write_byte(space, AT + PAGE_SIZE, 9));
    CHECK(space_protect(space, AT + PAGE_SIZE, PAGE_SIZE, READ) == STATUS_OK);
    EXPECT_REGIONS(space, AT, AT + PAGE_SIZE, AT + PAGE_SIZE, AT + 2 * PAGE_SIZE, AT + 2 * PAGE_SIZE, AT + 3 * PAGE_SIZE);
    CHECK(space_fault(space, AT + PAGE_SIZE, FAULT_WRITE) == STATUS_DENIED);
    CHECK(space_fault(space, AT + PAGE_SIZE, FAULT_EXECUTE) == STATUS_DENIED);
    CHECK_EQUAL(access_at(space, AT + PAGE_SIZE), PAGE_READ);
    CHECK(space_protect(space, AT, 3 * PAGE_SIZE, 0) == STATUS_OK);
    CHECK_EQUAL(access_at(space, AT + PAGE_SIZE), 0);
    CHECK(space_fault(space, AT + PAGE_SIZE, 0) == STATUS_DENIED);
    CHECK(space_protect(space, AT, 3 * PAGE_SIZE, READ_WRITE) == STATUS_OK);
    EXPECT_REGIONS(space, AT, AT + 3 * PAGE_SIZE);
    CHECK_EQUAL(byte_at(space, AT + PAGE_SIZE), 9);
    CHECK(write_byte(space, AT + PAGE_SIZE, 10));
    space_release(space);
}

TEST(space, protects_what_lies_before_a_hole)
{
    struct space *space = space_new();
    CHECK(map_at(space, AT, 2, READ_WRITE, nullptr, 0) == STATUS_OK &&
          map_at(space, AT + 3 * PAGE_SIZE, 1, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(space_protect(space, AT + PAGE_SIZE, 3 * PAGE_SIZE, READ) == STATUS_NO_MEMORY);
    CHECK(write_byte(space, AT, 1));
    CHECK(!write_byte(space, AT + PAGE_SIZE, 1));
    CHECK(write_byte(space, AT + 3 * PAGE_SIZE, 1));
    CHECK(space_protect(space, AT + 2 * PAGE_SIZE, 2 * PAGE_SIZE, READ) == STATUS_NO_MEMORY);
    CHECK(write_byte(space, AT + 3 * PAGE_SIZE, 1));
    CHECK(space_protect(space, AT + 1, PAGE_SIZE, READ) == STATUS_BAD_ARGUMENT);
    CHECK(space_protect(space, AT, UINT64_MAX, READ) == STATUS_NO_MEMORY);
    CHECK(space_protect(space, AT, 0, READ) == STATUS_OK);
    space_release(space);
}

TEST(space, drops_pages_that_are_discarded)
{
    struct space *space = space_new();
    CHECK(map_at(space, AT, 2, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(write_byte(space, AT, 1) && write_byte(space, AT + PAGE_SIZE, 2));
    CHECK(space_discard(space, AT, PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(space_resident(space), 1);
    CHECK_EQUAL(byte_at(space, AT), 0);
    CHECK_EQUAL(byte_at(space, AT + PAGE_SIZE), 2);
    CHECK(space_discard(space, AT + PAGE_SIZE, 2 * PAGE_SIZE) == STATUS_NO_MEMORY);
    CHECK_EQUAL(byte_at(space, AT + PAGE_SIZE), 0);
    space_release(space);
}

// ---- files ----

TEST(space, maps_a_file_privately_and_copies_on_the_first_write)
{
    struct test_file file;
    struct space *space = space_new();
    if (!file_open(&file))
        return;
    CHECK(map_at(space, AT, 3, READ_WRITE, &file.source, 0) == STATUS_OK);
    CHECK_EQUAL(byte_at(space, AT + PAGE_SIZE), 2);
    CHECK_EQUAL(space_resident(space), 3); // its neighbours came along
    CHECK_EQUAL(file.asked, 0);
    CHECK_EQUAL(access_at(space, AT), PAGE_READ);
    CHECK(write_byte(space, AT, 99));
    CHECK_EQUAL(byte_at(space, AT), 99);
    CHECK_EQUAL(byte_at(space, AT + 1), 1);
    CHECK_EQUAL(*(uint8_t *)direct_map(file.frames[0]), 1);
    CHECK_EQUAL(frame_count(file.frames[0]), 1);
    CHECK(space_discard(space, AT, PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(byte_at(space, AT), 1);
    space_release(space);
    file_close(&file);
}

TEST(space, reads_pages_that_are_not_resident_one_by_one)
{
    struct test_file file;
    struct space *space = space_new();
    if (!file_open(&file))
        return;
    file.resident = false;
    CHECK(map_at(space, AT, 6, READ_WRITE, &file.source, 0) == STATUS_OK);
    CHECK_EQUAL(byte_at(space, AT + 2 * PAGE_SIZE), 3);
    CHECK_EQUAL(space_resident(space), 1);
    CHECK(write_byte(space, AT + 3 * PAGE_SIZE, 50)); // written before it was ever read
    CHECK_EQUAL(byte_at(space, AT + 3 * PAGE_SIZE + 1), 4);
    CHECK(space_fault(space, AT + 4 * PAGE_SIZE, 0) == STATUS_OUT_OF_RANGE);
    CHECK(space_fault(space, AT + 4 * PAGE_SIZE, FAULT_WRITE) == STATUS_OUT_OF_RANGE);
    space_release(space);
    file_close(&file);
}

TEST(space, writes_through_shared_mappings)
{
    struct test_file file;
    struct space *space = space_new(), *child = nullptr;
    if (!file_open(&file))
        return;
    CHECK(map_at(space, AT, 2, READ_WRITE, &file.source, MAP_SHARED_PAGES) == STATUS_OK);
    CHECK_EQUAL(byte_at(space, AT), 1);
    CHECK(write_byte(space, AT, 42));
    CHECK_EQUAL(*(uint8_t *)direct_map(file.frames[0]), 42);
    CHECK(space_fork(space, &child) == STATUS_OK);
    CHECK_EQUAL(space_resident(child), 0); // found again at its own faults
    CHECK(write_byte(child, AT + PAGE_SIZE, 43));
    CHECK_EQUAL(byte_at(space, AT + PAGE_SIZE), 43);
    space_release(child);
    space_release(space);
    file_close(&file);
}

TEST(space, never_lets_a_read_only_file_be_written)
{
    struct test_file file;
    struct space *space = space_new();
    if (!file_open(&file))
        return;
    CHECK(map_at(space, AT, 2, READ, &file.source, MAP_SHARED_PAGES | MAP_NO_WRITE) == STATUS_OK);
    CHECK(space_protect(space, AT, PAGE_SIZE, READ_WRITE) == STATUS_DENIED);
    CHECK(!write_byte(space, AT, 1));
    EXPECT_REGIONS(space, AT, AT + 2 * PAGE_SIZE);
    space_release(space);
    file_close(&file);
}

TEST(space, keeps_offsets_right_when_it_splits_and_joins)
{
    struct test_file file;
    struct space *space = space_new();
    if (!file_open(&file))
        return;
    CHECK(map_at(space, AT, 4, READ, &file.source, 0) == STATUS_OK);
    CHECK(space_protect(space, AT + PAGE_SIZE, PAGE_SIZE, READ_WRITE) == STATUS_OK);
    CHECK_EQUAL(file.references, 4);
    CHECK(write_byte(space, AT + PAGE_SIZE, 77));
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQUAL(byte_at(space, AT + i * PAGE_SIZE + 1), i + 1);
    CHECK(space_protect(space, AT, 4 * PAGE_SIZE, READ) == STATUS_OK);
    EXPECT_REGIONS(space, AT, AT + 4 * PAGE_SIZE);
    CHECK_EQUAL(file.references, 2);
    CHECK_EQUAL(byte_at(space, AT + PAGE_SIZE), 77);
    space_release(space);
    file_close(&file);
}

// ---- fork ----

static void scenario_fork(void)
{
    struct space *parent = space_new(), *child = nullptr;
    CHECK(map_at(parent, AT, 3, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(write_byte(parent, AT, 1) && write_byte(parent, AT + PAGE_SIZE, 2));
    CHECK(space_fork(parent, &child) == STATUS_OK);
    CHECK_EQUAL(space_resident(child), 2);
    CHECK_EQUAL(access_at(parent, AT), PAGE_READ);
    CHECK(write_byte(child, AT, 11));
    CHECK(write_byte(parent, AT, 12)); // alone now: not copied
    CHECK_EQUAL(parent->faults_copied, 0);
    CHECK_EQUAL(child->faults_copied, 1);
    CHECK_EQUAL(byte_at(child, AT), 11);
    CHECK_EQUAL(byte_at(parent, AT), 12);
    CHECK(write_byte(parent, AT + PAGE_SIZE, 22));
    CHECK_EQUAL(byte_at(child, AT + PAGE_SIZE), 2);
    CHECK(write_byte(parent, AT + 2 * PAGE_SIZE, 33)); // not there at the fork
    CHECK_EQUAL(byte_at(child, AT + 2 * PAGE_SIZE), 0);
    space_release(parent);
    CHECK_EQUAL(byte_at(child, AT + PAGE_SIZE), 2);
    space_release(child);
}

TEST(space, copies_on_write_after_fork)
{
    expect_no_leak(scenario_fork);
}

TEST(space, keeps_unwritable_pages_copied_through_fork_and_protect)
{
    struct space *parent = space_new(), *child = nullptr;
    CHECK(map_at(parent, AT, 1, READ_WRITE, nullptr, 0) == STATUS_OK && write_byte(parent, AT, 5));
    CHECK(space_fork(parent, &child) == STATUS_OK);
    CHECK(space_protect(child, AT, PAGE_SIZE, READ) == STATUS_OK && space_protect(child, AT, PAGE_SIZE, READ_WRITE) == STATUS_OK);
    CHECK(write_byte(child, AT, 6));
    CHECK_EQUAL(byte_at(parent, AT), 5);
    space_release(child);
    space_release(parent);
}

static void scenario_shared_memory(void)
{
    struct space *parent = space_new(), *child = nullptr;
    CHECK(map_at(parent, AT, 2, READ_WRITE, nullptr, MAP_SHARED_PAGES) == STATUS_OK);
    CHECK(write_byte(parent, AT, 1));
    CHECK(space_fork(parent, &child) == STATUS_OK);
    CHECK(write_byte(child, AT, 2) && write_byte(child, AT + PAGE_SIZE, 3));
    CHECK_EQUAL(byte_at(parent, AT), 2);
    CHECK_EQUAL(byte_at(parent, AT + PAGE_SIZE), 3);
    space_release(parent);
    CHECK_EQUAL(byte_at(child, AT), 2);
    space_release(child);
}

TEST(space, shares_anonymous_memory_across_fork_when_asked)
{
    expect_no_leak(scenario_shared_memory);
}

// ---- stacks, brk, mremap ----

TEST(space, grows_stacks_down_to_their_limit)
{
    struct space *space = space_new();
    uint64_t top = AT + 64 * PAGE_SIZE;
    CHECK(map_at(space, top - PAGE_SIZE, 1, READ_WRITE, nullptr, MAP_STACK_REGION) == STATUS_OK);
    space->limit_stack = 16 * PAGE_SIZE;
    CHECK(write_byte(space, top - 10 * PAGE_SIZE, 1));
    EXPECT_REGIONS(space, top - 10 * PAGE_SIZE, top);
    CHECK(space_fault(space, top - 17 * PAGE_SIZE, FAULT_WRITE) == STATUS_NOT_MAPPED);
    CHECK(space_fault(space, top - 16 * PAGE_SIZE, FAULT_WRITE) == STATUS_OK);
    CHECK(space_fault(space, top, FAULT_WRITE) == STATUS_NOT_MAPPED);
    space_release(space);
}

TEST(space, keeps_a_gap_below_stacks)
{
    struct space *space = space_new();
    uint64_t start = AT + 2 * STACK_GUARD_GAP;
    CHECK(map_at(space, start, 1, READ_WRITE, nullptr, MAP_STACK_REGION) == STATUS_OK);
    CHECK(map_at(space, start - STACK_GUARD_GAP - PAGE_SIZE, 1, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(space_fault(space, start - PAGE_SIZE, FAULT_WRITE) == STATUS_NOT_MAPPED);
    struct map_request request = { .hint = start - PAGE_SIZE, .size = PAGE_SIZE, .access = READ };
    uint64_t at;
    CHECK(space_map(space, &request, &at) == STATUS_OK);
    CHECK(at != request.hint);
    space_release(space);
}

TEST(space, moves_the_end_of_the_heap)
{
    struct space *space = space_new();
    CHECK_EQUAL(space_brk(space, AT), 0); // no heap yet
    space->heap_start = space->heap_end = AT;
    CHECK_EQUAL(space_brk(space, 0), AT);
    CHECK_EQUAL(space_brk(space, AT + 100), AT + 100);
    CHECK_EQUAL(space_brk(space, AT + 3 * PAGE_SIZE + 1), AT + 3 * PAGE_SIZE + 1);
    EXPECT_REGIONS(space, AT, AT + 4 * PAGE_SIZE);
    CHECK(write_byte(space, AT + 3 * PAGE_SIZE, 1));
    CHECK_EQUAL(space_brk(space, AT + PAGE_SIZE), AT + PAGE_SIZE);
    CHECK_EQUAL(space_resident(space), 0);
    CHECK(space_fault(space, AT + PAGE_SIZE, 0) == STATUS_NOT_MAPPED);
    space->limit_data = 8 * PAGE_SIZE;
    CHECK_EQUAL(space_brk(space, AT + 9 * PAGE_SIZE), AT + PAGE_SIZE);
    CHECK(map_at(space, AT + 4 * PAGE_SIZE, 1, READ, nullptr, 0) == STATUS_OK);
    CHECK_EQUAL(space_brk(space, AT + 5 * PAGE_SIZE), AT + PAGE_SIZE); // in the way
    CHECK_EQUAL(space_brk(space, UINT64_MAX), AT + PAGE_SIZE);
    CHECK_EQUAL(space_brk(space, AT), AT);
    EXPECT_REGIONS(space, AT + 4 * PAGE_SIZE, AT + 5 * PAGE_SIZE);
    space_release(space);
}

TEST(space, remaps_in_place_or_moves_with_its_pages)
{
    struct space *space = space_new();
    uint64_t at = 0;
    CHECK(map_at(space, AT, 2, READ_WRITE, nullptr, 0) == STATUS_OK && write_byte(space, AT, 1) && write_byte(space, AT + PAGE_SIZE, 2));
    CHECK(space_remap(space, AT, 2 * PAGE_SIZE, 4 * PAGE_SIZE, 0, 0, &at) == STATUS_OK);
    CHECK_EQUAL(at, AT);
    EXPECT_REGIONS(space, AT, AT + 4 * PAGE_SIZE);
    CHECK(space_remap(space, AT, 4 * PAGE_SIZE, 2 * PAGE_SIZE, 0, 0, &at) == STATUS_OK);
    EXPECT_REGIONS(space, AT, AT + 2 * PAGE_SIZE);
    CHECK(map_at(space, AT + 2 * PAGE_SIZE, 1, READ, nullptr, 0) == STATUS_OK);
    CHECK(space_remap(space, AT, 2 * PAGE_SIZE, 3 * PAGE_SIZE, 0, 0, &at) == STATUS_NO_MEMORY);
    CHECK(space_remap(space, AT, 2 * PAGE_SIZE, 3 * PAGE_SIZE, LINUX_MREMAP_MAYMOVE, 0, &at) == STATUS_OK);
    CHECK(at != AT);
    EXPECT_REGIONS(space, AT + 2 * PAGE_SIZE, AT + 3 * PAGE_SIZE, at, at + 3 * PAGE_SIZE);
    CHECK_EQUAL(byte_at(space, at), 1);
    CHECK_EQUAL(byte_at(space, at + PAGE_SIZE), 2);
    CHECK_EQUAL(space_resident(space), 2);
    uint64_t to = AT + 16 * PAGE_SIZE, from = at;
    CHECK(space_remap(space, from, 3 * PAGE_SIZE, PAGE_SIZE, LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED, to, &at) == STATUS_OK);
    CHECK_EQUAL(at, to);
    CHECK_EQUAL(byte_at(space, to), 1);
    EXPECT_REGIONS(space, AT + 2 * PAGE_SIZE, AT + 3 * PAGE_SIZE, to, to + PAGE_SIZE);
    space_release(space);
}

TEST(space, refuses_remaps_that_make_no_sense)
{
    struct space *space = space_new();
    uint64_t at;
    const uint32_t fixed = LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED;
    CHECK(map_at(space, AT, 4, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK(space_remap(space, AT + 1, PAGE_SIZE, PAGE_SIZE, 0, 0, &at) == STATUS_BAD_ARGUMENT);
    CHECK(space_remap(space, AT, PAGE_SIZE, 0, 0, 0, &at) == STATUS_BAD_ARGUMENT);
    CHECK(space_remap(space, AT, PAGE_SIZE, PAGE_SIZE, 8, 0, &at) == STATUS_BAD_ARGUMENT);
    CHECK(space_remap(space, AT, PAGE_SIZE, PAGE_SIZE, LINUX_MREMAP_FIXED, AT + 8 * PAGE_SIZE, &at) == STATUS_BAD_ARGUMENT);
    CHECK(space_remap(space, AT, 2 * PAGE_SIZE, PAGE_SIZE, fixed, AT + PAGE_SIZE, &at) == STATUS_BAD_ARGUMENT); // overlap
    CHECK(space_remap(space, AT, PAGE_SIZE, PAGE_SIZE, fixed, arch_user_end(), &at) == STATUS_BAD_ARGUMENT);
    CHECK(space_remap(space, AT, 5 * PAGE_SIZE, 6 * PAGE_SIZE, 0, 0, &at) == STATUS_BAD_ADDRESS);
    CHECK(space_remap(space, 0, PAGE_SIZE, PAGE_SIZE, 0, 0, &at) == STATUS_BAD_ADDRESS);
    CHECK(space_remap(space, AT, 0, PAGE_SIZE, LINUX_MREMAP_MAYMOVE, 0, &at) == STATUS_BAD_ARGUMENT);
    CHECK(space_remap(space, AT, UINT64_MAX, UINT64_MAX, 0, 0, &at) == STATUS_BAD_ARGUMENT);
    EXPECT_REGIONS(space, AT, AT + 4 * PAGE_SIZE);
    space_release(space);
}
