// SPDX-License-Identifier: MIT
// log_ring.c: a ring of text lines that overwrites its oldest ones.
#include "log_ring.h"

static char ring_byte(const struct log_ring *ring, uint64_t position)
{
    return ring->bytes[position & (ring->size - 1)];
}

static uint64_t record_end(const struct log_ring *ring, uint64_t position)
{
    while (ring_byte(ring, position) != '\n')
        position++;
    return position + 1;
}

static void ring_drop_oldest(struct log_ring *ring)
{
    ring->tail = record_end(ring, ring->tail + 1);
    ring->first_sequence++;
}

void log_ring_put(struct log_ring *ring, uint8_t level, const char *text, size_t length)
{
    if (length > ring->size - 2)
        length = ring->size - 2;
    while (ring->size - (ring->head - ring->tail) < length + 2)
        ring_drop_oldest(ring);
    size_t mask = ring->size - 1;
    // Levels are stored above the newline's value, so that the search for one cannot stop there.
    ring->bytes[ring->head++ & mask] = (char)('0' + level);
    for (size_t i = 0; i < length; i++)
        ring->bytes[ring->head++ & mask] = text[i] == '\n' ? ' ' : text[i];
    ring->bytes[ring->head++ & mask] = '\n';
    ring->next_sequence++;
}

// Where the record at sequence *position begins; one that was overwritten is replaced by the oldest there is.
static uint64_t ring_seek(const struct log_ring *ring, uint64_t *position, uint64_t *lost)
{
    if (*position < ring->first_sequence) {
        *lost += ring->first_sequence - *position;
        *position = ring->first_sequence;
    }
    uint64_t at = ring->tail;
    for (uint64_t sequence = ring->first_sequence; sequence < *position && at < ring->head; sequence++)
        at = record_end(ring, at + 1);
    return at;
}

size_t log_ring_read_one(const struct log_ring *ring, uint64_t *position, uint8_t *level, char *to, size_t size, uint64_t *lost)
{
    uint64_t at = ring_seek(ring, position, lost);
    if (at >= ring->head)
        return 0;
    *level = (uint8_t)(ring_byte(ring, at) - '0');
    uint64_t end = record_end(ring, at + 1) - 1;
    size_t done = 0;
    for (at++; at < end && done < size; at++)
        to[done++] = ring_byte(ring, at);
    ++*position;
    return done;
}

size_t log_ring_read(const struct log_ring *ring, uint64_t *position, char *to, size_t size, uint64_t *lost)
{
    uint64_t at = ring_seek(ring, position, lost);
    size_t done = 0;
    while (at < ring->head) {
        uint64_t end = record_end(ring, at + 1);
        if (end - at - 1 > size - done)
            break;
        for (at++; at < end; at++)
            to[done++] = ring_byte(ring, at);
        ++*position;
    }
    return done;
}
