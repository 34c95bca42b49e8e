// SPDX-License-Identifier: MIT
// cpio.h: reading newc archives. Pure: looks at nothing but the bytes it is given, which may be hostile.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct cpio_reader {
    const uint8_t *bytes;
    size_t size;
    size_t at;           // of the next header
    size_t beyond;       // more of the archive that is not among the bytes: bodies may lie there, headers and names not. 0 as a rule
    const char *problem; // what was wrong, after a failure
};

struct cpio_member {
    char path[4096]; // relative, without "." and empty components; "" for the root itself
    uint32_t number, mode, user, group, links, modified_s;
    uint32_t device_major, device_minor; // where the file lay: with `number` it names hard links
    uint32_t special_major, special_minor;
    const void *data;
    size_t size;
};

// Begins at the first member. The bytes stay the caller's.
void cpio_open(struct cpio_reader *reader, const void *bytes, size_t size);

// The next member, of this archive or of one concatenated to it. STATUS_NOT_FOUND: a proper end. STATUS_BAD_FORMAT: the archive is
// broken at reader->at, and reader->problem says how; nothing can be read behind it.
enum status cpio_next(struct cpio_reader *reader, struct cpio_member *member);
