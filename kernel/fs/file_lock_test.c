// SPDX-License-Identifier: MIT
// file_lock_test.c: advisory locks between owners.
#include "fs.h"

#include <abi/linux/fcntl.h>

#include <helix/test.h>

// A node nobody can reach otherwise, and two open files on it.
struct fixture {
    struct node node;
    struct open_file first, second;
};

static void fixture_begin(struct fixture *fixture)
{
    *fixture = (struct fixture){ .node.mode = LINUX_S_IFREG | 0600, .node.size = 1000 };
    fixture->first = (struct open_file){ .node = &fixture->node, .flags = LINUX_O_RDWR };
    fixture->second = (struct open_file){ .node = &fixture->node, .flags = LINUX_O_RDONLY };
}

static enum status set(struct open_file *file, const void *owner, int type, int64_t start, int64_t length)
{
    struct linux_flock lock = { .type = (int16_t)type, .start = start, .length = length };
    return file_lock_set(file, owner, &lock, false);
}

static int held(struct open_file *file, const void *owner, int64_t start)
{
    struct linux_flock lock = { .type = LINUX_F_WRLCK, .start = start, .length = 1 };
    CHECK(file_lock_get(file, owner, &lock) == STATUS_OK);
    return lock.type;
}

TEST(file_lock, records_of_two_owners_conflict_and_one_owners_do_not)
{
    struct fixture fixture;
    int a, b;
    fixture_begin(&fixture);
    CHECK(set(&fixture.first, &a, LINUX_F_WRLCK, 0, 100) == STATUS_OK);
    CHECK(set(&fixture.first, &a, LINUX_F_RDLCK, 50, 100) == STATUS_OK);
    CHECK(set(&fixture.first, &b, LINUX_F_RDLCK, 10, 1) == STATUS_WOULD_BLOCK);
    CHECK(set(&fixture.first, &b, LINUX_F_RDLCK, 60, 1) == STATUS_OK);
    CHECK(set(&fixture.first, &b, LINUX_F_WRLCK, 60, 1) == STATUS_WOULD_BLOCK);
    CHECK(set(&fixture.second, &b, LINUX_F_WRLCK, 500, 1) == STATUS_BAD_HANDLE);
    CHECK(set(&fixture.first, &b, LINUX_F_WRLCK, -1, 1) == STATUS_BAD_ARGUMENT);
    CHECK(set(&fixture.first, &b, 7, 0, 1) == STATUS_BAD_ARGUMENT);
    file_lock_drop(&fixture.node, &a);
    file_lock_drop(&fixture.node, &b);
    CHECK(fixture.node.locks == nullptr);
}

TEST(file_lock, unlocking_the_middle_leaves_both_sides)
{
    struct fixture fixture;
    int a, b;
    fixture_begin(&fixture);
    CHECK(set(&fixture.first, &a, LINUX_F_WRLCK, 0, 0) == STATUS_OK);
    CHECK(set(&fixture.first, &a, LINUX_F_UNLCK, 100, 10) == STATUS_OK);
    CHECK_EQUAL(held(&fixture.first, &b, 99), LINUX_F_WRLCK);
    CHECK_EQUAL(held(&fixture.first, &b, 100), LINUX_F_UNLCK);
    CHECK_EQUAL(held(&fixture.first, &b, 110), LINUX_F_WRLCK);
    CHECK_EQUAL(held(&fixture.first, &a, 110), LINUX_F_UNLCK);
    file_lock_drop(&fixture.node, &a);
    CHECK(fixture.node.locks == nullptr);
}

TEST(file_lock, whole_file_locks_belong_to_the_open_file)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    CHECK(file_lock_whole(&fixture.first, LINUX_LOCK_SH) == STATUS_OK);
    CHECK(file_lock_whole(&fixture.second, LINUX_LOCK_SH) == STATUS_OK);
    CHECK(file_lock_whole(&fixture.second, LINUX_LOCK_EX | LINUX_LOCK_NB) == STATUS_WOULD_BLOCK);
    CHECK(file_lock_whole(&fixture.first, LINUX_LOCK_UN) == STATUS_OK);
    CHECK(file_lock_whole(&fixture.second, LINUX_LOCK_EX | LINUX_LOCK_NB) == STATUS_OK);
    CHECK(file_lock_whole(&fixture.second, 3) == STATUS_BAD_ARGUMENT);
    file_lock_drop_file(&fixture.second);
    CHECK(fixture.node.locks == nullptr);
}
