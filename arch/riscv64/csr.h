// SPDX-License-Identifier: MIT
// csr.h: control and status registers (Privileged Architecture 1.12, chapters 2 and 4).
#pragma once

#include <stdint.h>

#define CSR_READ(name_)                                                       \
    ({                                                                        \
        uint64_t csr_value_;                                                  \
        __asm__ volatile("csrr %0, " #name_ : "=r"(csr_value_) : : "memory"); \
        csr_value_;                                                           \
    })
#define CSR_WRITE(name_, value_) __asm__ volatile("csrw " #name_ ", %0" : : "rK"((uint64_t)(value_)) : "memory")
#define CSR_SET(name_, bits_)    __asm__ volatile("csrs " #name_ ", %0" : : "rK"((uint64_t)(bits_)) : "memory")
#define CSR_CLEAR(name_, bits_)  __asm__ volatile("csrc " #name_ ", %0" : : "rK"((uint64_t)(bits_)) : "memory")

// scounteren: what user mode may read.
enum : uint64_t { COUNTER_TIME = 1 << 1 };
