// SPDX-License-Identifier: MIT
// registers.h: device registers. The memory type (Device-nGnRE) keeps accesses to one device in order; barriers order them with memory
// (Arm ARM B2.3). The instructions are spelt out so that no access is one that a hypervisor cannot decode (with writeback).
#pragma once

static inline uint8_t arch_read8(const volatile void *at)
{
    uint32_t value;
    __asm__ volatile("ldrb %w0, [%1]\n\tdmb oshld" : "=r"(value) : "r"(at) : "memory");
    return (uint8_t)value;
}

static inline uint32_t arch_read32(const volatile void *at)
{
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]\n\tdmb oshld" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static inline uint64_t arch_read64(const volatile void *at)
{
    uint64_t value;
    __asm__ volatile("ldr %0, [%1]\n\tdmb oshld" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static inline void arch_write8(volatile void *at, uint8_t value)
{
    __asm__ volatile("dmb oshst\n\tstrb %w0, [%1]" : : "rZ"((uint32_t)value), "r"(at) : "memory");
}

static inline void arch_write32(volatile void *at, uint32_t value)
{
    __asm__ volatile("dmb oshst\n\tstr %w0, [%1]" : : "rZ"(value), "r"(at) : "memory");
}

static inline void arch_write64(volatile void *at, uint64_t value)
{
    __asm__ volatile("dmb oshst\n\tstr %x0, [%1]" : : "rZ"(value), "r"(at) : "memory");
}

#include <arch/memory_registers.h>
