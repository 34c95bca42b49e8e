// SPDX-License-Identifier: MIT
// pipe_test.c: the ring between two ends, without anybody waiting.
#include <abi/linux/fcntl.h>
#include <abi/linux/poll.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/test.h>
#include <helix/vfs.h>

enum { RING = 65536 };

struct ends {
    struct open_file *read_end, *write_end;
};

static bool ends_begin(struct ends *ends)
{
    return CHECK(pipe_create(LINUX_O_NONBLOCK, &ends->read_end, &ends->write_end) == STATUS_OK);
}

static void ends_close(struct ends *ends)
{
    file_release(ends->read_end);
    file_release(ends->write_end);
}

TEST(pipe, bytes_come_out_in_order_over_many_turns_of_the_ring)
{
    struct ends ends;
    size_t done;
    uint8_t next_in = 0, next_out = 0, part[1500];
    if (!ends_begin(&ends))
        return;
    for (int turn = 0; turn < 400; turn++) {
        for (size_t i = 0; i < sizeof(part); i++)
            part[i] = next_in++;
        CHECK(file_write(ends.write_end, part, sizeof(part), &done) == STATUS_OK && done == sizeof(part));
        if (turn % 40 != 39)
            continue;
        size_t left = 40 * sizeof(part);
        while (left > 0) {
            CHECK(file_read(ends.read_end, part, MIN(sizeof(part) - 7, left), &done) == STATUS_OK);
            for (size_t i = 0; i < done; i++)
                CHECK_EQUAL(part[i], next_out++);
            left -= done;
        }
    }
    ends_close(&ends);
}

TEST(pipe, a_full_pipe_takes_no_part_of_a_short_write)
{
    struct ends ends;
    size_t done;
    if (!ends_begin(&ends))
        return;
    char *bytes = heap_alloc_zeroed(1, RING + 100);
    CHECK(file_write(ends.write_end, bytes, RING + 100, &done) == STATUS_OK);
    CHECK_EQUAL(done, RING);
    CHECK(file_write(ends.write_end, bytes, 1, &done) == STATUS_WOULD_BLOCK);
    CHECK(file_read(ends.read_end, bytes, 100, &done) == STATUS_OK && done == 100);
    CHECK(file_write(ends.write_end, bytes, 101, &done) == STATUS_WOULD_BLOCK);
    CHECK(!(file_poll(ends.write_end, nullptr) & LINUX_POLLOUT));
    CHECK(file_write(ends.write_end, bytes, 100, &done) == STATUS_OK && done == 100);
    for (size_t seen = 0; seen < RING; seen += done)
        CHECK(file_read(ends.read_end, bytes, RING, &done) == STATUS_OK && done > 0);
    CHECK(file_read(ends.read_end, bytes, 1, &done) == STATUS_WOULD_BLOCK);
    heap_free(bytes);
    ends_close(&ends);
}

TEST(pipe, the_end_comes_when_writers_are_gone_and_writing_breaks_when_readers_are)
{
    struct ends ends;
    size_t done = 1;
    char byte;
    if (!ends_begin(&ends))
        return;
    file_release(ends.write_end);
    CHECK(file_poll(ends.read_end, nullptr) & LINUX_POLLHUP);
    CHECK(file_read(ends.read_end, &byte, 1, &done) == STATUS_OK && done == 0);
    file_release(ends.read_end);
    if (!ends_begin(&ends))
        return;
    file_release(ends.read_end);
    CHECK(file_poll(ends.write_end, nullptr) & LINUX_POLLERR);
    CHECK(file_write(ends.write_end, "x", 1, &done) == STATUS_BROKEN_PIPE);
    file_release(ends.write_end);
}

TEST(pipe, the_ends_refuse_what_they_are_not_for)
{
    struct ends ends;
    size_t done;
    uint64_t position;
    char byte = 0;
    if (!ends_begin(&ends))
        return;
    CHECK(file_write(ends.read_end, &byte, 1, &done) == STATUS_BAD_HANDLE);
    CHECK(file_read(ends.write_end, &byte, 1, &done) == STATUS_BAD_HANDLE);
    CHECK(file_seek(ends.read_end, 0, LINUX_SEEK_SET, &position) == STATUS_NOT_SEEKABLE);
    CHECK(file_read_at(ends.read_end, 0, &byte, 1, &done) == STATUS_NOT_SEEKABLE);
    ends_close(&ends);
}

TEST(pipe, another_size_keeps_what_is_in_it)
{
    struct ends ends;
    size_t done;
    uint64_t size;
    if (!ends_begin(&ends))
        return;
    char *bytes = heap_alloc_zeroed(3, PAGE_SIZE), *back = heap_alloc_zeroed(3, PAGE_SIZE);
    CHECK(file_write(ends.write_end, bytes, 1000, &done) == STATUS_OK);
    CHECK(file_read(ends.read_end, back, 1000, &done) == STATUS_OK);
    for (size_t i = 0; i < 3 * PAGE_SIZE; i++)
        bytes[i] = (char)(i * 3 + (i >> 12));
    CHECK(file_write(ends.write_end, bytes, 3 * PAGE_SIZE, &done) == STATUS_OK);
    CHECK(pipe_set_size(ends.read_end, PAGE_SIZE, &size) == STATUS_BUSY);
    CHECK(pipe_set_size(ends.read_end, 3 * PAGE_SIZE, &size) == STATUS_OK);
    CHECK_EQUAL(size, 4 * PAGE_SIZE);
    CHECK(file_read(ends.read_end, back, 3 * PAGE_SIZE, &done) == STATUS_OK);
    CHECK_EQUAL(done, 3 * PAGE_SIZE);
    CHECK(memcmp(bytes, back, 3 * PAGE_SIZE) == 0);
    heap_free(bytes);
    heap_free(back);
    ends_close(&ends);
}

TEST(pipe, polling_reports_what_is_ready)
{
    struct ends ends;
    size_t ready, done;
    if (!ends_begin(&ends))
        return;
    struct poll_item items[2] = { { .file = ends.read_end, .wanted = LINUX_POLLIN }, { .file = nullptr } };
    CHECK(poll_files(items, 2, 0, &ready) == STATUS_OK && ready == 0);
    CHECK(poll_files(items, 2, 1, &ready) == STATUS_OK && ready == 0);
    CHECK(file_write(ends.write_end, "x", 1, &done) == STATUS_OK);
    CHECK(poll_files(items, 2, 0, &ready) == STATUS_OK && ready == 1);
    CHECK_EQUAL(items[0].ready, LINUX_POLLIN);
    ends_close(&ends);
}
