// SPDX-License-Identifier: MIT
// space_flush.c: making the translation caches of all CPUs forget what page tables no longer say.
//
// Purpose     When a flush returns, no CPU translates by what the tables said before.
// How         The CPUs that have the space loaded are told by message: one for a whole flush, whatever it covers, and an interrupt
//             (IPI_FLUSH). A CPU that only had it loaded once has its bit set in `stale_on`, and forgets the space before it goes on
//             in it: no interrupt. Where the caches' own instructions reach all CPUs (translation_reaches_all), as on aarch64, nobody
//             is told. riscv64 is told as x86_64 is: firmware's remote fence (SBI) is an interrupt as well, with a trap on either side,
//             takes a single range and says nothing of a space to leave.
// Order       The tables are written; then the sender looks who has the space loaded. Who loads it writes that down first, and then
//             looks whether it is stale and walks the tables. With a full barrier on either side the sender finds the CPU, or the CPU
//             finds its bit or the new tables. Who leaves between the sender's two looks is told as well.
// Messages    Each CPU has one of its own, which it fills when its last one is answered by all. It waits for the answers with preemption
//             off, serving what others ask of it: two senders never wait for each other. A CPU that waits for a lock with interrupts
//             off serves nothing, so who flushes holds no lock that is taken so.
// Locks       None: every word is written by atomic operations, or before the message is announced.
// Cost        A look at two words where one CPU has the space, and the flush itself. Else an interrupt for each CPU that runs it.

#include "space_flush.h"

#include <stdatomic.h>

#include <arch/cpu.h>

#include <helix/cpu.h>
#include <helix/ipi.h>
#include <helix/preempt.h>

#include "space_walk.h"

enum flush_kind : uint8_t { FLUSH_RANGE, FLUSH_LIST, FLUSH_WAY, FLUSH_KERNEL, FLUSH_LEAVE };

struct flush {
    enum flush_kind kind;
    uint16_t tag;
    struct arch_space *space; // FLUSH_LEAVE
    uint64_t from, to;        // [from, to); of FLUSH_WAY the address
    const uint64_t *pages;    // FLUSH_LIST: `count` of them, the sender's
    size_t count;
};

// What a CPU asks of others, and who asks it.
static struct mailbox {
    alignas(64) _Atomic uint64_t senders;    // bit per CPU whose message waits for this one
    alignas(64) _Atomic uint64_t waited_for; // bit per CPU that has not answered this one's message
    struct flush message;                    // written while nobody is waited for
} mailboxes[CPU_MAX];
static_assert(CPU_MAX <= 64);

static uint64_t bit_of(const struct cpu *cpu)
{
    return 1ull << cpu->id;
}

// ---- this CPU's caches ----

static bool flush_is_whole(const struct flush *flush)
{
    return flush->to - flush->from > FLUSH_PAGES_MOST * PAGE_SIZE;
}

static void forget_range(struct cpu *cpu, const struct flush *flush)
{
    if (flush_is_whole(flush)) {
        cpu->flushes.whole++;
        translation_forget_space(flush->tag);
        return;
    }
    for (uint64_t at = flush->from; at < flush->to; at += PAGE_SIZE)
        translation_forget_page(flush->tag, at);
    cpu->flushes.pages += (flush->to - flush->from) >> PAGE_SHIFT;
}

static void forget_kernel(struct cpu *cpu, const struct flush *flush)
{
    if (flush_is_whole(flush)) {
        cpu->flushes.whole++;
        translation_forget_all();
        return;
    }
    for (uint64_t at = flush->from; at < flush->to; at += PAGE_SIZE)
        translation_forget_kernel(at);
    cpu->flushes.pages += (flush->to - flush->from) >> PAGE_SHIFT;
}

static void leave(const struct cpu *cpu, const struct arch_space *space)
{
    bool on = arch_interrupts_disable();
    if (cpu->arch.space == space)
        arch_space_activate(&table_kernel_space);
    arch_interrupts_restore(on);
}

static void flush_here(struct cpu *cpu, const struct flush *flush)
{
    switch (flush->kind) {
    case FLUSH_RANGE:
        forget_range(cpu, flush);
        break;
    case FLUSH_LIST:
        for (size_t i = 0; i < flush->count; i++)
            translation_forget_page(flush->tag, flush->pages[i]);
        cpu->flushes.pages += flush->count;
        break;
    case FLUSH_WAY:
        translation_forget_way(flush->tag, flush->from);
        cpu->flushes.pages++;
        break;
    case FLUSH_KERNEL:
        forget_kernel(cpu, flush);
        break;
    case FLUSH_LEAVE:
        leave(cpu, flush->space);
        break;
    }
}

// ---- messages ----

void arch_flush_serve(void)
{
    struct cpu *self = cpu_local();
    uint64_t senders = atomic_exchange_explicit(&mailboxes[self->id].senders, 0, memory_order_acq_rel);
    for (; senders; senders &= senders - 1) {
        struct mailbox *sender = &mailboxes[__builtin_ctzll(senders)];
        flush_here(self, &sender->message);
        self->flushes.received++;
        atomic_fetch_and_explicit(&sender->waited_for, ~bit_of(self), memory_order_release); // the message is the sender's again
    }
}

// Tells the CPUs, does the same here meanwhile if `here` says so, and waits for them. Preemption off.
static void flush_everywhere(struct cpu *self, const struct flush *flush, uint64_t others, bool here)
{
    struct mailbox *mine = &mailboxes[self->id];
    if (LIKELY(!others)) {
        if (here)
            flush_here(self, flush);
        return;
    }
    self->flushes.remote++;
    mine->message = *flush;
    atomic_store_explicit(&mine->waited_for, others, memory_order_relaxed);
    for (uint64_t left = others; left; left &= left - 1) {
        uint32_t cpu = (uint32_t)__builtin_ctzll(left);
        atomic_fetch_or_explicit(&mailboxes[cpu].senders, bit_of(self), memory_order_release);
        ipi_send(cpu, IPI_FLUSH);
    }
    if (here)
        flush_here(self, flush);
    while (atomic_load_explicit(&mine->waited_for, memory_order_acquire)) {
        arch_flush_serve();
        arch_cpu_relax();
    }
}

// ---- user spaces ----

// The CPUs that have the space loaded, after all that may come back to it have been told to forget it first.
static uint64_t space_runners(struct arch_space *space)
{
    atomic_thread_fence(memory_order_seq_cst); // the tables are written before this looks
    uint64_t loaded = atomic_load_explicit(&space->loaded_on, memory_order_relaxed);
    uint64_t gone = atomic_load_explicit(&space->seen_on, memory_order_relaxed) & ~loaded;
    if (LIKELY(!gone) || (translation_reaches_all() && loaded))
        return loaded;
    atomic_fetch_or_explicit(&space->stale_on, gone, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    return loaded | atomic_load_explicit(&space->loaded_on, memory_order_relaxed);
}

static void space_flush(struct arch_space *space, struct flush *flush)
{
    preempt_disable();
    struct cpu *self = cpu_local();
    uint64_t runners = space_runners(space);
    flush->tag = (uint16_t)space_tag(space);
    if (translation_reaches_all())
        flush_everywhere(self, flush, 0, runners);
    else
        flush_everywhere(self, flush, runners & ~bit_of(self), runners & bit_of(self));
    preempt_enable();
}

void arch_space_flush(struct arch_space *space, uint64_t from, uint64_t to)
{
    space_flush(space, &(struct flush){ .kind = FLUSH_RANGE, .from = from, .to = to });
}

void arch_space_flush_way(struct arch_space *space, uint64_t at)
{
    space_flush(space, &(struct flush){ .kind = FLUSH_WAY, .from = at });
}

void space_flush_pages(struct arch_space *space, const uint64_t *pages, size_t count)
{
    space_flush(space, &(struct flush){ .kind = FLUSH_LIST, .pages = pages, .count = count });
}

bool space_runs_elsewhere(const struct arch_space *space)
{
    return !translation_reaches_all() && atomic_load_explicit(&space->loaded_on, memory_order_relaxed) & ~bit_of(cpu_local());
}

void space_leave_everywhere(struct arch_space *space)
{
    preempt_disable();
    struct cpu *self = cpu_local();
    uint64_t loaded = atomic_load_explicit(&space->loaded_on, memory_order_acquire);
    const struct flush flush = { .kind = FLUSH_LEAVE, .space = space };
    flush_everywhere(self, &flush, loaded & ~bit_of(self), loaded & bit_of(self));
    preempt_enable();
}

// ---- the kernel half ----

void kernel_flush(uint64_t from, uint64_t to)
{
    uint64_t all = UINT64_MAX >> (64 - cpu_count());
    const struct flush flush = { .kind = FLUSH_KERNEL, .from = from, .to = to };
    preempt_disable();
    struct cpu *self = cpu_local();
    flush_everywhere(self, &flush, translation_reaches_all() ? 0 : all & ~bit_of(self), true);
    preempt_enable();
}

void arch_kernel_flush(virt_t at)
{
    kernel_flush(at.raw, at.raw + PAGE_SIZE);
}

void arch_kernel_flush_all(void)
{
    kernel_flush(0, UINT64_MAX);
}

void arch_flush_count(struct flush_counters *total)
{
    *total = (struct flush_counters){};
    for (uint32_t id = 0; id < cpu_count(); id++) {
        const struct flush_counters *counters = &cpu_by_id(id)->flushes;
        total->pages += __atomic_load_n(&counters->pages, __ATOMIC_RELAXED);
        total->whole += __atomic_load_n(&counters->whole, __ATOMIC_RELAXED);
        total->remote += __atomic_load_n(&counters->remote, __ATOMIC_RELAXED);
        total->received += __atomic_load_n(&counters->received, __ATOMIC_RELAXED);
    }
}
