// SPDX-License-Identifier: MIT
// descriptor_test.c: numbers and the files behind them.
#include <helix/test.h>
#include <helix/user.h>

static uint32_t files_closed;

static void count_close(struct open_file *file)
{
    files_closed++;
}

static const struct file_ops counted_ops = { .close = count_close };

static struct open_file *counted_file(void)
{
    struct open_file *file = nullptr;
    CHECK(file_create(&counted_ops, 0, nullptr, &file) == STATUS_OK);
    return file;
}

static int add(struct descriptor_table *table, int minimum)
{
    int number = -1;
    CHECK(descriptor_add(table, counted_file(), minimum, false, &number) == STATUS_OK);
    return number;
}

TEST(descriptor, the_lowest_free_number_is_given)
{
    struct descriptor_table *table;
    struct open_file *file;
    CHECK(descriptor_table_create(&table) == STATUS_OK);
    CHECK_EQUAL(add(table, 0), 0);
    CHECK_EQUAL(add(table, 0), 1);
    CHECK_EQUAL(add(table, 10), 10);
    CHECK_EQUAL(add(table, 0), 2);
    CHECK(descriptor_close(table, 1) == STATUS_OK);
    CHECK_EQUAL(add(table, 0), 1);
    CHECK(descriptor_close(table, 7) == STATUS_BAD_HANDLE);
    CHECK(descriptor_close(table, -1) == STATUS_BAD_HANDLE);
    CHECK(descriptor_get(table, INT32_MAX, &file) == STATUS_BAD_HANDLE);
    descriptor_table_release(table);
}

TEST(descriptor, a_table_grows_to_its_limit_and_refuses_more)
{
    struct descriptor_table *table;
    struct open_file *file = counted_file();
    int number;
    files_closed = 0;
    CHECK(descriptor_table_create(&table) == STATUS_OK);
    for (int i = 0; i < DESCRIPTORS_MAX; i++)
        CHECK_EQUAL(add(table, 0), i);
    CHECK(descriptor_add(table, file, 0, false, &number) == STATUS_TOO_MANY_FILES);
    CHECK(descriptor_add(table, file, DESCRIPTORS_MAX, false, &number) == STATUS_BAD_ARGUMENT);
    file_release(file);
    descriptor_table_release(table);
    CHECK_EQUAL(files_closed, DESCRIPTORS_MAX + 1);
}

TEST(descriptor, duplicates_replace_and_share)
{
    struct descriptor_table *table;
    files_closed = 0;
    CHECK(descriptor_table_create(&table) == STATUS_OK);
    CHECK_EQUAL(add(table, 0), 0);
    CHECK_EQUAL(add(table, 0), 1);
    CHECK(descriptor_duplicate(table, 0, 1, true) == STATUS_OK);
    CHECK_EQUAL(files_closed, 1);
    CHECK(table->files[0] == table->files[1]);
    CHECK(descriptor_duplicate(table, 0, 700, false) == STATUS_OK);
    CHECK(descriptor_duplicate(table, 5, 1, false) == STATUS_BAD_HANDLE);
    CHECK(descriptor_duplicate(table, 0, DESCRIPTORS_MAX, false) == STATUS_BAD_HANDLE);
    descriptor_table_release(table);
    CHECK_EQUAL(files_closed, 2);
}

TEST(descriptor, exec_closes_what_is_marked_and_fork_copies_all)
{
    struct descriptor_table *table, *copy;
    bool flag;
    files_closed = 0;
    CHECK(descriptor_table_create(&table) == STATUS_OK);
    CHECK_EQUAL(add(table, 0), 0);
    CHECK_EQUAL(add(table, 40), 40);
    CHECK(descriptor_set_flag(table, 40, true) == STATUS_OK);
    CHECK(descriptor_set_flag(table, 3, true) == STATUS_BAD_HANDLE);
    CHECK(descriptor_table_copy(table, &copy) == STATUS_OK);
    descriptor_close_on_exec(copy);
    CHECK(descriptor_get_flag(copy, 40, &flag) == STATUS_BAD_HANDLE);
    CHECK(descriptor_get_flag(table, 40, &flag) == STATUS_OK && flag);
    CHECK_EQUAL(files_closed, 0);
    descriptor_table_release(copy);
    descriptor_table_release(table);
    CHECK_EQUAL(files_closed, 2);
}

TEST(descriptor, a_copy_has_every_number_given_out_so_far)
{
    struct descriptor_table *table, *copy;
    files_closed = 0;
    CHECK(descriptor_table_create(&table) == STATUS_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(add(table, 0), i);
        CHECK(descriptor_table_copy(table, &copy) == STATUS_OK);
        CHECK(copy->files[i] == table->files[i] && !copy->files[i + 1]);
        descriptor_table_release(copy);
    }
    descriptor_table_release(table);
    CHECK_EQUAL(files_closed, 3);
}

TEST(descriptor, a_borrowed_file_is_counted_only_where_the_table_is_shared)
{
    struct user_process user = {};
    struct process process = { .thread_count = 1, .user = &user };
    struct thread thread = { .process = &process };
    files_closed = 0;
    CHECK(descriptor_table_create(&user.files) == STATUS_OK);
    CHECK_EQUAL(add(user.files, 0), 0);
    struct borrowed_file own = descriptor_borrow(&thread, 0);
    CHECK(own.file == user.files->files[0] && !own.counted);
    CHECK_EQUAL(own.file->references, 1);
    descriptor_give_back(own);
    CHECK(!descriptor_borrow(&thread, 1).file && !descriptor_borrow(&thread, -1).file && !descriptor_borrow(&thread, 1 << 30).file);
    process.thread_count = 2; // another thread could close it
    struct borrowed_file shared = descriptor_borrow(&thread, 0);
    CHECK(shared.counted && descriptor_close(user.files, 0) == STATUS_OK);
    CHECK_EQUAL(files_closed, 0);
    descriptor_give_back(shared);
    CHECK_EQUAL(files_closed, 1);
    CHECK(!descriptor_borrow(&thread, 0).file);
    process.thread_count = 1;
    CHECK_EQUAL(add(user.files, 0), 0);
    user.files->references = 2; // another process has the table (CLONE_FILES)
    CHECK(descriptor_borrow(&thread, 0).counted);
    file_release(user.files->files[0]);
    user.files->references = 1;
    descriptor_table_release(user.files);
}

TEST(descriptor, a_copy_takes_the_highest_file_and_no_room_behind_it)
{
    struct descriptor_table *table, *copy;
    struct open_file *file;
    files_closed = 0;
    CHECK(descriptor_table_create(&table) == STATUS_OK);
    CHECK(descriptor_table_copy(table, &copy) == STATUS_OK); // of nothing
    CHECK_EQUAL(add(copy, 0), 0);
    descriptor_table_release(copy);
    CHECK_EQUAL(add(table, 500), 500);
    CHECK_EQUAL(add(table, 3), 3);
    CHECK(descriptor_set_flag(table, 500, true) == STATUS_OK);
    CHECK(descriptor_table_copy(table, &copy) == STATUS_OK);
    descriptor_table_release(table);
    CHECK_EQUAL(files_closed, 1);
    bool close_on_exec = false;
    CHECK(descriptor_get_flag(copy, 500, &close_on_exec) == STATUS_OK && close_on_exec);
    CHECK(descriptor_get(copy, 3, &file) == STATUS_OK);
    file_release(file);
    CHECK(descriptor_get(copy, 4, &file) == STATUS_BAD_HANDLE);
    descriptor_table_release(copy);
    CHECK_EQUAL(files_closed, 3);
}
