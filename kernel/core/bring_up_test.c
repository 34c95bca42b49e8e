// SPDX-License-Identifier: MIT
#include <lib/string.h>

#include <helix/orchestrator.h>
#include <helix/test.h>

#include "core.h"

TEST(subsystem_state, follows_its_table)
{
    CHECK(subsystem_state_may_become(SUBSYSTEM_REGISTERED, SUBSYSTEM_INITIALIZING));
    CHECK(subsystem_state_may_become(SUBSYSTEM_INITIALIZING, SUBSYSTEM_FAILED));
    CHECK(subsystem_state_may_become(SUBSYSTEM_FAILED, SUBSYSTEM_RECOVERING));
    CHECK(!subsystem_state_may_become(SUBSYSTEM_REGISTERED, SUBSYSTEM_RUNNING));
    CHECK(!subsystem_state_may_become(SUBSYSTEM_FAILED, SUBSYSTEM_RUNNING));
    CHECK(!subsystem_state_may_become(SUBSYSTEM_STATES, SUBSYSTEM_RUNNING));
}

// What was done, in order: an upper-case letter for an init, a lower-case one for a stop.
static char diary[32];
static size_t diary_length;

static void note(char what)
{
    if (diary_length < sizeof diary - 1)
        diary[diary_length++] = what;
    diary[diary_length] = '\0';
}

static enum status init_a(void)
{
    note('A');
    return STATUS_OK;
}

static enum status init_b(void)
{
    note('B');
    return STATUS_OK;
}

static enum status start_b(void)
{
    note('S');
    return STATUS_OK;
}

static enum status fail(void)
{
    note('F');
    return STATUS_NO_DEVICE;
}

static enum status stop_a(void)
{
    note('a');
    return STATUS_OK;
}

static enum status stop_b(void)
{
    note('b');
    return STATUS_IO_ERROR;
}

static const struct component component_a = { .init = init_a, .stop = stop_a };
static const struct component component_b = { .init = init_b, .start = start_b, .stop = stop_b };
static const struct component component_fails = { .init = fail, .stop = stop_a };
static const struct component component_start_fails = { .init = init_a, .start = fail, .stop = stop_a };

static const struct subsystem row_a = { .name = "a", .phase = INIT_EARLY, .provides = PHASE_MEMORY, .ops = &component_a };
static const struct subsystem row_b = {
    .name = "b", .phase = INIT_CORE, .depends = { "a" }, .requires = PHASE_MEMORY, .ops = &component_b
};
static const struct subsystem row_fails = { .name = "f", .phase = INIT_LATE, .depends = { "b" }, .ops = &component_fails };

static struct bring_up all;

static enum status gather(const struct subsystem *first, const struct subsystem *second, const struct subsystem *third)
{
    const struct subsystem *rows[] = { first, second, third };
    size_t count = third ? 3 : second ? 2 : 1;
    memset(&all, 0, sizeof all);
    diary_length = 0;
    diary[0] = '\0';
    return bring_up_gather(&all, rows, count);
}

TEST(bring_up, starts_phase_by_phase_and_stops_in_reverse)
{
    CHECK(gather(&row_b, &row_a, nullptr) == STATUS_OK);
    CHECK(bring_up_start(&all, INIT_BOOT) == STATUS_OK);
    CHECK(string_equal(diary, ""));
    CHECK(bring_up_start(&all, INIT_EARLY) == STATUS_OK);
    CHECK(bring_up_state(&all, "a") == SUBSYSTEM_RUNNING && bring_up_state(&all, "b") == SUBSYSTEM_REGISTERED);
    CHECK_EQUAL(atomic_load(&all.capabilities), PHASE_MEMORY);
    CHECK(bring_up_start(&all, INIT_RUNTIME) == STATUS_OK);
    bring_up_stop(&all);
    CHECK(string_equal(diary, "ABSba"));
    CHECK(bring_up_state(&all, "a") == SUBSYSTEM_STOPPED);
    CHECK(bring_up_state(&all, "b") == SUBSYSTEM_FAILED); // it said it could not stop; the others stop all the same
    CHECK_EQUAL(atomic_load(&all.capabilities), 0);
}

TEST(bring_up, rolls_back_in_reverse_when_a_row_fails)
{
    CHECK(gather(&row_fails, &row_b, &row_a) == STATUS_OK);
    CHECK(bring_up_start(&all, INIT_RUNTIME) == STATUS_NO_DEVICE);
    CHECK(string_equal(diary, "ABSFba"));
    CHECK(bring_up_state(&all, "f") == SUBSYSTEM_FAILED);
    CHECK(bring_up_state(&all, "a") == SUBSYSTEM_STOPPED);
}

TEST(bring_up, counts_a_failing_start_as_a_failure)
{
    static const struct subsystem row = { .name = "s", .provides = PHASE_HEAP, .ops = &component_start_fails };
    CHECK(gather(&row, nullptr, nullptr) == STATUS_OK);
    CHECK(bring_up_start(&all, INIT_RUNTIME) == STATUS_NO_DEVICE);
    CHECK(bring_up_state(&all, "s") == SUBSYSTEM_FAILED);
    CHECK_EQUAL(atomic_load(&all.capabilities), 0);
}

TEST(bring_up, enforces_required_capabilities)
{
    static const struct subsystem row = {
        .name = "r", .phase = INIT_EARLY, .priority = 9, .requires = PHASE_MEMORY | PHASE_TIMERS, .ops = &component_b
    };
    CHECK(gather(&row_a, &row, nullptr) == STATUS_OK);
    CHECK(bring_up_start(&all, INIT_RUNTIME) == STATUS_BAD_STATE);
    CHECK(string_equal(diary, "Aa"));
}

TEST(bring_up, refuses_a_row_whose_dependency_belongs_to_a_later_phase)
{
    static const struct subsystem late = { .name = "late", .phase = INIT_LATE, .ops = &component_a };
    static const struct subsystem early = { .name = "early", .phase = INIT_EARLY, .depends = { "late" }, .ops = &component_b };
    CHECK(gather(&early, &late, nullptr) == STATUS_OK);
    CHECK(bring_up_start(&all, INIT_EARLY) == STATUS_BAD_STATE);
    CHECK(string_equal(diary, ""));
}

TEST(bring_up, passes_on_what_is_wrong_with_the_rows)
{
    CHECK(gather(&row_b, nullptr, nullptr) == STATUS_DEPENDENCY_MISSING);
    CHECK(gather(&row_a, &row_a, nullptr) == STATUS_EXISTS);
    CHECK_EQUAL(all.count, 0);
}
