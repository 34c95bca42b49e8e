// SPDX-License-Identifier: MIT
// types.h: the types and small inline helpers that every folder uses.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t raw;
} phys_t; // a physical address: never dereferenced

typedef struct {
    uint64_t raw;
} virt_t; // a virtual address, of the kernel or of a user space

typedef long ssize_t;

enum : uint64_t {
    PAGE_SHIFT = 12,
    PAGE_SIZE = 1ull << PAGE_SHIFT,
    PAGE_MASK = PAGE_SIZE - 1,
};

#define KIB (1024ull)
#define MIB (1024ull * KIB)
#define GIB (1024ull * MIB)
#define TIB (1024ull * GIB)

#define NS_PER_US 1'000ull
#define NS_PER_MS 1'000'000ull
#define NS_PER_S  1'000'000'000ull

#define ARRAY_LENGTH(array_) (sizeof(array_) / sizeof((array_)[0]))

#define container_of(pointer_, type_, member_) ((type_ *)((char *)(pointer_) - offsetof(type_, member_)))

#define MIN(a_, b_) ((a_) < (b_) ? (a_) : (b_))
#define MAX(a_, b_) ((a_) > (b_) ? (a_) : (b_))

#define LIKELY(condition_)   __builtin_expect(!!(condition_), 1)
#define UNLIKELY(condition_) __builtin_expect(!!(condition_), 0)

// `alignment` is a power of two. align_up wraps to 0 at the top of the range.
static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

// `alignment` is a power of two.
static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

static inline bool is_aligned(uint64_t value, uint64_t alignment)
{
    return (value & (alignment - 1)) == 0;
}

// Between pointers and addresses of the kernel half.
static inline virt_t virt_of(const void *pointer)
{
    return (virt_t){ (uint64_t)(uintptr_t)pointer };
}

static inline void *virt_pointer(virt_t address)
{
    return (void *)(uintptr_t)address.raw;
}
