// SPDX-License-Identifier: MIT
// panic.h: the end of the kernel: for broken invariants, never for what a user, a disk or a peer can cause.
#pragma once

#include <abi/status.h>
#include <lib/format.h>
#include <lib/types.h>

struct arch_frame;

enum panic_action { PANIC_HALT, PANIC_REBOOT, PANIC_DEBUG_BREAK, PANIC_CONTINUE };

// The report (message, location, thread, state, registers, symbolised stack trace), then the action the profile chose.
// `frame`: the registers to show; nullptr: those of the caller. `line` 0: `file` says all there is about the place. Returns only for PANIC_CONTINUE (debug builds).
PRINTF_LIKE(4, 5) void panic_at(const char *file, int line, const struct arch_frame *frame, const char *format, ...);

#define panic(...)                                          \
    do {                                                    \
        panic_at(__FILE__, __LINE__, nullptr, __VA_ARGS__); \
        __builtin_unreachable();                            \
    } while (0)

// A broken invariant. Always checked; the condition is printed.
#define ASSERT(condition_)                              \
    do {                                                \
        if (__builtin_expect(!(condition_), 0))         \
            panic("assertion failed: %s", #condition_); \
    } while (0)

// May look at the context and choose the action instead of the profile's. Last registered first asked.
struct panic_context {
    const char *message, *file;
    int line;
    const struct arch_frame *frame;
    uint64_t thread_id;
    uint32_t cpu, kernel_state;
};
typedef bool panic_handler(const struct panic_context *context, enum panic_action *action);
enum status panic_add_handler(panic_handler *handler);

// Whether a panic is going on: locks are then not to be trusted, and the console writes without them.
bool panic_active(void);

// The kernel's symbol table (built by tools/symbols.py into the image). Function that holds `address` and the offset in it;
// "?" when it is none.
const char *symbol_name(uint64_t address, uint64_t *offset);

// A place in the code that a return address stands for, as "function+0x12"; "nobody" for 0. Returns `text`.
const char *symbol_text(char *text, size_t size, uint64_t address);
