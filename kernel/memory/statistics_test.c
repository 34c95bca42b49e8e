// SPDX-License-Identifier: MIT
// statistics_test.c: the figures follow what is done.
#include <helix/memory_statistics.h>

#include <arch/layout.h>
#include <arch/space.h>

#include <helix/frames.h>
#include <helix/kernel_map.h>
#include <helix/test.h>

TEST(memory_statistics, balance_and_follow_a_stack)
{
    struct memory_statistics before, during, after;
    virt_t low;
    kernel_stacks_trim();
    memory_statistics(&before);
    CHECK_EQUAL(before.used_physical + before.free_physical, before.total_physical);
    CHECK(before.used_virtual < before.total_virtual);
    if (kernel_stack_alloc(&low) != STATUS_OK) {
        CHECK(false);
        return;
    }
    memory_statistics(&during);
    kernel_stack_free(low);
    kernel_stacks_trim();
    memory_statistics(&after);
    CHECK_EQUAL(during.used_virtual, before.used_virtual + KERNEL_STACK_SIZE);
    CHECK(during.used_physical >= before.used_physical + KERNEL_STACK_SIZE);
    CHECK(during.allocations >= before.allocations + KERNEL_STACK_SIZE / PAGE_SIZE);
    CHECK_EQUAL(after.used_virtual, before.used_virtual);
    CHECK(after.deallocations >= before.deallocations + KERNEL_STACK_SIZE / PAGE_SIZE || !frames_reused());
}
