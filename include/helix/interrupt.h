// SPDX-License-Identifier: MIT
// interrupt.h: the interrupt dispatcher: handlers by vector, shared or exclusive.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct arch_frame;

enum interrupt_action { INTERRUPT_NOT_MINE, INTERRUPT_HANDLED, INTERRUPT_RESCHEDULE, INTERRUPT_PANIC };

// Interrupts off; must not block or allocate.
typedef enum interrupt_action interrupt_handler(uint32_t vector, struct arch_frame *frame, void *context);

// `name` must stay. STATUS_EXISTS: the vector has an exclusive handler, or has one and this is exclusive;
// STATUS_BAD_ARGUMENT: no such vector; STATUS_NO_MEMORY.
enum status interrupt_register(uint32_t vector, const char *name, interrupt_handler *handler, void *context, bool shared);
// Waits until no dispatch of the vector is under way, so not from a handler of it. STATUS_NOT_FOUND.
enum status interrupt_unregister(uint32_t vector, const char *name);

// Routes a device line (arch/interrupt.h), registers the handler on its vector and unmasks it.
enum status interrupt_connect(uint32_t line, const char *name, interrupt_handler *handler, void *context);

// For /proc/interrupts: count per vector, and the name of its first handler (nullptr: none).
uint64_t interrupt_count(uint32_t vector);
const char *interrupt_name(uint32_t vector);
