// SPDX-License-Identifier: MIT
// impl/registers.h: accesses to device registers, with the fences that order them and memory (Unprivileged ISA 20191213, 2.7).
//
// Registers lie in strongly ordered I/O regions: among themselves their accesses need no fence.
#pragma once

static inline void registers_before_write(void)
{
    __asm__ volatile("fence w, o" : : : "memory");
}

static inline void registers_after_read(void)
{
    __asm__ volatile("fence i, r" : : : "memory");
}

static inline uint8_t arch_read8(const volatile void *at)
{
    uint8_t value = *(const volatile uint8_t *)at;
    registers_after_read();
    return value;
}

static inline uint32_t arch_read32(const volatile void *at)
{
    uint32_t value = *(const volatile uint32_t *)at;
    registers_after_read();
    return value;
}

static inline uint64_t arch_read64(const volatile void *at)
{
    uint64_t value = *(const volatile uint64_t *)at;
    registers_after_read();
    return value;
}

static inline void arch_write8(volatile void *at, uint8_t value)
{
    registers_before_write();
    *(volatile uint8_t *)at = value;
}

static inline void arch_write32(volatile void *at, uint32_t value)
{
    registers_before_write();
    *(volatile uint32_t *)at = value;
}

static inline void arch_write64(volatile void *at, uint64_t value)
{
    registers_before_write();
    *(volatile uint64_t *)at = value;
}

#include <arch/memory_registers.h>
