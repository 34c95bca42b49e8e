// SPDX-License-Identifier: MIT
// ipi.h: asking another CPU for something (interrupts between processors).
#pragma once

#include <lib/types.h>

enum ipi_request : uint32_t {
    IPI_RESCHEDULE, // look for a more urgent thread
    IPI_FLUSH,      // forget translations (arch_flush_serve)
    IPI_REQUESTS,
};

// Any context. Requests of one kind that have not been served yet count as one.
void ipi_send(uint32_t cpu, enum ipi_request request);

// How many interrupts of this kind `cpu` has taken.
uint64_t ipi_count(uint32_t cpu);
