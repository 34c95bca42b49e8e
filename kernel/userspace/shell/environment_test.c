// SPDX-License-Identifier: MIT
#include <lib/string.h>

#include <helix/test.h>

#include "local.h"

static struct environment environment;

TEST(environment, has_seven_defaults)
{
    environment_init(&environment);
    CHECK_EQUAL(environment.count, 7);
    CHECK(string_equal(environment_get(&environment, "PATH"), "/bin:/usr/bin:/sbin:/usr/sbin"));
    CHECK(environment.entries[environment.count] == nullptr);
    environment_clear(&environment);
}

TEST(environment, sets_replaces_and_forgets)
{
    environment_init(&environment);
    CHECK(environment_set(&environment, "A", "1") == STATUS_OK);
    CHECK(environment_set(&environment, "AB", "2") == STATUS_OK);
    CHECK(environment_set(&environment, "A", "3") == STATUS_OK);
    CHECK(string_equal(environment_get(&environment, "A"), "3"));
    CHECK(string_equal(environment_get(&environment, "AB"), "2"));
    CHECK(environment_unset(&environment, "A"));
    CHECK(!environment_unset(&environment, "A"));
    CHECK(environment_get(&environment, "A") == nullptr);
    CHECK(string_equal(environment_get(&environment, "AB"), "2"));
    environment_clear(&environment);
}

TEST(environment, refuses_bad_names_and_too_many)
{
    environment_init(&environment);
    CHECK(environment_set(&environment, "", "x") == STATUS_BAD_ARGUMENT);
    CHECK(environment_set(&environment, "1A", "x") == STATUS_BAD_ARGUMENT);
    CHECK(environment_set(&environment, "A-B", "x") == STATUS_BAD_ARGUMENT);
    char name[3] = "aa";
    while (environment.count < ENVIRONMENT_MAX) {
        CHECK(environment_set(&environment, name, "x") == STATUS_OK);
        if (name[1]++ == 'z') {
            name[0]++;
            name[1] = 'a';
        }
    }
    CHECK(environment_set(&environment, "ONE_MORE", "x") == STATUS_NO_SPACE);
    CHECK(environment_set(&environment, "aa", "y") == STATUS_OK);
    environment_clear(&environment);
}
