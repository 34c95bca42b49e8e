// SPDX-License-Identifier: MIT
// event_test.c: the event bus: who is told, in which order, and what subscribers may do meanwhile.

#include <helix/event.h>

#include <lib/string.h>

#include <helix/test.h>

static const struct event pressure = { .topic = EVENT_MEMORY_PRESSURE, .value = { 2, 1 } };
static char order[16];
static struct subscription late;

static enum event_response note(void *context, const struct event *event)
{
    const char *name = context;
    size_t length = strlen(order);
    CHECK(event->value[0] == 2 && event->value[1] == 1);
    if (length + 1 < sizeof order)
        order[length] = *name, order[length + 1] = '\0';
    return EVENT_HANDLED;
}

static enum event_response answer(void *context, const struct event *event)
{
    return *(enum event_response *)context;
}

static void begin(void)
{
    order[0] = '\0';
}

TEST(event, tells_by_priority_and_then_by_age)
{
    struct subscription a = { .name = "a", .topics = EVENT_ALL, .priority = EVENT_NORMAL, .tell = note, .context = "a" };
    struct subscription b = {
        .name = "b", .topics = event_bit(EVENT_MEMORY_PRESSURE), .priority = EVENT_HIGHEST, .tell = note, .context = "b"
    };
    struct subscription c = { .name = "c", .topics = EVENT_ALL, .priority = EVENT_NORMAL, .tell = note, .context = "c" };
    struct subscription d = { .name = "d", .topics = event_bit(EVENT_OUT_OF_MEMORY), .priority = EVENT_HIGH, .tell = note, .context = "d" };
    begin();
    CHECK(event_subscribe(&a) == STATUS_OK && event_subscribe(&b) == STATUS_OK);
    CHECK(event_subscribe(&c) == STATUS_OK && event_subscribe(&d) == STATUS_OK);
    CHECK(event_subscribe(&a) == STATUS_EXISTS);
    uint64_t before = event_count(EVENT_MEMORY_PRESSURE);
    event_publish(&pressure);
    CHECK(strcmp(order, "bac") == 0);
    CHECK_EQUAL(event_count(EVENT_MEMORY_PRESSURE), before + 1);
    event_unsubscribe(&a);
    event_unsubscribe(&a);
    event_publish(&pressure);
    CHECK(strcmp(order, "bacbc") == 0);
    CHECK_EQUAL(b.told, 2);
    CHECK_EQUAL(d.told, 0);
    event_unsubscribe(&b);
    event_unsubscribe(&c);
    event_unsubscribe(&d);
}

TEST(event, refuses_subscriptions_that_cannot_be_told)
{
    struct subscription bad = { .topics = EVENT_ALL };
    CHECK(event_subscribe(&bad) == STATUS_BAD_ARGUMENT);
    bad = (struct subscription){ .tell = note, .context = "x" };
    CHECK(event_subscribe(&bad) == STATUS_BAD_ARGUMENT);
    bad.topics = EVENT_ALL + 1;
    CHECK(event_subscribe(&bad) == STATUS_BAD_ARGUMENT);
}

TEST(event, counts_what_subscribers_answer)
{
    enum event_response answers[] = { EVENT_HANDLED, EVENT_IGNORED, EVENT_DEFERRED, EVENT_ERROR };
    struct subscription all[ARRAY_LENGTH(answers)] = {};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        all[i] = (struct subscription){
            .name = "answers", .topics = EVENT_ALL, .priority = EVENT_HIGHEST, .tell = answer, .context = &answers[i]
        };
        CHECK(event_subscribe(&all[i]) == STATUS_OK);
    }
    struct event none = { .topic = EVENT_OUT_OF_MEMORY };
    struct event_outcome outcome = event_publish(&none);
    CHECK(outcome.handled >= 2 && outcome.ignored >= 1);
    CHECK_EQUAL(outcome.errors, 1);
    CHECK_EQUAL(all[3].errors, 1);
    CHECK_EQUAL(all[0].errors, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        event_unsubscribe(&all[i]);
}

TEST(event, paused_subscribers_miss_what_is_told)
{
    struct subscription a = { .name = "a", .topics = EVENT_ALL, .priority = EVENT_NORMAL, .tell = note, .context = "a" };
    struct subscription b = { .name = "b", .topics = EVENT_ALL, .priority = EVENT_NORMAL, .tell = note, .context = "b" };
    begin();
    CHECK(event_subscribe(&a) == STATUS_OK && event_subscribe(&b) == STATUS_OK);
    event_pause(&a, true);
    event_publish(&pressure);
    CHECK(strcmp(order, "b") == 0);
    event_bus_pause(true);
    event_publish(&pressure);
    CHECK(strcmp(order, "b") == 0);
    event_bus_pause(false);
    event_pause(&a, false);
    event_publish(&pressure);
    CHECK(strcmp(order, "bab") == 0);
    event_unsubscribe(&a);
    event_unsubscribe(&b);
}

static enum event_response leave(void *context, const struct event *event)
{
    struct subscription *self = context;
    event_unsubscribe(self);
    memset(self, 0xa5, sizeof *self); // it is the subscriber's again
    return EVENT_HANDLED;
}

static enum event_response invite(void *context, const struct event *event)
{
    late = (struct subscription){ .name = "late", .topics = EVENT_ALL, .priority = EVENT_LOWEST, .tell = note, .context = "l" };
    CHECK(event_subscribe(&late) == STATUS_OK);
    return EVENT_HANDLED;
}

TEST(event, lets_subscribers_come_and_go_while_they_are_told)
{
    struct subscription inviting = { .name = "invites", .topics = EVENT_ALL, .priority = EVENT_HIGHEST, .tell = invite };
    struct subscription leaving = { .name = "leaves", .topics = EVENT_ALL, .priority = EVENT_HIGHEST, .tell = leave, .context = &leaving };
    struct subscription last = { .name = "z", .topics = EVENT_ALL, .priority = EVENT_LOWEST, .tell = note, .context = "z" };
    begin();
    CHECK(event_subscribe(&inviting) == STATUS_OK && event_subscribe(&leaving) == STATUS_OK && event_subscribe(&last) == STATUS_OK);
    event_publish(&pressure);
    CHECK(strcmp(order, "z") == 0); // who came meanwhile was not told
    event_unsubscribe(&inviting);
    event_publish(&pressure);
    CHECK(strcmp(order, "zzl") == 0);
    event_unsubscribe(&last);
    event_unsubscribe(&late);
}

static int depth;

static enum event_response publish_again(void *context, const struct event *event)
{
    if (++depth < 3)
        event_publish(event);
    return EVENT_HANDLED;
}

TEST(event, may_be_published_from_within)
{
    struct subscription deep = { .name = "deep", .topics = EVENT_ALL, .priority = EVENT_NORMAL, .tell = publish_again };
    depth = 0;
    CHECK(event_subscribe(&deep) == STATUS_OK);
    event_publish(&pressure);
    CHECK_EQUAL(depth, 3);
    CHECK_EQUAL(deep.told, 3);
    CHECK_EQUAL(deep.telling, 0);
    event_unsubscribe(&deep);
}
