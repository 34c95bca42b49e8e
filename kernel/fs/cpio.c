// SPDX-License-Identifier: MIT
// cpio.c: the newc format: headers of eight-digit hexadecimal fields, each name and body padded to four bytes.
#include <helix/cpio.h>

#include <lib/string.h>

enum { CPIO_HEADER = 110, CPIO_MAGIC = 6, CPIO_FIELDS = 13, CPIO_DIGITS = 8 };

enum cpio_field {
    FIELD_NUMBER,
    FIELD_MODE,
    FIELD_USER,
    FIELD_GROUP,
    FIELD_LINKS,
    FIELD_MODIFIED,
    FIELD_SIZE,
    FIELD_DEVICE_MAJOR,
    FIELD_DEVICE_MINOR,
    FIELD_SPECIAL_MAJOR,
    FIELD_SPECIAL_MINOR,
    FIELD_NAME_SIZE,
    FIELD_CHECKSUM,
};

void cpio_open(struct cpio_reader *reader, const void *bytes, size_t size)
{
    *reader = (struct cpio_reader){ .bytes = bytes, .size = size };
}

static enum status cpio_broken(struct cpio_reader *reader, const char *problem)
{
    reader->problem = problem;
    return STATUS_BAD_FORMAT;
}

// Eight hexadecimal digits at once, one in each byte of a word, the first in its lowest. Each is taken as what it would be; whether
// it is one shows when the digits are written anew.
static bool hex_word(const uint8_t *digits, uint32_t *value)
{
    enum : uint64_t {
        EACH = 0x0101'0101'0101'0101,
        ZERO = '0' * EACH,
        CASE = 'a' - 'A',
        LETTERS = 'A' - '0' - 10,
        HIGH_HALF = 0xf0 * EACH
    };
    uint64_t text;
    __builtin_memcpy(&text, digits, sizeof text); // one load
    uint64_t letter = text >> 6 & EACH;           // letters have bit 6, whose lower case has CASE as well
    text &= ~(letter * CASE);
    uint64_t digit = (text & 0x0f * EACH) + letter * 9;
    uint64_t from_ten = (digit + 6 * EACH) >> 4 & EACH;
    if (digit & HIGH_HALF || digit + ZERO + from_ten * LETTERS != text)
        return false;
    digit = (digit << 4 | digit >> 8) & 0x00ff'00ff'00ff'00ff;
    digit = (digit << 8 | digit >> 16) & 0x0000'ffff'0000'ffff;
    *value = (uint32_t)(digit << 16 | digit >> 32);
    return true;
}

static bool cpio_fields(const uint8_t *digits, uint32_t fields[CPIO_FIELDS])
{
    static_assert(CPIO_DIGITS == sizeof(uint64_t) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    for (uint32_t i = 0; i < CPIO_FIELDS; i++) {
        if (!hex_word(digits + i * CPIO_DIGITS, &fields[i]))
            return false;
    }
    return true;
}

// Copies a name, leaving out empty and "." components. False: it has a ".." or does not fit.
static bool cpio_clean_path(const char *name, char *path, size_t size)
{
    size_t length = 0;
    while (*name) {
        const char *end = name;
        while (*end && *end != '/')
            end++;
        size_t part = (size_t)(end - name);
        if (part == 2 && name[0] == '.' && name[1] == '.')
            return false;
        if (part > 0 && !(part == 1 && name[0] == '.')) {
            if (length + part + 2 > size)
                return false;
            if (length > 0)
                path[length++] = '/';
            memcpy(path + length, name, part);
            length += part;
        }
        name = *end ? end + 1 : end;
    }
    path[length] = '\0';
    return true;
}

// Zero bytes may stand between archives.
static void cpio_skip_padding(struct cpio_reader *reader)
{
    while (reader->at < reader->size && reader->bytes[reader->at] == 0)
        reader->at++;
}

// What else somebody may have given. Compressed archives may be shorter than a header.
static const char *cpio_what_instead(const uint8_t *bytes, size_t left)
{
    static const struct {
        const char *magic, *problem;
        size_t size;
    } others[] = {
        { "\x1f\x8b", "it is compressed with gzip; give it uncompressed", 2 },
        { "\375"
          "7zXZ",
          "it is compressed with xz; give it uncompressed", 6 },
        { "\x28\xb5\x2f\xfd", "it is compressed with zstd; give it uncompressed", 4 },
        { "070707", "it is in the old portable format; make it with -H newc", CPIO_MAGIC },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (left >= others[i].size && memcmp(bytes, others[i].magic, others[i].size) == 0)
            return others[i].problem;
    }
    return left < CPIO_HEADER ? "it ends within a header" : "no newc header where one must be";
}

static enum status cpio_check_magic(struct cpio_reader *reader)
{
    const uint8_t *bytes = reader->bytes + reader->at;
    size_t left = reader->size - reader->at;
    bool known = left >= CPIO_HEADER && memcmp(bytes, "07070", CPIO_MAGIC - 1) == 0;
    if (known && (bytes[CPIO_MAGIC - 1] == '1' || bytes[CPIO_MAGIC - 1] == '2'))
        return STATUS_OK;
    return cpio_broken(reader, cpio_what_instead(bytes, left));
}

static void cpio_fill(struct cpio_member *member, const uint32_t fields[CPIO_FIELDS])
{
    member->number = fields[FIELD_NUMBER];
    member->mode = fields[FIELD_MODE];
    member->user = fields[FIELD_USER];
    member->group = fields[FIELD_GROUP];
    member->links = fields[FIELD_LINKS];
    member->modified_s = fields[FIELD_MODIFIED];
    member->device_major = fields[FIELD_DEVICE_MAJOR];
    member->device_minor = fields[FIELD_DEVICE_MINOR];
    member->special_major = fields[FIELD_SPECIAL_MAJOR];
    member->special_minor = fields[FIELD_SPECIAL_MINOR];
    member->size = fields[FIELD_SIZE];
}

// The name, whose bytes and terminator must lie in the archive.
static enum status cpio_name(struct cpio_reader *reader, uint32_t name_size, const char **name)
{
    size_t start = reader->at + CPIO_HEADER;
    if (name_size == 0)
        return cpio_broken(reader, "a member without a name");
    if (name_size > reader->size - start)
        return cpio_broken(reader, "a name runs beyond the end");
    *name = (const char *)reader->bytes + start;
    if (string_length_bounded(*name, name_size) != name_size - 1)
        return cpio_broken(reader, "a name is not terminated where it should be");
    return STATUS_OK;
}

// One member, or the trailer of an archive (*trailer).
static enum status cpio_member(struct cpio_reader *reader, struct cpio_member *member, bool *trailer)
{
    uint32_t fields[CPIO_FIELDS] = {};
    const char *name;
    TRY(cpio_check_magic(reader));
    if (!cpio_fields(reader->bytes + reader->at + CPIO_MAGIC, fields))
        return cpio_broken(reader, "a header field is not hexadecimal");
    TRY(cpio_name(reader, fields[FIELD_NAME_SIZE], &name));
    *trailer = string_equal(name, "TRAILER!!!");
    size_t data = align_up(reader->at + CPIO_HEADER + fields[FIELD_NAME_SIZE], 4);
    if (*trailer) {
        reader->at = MIN(data, reader->size); // a name that lies in `size` ends there at most
        return STATUS_OK;
    }
    size_t whole = reader->size + reader->beyond;
    if (data > whole || fields[FIELD_SIZE] > whole - data)
        return cpio_broken(reader, "a file runs beyond the end");
    if (!cpio_clean_path(name, member->path, sizeof(member->path)))
        return cpio_broken(reader, "a name leads out of the archive (\"..\") or is too long");
    cpio_fill(member, fields);
    member->data = reader->bytes + data;
    reader->at = MIN(align_up(data + member->size, 4), whole);
    return STATUS_OK;
}

enum status cpio_next(struct cpio_reader *reader, struct cpio_member *member)
{
    bool in_archive = reader->at > 0;
    if (!in_archive)
        cpio_skip_padding(reader);
    for (;;) {
        if (reader->at == reader->size)
            return in_archive ? cpio_broken(reader, "it ends without a trailer") : STATUS_NOT_FOUND;
        bool trailer;
        TRY(cpio_member(reader, member, &trailer));
        if (!trailer)
            return STATUS_OK;
        cpio_skip_padding(reader);
        in_archive = false;
    }
}
