// SPDX-License-Identifier: MIT
// ramfs_test.c: contents of files, through the operations the vfs calls.
#include "ramfs.h"

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/module.h>
#include <helix/test.h>

// A mount, its root and one file in it.
struct fixture {
    struct mount_point mount;
    const struct file_system_ops *ops;
    struct node *root, *file;
};

static bool fixture_begin(struct fixture *fixture, const char *options)
{
    *fixture = (struct fixture){ .mount.nodes = 2 }; // one more than it has: the struct is not the heap's
    const struct module *module = module_find("file_system", "ramfs");
    if (!CHECK(module != nullptr))
        return false;
    fixture->ops = fixture->mount.ops = module->ops;
    if (!CHECK(fixture->ops->mount("none", options, &fixture->mount, &fixture->root) == STATUS_OK))
        return false;
    return CHECK(fixture->root->ops->create(fixture->root, "f", 1, LINUX_S_IFREG | 0600, 0, &fixture->file) == STATUS_OK);
}

static void fixture_end(struct fixture *fixture)
{
    CHECK(fixture->root->ops->unlink(fixture->root, "f", 1, fixture->file) == STATUS_OK);
    node_release(fixture->file);
    CHECK_EQUAL(((struct ramfs *)fixture->mount.data)->used, 0);
    node_release(fixture->root);
    CHECK_EQUAL(fixture->mount.nodes, 2);
    fixture->ops->release(&fixture->mount);
}

static enum status write_at(struct fixture *fixture, uint64_t offset, const void *bytes, size_t size, size_t *done)
{
    struct io_vector vector = { .address = virt_of(bytes).raw, .left = size };
    *done = 0;
    return fixture->file->ops->write_vector(fixture->file, offset, &vector, done);
}

static size_t read_at(struct fixture *fixture, uint64_t offset, void *bytes, size_t size)
{
    struct io_vector vector = { .address = virt_of(bytes).raw, .left = size };
    size_t done = 0;
    CHECK(fixture->file->ops->read_vector(fixture->file, offset, &vector, &done) == STATUS_OK);
    return done;
}

TEST(ramfs, holes_read_as_zeros_and_hold_no_memory)
{
    struct fixture fixture;
    char bytes[4] = { 'x', 'x', 'x', 'x' };
    size_t done;
    if (!fixture_begin(&fixture, ""))
        return;
    CHECK(write_at(&fixture, 1ull << 40, "end", 3, &done) == STATUS_OK);
    CHECK_EQUAL(fixture.file->size, (1ull << 40) + 3);
    CHECK_EQUAL(fixture.file->blocks, 8);
    CHECK_EQUAL(read_at(&fixture, 12345, bytes, 4), 4);
    CHECK(memcmp(bytes, "\0\0\0\0", 4) == 0);
    CHECK_EQUAL(read_at(&fixture, 1ull << 40, bytes, 4), 3);
    CHECK(memcmp(bytes, "end", 3) == 0);
    fixture_end(&fixture);
}

TEST(ramfs, writing_into_a_page_of_code_has_it_published_anew)
{
    struct fixture fixture;
    size_t done;
    phys_t frame;
    if (!fixture_begin(&fixture, ""))
        return;
    CHECK(write_at(&fixture, 0, "code", 4, &done) == STATUS_OK);
    struct page_source *source = &fixture.file->source;
    if (CHECK(source->ops->get(source, 0, false, &frame) == STATUS_OK)) {
        frame_of(frame)->published = true;
        CHECK(write_at(&fixture, 2, "xx", 2, &done) == STATUS_OK);
        CHECK(!frame_of(frame)->published);
        frame_of(frame)->published = true;
        CHECK(fixture.file->ops->truncate(fixture.file, 1) == STATUS_OK); // clears what is cut off
        CHECK(!frame_of(frame)->published);
        frame_release(frame);
    }
    fixture_end(&fixture);
}

TEST(ramfs, what_was_cut_off_reads_as_zeros_when_it_grows_again)
{
    struct fixture fixture;
    char bytes[8];
    size_t done;
    if (!fixture_begin(&fixture, ""))
        return;
    CHECK(write_at(&fixture, 0, "abcdefgh", 8, &done) == STATUS_OK);
    CHECK(fixture.file->ops->truncate(fixture.file, 3) == STATUS_OK);
    CHECK(fixture.file->ops->truncate(fixture.file, 8) == STATUS_OK);
    CHECK_EQUAL(read_at(&fixture, 0, bytes, 8), 8);
    CHECK(memcmp(bytes, "abc\0\0\0\0\0", 8) == 0);
    CHECK(fixture.file->ops->truncate(fixture.file, RAMFS_FILE_MAX + 1) == STATUS_FILE_TOO_BIG);
    fixture_end(&fixture);
}

TEST(ramfs, writes_across_pages_come_back_and_truncation_frees_them)
{
    struct fixture fixture;
    size_t done, size = 300 * PAGE_SIZE / 4 + 17;
    if (!fixture_begin(&fixture, ""))
        return;
    char *out = heap_alloc(size), *in = heap_alloc(size);
    for (size_t i = 0; i < size; i++)
        out[i] = (char)(i * 7 + i / 4096);
    CHECK(write_at(&fixture, 1000, out, size, &done) == STATUS_OK);
    CHECK_EQUAL(done, size);
    CHECK_EQUAL(read_at(&fixture, 1000, in, size), size);
    CHECK(memcmp(in, out, size) == 0);
    CHECK(fixture.file->ops->truncate(fixture.file, 5) == STATUS_OK);
    CHECK_EQUAL(((struct ramfs *)fixture.mount.data)->used, 1);
    heap_free(out);
    heap_free(in);
    fixture_end(&fixture);
}

TEST(ramfs, a_full_mount_says_so_and_keeps_what_it_has)
{
    struct fixture fixture;
    size_t done;
    if (!fixture_begin(&fixture, "size=8k"))
        return;
    char *bytes = heap_alloc_zeroed(4, PAGE_SIZE);
    CHECK(write_at(&fixture, 0, bytes, 4 * PAGE_SIZE, &done) == STATUS_OK);
    CHECK_EQUAL(done, 2 * PAGE_SIZE);
    CHECK(write_at(&fixture, 2 * PAGE_SIZE, bytes, 1, &done) == STATUS_NO_SPACE);
    CHECK_EQUAL(fixture.file->size, 2 * PAGE_SIZE);
    heap_free(bytes);
    fixture_end(&fixture);
}

TEST(ramfs, mappings_get_the_very_pages_of_the_file)
{
    struct fixture fixture;
    phys_t frame, run[4];
    size_t done;
    if (!fixture_begin(&fixture, ""))
        return;
    CHECK(write_at(&fixture, 0, "shared", 6, &done) == STATUS_OK);
    struct page_source *source = &fixture.file->source;
    CHECK(source->ops->get(source, 0, true, &frame) == STATUS_OK);
    CHECK(memcmp(direct_map(frame), "shared", 6) == 0);
    CHECK_EQUAL(source->ops->get_resident(source, 0, 4, run), 1);
    CHECK_EQUAL(run[0].raw, frame.raw);
    CHECK(source->ops->get(source, 1, false, &run[1]) == STATUS_OUT_OF_RANGE);
    frame_release(run[0]);
    frame_release(frame);
    fixture_end(&fixture);
}

TEST(ramfs, bad_mount_options_are_refused)
{
    struct fixture fixture = { .mount.nodes = 2 };
    const struct module *module = module_find("file_system", "ramfs");
    if (!CHECK(module != nullptr))
        return;
    const struct file_system_ops *ops = module->ops;
    CHECK(ops->mount("none", "size=lots", &fixture.mount, &fixture.root) == STATUS_BAD_ARGUMENT);
    CHECK(ops->mount("none", "mode=700,size=1x", &fixture.mount, &fixture.root) == STATUS_BAD_ARGUMENT);
}
