// SPDX-License-Identifier: MIT
// @NAME@_test.c: the count goes up by one each time.
#include <lib/types.h>

#include <helix/module.h>
#include <helix/test.h>

uint64_t @NAME@_count(void);

TEST(@NAME@, counts_every_reading_once)
{
    uint64_t before = @NAME@_count();
    CHECK_EQUAL(@NAME@_count(), before + 1);
}

KERNEL_TEST(@NAME@, is_found_by_its_interface_and_no_other)
{
    CHECK(module_find("proc_file", "@NAME@"));
    CHECK(!module_find("scheduler_policy", "@NAME@"));
}
