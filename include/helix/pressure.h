// SPDX-License-Identifier: MIT
// pressure.h: how short memory is, and who is told when that changes.
//
// The level in force is frames_pressure() (frames.h). It gets worse as soon as free memory is at a mark and better only when it is well
// above it again, so that it does not go to and fro.
#pragma once

#include <lib/types.h>

#include <helix/frames.h>

// Free frames at which the levels begin. out < critical < low.
struct pressure_marks {
    uint64_t low, critical, out; // `out` is the reserve: programs get nothing from there on
};
struct pressure_marks pressure_marks(uint64_t total);

// The level that follows `before` with `free` frames of `total`.
enum memory_pressure pressure_next(enum memory_pressure before, uint64_t total, uint64_t free);

// "normal", "low", "critical", "out of memory".
const char *pressure_name(enum memory_pressure level);

// The same in five steps by the share that is used, as schedulers' statistics want it: up to 50, 70, 85, 95 %, and beyond.
enum memory_use : uint8_t { MEMORY_USE_NONE, MEMORY_USE_LOW, MEMORY_USE_MEDIUM, MEMORY_USE_HIGH, MEMORY_USE_CRITICAL };
enum memory_use memory_use_of(uint64_t total, uint64_t used);
const char *memory_use_name(enum memory_use use);

// `changed` is called whenever the level in force has changed: by whoever looked, in thread context, with anything held that stands
// before RANK_WAIT_QUEUE. Once, at boot.
void pressure_watch(void (*changed)(void));
