// SPDX-License-Identifier: MIT
// cpio_test.c: archives, whole and broken.
#include <helix/cpio.h>

#include <lib/format.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/test.h>

enum { ARCHIVE_MAX = 4096 };

struct archive {
    char bytes[ARCHIVE_MAX];
    size_t size;
};

static void archive_pad(struct archive *archive)
{
    while (archive->size % 4)
        archive->bytes[archive->size++] = '\0';
}

static void archive_add(struct archive *archive, const char *name, uint32_t mode, const char *data)
{
    size_t size = strlen(data);
    archive->size += format_text(archive->bytes + archive->size, ARCHIVE_MAX - archive->size,
                                 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 7u, mode, 1u, 2u, 1u, 99u, (uint32_t)size,
                                 8u, 1u, 5u, 3u, (uint32_t)strlen(name) + 1, 0u);
    memcpy(archive->bytes + archive->size, name, strlen(name) + 1);
    archive->size += strlen(name) + 1;
    archive_pad(archive);
    memcpy(archive->bytes + archive->size, data, size);
    archive->size += size;
    archive_pad(archive);
}

static void archive_end(struct archive *archive)
{
    archive_add(archive, "TRAILER!!!", 0, "");
}

// Big enough to be kept off a kernel stack.
static struct archive archive;
static struct cpio_member member;
static struct cpio_reader reader;

static void archive_begin(void)
{
    archive.size = 0;
    memset(&member, 0, sizeof(member));
}

TEST(cpio, a_member_has_its_name_mode_and_data)
{
    archive_begin();
    archive_add(&archive, "./etc//motd", 0100644, "hello");
    archive_end(&archive);
    cpio_open(&reader, archive.bytes, archive.size);
    CHECK(cpio_next(&reader, &member) == STATUS_OK);
    CHECK(string_equal(member.path, "etc/motd"));
    CHECK_EQUAL(member.mode, 0100644);
    CHECK_EQUAL(member.size, 5);
    CHECK(memcmp(member.data, "hello", 5) == 0);
    CHECK_EQUAL(member.special_major, 5);
    CHECK(cpio_next(&reader, &member) == STATUS_NOT_FOUND);
}

// Every byte in every place of a field: it is read as the digit it is, or the archive is refused.
TEST(cpio, only_hexadecimal_digits_make_a_field)
{
    enum { MODIFIED_AT = 6 + 5 * 8 };
    archive_begin();
    archive_add(&archive, "a", 0100644, "");
    archive_end(&archive);
    for (uint32_t place = 0; place < 8; place++) {
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t digit = byte >= '0' && byte <= '9'   ? byte - '0'
                             : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                             : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                          : UINT32_MAX;
            memcpy(archive.bytes + MODIFIED_AT, "1a2B3c4D", 8);
            archive.bytes[MODIFIED_AT + place] = (char)byte;
            cpio_open(&reader, archive.bytes, archive.size);
            enum status status = cpio_next(&reader, &member);
            uint32_t shift = 28 - place * 4;
            if (digit == UINT32_MAX)
                CHECK(status == STATUS_BAD_FORMAT);
            else
                CHECK(status == STATUS_OK && member.modified_s == ((0x1a2b'3c4du & ~(0xfu << shift)) | digit << shift));
        }
    }
}

TEST(cpio, archives_follow_one_another_with_zeros_between)
{
    archive_begin();
    archive_add(&archive, "a", 0100644, "1");
    archive_end(&archive);
    memset(archive.bytes + archive.size, 0, 64);
    archive.size += 64;
    archive_add(&archive, "/b", 0100644, "2");
    archive_end(&archive);
    cpio_open(&reader, archive.bytes, archive.size);
    CHECK(cpio_next(&reader, &member) == STATUS_OK && string_equal(member.path, "a"));
    CHECK(cpio_next(&reader, &member) == STATUS_OK && string_equal(member.path, "b"));
    CHECK(cpio_next(&reader, &member) == STATUS_NOT_FOUND);
}

TEST(cpio, every_cut_of_an_archive_is_refused)
{
    archive_begin();
    archive_add(&archive, "dir/file", 0100644, "0123456789");
    archive_end(&archive);
    // From 1: nothing at all is an empty archive. The last bytes are padding.
    for (size_t size = 1; size < archive.size - 4; size++) {
        char *copy = heap_alloc(size); // its own block, so that reading too far is seen
        memcpy(copy, archive.bytes, size);
        cpio_open(&reader, copy, size);
        enum status status;
        while ((status = cpio_next(&reader, &member)) == STATUS_OK)
            continue;
        CHECK_EQUAL(status, STATUS_BAD_FORMAT);
        CHECK(reader.problem != nullptr);
        heap_free(copy);
    }
}

TEST(cpio, names_that_lead_out_are_refused)
{
    static const char *const names[] = { "..", "../x", "a/../../x", "a/.." };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        archive_begin();
        archive_add(&archive, names[i], 0100644, "");
        archive_end(&archive);
        cpio_open(&reader, archive.bytes, archive.size);
        CHECK(cpio_next(&reader, &member) == STATUS_BAD_FORMAT);
    }
}

TEST(cpio, broken_headers_are_refused)
{
    archive_begin();
    archive_add(&archive, "x", 0100644, "data");
    archive_end(&archive);
    for (size_t i = 0; i < 110; i++) {
        char kept = archive.bytes[i];
        archive.bytes[i] = 'z';
        cpio_open(&reader, archive.bytes, archive.size);
        CHECK(cpio_next(&reader, &member) == STATUS_BAD_FORMAT);
        archive.bytes[i] = kept;
    }
}

TEST(cpio, sizes_beyond_the_archive_are_refused)
{
    static const size_t fields[] = { 6 + 6 * 8, 6 + 11 * 8 }; // of the data and of the name
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        archive_begin();
        archive_add(&archive, "x", 0100644, "data");
        archive_end(&archive);
        memcpy(archive.bytes + fields[i], "fffffffe", 8);
        cpio_open(&reader, archive.bytes, archive.size);
        CHECK(cpio_next(&reader, &member) == STATUS_BAD_FORMAT);
    }
}

TEST(cpio, a_name_without_terminator_or_with_one_too_early_is_refused)
{
    archive_begin();
    archive_add(&archive, "abc", 0100644, "");
    archive_end(&archive);
    archive.bytes[110 + 3] = 'd';
    cpio_open(&reader, archive.bytes, archive.size);
    CHECK(cpio_next(&reader, &member) == STATUS_BAD_FORMAT);
    archive.bytes[110 + 1] = '\0';
    cpio_open(&reader, archive.bytes, archive.size);
    CHECK(cpio_next(&reader, &member) == STATUS_BAD_FORMAT);
}

TEST(cpio, compressed_archives_are_named_as_such)
{
    static const char gzip[] = "\x1f\x8b\x08 and so on";
    cpio_open(&reader, gzip, sizeof(gzip));
    CHECK(cpio_next(&reader, &member) == STATUS_BAD_FORMAT);
    CHECK(string_starts(reader.problem, "it is compressed with gzip"));
}
