// SPDX-License-Identifier: MIT
// text_writer.h: a text that grows on the heap: what files of /proc are written into (text_write and text_write_bytes are in vfs.h).
#pragma once

#include <lib/types.h>

struct text_writer {
    char *bytes; // heap; not terminated
    size_t length, capacity;
    bool failed; // memory ended: the text is incomplete
};

// An empty one is {}. Frees the text and leaves it empty.
void text_writer_release(struct text_writer *writer);
