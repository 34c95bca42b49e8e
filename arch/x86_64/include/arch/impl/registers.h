// SPDX-License-Identifier: MIT
// impl/registers.h: plain accesses, and in and out. The CPU keeps uncached accesses in order by itself.
#pragma once

static inline uint8_t arch_read8(const volatile void *at)
{
    return *(const volatile uint8_t *)at;
}

static inline uint32_t arch_read32(const volatile void *at)
{
    return *(const volatile uint32_t *)at;
}

static inline uint64_t arch_read64(const volatile void *at)
{
    return *(const volatile uint64_t *)at;
}

static inline void arch_write8(volatile void *at, uint8_t value)
{
    *(volatile uint8_t *)at = value;
}

static inline void arch_write32(volatile void *at, uint32_t value)
{
    *(volatile uint32_t *)at = value;
}

static inline void arch_write64(volatile void *at, uint64_t value)
{
    *(volatile uint64_t *)at = value;
}

struct arch_registers {
    volatile uint8_t *memory; // nullptr: they are I/O ports, one register each
    uint16_t port;
    uint8_t shift; // in memory, registers lie 1 << shift bytes apart
};

static inline uint8_t arch_registers_read(const struct arch_registers *block, uint32_t number)
{
    if (block->memory)
        return arch_read8(block->memory + ((size_t)number << block->shift));
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"((uint16_t)(block->port + number)));
    return value;
}

static inline void arch_registers_write(const struct arch_registers *block, uint32_t number, uint8_t value)
{
    if (block->memory)
        arch_write8(block->memory + ((size_t)number << block->shift), value);
    else
        __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"((uint16_t)(block->port + number)));
}

static inline void arch_registers_write_run(const struct arch_registers *block, uint32_t number, const void *bytes, size_t size)
{
    if (!block->memory) {
        __asm__ volatile("rep outsb" : "+S"(bytes), "+c"(size) : "d"((uint16_t)(block->port + number)) : "memory");
        return;
    }
    for (size_t i = 0; i < size; i++)
        arch_registers_write(block, number, ((const uint8_t *)bytes)[i]);
}
