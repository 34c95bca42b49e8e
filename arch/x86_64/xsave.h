// SPDX-License-Identifier: MIT
// xsave.h: the format in which x86_64 saves its x87, SSE and AVX registers (Intel SDM volume 1, chapter 13).
#pragma once

// Where the header and struct xsave_extent lie in an image; what ends it in a signal's frame; a member's place.
#define XSAVE_HEADER_OFFSET 512
#define XSAVE_EXTENT_OFFSET 464
#define FPU_MAGIC2          0x46505845
#define EXTENT_STATE_SIZE   16

#ifndef __ASSEMBLER__
#include <lib/types.h>

// Finds out what the CPU saves; XCR0 is set already. Once per CPU, before fpu_init_cpu().
void xsave_probe(void);

// Makes a user-supplied image of fpu_area_size() bytes safe to load; false: it cannot be.
bool xsave_sanitise(void *image);

// Bits of XCR0, 0 without XSAVE. [const] after xsave_probe()
extern uint64_t xsave_features;

// What Linux puts into the last bytes of the legacy image of a signal's frame to say that an extended one follows; behind that one lies
// FPU_MAGIC2. [const] after xsave_probe()
struct xsave_extent {
    uint32_t magic1, extended_size;
    uint64_t features;
    uint32_t state_size, padding[7];
};
static_assert(sizeof(struct xsave_extent) == 48 && offsetof(struct xsave_extent, state_size) == EXTENT_STATE_SIZE);
extern struct xsave_extent xsave_extent;

// Of an image of so many bytes with these state components.
struct xsave_extent xsave_extent_of(size_t size, uint64_t features);

// From user memory that has been checked to be the user's (copy.S): 0, or −1 on a fault.
int user_xrstor(const void *area, uint64_t features);
#endif
