// SPDX-License-Identifier: MIT
// timer_test.c: timers fire once, in the order of their deadlines, and not after they are cancelled.

#include <helix/timer.h>

#include <lib/string.h>

#include <arch/cpu.h>

#include <helix/test.h>
#include <helix/thread.h>

enum : uint64_t { STEP_NS = NS_PER_MS };

struct lettered_timer {
    struct timer timer;
    char letter;
};

static char fired[16];
static uint64_t fired_ns[16];

static void fire(struct timer *timer)
{
    size_t length = strlen(fired);
    fired_ns[length] = time_ns();
    fired[length] = container_of(timer, struct lettered_timer, timer)->letter;
}

static void prepare(struct lettered_timer *timer, char letter)
{
    timer_init(&timer->timer, fire);
    timer->letter = letter;
}

TEST(timer, fires_in_the_order_of_deadlines_whatever_the_order_of_arming)
{
    struct lettered_timer timers[3];
    static const uint64_t after[] = { 3, 1, 2 };
    memset(fired, 0, sizeof fired);
    bool on = arch_interrupts_disable(); // none fires before the last is armed, however slow this is
    uint64_t now = time_ns();
    for (size_t i = 0; i < 3; i++) {
        prepare(&timers[i], (char)('a' + i));
        timer_arm(&timers[i].timer, now + after[i] * STEP_NS);
    }
    arch_interrupts_restore(on);
    CHECK(thread_sleep_until(now + 4 * STEP_NS) == STATUS_OK);
    CHECK(string_equal(fired, "bca"));
    for (size_t i = 0; i < 3; i++) {
        CHECK(fired_ns[i] >= now + (i + 1) * STEP_NS);
        CHECK(!timer_cancel(&timers[i].timer)); // it has fired
    }
}

TEST(timer, keeps_equal_deadlines_in_the_order_of_arming)
{
    struct lettered_timer timers[4];
    memset(fired, 0, sizeof fired);
    bool on = arch_interrupts_disable();
    uint64_t when = time_ns() + STEP_NS;
    for (size_t i = 0; i < 4; i++) {
        prepare(&timers[i], (char)('a' + i));
        timer_arm(&timers[i].timer, when);
    }
    arch_interrupts_restore(on);
    CHECK(thread_sleep_until(when + STEP_NS) == STATUS_OK);
    CHECK(string_equal(fired, "abcd"));
}

TEST(timer, does_not_fire_once_it_is_cancelled)
{
    struct lettered_timer kept, cancelled;
    memset(fired, 0, sizeof fired);
    prepare(&kept, 'k');
    prepare(&cancelled, 'c');
    CHECK(!timer_cancel(&cancelled.timer)); // never armed
    bool on = arch_interrupts_disable();
    uint64_t now = time_ns();
    timer_arm(&cancelled.timer, now + STEP_NS);
    timer_arm(&kept.timer, now + 2 * STEP_NS);
    CHECK(timer_cancel(&cancelled.timer));
    arch_interrupts_restore(on);
    CHECK(!timer_cancel(&cancelled.timer));
    CHECK(thread_sleep_until(now + 3 * STEP_NS) == STATUS_OK);
    CHECK(string_equal(fired, "k"));
}

TEST(timer, moves_to_its_newest_deadline)
{
    struct lettered_timer moved, other;
    memset(fired, 0, sizeof fired);
    prepare(&moved, 'm');
    prepare(&other, 'o');
    bool on = arch_interrupts_disable();
    uint64_t now = time_ns();
    timer_arm(&moved.timer, now + STEP_NS);
    timer_arm(&other.timer, now + 2 * STEP_NS);
    timer_arm(&moved.timer, now + 3 * STEP_NS);
    arch_interrupts_restore(on);
    CHECK(thread_sleep_until(now + 5 * STEP_NS) == STATUS_OK);
    CHECK(string_equal(fired, "om")); // once, and later
}

TEST(timer, fires_at_once_when_the_deadline_is_past)
{
    struct lettered_timer late;
    memset(fired, 0, sizeof fired);
    prepare(&late, 'l');
    timer_arm(&late.timer, 1);
    CHECK(thread_sleep_until(time_ns() + STEP_NS) == STATUS_OK);
    CHECK(string_equal(fired, "l"));
}

TEST(timer, sets_the_wall_clock_without_touching_time_since_boot)
{
    uint64_t wall = time_wall_ns(), before = time_ns();
    time_set_wall_ns(1000 * NS_PER_S);
    CHECK(time_wall_ns() >= 1000 * NS_PER_S && time_wall_ns() < 1010 * NS_PER_S);
    uint64_t passed = time_ns() - before;
    CHECK(passed < 10 * NS_PER_S);
    time_set_wall_ns(wall + passed);
}
