// SPDX-License-Identifier: MIT
// cpio_fuzz.c: libFuzzer target for the archive reader: whatever it is fed, it stays inside the bytes and comes to an end.
#include <helix/cpio.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct cpio_member member;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct cpio_reader reader;
    volatile uint8_t sum = 0;
    cpio_open(&reader, bytes, size);
    while (cpio_next(&reader, &member) == STATUS_OK) {
        for (size_t i = 0; i < member.size; i++)
            sum = (uint8_t)(sum + ((const uint8_t *)member.data)[i]);
    }
    return 0;
}
