// SPDX-License-Identifier: MIT
// memory_registers.h: struct arch_registers for machines without I/O ports: impl/registers.h includes this after its arch_read8 and
// arch_write8.
#pragma once

struct arch_registers {
    volatile uint8_t *memory;
    uint8_t shift; // registers lie 1 << shift bytes apart
};

static inline uint8_t arch_registers_read(const struct arch_registers *block, uint32_t number)
{
    return arch_read8(block->memory + ((size_t)number << block->shift));
}

static inline void arch_registers_write(const struct arch_registers *block, uint32_t number, uint8_t value)
{
    arch_write8(block->memory + ((size_t)number << block->shift), value);
}

static inline void arch_registers_write_run(const struct arch_registers *block, uint32_t number, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        arch_registers_write(block, number, ((const uint8_t *)bytes)[i]);
}
