// SPDX-License-Identifier: MIT
// keys.h: PKRU, the register with a thread's rights per protection key, and its place in signal frames.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <arch/keys.h>

// KEYS_DEFAULT: what programs and signal handlers start with, as on Linux: key 0 alone. KEYS_ALL: all rights, XSAVE's initial state.
enum : uint32_t { KEYS_DEFAULT = 0x5555'5554, KEYS_ALL = 0 };

// Whether CR4.PKE is set; only then may PKRU be touched. [const] but for arch_keys_enable.
extern bool keys_enabled;

// Finds out what the CPU has. XCR0 is set already.
void keys_probe(void);

static inline uint32_t keys_read(void)
{
    uint32_t rights, zero;
    __asm__ volatile("rdpkru" : "=a"(rights), "=d"(zero) : "c"(0) : "memory");
    return rights;
}

static inline void keys_write(uint32_t rights)
{
    __asm__ volatile("wrpkru" : : "a"(rights), "c"(0), "d"(0) : "memory");
}

// ---- in the XSAVE image of a signal frame: state component 9 ----

enum : uint64_t { KEYS_FEATURE = 1 << 9 };

// Whether the running thread's frame shows its rights: it may have changed them, or soon might. Others have frames as small as ever.
bool keys_in_frame(void);

// Bytes of an image that without them has `size`; as many where the CPU has no keys.
size_t keys_image_size(size_t size);

// Adds them to the image at `at`, which is user memory. STATUS_BAD_ADDRESS.
enum status keys_push(uint64_t at, uint32_t rights);

// What the image at `at` gives the thread back, and takes them out of `copy`, its first fpu_area_size() bytes. STATUS_BAD_ADDRESS.
enum status keys_pop(uint64_t at, void *copy, uint32_t *rights);
