// SPDX-License-Identifier: MIT
// event.h: the event bus: who wants to know is told, one after the other, by the thread that publishes.
#pragma once

#include <stdatomic.h>

#include <abi/status.h>
#include <lib/list.h>
#include <lib/types.h>

// What is told. A topic gets its row with its first publisher.
enum event_topic : uint8_t {
    EVENT_MEMORY_PRESSURE, // value[0]: enum memory_pressure now, value[1]: before
    EVENT_OUT_OF_MEMORY,   // value[0]: id of the process that is killed, value[1]: bytes it had
    EVENT_TOPICS,
};
enum : uint32_t { EVENT_ALL = (1u << EVENT_TOPICS) - 1 };

static inline uint32_t event_bit(enum event_topic topic)
{
    return 1u << topic;
}

struct event {
    enum event_topic topic;
    uint64_t value[2];
};

enum event_response : uint8_t {
    EVENT_HANDLED,
    EVENT_IGNORED,
    EVENT_DEFERRED, // will be dealt with later; counts as handled
    EVENT_ERROR,
};

// Smaller is told first; equals in the order in which they subscribed.
enum event_priority : uint8_t { EVENT_HIGHEST = 0, EVENT_HIGH = 64, EVENT_NORMAL = 128, EVENT_LOW = 192, EVENT_LOWEST = 255 };

// The subscriber's own, from event_subscribe to the end of event_unsubscribe.
struct subscription {
    const char *name;
    uint32_t topics; // event_bit() of each
    enum event_priority priority;
    // Thread context, nothing held: may sleep, publish, subscribe and unsubscribe (itself, too).
    enum event_response (*tell)(void *context, const struct event *event);
    void *context;
    // The bus's.
    struct list_node link;
    uint64_t id;
    uint32_t telling; // calls under way
    bool paused;
    _Atomic uint64_t told, errors;
};

// STATUS_BAD_ARGUMENT: no topic, or one that there is not, or nothing to call. STATUS_EXISTS: it has subscribed already. Thread context.
enum status event_subscribe(struct subscription *subscription);

// No call is under way when it returns, but for the one it is called from. Harmless for what has not subscribed. Thread context, nothing
// held that a subscriber takes.
void event_unsubscribe(struct subscription *subscription);

// A paused subscription, or all of them while the bus is paused, misses what is published.
void event_pause(struct subscription *subscription, bool paused);
void event_bus_pause(bool paused);

struct event_outcome {
    uint32_t handled, ignored, errors;
};
// Tells all who subscribed to the topic before this call. Thread context, no lock held. Allocates nothing.
struct event_outcome event_publish(const struct event *event);

// How often a topic was published since boot.
uint64_t event_count(enum event_topic topic);

// Calls visit for each subscription in the order in which they are told, with the bus locked: must not sleep.
void event_each(void (*visit)(void *context, const struct subscription *subscription), void *context);
