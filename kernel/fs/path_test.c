// SPDX-License-Identifier: MIT
// path_test.c: names and paths, over a ramfs of their own.
#include "fs.h"

#include <lib/format.h>
#include <lib/string.h>

#include <arch/linux.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/test.h>

struct place {
    struct mount_point *mount;
    struct vfs_context context;
};

static bool place_begin(struct place *place)
{
    *place = (struct place){};
    if (!CHECK(mount_create("test", "ramfs", "", &place->mount) == STATUS_OK))
        return false;
    entry_retain(place->mount->root);
    entry_retain(place->mount->root);
    place->context = (struct vfs_context){ .root = place->mount->root, .current = place->mount->root };
    return true;
}

static void place_end(struct place *place)
{
    vfs_context_release(&place->context);
    entries_forget(place->mount); // names stay known when nobody uses them
    CHECK_EQUAL(place->mount->root->references, 1);
    mount_destroy(place->mount);
}

static enum status touch(struct place *place, const char *path, uint32_t flags)
{
    struct open_file *file;
    TRY(vfs_open(&place->context, nullptr, path, flags, 0644, &file));
    file_release(file);
    return STATUS_OK;
}

static enum status make_directory(struct place *place, const char *path)
{
    return vfs_make_directory(&place->context, nullptr, path, 0755);
}

static bool there(struct place *place, const char *path)
{
    struct entry *entry;
    if (vfs_lookup(&place->context, nullptr, path, false, &entry) != STATUS_OK)
        return false;
    entry_release(entry);
    return true;
}

TEST(path, dots_slashes_and_the_way_above_the_root_resolve)
{
    struct place place;
    if (!place_begin(&place))
        return;
    CHECK(make_directory(&place, "/a") == STATUS_OK);
    CHECK(make_directory(&place, "a/b/") == STATUS_OK);
    CHECK(touch(&place, "//a///b/./c", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK);
    CHECK(there(&place, "/a/b/../b/c"));
    CHECK(there(&place, "../../../a"));
    CHECK(touch(&place, "/a/b/c/", LINUX_O_RDONLY) == STATUS_NOT_DIRECTORY);
    CHECK(touch(&place, "/a/b/c/d", LINUX_O_RDONLY) == STATUS_NOT_DIRECTORY);
    CHECK(touch(&place, "", LINUX_O_RDONLY) == STATUS_NOT_FOUND);
    CHECK(touch(&place, "/a/x/../b/c", LINUX_O_RDONLY) == STATUS_NOT_FOUND);
    place_end(&place);
}

TEST(path, open_flags_mean_what_they_mean_on_linux)
{
    struct place place;
    if (!place_begin(&place))
        return;
    CHECK(make_directory(&place, "/d") == STATUS_OK);
    CHECK(touch(&place, "/f", LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_RDWR) == STATUS_OK);
    CHECK(touch(&place, "/f", LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_RDWR) == STATUS_EXISTS);
    CHECK(touch(&place, "/d", LINUX_O_WRONLY) == STATUS_IS_DIRECTORY);
    CHECK(touch(&place, "/d", LINUX_O_CREAT | LINUX_O_RDONLY) == STATUS_IS_DIRECTORY);
    CHECK(touch(&place, "/f", LINUX_O_DIRECTORY) == STATUS_NOT_DIRECTORY);
    CHECK(touch(&place, "/n/", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_IS_DIRECTORY);
    CHECK(touch(&place, "/d", LINUX_O_TMPFILE | LINUX_O_RDWR) == STATUS_NOT_IMPLEMENTED);
    place_end(&place);
}

TEST(path, symbolic_links_are_followed_forty_deep_and_loops_end)
{
    struct place place;
    char target[16], name[16];
    if (!place_begin(&place))
        return;
    CHECK(touch(&place, "/l0", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK);
    for (int i = 1; i <= 41; i++) {
        format_text(target, sizeof(target), "l%d", i - 1);
        format_text(name, sizeof(name), "/l%d", i);
        CHECK(vfs_symlink(&place.context, target, nullptr, name) == STATUS_OK);
    }
    CHECK(touch(&place, "/l40", LINUX_O_RDONLY) == STATUS_OK);
    CHECK(touch(&place, "/l41", LINUX_O_RDONLY) == STATUS_TOO_MANY_LINKS);
    CHECK(touch(&place, "/l1", LINUX_O_RDONLY | LINUX_O_NOFOLLOW) == STATUS_TOO_MANY_LINKS);
    CHECK(vfs_symlink(&place.context, "loop", nullptr, "/loop") == STATUS_OK);
    CHECK(touch(&place, "/loop", LINUX_O_RDONLY) == STATUS_TOO_MANY_LINKS);
    CHECK(touch(&place, "/loop/x", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_TOO_MANY_LINKS);
    place_end(&place);
}

TEST(path, creating_through_a_dangling_link_makes_its_target)
{
    struct place place;
    if (!place_begin(&place))
        return;
    CHECK(make_directory(&place, "/d") == STATUS_OK);
    CHECK(vfs_symlink(&place.context, "/d/made", nullptr, "/link") == STATUS_OK);
    CHECK(touch(&place, "/link", LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_WRONLY) == STATUS_EXISTS);
    CHECK(touch(&place, "/link", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK);
    CHECK(there(&place, "/d/made"));
    place_end(&place);
}

TEST(path, names_too_long_are_refused)
{
    struct place place;
    if (!place_begin(&place))
        return;
    char *name = heap_alloc(PATH_MAX_BYTES + 2);
    memset(name, 'n', PATH_MAX_BYTES + 1);
    name[NAME_MAX_BYTES] = '\0';
    CHECK(make_directory(&place, name) == STATUS_OK);
    CHECK(there(&place, name));
    name[NAME_MAX_BYTES] = 'n';
    name[NAME_MAX_BYTES + 1] = '\0';
    CHECK(make_directory(&place, name) == STATUS_TOO_LONG);
    memset(name, '/', PATH_MAX_BYTES);
    name[PATH_MAX_BYTES] = '\0';
    CHECK(touch(&place, name, LINUX_O_RDONLY) == STATUS_TOO_LONG);
    heap_free(name);
    place_end(&place);
}

TEST(path, removing_obeys_kinds_and_contents)
{
    struct place place;
    if (!place_begin(&place))
        return;
    CHECK(make_directory(&place, "/d") == STATUS_OK);
    CHECK(touch(&place, "/d/f", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK);
    CHECK(vfs_unlink(&place.context, nullptr, "/d", true) == STATUS_NOT_EMPTY);
    CHECK(vfs_unlink(&place.context, nullptr, "/d", false) == STATUS_IS_DIRECTORY);
    CHECK(vfs_unlink(&place.context, nullptr, "/d/f", true) == STATUS_NOT_DIRECTORY);
    CHECK(vfs_unlink(&place.context, nullptr, "/d/.", true) == STATUS_BAD_ARGUMENT);
    CHECK(vfs_unlink(&place.context, nullptr, "/d/..", true) == STATUS_NOT_EMPTY);
    CHECK(vfs_unlink(&place.context, nullptr, "/", true) == STATUS_BUSY);
    CHECK(vfs_unlink(&place.context, nullptr, "/d/f", false) == STATUS_OK);
    CHECK(vfs_unlink(&place.context, nullptr, "/d", true) == STATUS_OK);
    CHECK(!there(&place, "/d"));
    place_end(&place);
}

TEST(path, a_removed_file_can_be_used_while_it_is_open)
{
    struct place place;
    struct open_file *file;
    char text[8] = {};
    size_t done = 0;
    if (!place_begin(&place))
        return;
    CHECK(vfs_open(&place.context, nullptr, "/f", LINUX_O_CREAT | LINUX_O_RDWR, 0600, &file) == STATUS_OK);
    CHECK(vfs_unlink(&place.context, nullptr, "/f", false) == STATUS_OK);
    CHECK(file_write(file, "kept", 4, &done) == STATUS_OK);
    CHECK(file_read_at(file, 0, text, sizeof(text), &done) == STATUS_OK);
    CHECK_EQUAL(done, 4);
    CHECK(string_equal(text, "kept"));
    CHECK_EQUAL(file->node->links, 0);
    file_release(file);
    place_end(&place);
}

static enum status rename_path(struct place *place, const char *from, const char *to, uint32_t flags)
{
    return vfs_rename(&place->context, nullptr, from, nullptr, to, flags);
}

TEST(path, renaming_moves_replaces_and_refuses_loops)
{
    struct place place;
    if (!place_begin(&place))
        return;
    CHECK(make_directory(&place, "/a") == STATUS_OK && make_directory(&place, "/a/b") == STATUS_OK &&
          make_directory(&place, "/e") == STATUS_OK);
    CHECK(touch(&place, "/f", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK &&
          touch(&place, "/g", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK);
    CHECK(rename_path(&place, "/a", "/a/b/c", 0) == STATUS_BAD_ARGUMENT);
    CHECK(rename_path(&place, "/a/b", "/a", 0) == STATUS_NOT_EMPTY);
    CHECK(rename_path(&place, "/f", "/e", 0) == STATUS_IS_DIRECTORY);
    CHECK(rename_path(&place, "/e", "/f", 0) == STATUS_NOT_DIRECTORY);
    CHECK(rename_path(&place, "/e", "/a", 0) == STATUS_NOT_EMPTY);
    CHECK(rename_path(&place, "/f", "/g", LINUX_RENAME_NOREPLACE) == STATUS_EXISTS);
    CHECK(rename_path(&place, "/f", "/g", LINUX_RENAME_EXCHANGE) == STATUS_BAD_ARGUMENT);
    CHECK(rename_path(&place, "/f", "/g", 0) == STATUS_OK);
    CHECK(!there(&place, "/f") && there(&place, "/g"));
    CHECK(rename_path(&place, "/a", "/e", 0) == STATUS_OK);
    CHECK(there(&place, "/e/b"));
    CHECK(rename_path(&place, "/missing", "/g", 0) == STATUS_NOT_FOUND);
    place_end(&place);
}

TEST(path, the_current_directory_follows_a_rename)
{
    struct place place;
    struct entry *entry;
    char path[64];
    if (!place_begin(&place))
        return;
    CHECK(make_directory(&place, "/a") == STATUS_OK && make_directory(&place, "/a/b") == STATUS_OK);
    CHECK(vfs_lookup(&place.context, nullptr, "/a/b", true, &entry) == STATUS_OK);
    CHECK(rename_path(&place, "/a", "/a name longer than what stands in an entry itself, which is seventy-two bytes", 0) == STATUS_OK);
    CHECK(vfs_path(&place.context, entry, path, sizeof(path)) == STATUS_OUT_OF_RANGE);
    CHECK(rename_path(&place, "/a name longer than what stands in an entry itself, which is seventy-two bytes", "/z", 0) == STATUS_OK);
    CHECK(vfs_path(&place.context, entry, path, sizeof(path)) == STATUS_OK && string_equal(path, "/z/b"));
    CHECK(vfs_unlink(&place.context, nullptr, "/z/b", true) == STATUS_OK);
    CHECK(vfs_path(&place.context, entry, path, sizeof(path)) == STATUS_NOT_FOUND);
    entry_release(entry);
    place_end(&place);
}

TEST(path, hard_links_share_one_file)
{
    struct place place;
    struct entry *entry;
    if (!place_begin(&place))
        return;
    CHECK(make_directory(&place, "/d") == STATUS_OK && touch(&place, "/f", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK);
    CHECK(vfs_link(&place.context, nullptr, "/d", false, nullptr, "/e") == STATUS_NOT_PERMITTED);
    CHECK(vfs_link(&place.context, nullptr, "/f", false, nullptr, "/d/g") == STATUS_OK);
    CHECK(vfs_link(&place.context, nullptr, "/f", false, nullptr, "/d/g") == STATUS_EXISTS);
    CHECK(rename_path(&place, "/f", "/d/g", 0) == STATUS_OK && there(&place, "/f"));
    CHECK(vfs_lookup(&place.context, nullptr, "/d/g", true, &entry) == STATUS_OK);
    CHECK_EQUAL(entry->node->links, 2);
    CHECK(vfs_unlink(&place.context, nullptr, "/f", false) == STATUS_OK);
    CHECK_EQUAL(entry->node->links, 1);
    entry_release(entry);
    place_end(&place);
}

static bool collect(void *context, const char *name, size_t length, uint64_t number, uint32_t mode, uint64_t next)
{
    (*(size_t *)context)++;
    return true;
}

TEST(path, a_listing_has_every_name_once_and_the_dots)
{
    struct place place;
    struct open_file *file;
    size_t count = 0;
    char name[24];
    if (!place_begin(&place))
        return;
    for (int i = 0; i < 300; i++) {
        format_text(name, sizeof(name), "/file%d", i);
        CHECK(touch(&place, name, LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK);
    }
    CHECK(vfs_open(&place.context, nullptr, "/", LINUX_O_RDONLY | LINUX_O_DIRECTORY, 0, &file) == STATUS_OK);
    CHECK(file_read_directory(file, collect, &count) == STATUS_OK);
    CHECK_EQUAL(count, 302);
    CHECK(file_read_directory(file, collect, &count) == STATUS_OK);
    CHECK_EQUAL(count, 302);
    file_release(file);
    place_end(&place);
}

// What the table answers without walking, nullptr: nothing.
static struct entry *known(struct place *place, const char *path)
{
    struct entry *entry = entry_walk(&place->context, nullptr, path);
    entry_release(entry); // the table still holds it
    return entry;
}

TEST(path, names_nobody_uses_stay_known_until_they_change)
{
    struct place place;
    if (!place_begin(&place))
        return;
    CHECK(make_directory(&place, "/d") == STATUS_OK && make_directory(&place, "/e") == STATUS_OK);
    CHECK(touch(&place, "/d/f", LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK);
    CHECK(known(&place, "/d/f") && known(&place, "//d/.//f") && known(&place, "/d/"));
    CHECK(!known(&place, "/d/f/") && !known(&place, "/d/../d/f") && !known(&place, "/d/g") && !known(&place, ""));
    CHECK(vfs_rename(&place.context, nullptr, "/d/f", nullptr, "/e/a-name-that-is-longer-than-what-fits-into-the-block-of-its-entry", 0) ==
          STATUS_OK);
    CHECK(!known(&place, "/d/f") && !there(&place, "/d/f"));
    CHECK(known(&place, "/e/a-name-that-is-longer-than-what-fits-into-the-block-of-its-entry"));
    CHECK(vfs_rename(&place.context, nullptr, "/e", nullptr, "/d/e", 0) == STATUS_OK);
    CHECK(known(&place, "/d/e/a-name-that-is-longer-than-what-fits-into-the-block-of-its-entry"));
    CHECK(!known(&place, "/e/a-name-that-is-longer-than-what-fits-into-the-block-of-its-entry"));
    CHECK(vfs_unlink(&place.context, nullptr, "/d/e/a-name-that-is-longer-than-what-fits-into-the-block-of-its-entry", false) == STATUS_OK);
    CHECK(!known(&place, "/d/e/a-name-that-is-longer-than-what-fits-into-the-block-of-its-entry"));
    CHECK(known(&place, "/d/e"));
    entries_drop_all();
    CHECK(!known(&place, "/d/e") && !known(&place, "/d"));
    CHECK(there(&place, "/d/e") && known(&place, "/d/e"));
    place_end(&place);
}

TEST(path, only_so_many_unused_names_are_kept)
{
    struct place place;
    char name[16];
    if (!place_begin(&place))
        return;
    entries_drop_all();
    uint32_t used = entries_known();
    for (int i = 0; i < 1500; i++) {
        format_text(name, sizeof(name), "/%d", i);
        CHECK(touch(&place, name, LINUX_O_CREAT | LINUX_O_WRONLY) == STATUS_OK);
    }
    CHECK(entries_known() >= used + 500 && entries_known() <= used + 1200);
    CHECK(!known(&place, "/0") && known(&place, "/1499") && there(&place, "/0"));
    entries_drop_all();
    CHECK_EQUAL(entries_known(), used);
    place_end(&place);
}

// A name is hashed by words on the way, and from its bytes when it comes: of whatever length, wherever the path stands in memory.
TEST(path, names_of_every_length_are_known_wherever_the_path_stands)
{
    struct place place;
    char *pages = heap_alloc_zeroed(3, PAGE_SIZE), *edge = (char *)(((uintptr_t)pages + 2 * PAGE_SIZE) & ~(uintptr_t)PAGE_MASK);
    if (!pages || !place_begin(&place)) {
        heap_free(pages);
        return;
    }
    for (size_t length = 1; length <= 40; length++) {
        char name[48] = "/n";
        memset(name + 2, 'a' + (int)(length % 26), length - 1);
        CHECK(make_directory(&place, name) == STATUS_OK && there(&place, name));
        size_t size = strlen(name) + 1;
        for (size_t before = 0; before <= size; before++) { // so many bytes of it stand in the first page
            char *path = edge - before;
            memset(edge - 64, 'x', 128);
            memcpy(path, name, size);
            CHECK(known(&place, path) != nullptr);
            path[size - 1] = '/';
            path[size] = '\0';
            CHECK(known(&place, path) != nullptr);
            path[size - 2] = '~';
            CHECK(!known(&place, path));
        }
    }
    place_end(&place);
    heap_free(pages);
}
