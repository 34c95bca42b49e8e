// SPDX-License-Identifier: MIT
// status_test.c: every row has its text and number, and hostile numbers have none.

#include <abi/status.h>
#include <lib/string.h>

#include <helix/test.h>

TEST(status, knows_the_text_and_errno_of_every_row)
{
#define STATUS(name_, number_, errno_, text_) \
    CHECK(string_equal(status_text(STATUS_##name_), text_) && status_errno(STATUS_##name_) == errno_);
#include <abi/status.def>
#undef STATUS
}

TEST(status, answers_unknown_for_a_number_without_a_row)
{
    static const int32_t numbers[] = { 1, -STATUS_ROWS, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        CHECK(string_equal(status_text((enum status)numbers[i]), "unknown"));
        CHECK_EQUAL(status_errno((enum status)numbers[i]), 5);
    }
}
