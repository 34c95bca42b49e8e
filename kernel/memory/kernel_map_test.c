// SPDX-License-Identifier: MIT
// kernel_map_test.c: kernel stacks, their guard pages and their frames.

#include <helix/kernel_map.h>

#include <lib/string.h>

#include <arch/layout.h>
#include <arch/space.h>

#include <helix/frames.h>
#include <helix/test.h>

extern const char boot_stack_guard[];

static uint64_t free_frames(void)
{
    struct frame_statistics statistics;
    kernel_stacks_trim();
    frames_statistics(&statistics);
    return statistics.free;
}

static bool is_mapped(uint64_t address)
{
    return arch_space_query(arch_space_kernel(), (virt_t){ address }, nullptr, nullptr);
}

TEST(kernel_map, stacks_can_be_used_and_have_unmapped_neighbours)
{
    virt_t low = {};
    CHECK(kernel_stack_alloc(&low) == STATUS_OK);
    memset(virt_pointer(low), 0x5a, KERNEL_STACK_SIZE);
    CHECK(is_mapped(low.raw) && is_mapped(low.raw + KERNEL_STACK_SIZE - 1));
    CHECK(!is_mapped(low.raw - 1) && !is_mapped(low.raw + KERNEL_STACK_SIZE));
    kernel_stack_free(low);
}

TEST(kernel_map, knows_whose_guard_page_was_hit)
{
    virt_t low = {}, hit = {};
    CHECK(kernel_stack_alloc(&low) == STATUS_OK);
    CHECK(kernel_stack_guard_hit(low.raw - 8, &hit) && hit.raw == low.raw);
    CHECK(kernel_stack_guard_hit(low.raw - PAGE_SIZE, &hit) && hit.raw == low.raw);
    CHECK(!kernel_stack_guard_hit(low.raw, &hit));
    uint64_t guard = virt_of(boot_stack_guard).raw;
    CHECK(kernel_stack_guard_hit(guard, &hit) && kernel_stack_guard_hit(guard + PAGE_SIZE - 1, &hit) && hit.raw == guard + PAGE_SIZE);
    CHECK(!kernel_stack_guard_hit(guard - 1, &hit) && !kernel_stack_guard_hit(guard + PAGE_SIZE, &hit));
    CHECK(!kernel_stack_guard_hit(low.raw + KERNEL_STACK_SIZE - 1, &hit));
    CHECK(!kernel_stack_guard_hit(KERNEL_STACKS_START - 1, &hit) && !kernel_stack_guard_hit(KERNEL_STACKS_END - 1, &hit));
    CHECK(!kernel_stack_guard_hit(0, &hit) && !kernel_stack_guard_hit(UINT64_MAX, &hit));
    kernel_stack_free(low);
}

REUSE_TEST(kernel_map, gives_the_frames_of_many_stacks_back)
{
    enum { COUNT = 40 }; // more than are kept
    virt_t stacks[COUNT];
    for (int round = 0; round < 2; round++) { // the first round may make page tables, which stay
        uint64_t before = free_frames();
        size_t same = 0;
        for (size_t i = 0; i < COUNT; i++) {
            CHECK(kernel_stack_alloc(&stacks[i]) == STATUS_OK);
            for (size_t j = 0; j < i; j++)
                same += stacks[j].raw == stacks[i].raw;
        }
        for (size_t i = 0; i < COUNT; i++)
            kernel_stack_free(stacks[i]);
        CHECK_EQUAL(same, 0);
        if (round)
            CHECK_EQUAL(free_frames(), before);
    }
}

TEST(kernel_map, refuses_device_ranges_that_wrap_or_are_empty)
{
    volatile void *at = nullptr;
    CHECK(device_map((phys_t){ 0x1000 }, 0, &at) == STATUS_BAD_ARGUMENT);
    CHECK(device_map((phys_t){ UINT64_MAX - 10 }, 100, &at) == STATUS_BAD_ARGUMENT);
    CHECK(device_map((phys_t){ 0 }, UINT64_MAX, &at) == STATUS_BAD_ARGUMENT);
    CHECK(at == nullptr);
}

TEST(kernel_map, maps_device_ranges_until_the_area_is_full)
{
    volatile void *at = nullptr, *none = nullptr;
    CHECK(device_map((phys_t){ 0xfee0'0ff8 }, 16, &at) == STATUS_OK); // crosses a page
    CHECK_EQUAL((uintptr_t)at & PAGE_MASK, 0xff8);
    CHECK(is_mapped((uintptr_t)at) && is_mapped((uintptr_t)at + 15) && !is_mapped((uintptr_t)at + PAGE_SIZE + 8));
    CHECK(device_map((phys_t){ 0 }, DEVICES_END - DEVICES_START, &none) == STATUS_NO_SPACE);
    CHECK(none == nullptr);
}
