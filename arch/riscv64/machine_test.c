// SPDX-License-Identifier: MIT
// machine_test.c: what the booted hart must show: everything closed that user code could reach through, and the page tables that
// it says it has.

#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/page_table.h>
#include <arch/user_copy.h>

#include <helix/cpu.h>
#include <helix/test.h>
#include <helix/thread.h>
#include <helix/user.h>

#include "csr.h"
#include "offsets.h"
#include "fpu_state.h"

KERNEL_TEST(machine, keeps_user_memory_and_the_float_unit_closed)
{
    enum : uint64_t { BIG_ENDIAN = 1 << 6, VECTOR = 3 << 9, CUSTOM = 3 << 15, READ_EXECUTABLE = 1 << 19 };
    const uint64_t open = STATUS_USER_ACCESS | READ_EXECUTABLE | STATUS_FLOAT | VECTOR | CUSTOM;
    CHECK_EQUAL(CSR_READ(sstatus) & (open | BIG_ENDIAN), 0);
    CHECK_EQUAL(CSR_READ(scounteren), COUNTER_TIME);
}

KERNEL_TEST(machine, knows_where_it_is_without_memory)
{
    uint64_t tp, gp;
    __asm__ volatile("mv %0, tp\n\tmv %1, gp" : "=r"(tp), "=r"(gp));
    CHECK_EQUAL(tp, virt_of(cpu_by_id(cpu_local()->id)).raw);
    CHECK_EQUAL(gp, virt_of(cpu_local()->arch.current).raw);
    CHECK_EQUAL(CSR_READ(sscratch), 0);
}

KERNEL_TEST(machine, uses_the_page_tables_that_it_says)
{
    uint64_t satp = CSR_READ(satp);
    CHECK_EQUAL(satp >> SATP_MODE_SHIFT, SATP_MODE_SV39 + page_table_levels() - 3);
    CHECK_EQUAL(arch_user_end(), (1ull << (9 * page_table_levels() + 11)) - PAGE_SIZE);
    CHECK((satp >> SATP_TAG_SHIFT & SATP_TAGS) < translation_tags() || !translation_tags());
}

// Their lower bits alone would lead to a page of the image.
KERNEL_TEST(machine, refuses_addresses_whose_upper_bits_differ)
{
    static char byte;
    for (unsigned bit = PAGE_SHIFT + 9 * page_table_levels(); bit < 63; bit++)
        CHECK_EQUAL(user_copy(&byte, (const void *)(uintptr_t)(virt_of(&byte).raw ^ 1ull << bit), 1), 1);
}

KERNEL_TEST(machine, counts_preemption_and_requests_apart)
{
    bool on = arch_interrupts_disable();
    bool asked = arch_reschedule_asked();
    uint32_t depth = arch_preempt_count();
    arch_reschedule_set(true);
    arch_preempt_count_add(2);
    CHECK_EQUAL(arch_preempt_count(), depth + 2);
    CHECK(arch_reschedule_asked() && !arch_reschedule_wanted());
    arch_preempt_count_add(-2);
    CHECK_EQUAL(arch_reschedule_wanted(), depth == 0);
    arch_reschedule_set(false);
    CHECK(!arch_reschedule_asked() && !arch_reschedule_wanted());
    CHECK_EQUAL(arch_preempt_count(), depth);
    arch_reschedule_set(asked);
    arch_interrupts_restore(on);
}

KERNEL_TEST(machine, keeps_every_float_register_through_memory)
{
    if (!fpu_present())
        return;
    static struct fpu_state before, saved;
    for (uint32_t i = 0; i < ARRAY_LENGTH(before.f); i++)
        before.f[i] = 0x0123'4567'89ab'cdef * (i + 1);
    before.control = 0x7f; // every exception flag, rounding upwards
    bool on = arch_interrupts_disable();
    struct fpu_state program;
    CSR_SET(sstatus, STATUS_FLOAT);
    fpu_state_save(&program); // a thread's registers may be in the unit
    fpu_state_load(&before);
    fpu_state_save(&saved);
    fpu_state_load(&program);
    CSR_CLEAR(sstatus, STATUS_FLOAT);
    arch_interrupts_restore(on);
    for (uint32_t i = 0; i < ARRAY_LENGTH(before.f); i++)
        CHECK_EQUAL(saved.f[i], before.f[i]);
    CHECK_EQUAL(saved.control, before.control);
}
