// SPDX-License-Identifier: MIT
// event.c: the event bus.
//
// How         Subscriptions stand in one list, by priority and then by age. Publishing goes from one to the next that is larger in
//             (priority, id): the lock is held while it looks, never while it calls, so a subscriber may do anything to the bus.
// Invariants  A subscription with a call under way stays in the list or, unsubscribed by that very call, is not touched after it.
//             Who subscribes during a publication is not told of it: its id is younger.
// Locks       RANK_EVENTS round the list, plain. Unsubscribing sleeps until calls on other CPUs have ended.

#include <helix/event.h>

#include <helix/spinlock.h>
#include <helix/thread.h>
#include <helix/wait.h>

static struct {
    struct spinlock lock; // RANK_EVENTS
    struct list_node subscriptions;
    uint64_t last_id;
    bool paused;
    struct wait_queue told; // a call has ended
    _Atomic uint64_t published[EVENT_TOPICS];
} bus = { .lock = SPINLOCK(RANK_EVENTS), .subscriptions = LIST_HEAD(bus.subscriptions), .told = WAIT_QUEUE(bus.told) };

static struct subscription *subscription_of(struct list_node *node)
{
    return container_of(node, struct subscription, link);
}

static bool subscribed(const struct subscription *subscription) MUST_HOLD(bus.lock)
{
    return list_linked(&subscription->link);
}

// Behind everything of its priority.
static void subscription_insert(struct subscription *subscription) MUST_HOLD(bus.lock)
{
    struct list_node *before = &bus.subscriptions;
    list_for_each(node, &bus.subscriptions) {
        if (subscription_of(node)->priority > subscription->priority) {
            before = node;
            break;
        }
    }
    list_add_tail(before, &subscription->link);
}

enum status event_subscribe(struct subscription *subscription)
{
    if (!subscription->tell || !subscription->topics || subscription->topics & ~EVENT_ALL)
        return STATUS_BAD_ARGUMENT;
    spinlock_acquire(&bus.lock);
    bool fresh = !subscription->link.next || !subscribed(subscription);
    if (fresh) {
        subscription->id = ++bus.last_id;
        subscription->telling = 0;
        subscription->paused = false;
        list_init(&subscription->link);
        subscription_insert(subscription);
    }
    spinlock_release(&bus.lock);
    return fresh ? STATUS_OK : STATUS_EXISTS;
}

// A call under way, on the stack of the thread that makes it.
struct telling {
    struct telling *outer;
    const struct thread *thread;
    struct subscription *subscription; // nullptr: unsubscribed by the call itself, and perhaps no longer there
};
static struct telling *tellings; // bus.lock

// What the running thread itself is being told ends with the call: nobody has to wait for it.
static void own_calls_forget(struct subscription *subscription) MUST_HOLD(bus.lock)
{
    for (struct telling *telling = tellings; telling; telling = telling->outer) {
        if (telling->subscription == subscription && telling->thread == thread_current()) {
            telling->subscription = nullptr;
            subscription->telling--;
        }
    }
}

void event_unsubscribe(struct subscription *subscription)
{
    struct waiter waiter;
    waiter_init(&waiter);
    for (;;) {
        wait_begin(&bus.told, &waiter);
        spinlock_acquire(&bus.lock);
        if (subscription->link.next && subscribed(subscription))
            list_remove(&subscription->link);
        own_calls_forget(subscription);
        bool done = !subscription->telling;
        spinlock_release(&bus.lock);
        if (done)
            break;
        (void)thread_block_uninterruptible(BLOCK_OTHER, UINT64_MAX);
    }
    wait_end(&waiter);
}

void event_pause(struct subscription *subscription, bool paused)
{
    spinlock_acquire(&bus.lock);
    subscription->paused = paused;
    spinlock_release(&bus.lock);
}

void event_bus_pause(bool paused)
{
    spinlock_acquire(&bus.lock);
    bus.paused = paused;
    spinlock_release(&bus.lock);
}

// The next one to be told behind (priority, id), not younger than `last`.
static struct subscription *next_of(const struct event *event, uint32_t priority, uint64_t id, uint64_t last) MUST_HOLD(bus.lock)
{
    list_for_each(node, &bus.subscriptions) {
        struct subscription *found = subscription_of(node);
        bool behind = found->priority > priority || (found->priority == priority && found->id > id);
        if (behind && found->id <= last && found->topics & event_bit(event->topic) && !found->paused)
            return found;
    }
    return nullptr;
}

static void outcome_add(struct event_outcome *outcome, enum event_response response)
{
    outcome->handled += response == EVENT_HANDLED || response == EVENT_DEFERRED;
    outcome->ignored += response == EVENT_IGNORED;
    outcome->errors += response == EVENT_ERROR;
}

static void telling_begin(struct telling *telling) MUST_HOLD(bus.lock)
{
    telling->outer = tellings;
    tellings = telling;
    telling->subscription->telling++;
}

static void telling_end(struct telling *ended, enum event_response response) MUST_HOLD(bus.lock)
{
    struct telling **at = &tellings;
    while (*at != ended)
        at = &(*at)->outer;
    *at = ended->outer;
    struct subscription *subscription = ended->subscription;
    if (!subscription)
        return;
    subscription->telling--;
    subscription->told++;
    subscription->errors += response == EVENT_ERROR;
    wait_wake_all(&bus.told);
}

struct event_outcome event_publish(const struct event *event)
{
    struct event_outcome outcome = {};
    uint32_t priority = 0;
    uint64_t id = 0;
    atomic_fetch_add_explicit(&bus.published[event->topic], 1, memory_order_relaxed);
    spinlock_acquire(&bus.lock);
    const uint64_t last = bus.last_id;
    for (;;) {
        struct subscription *subscription = bus.paused ? nullptr : next_of(event, priority, id, last);
        if (!subscription)
            break;
        priority = subscription->priority;
        id = subscription->id;
        struct telling telling = { .thread = thread_current(), .subscription = subscription };
        telling_begin(&telling);
        spinlock_release(&bus.lock);
        enum event_response response = subscription->tell(subscription->context, event);
        outcome_add(&outcome, response);
        spinlock_acquire(&bus.lock);
        telling_end(&telling, response);
    }
    spinlock_release(&bus.lock);
    return outcome;
}

uint64_t event_count(enum event_topic topic)
{
    return atomic_load_explicit(&bus.published[topic], memory_order_relaxed);
}

void event_each(void (*visit)(void *context, const struct subscription *subscription), void *context)
{
    spinlock_acquire(&bus.lock);
    list_for_each(node, &bus.subscriptions)
        visit(context, subscription_of(node));
    spinlock_release(&bus.lock);
}
