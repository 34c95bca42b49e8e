// SPDX-License-Identifier: MIT
// flush_threads_test.c: translation caches of several CPUs, which are POSIX threads here, each with its own memory management unit that
// keeps what it has found until it is told (translation.c). Under ThreadSanitizer too (tests/unit.mk).
//
// Pages are mapped, protected and unmapped by all CPUs at random while all of them read and write. The model is a word per page: which
// change it has last seen, and what it is since then. Whoever finds the same word before and after an access knows what it had to find;
// what it finds otherwise came out of a stale translation.

#include <pthread.h>
#include <sched.h>

#include <lib/string.h>

#include <arch/interrupt.h>
#include <arch/space.h>

#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/preempt.h>
#include <helix/spinlock.h>
#include <helix/test.h>

#include "host.h"
#include "translation.h"

enum { CPUS = 8, SPACES = 3, PAGES = 80, STEPS = 3000 };
enum : uint64_t { WINDOW = 0x4000'0000 };
enum : uint64_t { PAGE_IS_MAPPED = 1, PAGE_IS_WRITABLE = 2, PAGE_CHANGES = 4, PAGE_CHANGE = 8 };

static struct shared_space {
    struct spinlock lock; // taken with interrupts on, so that who waits for it answers
    struct arch_space arch;
    uint64_t running GUARDED_BY(lock); // CPUs that run in it; others may have it loaded all the same
    _Atomic uint64_t state[PAGES];     // PAGE_IS_…, and from PAGE_CHANGE on the number of changes
    _Atomic uint64_t stamp[PAGES];     // first word of the page's frame
} spaces[SPACES];

static struct worker {
    struct cpu cpu;
    uint64_t seed;
    struct shared_space *space; // that it runs in
    uint64_t wrong, refused, accesses, changes, deaths;
} workers[CPUS];

static uint64_t worker_random(struct worker *worker, uint64_t below)
{
    worker->seed = worker->seed * 6'364'136'223'846'793'005ull + 1'442'695'040'888'963'407ull;
    return (worker->seed >> 33) % below;
}

// Pages of different spaces lie in different slots of the caches, or one would push the other out.
static uint64_t address_of(const struct shared_space *space, size_t page)
{
    return WINDOW + ((size_t)(space - spaces) * PAGES + page) * PAGE_SIZE;
}

// ---- accesses ----

static bool access_is_right(uint64_t state, bool writes, const void *found, uint64_t value, uint64_t stamp)
{
    bool allowed = state & (writes ? PAGE_IS_WRITABLE : PAGE_IS_MAPPED);
    return allowed ? found && value == stamp : !found;
}

// One instruction of a program: no interrupt comes between its translation and its access.
static void access(struct worker *worker)
{
    struct shared_space *space = worker->space;
    size_t page = worker_random(worker, PAGES);
    bool writes = worker_random(worker, 2);
    uint64_t before = atomic_load(&space->state[page]), stamp = atomic_load(&space->stamp[page]), value = 0;
    _Atomic uint64_t *word = (_Atomic uint64_t *)(void *)host_translate(address_of(space, page), writes ? PAGE_WRITE : PAGE_READ);
    if (word)
        value = atomic_load(word);
    if (word && writes)
        atomic_store(word, value);
    uint64_t after = atomic_load(&space->state[page]);
    if (before == after && !(before & PAGE_CHANGES))
        worker->wrong += !access_is_right(before, writes, (void *)word, value, stamp);
    worker->accesses++;
}

// ---- changes ----

static void change_begin(struct shared_space *space, size_t from, size_t to)
{
    for (size_t page = from; page < to; page++)
        atomic_fetch_or(&space->state[page], PAGE_CHANGES);
}

// What is mapped gets `flags`, unless those are 0; nothing is mapped any more then.
static void change_end(struct shared_space *space, size_t from, size_t to, uint64_t flags)
{
    for (size_t page = from; page < to; page++) {
        uint64_t state = atomic_load(&space->state[page]);
        uint64_t now = state & PAGE_IS_MAPPED ? flags : 0;
        atomic_store(&space->state[page], (state & ~(PAGE_CHANGE - 1)) + PAGE_CHANGE + now);
    }
}

static void map_page(struct worker *worker, struct shared_space *space, size_t page) MUST_HOLD(space->lock)
{
    phys_t frame;
    uint64_t state = atomic_load(&space->state[page]);
    if (state & PAGE_IS_MAPPED)
        return;
    if (frame_alloc(1, 0, &frame) != STATUS_OK) {
        worker->refused++;
        return;
    }
    uint64_t stamp = (uint64_t)(worker - workers) << 56 | ++worker->changes;
    change_begin(space, page, page + 1);
    atomic_store((_Atomic uint64_t *)direct_map(frame), stamp);
    atomic_store(&space->stamp[page], stamp);
    bool mapped = arch_space_map(&space->arch, (virt_t){ address_of(space, page) }, frame, PAGE_READ | PAGE_WRITE | PAGE_USER) == STATUS_OK;
    worker->refused += !mapped;
    uint64_t flags = mapped ? PAGE_IS_MAPPED | PAGE_IS_WRITABLE : 0;
    atomic_store(&space->state[page], (state & ~(PAGE_CHANGE - 1)) + PAGE_CHANGE + flags);
}

static void change(struct worker *worker, struct shared_space *space) MUST_HOLD(space->lock)
{
    size_t from = worker_random(worker, PAGES), to = from + 1 + worker_random(worker, worker_random(worker, 8) ? 8 : PAGES);
    to = MIN(to, (size_t)PAGES);
    virt_t start = { address_of(space, from) }, end = { address_of(space, to - 1) + PAGE_SIZE };
    uint64_t what = worker_random(worker, 8);
    worker->changes++;
    if (what > 3) {
        for (size_t page = from; page < to; page++)
            map_page(worker, space, page);
        return;
    }
    change_begin(space, from, to);
    if (what < 2)
        arch_space_unmap(&space->arch, start, end);
    else
        arch_space_protect(&space->arch, start, end, PAGE_READ | PAGE_USER | (what == 3 ? PAGE_WRITE : 0u));
    change_end(space, from, to, what < 2 ? 0 : PAGE_IS_MAPPED | (what == 3 ? PAGE_IS_WRITABLE : 0));
}

// Another space at the same place, while CPUs that do not run in it still have the old one loaded.
static void replace(struct worker *worker, struct shared_space *space) MUST_HOLD(space->lock)
{
    if (space->running)
        return;
    change_begin(space, 0, PAGES);
    arch_space_destroy(&space->arch);
    worker->refused += arch_space_create(&space->arch) != STATUS_OK;
    change_end(space, 0, PAGES, 0);
    worker->deaths++;
}

// ---- CPUs ----

static void leave(struct worker *worker)
{
    if (!worker->space)
        return;
    spinlock_acquire(&worker->space->lock);
    worker->space->running--;
    spinlock_release(&worker->space->lock);
    worker->space = nullptr;
}

static void enter(struct worker *worker, struct shared_space *space)
{
    leave(worker);
    spinlock_acquire(&space->lock);
    space->running++;
    spinlock_release(&space->lock);
    worker->space = space;
    (void)arch_interrupts_disable();
    arch_space_activate(&space->arch);
    arch_interrupts_enable();
}

static void step(struct worker *worker)
{
    struct shared_space *any = &spaces[worker_random(worker, SPACES)];
    uint64_t what = worker_random(worker, 64);
    if (what < 4) {
        enter(worker, any);
    } else if (what == 4) {
        leave(worker); // and keep it loaded, as an idle CPU does
    } else if (what < 12) {
        spinlock_acquire(&any->lock);
        if (what == 5)
            replace(worker, any);
        else
            change(worker, any);
        spinlock_release(&any->lock);
    } else if (worker->space) {
        access(worker);
    }
    host_ipi_take();
}

static _Atomic uint32_t at_work;

static void *work(void *argument)
{
    struct worker *worker = argument;
    arch_cpu_init(&worker->cpu);
    arch_interrupts_enable();
    for (int i = 0; i < STEPS; i++) {
        step(worker);
        if (i % 16 == 0)
            sched_yield();
    }
    leave(worker);
    atomic_fetch_sub(&at_work, 1);
    while (atomic_load(&at_work)) { // the others may still ask
        host_ipi_take();
        sched_yield();
    }
    (void)arch_interrupts_disable();
    arch_space_activate(arch_space_kernel());
    return nullptr;
}

static void run_on_all(void *(*run)(void *))
{
    pthread_t threads[CPUS];
    memset(workers, 0, sizeof workers);
    for (size_t i = 0; i < CPUS; i++) {
        workers[i].seed = i + 1;
        CHECK(cpu_add(&workers[i].cpu));
    }
    atomic_store(&at_work, CPUS);
    for (size_t i = 0; i < CPUS; i++)
        CHECK(pthread_create(&threads[i], nullptr, run, &workers[i]) == 0);
    for (size_t i = 0; i < CPUS; i++)
        pthread_join(threads[i], nullptr);
}

static void forget_workers(void)
{
    frames_trim();
    for (size_t i = 0; i < CPUS; i++)
        cpu_remove_last();
}

static uint64_t free_now(void)
{
    uint64_t total, free;
    frames_count(&total, &free);
    return free;
}

TEST(flush, leaves_nothing_stale_on_many_cpus)
{
    frames_trim();
    uint64_t before = free_now(), wrong = 0, refused = 0, accesses = 0, deaths = 0, remote = 0;
    for (size_t i = 0; i < SPACES; i++) {
        memset(&spaces[i], 0, sizeof spaces[i]);
        spinlock_init(&spaces[i].lock, RANK_PAGES);
        CHECK(arch_space_create(&spaces[i].arch) == STATUS_OK);
    }
    run_on_all(work);
    for (size_t i = 0; i < CPUS; i++) {
        wrong += workers[i].wrong;
        refused += workers[i].refused;
        accesses += workers[i].accesses;
        deaths += workers[i].deaths;
        remote += workers[i].cpu.flushes.remote;
    }
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(refused, 0);
    CHECK(accesses > CPUS * STEPS / 4 && deaths > 0 && remote > 0);
    for (size_t i = 0; i < SPACES; i++)
        arch_space_destroy(&spaces[i].arch);
    forget_workers();
    CHECK_EQUAL(free_now(), before);
}

// ---- the kernel half ----

enum { ROUNDS = 50 };

static void *answer(void *argument)
{
    struct worker *worker = argument;
    arch_cpu_init(&worker->cpu);
    arch_interrupts_enable();
    while (__atomic_load_n(&worker->cpu.flushes.pages, __ATOMIC_RELAXED) < ROUNDS) {
        if (worker == &workers[0] && worker->changes < ROUNDS) {
            worker->changes++;
            arch_kernel_flush((virt_t){ WINDOW });
        }
        host_ipi_take();
        sched_yield();
    }
    atomic_fetch_sub(&at_work, 1);
    while (atomic_load(&at_work)) {
        host_ipi_take();
        sched_yield();
    }
    return nullptr;
}

// The CPU that runs the tests is one of those who are asked: it answers while it waits.
TEST(flush, of_kernel_pages_reaches_all_on_many_cpus)
{
    pthread_t threads[CPUS];
    struct flush_counters total, start;
    arch_flush_count(&start);
    memset(workers, 0, sizeof workers);
    for (size_t i = 0; i < CPUS; i++)
        CHECK(cpu_add(&workers[i].cpu));
    atomic_store(&at_work, CPUS);
    bool on = arch_interrupts_disable();
    arch_interrupts_enable();
    for (size_t i = 0; i < CPUS; i++)
        CHECK(pthread_create(&threads[i], nullptr, answer, &workers[i]) == 0);
    while (atomic_load(&at_work)) {
        host_ipi_take();
        sched_yield();
    }
    for (size_t i = 0; i < CPUS; i++)
        pthread_join(threads[i], nullptr);
    (void)arch_interrupts_disable();
    arch_interrupts_restore(on);
    arch_flush_count(&total);
    CHECK_EQUAL(total.pages - start.pages, ROUNDS * (CPUS + 1));
    CHECK_EQUAL(total.remote - start.remote, ROUNDS);
    CHECK_EQUAL(total.received - start.received, ROUNDS * CPUS);
    forget_workers();
}
