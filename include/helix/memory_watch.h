// SPDX-License-Identifier: MIT
// memory_watch.h: what is done when memory runs short: caches give back, somebody is made to end, who asked tries again.
#pragma once

#include <lib/types.h>

enum memory_need : uint8_t {
    MEMORY_FOR_FAULT, // there is no other way to refuse than to end somebody
    MEMORY_FOR_CALL,  // may be refused: only a program that holds much more than the asker ends for it
};

// Asks the watcher for memory and waits for its answer, a few seconds at most. True: trying again is worth it (the running thread may
// have been told to end instead: look at THREAD_KILL_PENDING). Thread context, no spinlock held; what the caller has locked is not
// needed for the answer, and should the one that ends need it, the wait is over before long.
bool memory_relieve(enum memory_need need);

// What the layer of processes does for the watcher. `asker`: id of the process that asks. In the watcher's thread, nothing held.
struct memory_victims {
    // Ends somebody and frees what it had, or sees that somebody is about to end. False: there is nobody.
    bool (*end_one)(enum memory_need need, uint64_t asker);
};
void memory_watch_set_victims(const struct memory_victims *victims);

// Whether programs may have more than a few frames again.
bool memory_enough(void);

struct memory_watch_statistics {
    uint64_t asked, refused; // calls of memory_relieve, and how many were told that there is no hope
    uint64_t ended;          // programs that had to end
};
void memory_watch_statistics(struct memory_watch_statistics *statistics);
