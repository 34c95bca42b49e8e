// SPDX-License-Identifier: MIT
// futex_test.c: waiting on words of user memory: who sleeps, who is woken, what is refused, and locks that outlive their holder.

#include <abi/linux/futex.h>
#include <abi/linux/stat.h>

#include <arch/user.h>

#include <helix/space.h>
#include <helix/test.h>
#include <helix/user.h>

#include "syscall/calls.h"

enum : uint64_t { WORD = 0x40'0000, OTHER_WORD = WORD + 64, TIME = WORD + 128, LIST = WORD + 0x800, HOLE = WORD + PAGE_SIZE };
enum { EAGAIN_ = 11, EFAULT_ = 14, EINVAL_ = 22, ENOSYS_ = 38, ETIMEDOUT_ = 110 };

static uint32_t woken;

static int64_t futex(uint64_t at, uint32_t command, uint64_t value, uint64_t time, uint64_t other, uint64_t third)
{
    const struct syscall_arguments arguments = { { at, command, value, time, other, third } };
    return sys_futex(thread_current(), &arguments);
}

static void store(uint64_t at, uint32_t value)
{
    CHECK(arch_copy_to_user(at, &value, sizeof value) == STATUS_OK);
}

static uint32_t load(uint64_t at)
{
    uint32_t value = 0;
    CHECK(arch_user_load32(at, &value) == STATUS_OK);
    return value;
}

static void prepare(struct space *space)
{
    uint64_t mapped;
    const struct map_request request = { .hint = WORD, .size = PAGE_SIZE, .access = PAGE_READ | PAGE_WRITE, .flags = MAP_AT_FREE };
    CHECK(space_map(space, &request, &mapped) == STATUS_OK);
    woken = 0;
}

// ---- threads that wait ----

struct sleeper {
    uint64_t at;
    uint32_t mask, scope; // LINUX_FUTEX_PRIVATE_FLAG or 0
    struct thread *thread;
    int64_t result;
};

static void sleeper_main(void *argument)
{
    struct sleeper *sleeper = argument;
    sleeper->result = futex(sleeper->at, LINUX_FUTEX_WAIT_BITSET | sleeper->scope, 0, 0, 0, sleeper->mask);
    woken++;
    thread_exit(0);
}

static void sleeper_start_in(struct sleeper *sleeper, uint64_t at, uint32_t mask, uint32_t scope)
{
    const struct thread_request request = { .name = "sleeper", .process = process_current(), .entry = sleeper_main, .argument = sleeper };
    *sleeper = (struct sleeper){ .at = at, .mask = mask, .scope = scope, .result = -1 };
    if (!CHECK(thread_create(&request, &sleeper->thread) == STATUS_OK))
        return;
    thread_start(sleeper->thread);
    CHECK(test_await(atomic_load(&sleeper->thread->state) == THREAD_BLOCKED));
    CHECK_EQUAL(sleeper->thread->block_reason, BLOCK_FUTEX);
}

static void sleeper_start(struct sleeper *sleeper, uint64_t at, uint32_t mask)
{
    sleeper_start_in(sleeper, at, mask, LINUX_FUTEX_PRIVATE_FLAG);
}

static bool sleeps(const struct sleeper *sleeper)
{
    for (int i = 0; i < 20; i++)
        thread_yield();
    return atomic_load(&sleeper->thread->state) == THREAD_BLOCKED;
}

static void sleeper_end(struct sleeper *sleeper)
{
    CHECK(test_await(atomic_load(&sleeper->thread->state) == THREAD_DEAD));
    CHECK_EQUAL(atomic_load(&sleeper->thread->state), THREAD_DEAD);
    CHECK_EQUAL(sleeper->result, 0);
    thread_release(sleeper->thread);
}

static void wakes_the_oldest(struct space *space)
{
    struct sleeper sleepers[3];
    prepare(space);
    for (size_t i = 0; i < 3; i++)
        sleeper_start(&sleepers[i], WORD, UINT32_MAX);
    for (uint64_t other = WORD + 4; other < HOLE; other += 4) // some share its bucket
        CHECK_EQUAL(futex(other, LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE_FLAG, 3, 0, 0, 0), 0);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE_FLAG, 0, 0, 0, 0), 0);
    CHECK(sleeps(&sleepers[0]));
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE_FLAG, 2, 0, 0, 0), 2);
    sleeper_end(&sleepers[0]);
    sleeper_end(&sleepers[1]);
    CHECK(sleeps(&sleepers[2]));
    thread_wake(sleepers[2].thread); // for nothing
    CHECK(sleeps(&sleepers[2]));
    CHECK_EQUAL(woken, 2);
    futex_wake_address(WORD, 5);
    sleeper_end(&sleepers[2]);
}

static void wakes_by_bits(struct space *space)
{
    struct sleeper first, second;
    prepare(space);
    sleeper_start(&first, WORD, 1);
    sleeper_start(&second, WORD, 6);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAKE_BITSET | LINUX_FUTEX_PRIVATE_FLAG, 9, 0, 0, 8), 0);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAKE_BITSET | LINUX_FUTEX_PRIVATE_FLAG, 9, 0, 0, 2), 1);
    sleeper_end(&second);
    CHECK(sleeps(&first));
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE_FLAG, 9, 0, 0, 0), 1);
    sleeper_end(&first);
}

static void requeues(struct space *space)
{
    enum : uint32_t { COMPARE = LINUX_FUTEX_CMP_REQUEUE | LINUX_FUTEX_PRIVATE_FLAG, WAKE = LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE_FLAG };
    struct sleeper sleepers[3];
    prepare(space);
    for (size_t i = 0; i < 3; i++)
        sleeper_start(&sleepers[i], WORD, UINT32_MAX);
    CHECK_EQUAL(futex(WORD, COMPARE, 1, 1, OTHER_WORD, 99), -EAGAIN_);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_CMP_REQUEUE, 1, 1, HOLE, 0), -EFAULT_);
    CHECK_EQUAL(futex(HOLE, WAKE, 9, 0, 0, 0), 0);             // a private one need not be there, as on Linux
    CHECK_EQUAL(futex(WORD, COMPARE, 1, 1, OTHER_WORD, 0), 2); // one woken, one moved
    sleeper_end(&sleepers[0]);
    CHECK(sleeps(&sleepers[1]));
    CHECK_EQUAL(futex(OTHER_WORD, WAKE, 9, 0, 0, 0), 1);
    sleeper_end(&sleepers[1]);
    CHECK(sleeps(&sleepers[2]));
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_REQUEUE | LINUX_FUTEX_PRIVATE_FLAG, 0, 9, WORD, 0), 1); // onto itself
    CHECK_EQUAL(futex(WORD, WAKE, 9, 0, 0, 0), 1);
    sleeper_end(&sleepers[2]);
}

// Two addresses of one page: other processes have it at addresses of their own.
static void meets_in_shared_memory(struct space *space)
{
    enum : uint64_t { HERE = 0x50'0000, THERE = 0x60'0000 };
    struct map_request request = {
        .hint = HERE, .size = PAGE_SIZE, .access = PAGE_READ | PAGE_WRITE, .flags = MAP_AT_FREE | MAP_SHARED_PAGES
    };
    struct sleeper sleeper;
    uint64_t mapped;
    CHECK(space_map(space, &request, &mapped) == STATUS_OK);
    rwlock_acquire(&space->lock);
    request.source = space_find(space, HERE)->source;
    rwlock_release(&space->lock);
    request.hint = THERE;
    CHECK(space_map(space, &request, &mapped) == STATUS_OK);
    sleeper_start_in(&sleeper, HERE + 8, UINT32_MAX, 0);
    CHECK_EQUAL(futex(THERE + 8, LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), 0);
    CHECK_EQUAL(futex(THERE + 12, LINUX_FUTEX_WAKE, 1, 0, 0, 0), 0);
    CHECK_EQUAL(futex(THERE + 8, LINUX_FUTEX_WAKE, 1, 0, 0, 0), 1);
    sleeper_end(&sleeper);
}

// ---- refusals ----

static void refuses(struct space *space)
{
    prepare(space);
    store(WORD, 5);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAIT, 6, 0, 0, 0), -EAGAIN_);
    CHECK_EQUAL(futex(WORD + 2, LINUX_FUTEX_WAIT, 5, 0, 0, 0), -EINVAL_);
    CHECK_EQUAL(futex(WORD + 2, LINUX_FUTEX_WAKE, 1, 0, 0, 0), -EINVAL_);
    CHECK_EQUAL(futex(HOLE, LINUX_FUTEX_WAIT, 5, 0, 0, 0), -EFAULT_);
    CHECK_EQUAL(futex(HOLE, LINUX_FUTEX_WAKE, 1, 0, 0, 0), -EFAULT_);
    CHECK_EQUAL(futex(UINT64_MAX - 3, LINUX_FUTEX_WAIT, 5, 0, 0, 0), -EFAULT_);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAIT_BITSET, 5, 0, 0, 0), -EINVAL_);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAKE_BITSET, 1, 0, 0, 0), -EINVAL_);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_COMMAND_MASK, 1, 0, 0, 0), -ENOSYS_);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAIT, 5, HOLE, 0, 0), -EFAULT_);
}

static void expect_timeout(int64_t seconds, int64_t nanoseconds, uint32_t command, int64_t result)
{
    const struct linux_timespec time = { seconds, nanoseconds };
    CHECK(arch_copy_to_user(TIME, &time, sizeof time) == STATUS_OK);
    CHECK_EQUAL(futex(WORD, command, 0, TIME, 0, UINT32_MAX), result);
}

static void times_out(struct space *space)
{
    prepare(space);
    uint64_t before = time_ns();
    expect_timeout(0, 2'000'000, LINUX_FUTEX_WAIT, -ETIMEDOUT_);
    CHECK(time_ns() - before >= 2'000'000);
    expect_timeout(0, 1, LINUX_FUTEX_WAIT_BITSET, -ETIMEDOUT_);                              // absolute, long past
    expect_timeout(1, 0, LINUX_FUTEX_WAIT_BITSET | LINUX_FUTEX_CLOCK_REALTIME, -ETIMEDOUT_); // 1970
    expect_timeout(0, 1'000'000'000, LINUX_FUTEX_WAIT, -EINVAL_);
    expect_timeout(0, -1, LINUX_FUTEX_WAIT, -EINVAL_);
    expect_timeout(-1, 0, LINUX_FUTEX_WAIT, -EINVAL_);
    CHECK_EQUAL(futex(WORD, LINUX_FUTEX_WAKE, 9, 0, 0, 0), 0); // nobody is left in the queue
}

// ---- robust locks ----

static void store_words(uint64_t at, uint64_t first, uint64_t second, uint64_t third)
{
    const uint64_t words[] = { first, second, third };
    CHECK(arch_copy_to_user(at, words, sizeof words) == STATUS_OK);
}

static void release_robust_of(uint64_t list)
{
    struct thread *self = thread_current();
    struct user_thread user = { .robust_list = list };
    self->user = &user;
    futex_release_robust(self);
    self->user = nullptr;
}

// Entries of the list, each with its lock 16 bytes behind it.
static void releases_robust_locks(struct space *space)
{
    enum : uint64_t { FIRST = LIST + 0x40, SECOND = LIST + 0x80, PENDING = LIST + 0xc0, LOCK = 16 };
    uint32_t own = (uint32_t)thread_current()->id;
    prepare(space);
    store_words(LIST, FIRST, LOCK, PENDING);
    store_words(FIRST, SECOND, 0, own | LINUX_FUTEX_WAITERS);
    store_words(SECOND, LIST, 0, own + 1); // somebody else's
    store_words(PENDING, 0, 0, own);
    release_robust_of(LIST);
    CHECK_EQUAL(load(FIRST + LOCK), LINUX_FUTEX_OWNER_DIED | LINUX_FUTEX_WAITERS);
    CHECK_EQUAL(load(SECOND + LOCK), own + 1);
    CHECK_EQUAL(load(PENDING + LOCK), LINUX_FUTEX_OWNER_DIED);
}

static void survives_damaged_lists(struct space *space)
{
    enum : uint64_t { FIRST = LIST + 0x40, LOCK = 16 };
    uint32_t own = (uint32_t)thread_current()->id;
    prepare(space);
    store_words(FIRST, FIRST, 0, own); // leads to itself and never back to the list
    store_words(LIST, FIRST, LOCK, 0);
    release_robust_of(LIST);
    CHECK_EQUAL(load(FIRST + LOCK), LINUX_FUTEX_OWNER_DIED);
    store_words(LIST, HOLE, LOCK, HOLE);
    release_robust_of(LIST);
    store_words(LIST, FIRST, UINT64_MAX, UINT64_MAX); // locks at odd and impossible addresses
    release_robust_of(LIST);
    release_robust_of(HOLE);
    release_robust_of(UINT64_MAX);
    release_robust_of(0);
}

static void wakes_who_waits_for_the_dead(struct space *space)
{
    enum : uint64_t { FIRST = LIST + 0x40, LOCK = 16 };
    struct sleeper sleeper;
    prepare(space);
    sleeper_start(&sleeper, FIRST + LOCK, UINT32_MAX);
    store_words(FIRST, LIST, 0, (uint32_t)thread_current()->id | LINUX_FUTEX_WAITERS);
    store_words(LIST, FIRST, LOCK, 0);
    release_robust_of(LIST);
    sleeper_end(&sleeper);
}

TEST(futex, wakes_as_many_as_it_is_told_the_oldest_first)
{
    CHECK(test_in_process(wakes_the_oldest));
}

TEST(futex, wakes_those_who_share_a_bit)
{
    CHECK(test_in_process(wakes_by_bits));
}

TEST(futex, moves_waiters_to_another_word)
{
    CHECK(test_in_process(requeues));
}

TEST(futex, meets_in_shared_memory_whatever_the_address)
{
    CHECK(test_in_process(meets_in_shared_memory));
}

TEST(futex, refuses_words_it_cannot_read_and_values_that_have_changed)
{
    CHECK(test_in_process(refuses));
}

TEST(futex, ends_a_wait_when_its_time_is_over)
{
    CHECK(test_in_process(times_out));
}

TEST(futex, releases_the_locks_a_thread_died_with)
{
    CHECK(test_in_process(releases_robust_locks));
}

TEST(futex, survives_lists_of_locks_that_are_damaged)
{
    CHECK(test_in_process(survives_damaged_lists));
}

TEST(futex, wakes_who_waits_for_a_lock_of_the_dead)
{
    CHECK(test_in_process(wakes_who_waits_for_the_dead));
}
