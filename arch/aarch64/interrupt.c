// SPDX-License-Identifier: MIT
// interrupt.c: from an interrupt of the GIC to a vector, and the way in of every interrupt request.
//
// Lines carry the controller's numbers; vectors are handed out in the order in which lines are routed. The timer has no vector.

#include <arch/interrupt.h>

#include <arch/counter.h>
#include <arch/device.h>
#include <arch/frame.h>

#include <helix/log.h>
#include <helix/spinlock.h>

#include "gic.h"

enum { VECTORS_FIRST = 32 };
enum { CELL_KIND, CELL_NUMBER, CELL_FLAGS }; // of a specifier in a device tree
enum { KIND_SHARED = 0, KIND_PRIVATE = 1, FLAGS_EDGE = 0x3 };

static struct gic *const versions[] = { &gicv3, &gicv2 };

static struct gic *gic;                               // [const] after arch_interrupt_init; nullptr: none
static uint32_t timer_number = GIC_NUMBERS;           // [const] after arch_time_init
static _Atomic uint8_t vector_of_number[GIC_NUMBERS]; // 0: not routed; written under `lock`
static struct spinlock lock = SPINLOCK(RANK_DRIVER);  // and the registers of which several interrupts share one
static uint32_t next_vector GUARDED_BY(lock) = VECTORS_FIRST;

static bool is_version(const struct device_tree *tree, struct device_node node, const struct gic *version)
{
    for (const char *const *name = version->compatible; *name; name++) {
        if (device_tree_is_compatible(tree, node, *name))
            return true;
    }
    return false;
}

// Whichever the tree names: machines have one.
static enum status controller_find(struct gic *version)
{
    struct device_node node;
    for (const char *const *name = version->compatible; *name; name++) {
        if (platform_tree_find(*name, 0, &node))
            return version->find(platform_tree(), node);
    }
    return STATUS_NO_DEVICE;
}

enum status arch_interrupt_init(const struct boot_info *boot)
{
    for (size_t i = 0; i < ARRAY_LENGTH(versions) && !gic; i++) {
        if (controller_find(versions[i]) == STATUS_OK)
            gic = versions[i];
    }
    if (!gic) {
        log_error("interrupts", "the device tree names no interrupt controller that can be used (GICv2, GICv3)");
        return STATUS_NO_DEVICE;
    }
    gic->open();
    return STATUS_OK;
}

const char *arch_interrupt_controller_name(void)
{
    return gic->name;
}

// ---- lines ----

uint32_t platform_tree_line(const struct device_interrupt *interrupt)
{
    const struct device_tree *tree = platform_tree();
    bool ours = is_version(tree, interrupt->controller, &gicv3) || is_version(tree, interrupt->controller, &gicv2);
    if (!ours || interrupt->count <= CELL_FLAGS)
        return ARCH_NO_LINE;
    uint32_t number = interrupt->cells[CELL_NUMBER];
    uint32_t edge = interrupt->cells[CELL_FLAGS] & FLAGS_EDGE ? LINE_EDGE : 0;
    if (interrupt->cells[CELL_KIND] == KIND_SHARED && number < GIC_NUMBERS - GIC_SHARED)
        return (number + GIC_SHARED) | edge;
    if (interrupt->cells[CELL_KIND] == KIND_PRIVATE && number < GIC_SHARED - GIC_PRIVATE)
        return (number + GIC_PRIVATE) | edge;
    return ARCH_NO_LINE;
}

uint32_t interrupt_line(const struct device_tree *tree, struct device_node node, uint32_t index)
{
    struct device_interrupt interrupt;
    return device_tree_interrupt(tree, node, index, &interrupt) ? platform_tree_line(&interrupt) : ARCH_NO_LINE;
}

static bool line_exists(uint32_t line)
{
    uint32_t number = line & LINE_NUMBER;
    return line <= (LINE_EDGE | LINE_NUMBER) && number >= GIC_PRIVATE && number < gic->numbers;
}

static void line_set_up(uint32_t line) MUST_HOLD(lock)
{
    uint32_t number = line & LINE_NUMBER;
    gic_mask(gic, number, true);
    gic_set_edge(gic, number, line & LINE_EDGE);
    if (number >= GIC_SHARED)
        gic->send_here(number);
}

enum status arch_interrupt_route(uint32_t line, uint32_t *vector)
{
    if (!line_exists(line))
        return STATUS_NO_DEVICE;
    uint32_t number = line & LINE_NUMBER;
    bool on = spinlock_acquire_irq(&lock);
    uint32_t found = atomic_load(&vector_of_number[number]);
    if (!found && next_vector < ARCH_VECTORS) {
        found = next_vector++;
        line_set_up(line);
        atomic_store(&vector_of_number[number], (uint8_t)found);
    }
    spinlock_release_irq(&lock, on);
    if (!found)
        return STATUS_NO_SPACE;
    *vector = found;
    return STATUS_OK;
}

void arch_interrupt_mask(uint32_t line)
{
    if (line_exists(line))
        gic_mask(gic, line & LINE_NUMBER, true);
}

void arch_interrupt_unmask(uint32_t line)
{
    if (line_exists(line))
        gic_mask(gic, line & LINE_NUMBER, false);
}

bool interrupt_use_for_timer(uint32_t line)
{
    if (!line_exists(line))
        return false;
    bool on = spinlock_acquire_irq(&lock);
    line_set_up(line & LINE_NUMBER); // a level, whatever the tree says: some are wrong
    timer_number = line & LINE_NUMBER;
    spinlock_release_irq(&lock, on);
    arch_interrupt_unmask(line);
    return true;
}

// ---- an interrupt ----

void arch_ipi_send(uint32_t cpu)
{
    gic->send(cpu);
}

static void deliver(uint32_t number, struct arch_frame *frame)
{
    uint8_t vector = atomic_load_explicit(&vector_of_number[number], memory_order_relaxed);
    if (number == timer_number) {
        counter_timer_set(UINT64_MAX);
        kernel_timer_interrupt(frame);
    } else if (number == GIC_IPI) {
        kernel_ipi(frame);
    } else if (vector) {
        kernel_interrupt(vector, frame);
    }
}

// The end comes after the handler, so that a level line is quiet again; the timer's is, once it is off.
void interrupt_dispatch(struct arch_frame *frame)
{
    uint32_t taken = gic->take();
    uint32_t number = taken & GIC_TAKEN_NUMBER;
    if (number < GIC_NUMBERS) {
        deliver(number, frame);
        gic->end(taken);
    }
    if (!arch_frame_from_user(frame))
        kernel_exit_to_kernel();
}
