// SPDX-License-Identifier: MIT
// attributes.h: names for the compiler attributes that clang's thread-safety analysis and linker tables need.
#pragma once

#define CAPABILITY(kind_)        __attribute__((capability(kind_)))
#define GUARDED_BY(lock_)        __attribute__((guarded_by(&lock_)))
#define MUST_HOLD(lock_)         __attribute__((requires_capability(&lock_)))
#define MUST_SHARE(lock_)        __attribute__((requires_shared_capability(&lock_))) // shared or exclusive
#define ACQUIRES(...)            __attribute__((acquire_capability(__VA_ARGS__)))
#define RELEASES(...)            __attribute__((release_capability(__VA_ARGS__)))
#define TRY_ACQUIRES(...)        __attribute__((try_acquire_capability(__VA_ARGS__)))
#define ACQUIRES_SHARED(...)     __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define RELEASES_SHARED(...)     __attribute__((release_shared_capability(__VA_ARGS__)))
#define TRY_ACQUIRES_SHARED(...) __attribute__((try_acquire_shared_capability(__VA_ARGS__)))
#define EXCLUDES(lock_)          __attribute__((locks_excluded(&lock_)))
#define NO_LOCK_ANALYSIS         __attribute__((no_thread_safety_analysis)) // why stands beside each use
#define NO_RACE_CHECK            __attribute__((no_sanitize("thread")))     // reads of figures that may be those of a moment ago

// A local variable that is not cleared before its owner fills it in; say what makes that safe.
#define UNCLEARED __attribute__((uninitialized))

// One row of a table gathered by the linker: TABLE_ROW(helix_tests) static const struct test … = { … };
// Read with TABLE_EACH. Rows of one table all have the same type.
// Aligned explicitly: clang would pad larger structs to 16 bytes and break the stride.
#define TABLE_ROW(table_)               [[gnu::used, gnu::retain, gnu::section(#table_), gnu::aligned(8)]]
#define TABLE_DECLARE(type_, table_)    __attribute__((weak)) extern const type_ __start_##table_[], __stop_##table_[]
#define TABLE_EACH(type_, row_, table_) for (const type_ *row_ = __start_##table_; row_ < __stop_##table_; row_++)
