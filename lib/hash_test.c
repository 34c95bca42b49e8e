// SPDX-License-Identifier: MIT
// hash_test.c: the published FNV-1a values.

#include <lib/hash.h>

#include <helix/test.h>

TEST(hash, gives_the_published_values)
{
    CHECK_EQUAL(hash_string(""), 0xcbf29ce484222325);
    CHECK_EQUAL(hash_string("a"), 0xaf63dc4c8601ec8c);
    CHECK_EQUAL(hash_string("foobar"), 0x85944171f73967e8);
    CHECK_EQUAL(hash_bytes("foobar!", 6), hash_string("foobar"));
}
