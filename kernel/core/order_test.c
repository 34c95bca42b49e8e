// SPDX-License-Identifier: MIT
#include <lib/string.h>

#include <helix/orchestrator.h>
#include <helix/test.h>

enum { ROWS = 6 };

static enum status order_names(const struct subsystem *const *rows, size_t count, const char *names[ROWS], size_t *culprit)
{
    size_t order[ROWS] = { 0 };
    enum status status = subsystem_order(rows, count, order, culprit);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        names[i] = rows[order[i]]->name;
    return status;
}

TEST(order, puts_dependencies_first_whatever_their_priority)
{
    const struct subsystem a = { .name = "a", .priority = 1, .depends = { "b" } };
    const struct subsystem b = { .name = "b", .priority = 9, .depends = { "c" } };
    const struct subsystem c = { .name = "c", .priority = 99 };
    const struct subsystem *rows[] = { &a, &b, &c };
    const char *names[ROWS];
    size_t culprit;
    CHECK(order_names(rows, 3, names, &culprit) == STATUS_OK);
    CHECK(string_equal(names[0], "c") && string_equal(names[1], "b") && string_equal(names[2], "a"));
}

TEST(order, decides_ties_by_phase_then_priority_then_name)
{
    const struct subsystem late = { .name = "a", .phase = INIT_LATE, .priority = 0 };
    const struct subsystem second = { .name = "b", .phase = INIT_CORE, .priority = 2 };
    const struct subsystem first = { .name = "z", .phase = INIT_CORE, .priority = 1 };
    const struct subsystem twin = { .name = "c", .phase = INIT_CORE, .priority = 2 };
    const struct subsystem *rows[] = { &late, &twin, &second, &first };
    const char *names[ROWS];
    size_t culprit;
    CHECK(order_names(rows, 4, names, &culprit) == STATUS_OK);
    CHECK(string_equal(names[0], "z") && string_equal(names[1], "b") && string_equal(names[2], "c") && string_equal(names[3], "a"));
}

TEST(order, refuses_a_cycle_and_names_a_row_on_it)
{
    const struct subsystem root = { .name = "root" };
    const struct subsystem user = { .name = "user", .depends = { "root", "x" } };
    const struct subsystem x = { .name = "x", .depends = { "y" } };
    const struct subsystem y = { .name = "y", .depends = { "z" } };
    const struct subsystem z = { .name = "z", .depends = { "x" } };
    const struct subsystem *rows[] = { &root, &user, &x, &y, &z };
    const char *names[ROWS];
    size_t culprit = 0;
    CHECK(order_names(rows, 5, names, &culprit) == STATUS_DEPENDENCY_CYCLE);
    CHECK(culprit >= 2 && culprit <= 4);
}

TEST(order, refuses_a_row_that_depends_on_itself)
{
    const struct subsystem self = { .name = "self", .depends = { "self" } };
    const struct subsystem *rows[] = { &self };
    const char *names[ROWS];
    size_t culprit = 9;
    CHECK(order_names(rows, 1, names, &culprit) == STATUS_DEPENDENCY_CYCLE);
    CHECK_EQUAL(culprit, 0);
}

TEST(order, refuses_an_unknown_dependency_and_names_the_row)
{
    const struct subsystem good = { .name = "good" };
    const struct subsystem bad = { .name = "bad", .depends = { "good", "nobody" } };
    const struct subsystem *rows[] = { &good, &bad };
    const char *names[ROWS];
    size_t culprit = 9;
    CHECK(order_names(rows, 2, names, &culprit) == STATUS_DEPENDENCY_MISSING);
    CHECK_EQUAL(culprit, 1);
}

TEST(order, refuses_two_rows_of_one_name)
{
    const struct subsystem one = { .name = "twin" }, two = { .name = "twin" };
    const struct subsystem *rows[] = { &one, &two };
    const char *names[ROWS];
    size_t culprit = 9;
    CHECK(order_names(rows, 2, names, &culprit) == STATUS_EXISTS);
    CHECK_EQUAL(culprit, 1);
}

TEST(order, accepts_no_rows_and_the_most_rows)
{
    static struct subsystem many[SUBSYSTEM_MAX];
    static char names[SUBSYSTEM_MAX][4];
    const struct subsystem *rows[SUBSYSTEM_MAX + 1];
    size_t order[SUBSYSTEM_MAX], culprit;
    CHECK(subsystem_order(nullptr, 0, order, &culprit) == STATUS_OK);
    for (size_t i = 0; i < SUBSYSTEM_MAX; i++) {
        names[i][0] = (char)('a' + i / 10);
        names[i][1] = (char)('0' + i % 10);
        many[i] = (struct subsystem){ .name = names[i], .depends = { i ? names[i - 1] : nullptr } };
        rows[SUBSYSTEM_MAX - 1 - i] = &many[i];
    }
    CHECK(subsystem_order(rows, SUBSYSTEM_MAX, order, &culprit) == STATUS_OK);
    CHECK_EQUAL(order[0], SUBSYSTEM_MAX - 1);
    CHECK_EQUAL(order[SUBSYSTEM_MAX - 1], 0);
    rows[SUBSYSTEM_MAX] = &many[0];
    CHECK(subsystem_order(rows, SUBSYSTEM_MAX + 1, order, &culprit) == STATUS_LIMIT);
}
