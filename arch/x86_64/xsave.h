// SPDX-License-Identifier: MIT
// xsave.h: the format in which x86_64 saves its x87, SSE and AVX registers (Intel SDM volume 1, chapter 13).
#pragma once

#include <lib/types.h>

// Finds out what the CPU saves; XCR0 is set already. Once per CPU, before fpu_init_cpu().
void xsave_probe(void);

// Makes a user-supplied image of fpu_area_size() bytes safe to load; false: it cannot be.
bool xsave_sanitise(void *image);

// Bits of XCR0, 0 without XSAVE.
uint64_t xsave_features(void);

// To and from user memory that has been checked to be the user's (copy.S): 0, or −1 on a fault. With what is saved go the 48 bytes of
// `extent`, into the legacy image, and FPU_MAGIC2 behind its `size` bytes.
int user_xsave(void *area, uint64_t features, const void *extent, size_t size);
int user_xrstor(const void *area, uint64_t features);
