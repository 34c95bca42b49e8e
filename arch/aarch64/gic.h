// SPDX-License-Identifier: MIT
// gic.h: the Generic Interrupt Controller, versions 2 and 3, for the port's own files.
//
// Interrupt numbers (INTIDs) are the GIC's own: below 16 from CPU to CPU, from 16 private to each CPU, from 32 on shared by all.
#pragma once

#include <abi/status.h>

#include <arch/platform_tree.h>
#include <arch/registers.h>

struct arch_frame;

enum { GIC_IPI = 0, GIC_PRIVATE = 16, GIC_SHARED = 32, GIC_NUMBERS = 1020 }; // numbers from GIC_NUMBERS on are no interrupts

// A line (arch/interrupt.h) is the number of an interrupt, with LINE_EDGE when it is an edge; a level otherwise.
enum { LINE_EDGE = 1 << 16, LINE_NUMBER = LINE_EDGE - 1 };

// One version of the controller. The registers that describe single interrupts are laid out alike in all of them (gic.c): `shared` is
// the block for numbers from GIC_SHARED on, `own` for those below, which each CPU has for itself.
struct gic {
    const char *name;
    const char *const *compatible; // what it is called in device trees; nullptr ends the list
    volatile uint8_t *shared, *own;
    uint32_t numbers; // how many interrupts it has, GIC_NUMBERS at most

    // Maps the registers, fills the fields above and resets the controller: everything masked, nothing delivered yet.
    enum status (*find)(const struct device_tree *tree, struct device_node node);

    // Lets interrupts through to this CPU, those from CPU to CPU too.
    void (*open)(void);

    // Has a shared interrupt delivered to this CPU, and to no other.
    void (*send_here)(uint32_t number);

    // Interrupts CPU `cpu` with GIC_IPI. What was written to memory before is visible to it.
    void (*send)(uint32_t cpu);

    // Interrupts off. Acknowledges the most urgent interrupt: its number stands in the lower bits, from GIC_NUMBERS on there is none.
    // end() of the same figure lets it come again.
    uint32_t (*take)(void);
    void (*end)(uint32_t taken);
};

enum : uint32_t { GIC_TAKEN_NUMBER = 0x3ff };

extern struct gic gicv2, gicv3;

// ---- gic.c: the registers that all versions have in common ----

// Masks all interrupts of a block and gives them one priority; group: all become group 1, where there are groups to choose from.
void gic_reset_block(volatile uint8_t *block, uint32_t first, uint32_t end, bool group);

void gic_set_edge(const struct gic *gic, uint32_t number, bool edge); // the interrupt is masked
void gic_mask(const struct gic *gic, uint32_t number, bool masked);

// The `index`th register block of a node, at least `size` bytes, of which so many are mapped.
enum status gic_map(const struct device_tree *tree, struct device_node node, uint32_t index, uint64_t size, volatile uint8_t **at);

// ---- interrupt.c ----

// Every interrupt request ends here: interrupts off, on the thread's kernel stack.
void interrupt_dispatch(struct arch_frame *frame);

// The line of a node's `index`th interrupt; ARCH_NO_LINE: it has none here.
uint32_t interrupt_line(const struct device_tree *tree, struct device_node node, uint32_t index);

// From now on this line is the timer's, and open. False: there is no such line.
bool interrupt_use_for_timer(uint32_t line);
