// SPDX-License-Identifier: MIT
// virtual_mapper_test.c: the six operations on pages of each size, in the kernel's area and in a program's space.

#include <helix/virtual_mapper.h>

#include <arch/layout.h>
#include <arch/space.h>

#include "space/space_test.h"

enum : uint64_t { USER_AT = 0x80'0000'0000 >> 2 }; // 128 GiB: aligned to 1 GiB, within every paging mode
enum : uint64_t { RUN_PAGES = 512, LARGE_OFFSET = 0x12'3000 };

static const struct virtual_mapper kernel = { nullptr };

// At the end of the area of devices, aligned to 2 MiB, where nothing else is mapped.
static virt_t kernel_at(void)
{
    return (virt_t){ DEVICES_END - 4 * MIB };
}

static struct page small(virt_t at)
{
    return (struct page){ at, PAGE_SIZE_4K };
}

TEST(virtual_mapper, maps_changes_and_unmaps_a_kernel_page)
{
    phys_t frame, found = {};
    const struct page page = small(kernel_at());
    CHECK(frame_alloc(1, FRAME_ZEROED, &frame) == STATUS_OK);
    CHECK(!virtual_translate(&kernel, page.address, &found));
    CHECK(virtual_update_flags(&kernel, page, PAGE_FLAGS_KERNEL_READ) == STATUS_NOT_MAPPED);
    CHECK(virtual_map(&kernel, page, frame, PAGE_FLAGS_KERNEL_WRITE) == STATUS_OK);
    CHECK(virtual_map(&kernel, page, frame, PAGE_FLAGS_KERNEL_WRITE) == STATUS_ALREADY_MAPPED);
    CHECK(virtual_translate(&kernel, (virt_t){ page.address.raw + 5 }, &found));
    CHECK_EQUAL(found.raw, frame.raw + 5);
#ifndef HELIX_HOST
    *(volatile uint8_t *)virt_pointer(page.address) = 42;
    CHECK_EQUAL(*(uint8_t *)direct_map(frame), 42);
#endif
    CHECK(virtual_update_flags(&kernel, page, PAGE_FLAGS_KERNEL_READ) == STATUS_OK);
    uint32_t access = 0;
    CHECK(arch_space_query(arch_space_kernel(), page.address, nullptr, &access) && access & PAGE_READ);
    CHECK(!(access & (PAGE_WRITE | PAGE_EXECUTE | PAGE_USER)));
    virtual_flush(&kernel, page);
    virtual_flush_all(&kernel);
    found.raw = 0;
    CHECK(virtual_unmap(&kernel, page, &found) == STATUS_OK);
    CHECK_EQUAL(found.raw, frame.raw);
    CHECK(virtual_unmap(&kernel, page, &found) == STATUS_NOT_MAPPED);
    CHECK_EQUAL(frame_of(frame)->state, FRAME_USED); // still the caller's
    frame_free(frame, 1);
}

TEST(virtual_mapper, refuses_what_the_kernel_must_not_map)
{
    phys_t frame;
    const struct page page = small(kernel_at());
    const struct virtual_mapper *mapper = &kernel;
    CHECK(frame_alloc(1, FRAME_ZEROED, &frame) == STATUS_OK);
    CHECK(virtual_map(mapper, page, frame, PAGE_FLAG_PRESENT | PAGE_FLAG_WRITABLE) == STATUS_DENIED); // W^X
    CHECK(virtual_map(mapper, page, frame, PAGE_FLAGS_USER_READ) == STATUS_BAD_ARGUMENT);
    CHECK(virtual_map(mapper, page, frame, PAGE_FLAGS_KERNEL_READ | 1 << 12) == STATUS_BAD_ARGUMENT);
    CHECK(virtual_map(mapper, page, frame, PAGE_FLAGS_KERNEL_READ | PAGE_FLAG_HUGE) == STATUS_BAD_ARGUMENT);
    CHECK(virtual_map(mapper, page, frame, PAGE_FLAGS_KERNEL_READ | PAGE_FLAG_WRITE_THROUGH) == STATUS_UNSUPPORTED);
    CHECK(virtual_map(mapper, page, (phys_t){ frame.raw + 8 }, PAGE_FLAGS_KERNEL_READ) == STATUS_BAD_ALIGNMENT);
    CHECK(virtual_map(mapper, small((virt_t){ page.address.raw + 8 }), frame, PAGE_FLAGS_KERNEL_READ) == STATUS_BAD_ALIGNMENT);
    CHECK(virtual_map(mapper, small((virt_t){ AT }), frame, PAGE_FLAGS_KERNEL_READ) == STATUS_BAD_ADDRESS);
    const struct page large = { page.address, PAGE_SIZE_1G };
    CHECK(virtual_map(mapper, large, (phys_t){}, PAGE_FLAGS_KERNEL_READ) == STATUS_BAD_ALIGNMENT);
    const struct page odd = { page.address, (enum page_size)3 };
    CHECK(virtual_map(mapper, odd, frame, PAGE_FLAGS_KERNEL_READ) == STATUS_BAD_ARGUMENT);
    phys_t found;
    CHECK(!virtual_translate(mapper, page.address, &found));
    frame_free(frame, 1);
}

TEST(virtual_mapper, maps_large_kernel_pages)
{
    phys_t run, found = {};
    const struct page large = { kernel_at(), PAGE_SIZE_2M };
    const virt_t inside = { large.address.raw + 0x12345 };
    if (frame_alloc(RUN_PAGES, FRAME_ALIGNED, &run) != STATUS_OK)
        return; // memory is in pieces
    enum status outcome = virtual_map(&kernel, large, run, PAGE_FLAGS_KERNEL_WRITE);
    if (outcome == STATUS_OK) { // else a row before has left its table there
        CHECK(virtual_translate(&kernel, inside, &found));
        CHECK_EQUAL(found.raw, run.raw + 0x12345);
        CHECK(virtual_map(&kernel, small((virt_t){ align_down(inside.raw, PAGE_SIZE) }), run, PAGE_FLAGS_KERNEL_READ) ==
              STATUS_ALREADY_MAPPED);
        CHECK(virtual_unmap(&kernel, small((virt_t){ align_down(inside.raw, PAGE_SIZE) }), &found) == STATUS_NOT_MAPPED);
        CHECK(virtual_update_flags(&kernel, large, PAGE_FLAGS_KERNEL_READ) == STATUS_OK);
        CHECK(virtual_unmap(&kernel, large, &found) == STATUS_OK);
        CHECK_EQUAL(found.raw, run.raw);
    } else {
        CHECK(outcome == STATUS_ALREADY_MAPPED);
    }
    frame_free(run, RUN_PAGES);
}

static void scenario_user(void)
{
    struct space *space = space_new();
    const struct virtual_mapper mapper = { space };
    phys_t run, found = {};
    const struct page large = { { USER_AT }, PAGE_SIZE_2M };
    if (frame_alloc(RUN_PAGES, FRAME_ALIGNED, &run) != STATUS_OK) {
        space_release(space);
        return;
    }
    CHECK(virtual_map(&mapper, large, run, PAGE_FLAGS_KERNEL_READ) == STATUS_BAD_ARGUMENT);
    CHECK(virtual_map(&mapper, large, (phys_t){ run.raw + PAGE_SIZE }, PAGE_FLAGS_USER_READ) == STATUS_BAD_ALIGNMENT);
    CHECK(virtual_map(&mapper, large, run, PAGE_FLAGS_USER_WRITE | PAGE_FLAG_HUGE) == STATUS_OK);
    CHECK(virtual_map(&mapper, small(large.address), run, PAGE_FLAGS_USER_READ) == STATUS_ALREADY_MAPPED);
    CHECK(virtual_translate(&mapper, (virt_t){ USER_AT + LARGE_OFFSET }, &found));
    CHECK_EQUAL(found.raw, run.raw + LARGE_OFFSET);
    CHECK(write_byte(space, USER_AT + LARGE_OFFSET, 7));
    CHECK_EQUAL(((uint8_t *)direct_map(run))[LARGE_OFFSET], 7);
    CHECK(virtual_update_flags(&mapper, large, PAGE_FLAG_USER) == STATUS_OK); // nobody may touch it, its frames stay
    CHECK(!virtual_translate(&mapper, large.address, &found) && !write_byte(space, USER_AT, 1));
    CHECK(virtual_update_flags(&mapper, large, PAGE_FLAGS_USER_CODE) == STATUS_OK);
    CHECK(!write_byte(space, USER_AT, 1));
    CHECK_EQUAL(byte_at(space, USER_AT + LARGE_OFFSET), 7);
    virtual_flush(&mapper, large);
    virtual_flush_all(&mapper);
    CHECK(virtual_unmap(&mapper, large, &found) == STATUS_OK);
    CHECK_EQUAL(found.raw, run.raw);
    const struct page whole = { { USER_AT }, PAGE_SIZE_1G };
    CHECK(virtual_map(&mapper, whole, (phys_t){}, PAGE_FLAGS_USER_READ) == STATUS_ALREADY_MAPPED); // a table is there
    const struct page next = { { USER_AT + 1 * GIB }, PAGE_SIZE_1G };
    enum status outcome = virtual_map(&mapper, next, (phys_t){ 1 * GIB }, PAGE_FLAGS_USER_READ);
    CHECK(outcome == STATUS_OK || outcome == STATUS_UNSUPPORTED);
    CHECK(virtual_translate(&mapper, (virt_t){ USER_AT + GIB + 77 * PAGE_SIZE }, &found) == (outcome == STATUS_OK));
    CHECK(map_at(space, AT, 1, READ_WRITE, nullptr, 0) == STATUS_OK && write_byte(space, AT, 1));
    CHECK(virtual_unmap(&mapper, small((virt_t){ AT }), &found) == STATUS_DENIED); // demand paging has mapped it
    space_release(space);                                                          // what is still mapped was borrowed
    CHECK_EQUAL(frame_of(run)->state, FRAME_USED);
    frame_free(run, RUN_PAGES);
}

REUSE_TEST(virtual_mapper, maps_pages_of_each_size_for_a_program_that_only_borrows_them)
{
    expect_no_leak(scenario_user);
}
