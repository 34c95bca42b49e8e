// SPDX-License-Identifier: MIT
// log_ring.h: a ring of text lines that overwrites its oldest ones. Not locked: log.c's lock covers it.
#pragma once

#include <lib/types.h>

// A record is one level byte, the text, and a newline. Positions are bytes since the start, so they never wrap.
struct log_ring {
    char *bytes;
    size_t size;             // a power of two
    uint64_t head;           // where the next record goes
    uint64_t tail;           // start of the oldest whole record
    uint64_t first_sequence; // of the record at tail
    uint64_t next_sequence;  // of the record at head
};

// `text` without a newline; cut to what the ring can hold.
void log_ring_put(struct log_ring *ring, uint8_t level, const char *text, size_t length);

// Copies whole records from sequence *position on, each ending in a newline, without their level bytes. Returns the bytes; advances
// *position; adds to *lost the records that were overwritten before they could be read.
size_t log_ring_read(const struct log_ring *ring, uint64_t *position, char *to, size_t size, uint64_t *lost);

// The record at sequence *position without its newline, cut to `size`; its level in *level. 0: there is none yet. Else as log_ring_read.
size_t log_ring_read_one(const struct log_ring *ring, uint64_t *position, uint8_t *level, char *to, size_t size, uint64_t *lost);
