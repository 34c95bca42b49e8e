// SPDX-License-Identifier: MIT
#include <lib/string.h>

#include <helix/panic.h>
#include <helix/test.h>

#include "core.h"

KERNEL_TEST(symbol, names_a_function_of_this_image)
{
    uint64_t offset = 99;
    CHECK(string_equal(symbol_name(virt_of((const void *)symbol_find).raw + 1, &offset), "symbol_find"));
    CHECK_EQUAL(offset, 1);
}
