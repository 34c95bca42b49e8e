// SPDX-License-Identifier: MIT
// apic.h: the CPU's own interrupt controller, and who has which vector.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

enum vector : uint32_t {
    VECTOR_EXCEPTIONS = 32, // below: exceptions
    VECTOR_PIC = 0x20,      // 16 where late interrupts of the old controllers end
    VECTOR_LINES = 0x30,    // 16 for ISA lines
    VECTOR_TIMER = 0x40,
    VECTOR_MORE_LINES = 0x50, // up to VECTOR_LINES_END, without VECTOR_SYSCALL
    VECTOR_SYSCALL = 0x80,
    VECTOR_LINES_END = 0xf0,
    VECTOR_IPI = 0xf0,
    VECTOR_ERROR = 0xfe,
    VECTOR_SPURIOUS = 0xff,
};

// Finds and enables this CPU's controller, all its local sources but NMI masked. STATUS_NO_DEVICE: the CPU has none.
enum status apic_init(void);

void apic_acknowledge(void); // the interrupt in service is done
uint32_t apic_id(void);

// Raises `vector` on the CPU with this id.
void apic_send(uint32_t id, uint32_t vector);

const char *apic_name(void); // "x2apic" or "xapic"

// What the controller reported since the last call, and forgets now.
uint32_t apic_errors(void);

// The timer: one shot, counting down at a rate of its own, or at a value of the CPU's cycle counter.
void apic_timer_one_shot(void);
void apic_timer_deadline(void);
void apic_timer_start(uint32_t ticks); // 0 stops it
uint32_t apic_timer_left(void);
