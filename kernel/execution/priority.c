// SPDX-License-Identifier: MIT
// priority.c: the scale of priorities and its conversions: nice values, and importance.

#include <helix/thread.h>

enum { NICE_LOWEST = -20, NICE_HIGHEST = 19, IMPORTANCE_REALTIME = 100, IMPORTANCE_HIGHEST = 139 };

uint8_t priority_effective(struct priority priority)
{
    int low = priority_is_realtime(priority) ? 0 : PRIORITY_REALTIME_THRESHOLD;
    int high = priority_is_realtime(priority) ? PRIORITY_REALTIME_THRESHOLD - 1 : PRIORITY_MINIMUM;
    int value = priority.base + priority.adjustment;
    return (uint8_t)(value < low ? low : value > high ? high : value);
}

struct priority priority_from_nice(int nice)
{
    int clamped = nice < NICE_LOWEST ? NICE_LOWEST : nice > NICE_HIGHEST ? NICE_HIGHEST : nice;
    return (struct priority){ .base = (uint8_t)(PRIORITY_DEFAULT + clamped) };
}

int priority_to_nice(struct priority priority)
{
    return priority_is_realtime(priority) ? NICE_LOWEST : priority.base - PRIORITY_DEFAULT;
}

// 100 … 139 fall linearly onto base 99 … 0, 0 … 99 onto 139 … 100.
struct priority priority_from_importance(uint8_t importance)
{
    int value = importance > IMPORTANCE_HIGHEST ? IMPORTANCE_HIGHEST : importance;
    int base = value >= IMPORTANCE_REALTIME
                   ? (IMPORTANCE_HIGHEST - value) * (PRIORITY_REALTIME_THRESHOLD - 1) / (IMPORTANCE_HIGHEST - IMPORTANCE_REALTIME)
                   : PRIORITY_MINIMUM - value * (PRIORITY_MINIMUM - PRIORITY_REALTIME_THRESHOLD) / (IMPORTANCE_REALTIME - 1);
    return (struct priority){ .base = (uint8_t)base };
}
