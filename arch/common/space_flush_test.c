// SPDX-License-Identifier: MIT
// space_flush_test.c: what one CPU is made to forget, and when: seen through its counters. Many CPUs: arch/host/flush_threads_test.c.

#include "space_flush.h"

#include <arch/cpu.h>
#include <arch/page_table.h>

#include <helix/cpu.h>
#include <helix/test.h>

enum : uint64_t { AT = 0x4000'0000 };

// Nobody else has this CPU meanwhile: interrupts are off.
static struct flush_counters counted(struct arch_space *space, uint64_t pages)
{
    struct flush_counters before = cpu_local()->flushes, after;
    arch_space_flush(space, AT, AT + pages * PAGE_SIZE);
    after = cpu_local()->flushes;
    return (struct flush_counters){ after.pages - before.pages, after.whole - before.whole, after.remote - before.remote, 0 };
}

TEST(flush, goes_page_by_page_or_takes_all)
{
    struct arch_space space;
    CHECK(arch_space_create(&space) == STATUS_OK);
    bool on = arch_interrupts_disable();
    struct arch_space *was = cpu_local()->arch.space;
    arch_space_activate(&space);
    struct flush_counters one = counted(&space, 1), most = counted(&space, FLUSH_PAGES_MOST), more = counted(&space, FLUSH_PAGES_MOST + 1);
    if (was)
        arch_space_activate(was);
    arch_interrupts_restore(on);
    CHECK_EQUAL(one.pages, 1);
    CHECK_EQUAL(most.pages, FLUSH_PAGES_MOST);
    CHECK_EQUAL(more.pages, 0);
    CHECK_EQUAL(one.whole + most.whole, 0);
    CHECK_EQUAL(more.whole, 1);
    CHECK_EQUAL(one.remote + most.remote + more.remote, 0);
    arch_space_destroy(&space);
}

TEST(flush, of_a_space_that_nobody_runs_waits_until_somebody_does)
{
    struct arch_space space;
    CHECK(arch_space_create(&space) == STATUS_OK);
    bool on = arch_interrupts_disable();
    struct arch_space *was = cpu_local()->arch.space;
    struct flush_counters never = counted(&space, 1);
    arch_space_activate(&space);
    arch_space_activate(arch_space_kernel());
    struct flush_counters later = counted(&space, 1);
    uint64_t before = cpu_local()->flushes.whole;
    bool stale = atomic_load(&space.stale_on) == 1ull << cpu_local()->id;
    arch_space_activate(&space);
    uint64_t caught_up = cpu_local()->flushes.whole - before;
    bool clean = !atomic_load(&space.stale_on);
    if (was)
        arch_space_activate(was);
    arch_interrupts_restore(on);
    CHECK_EQUAL(never.pages + never.whole + later.pages + later.whole, 0);
    CHECK(clean && stale == (translation_tags() != 0)); // without tags, loading another space has forgotten all
    CHECK_EQUAL(caught_up, stale);
    arch_space_destroy(&space);
}
