// SPDX-License-Identifier: MIT
// scale.h: conversion between counters of different rates by one multiplication with a 32.32 fixed-point figure.
#pragma once

#include <lib/types.h>

static inline uint64_t scale(uint64_t value, uint64_t factor)
{
    return (uint64_t)((unsigned __int128)value * factor >> 32);
}

// numerator / denominator in 32.32; nothing overflows while the remainder times 2^32 does not: below 4 GHz * 1e9.
static inline uint64_t scale_ratio(uint64_t numerator, uint64_t denominator)
{
    return ((numerator / denominator) << 32) + ((numerator % denominator) << 32) / denominator;
}
