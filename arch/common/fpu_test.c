// SPDX-License-Identifier: MIT
// fpu_test.c: whose registers the unit holds, on a unit that is one number: a copy of the code with a CPU and threads of its own.

#include <arch/fpu.h>

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/heap.h>
#include <helix/preempt.h>
#include <helix/test.h>
#include <helix/thread.h>

enum : uint32_t { INITIAL = 11, NOBODY = 0xffff };

static struct thread threads[3]; // the last is the kernel's
static struct cpu cpus[2];
static struct thread *running;
static struct cpu *here;
static uint32_t unit[2]; // what each CPU's registers hold
static uint32_t saves, loads;
static bool touched[2]; // since they were loaded: a save of what has not changed is left out, as hardware may
static bool trapping, out_of_memory;

static struct thread *fake_thread_current(void)
{
    return running;
}

static struct cpu *fake_cpu_local(void)
{
    return here;
}

static void *fake_alloc(size_t size)
{
    return out_of_memory ? nullptr : heap_alloc(size);
}

static size_t fake_area_size(void)
{
    return sizeof(uint32_t);
}

static void fake_area_init(void *area)
{
    *(uint32_t *)area = INITIAL;
}

static void fake_open(void)
{
}

static void fake_save(struct arch_thread *thread)
{
    saves++;
    if (touched[here->id])
        *(uint32_t *)thread->fpu = unit[here->id];
    touched[here->id] = false;
}

static void fake_copy(void *area)
{
    *(uint32_t *)area = unit[here->id];
}

static void fake_load(const void *area)
{
    loads++;
    unit[here->id] = *(const uint32_t *)area;
    touched[here->id] = false;
}

static void fake_changed(struct arch_thread *thread)
{
    touched[here->id] = true;
}

static void fake_close(struct arch_thread *thread, bool trap)
{
    trapping = trap;
}

#define thread_current        fake_thread_current
#define cpu_local             fake_cpu_local
#define heap_alloc            fake_alloc
#define fpu_area_size         fake_area_size
#define fpu_area_init         fake_area_init
#define fpu_registers_open    fake_open
#define fpu_registers_save    fake_save
#define fpu_registers_copy    fake_copy
#define fpu_registers_load    fake_load
#define fpu_registers_close   fake_close
#define fpu_registers_changed fake_changed
#define fpu_init_cpu          tested_init_cpu
#define fpu_current           tested_current
#define fpu_switch            tested_switch
#define fpu_reset             tested_reset
#define fpu_clear             tested_clear
#define fpu_copy              tested_copy
#define fpu_release           tested_release
#define arch_fpu_first_use    tested_first_use
#define fpu_scratch           tested_scratch
#define fpu_scratch_free      tested_scratch_free
#define fpu_open              tested_open
#define fpu_close             tested_close

static void tested_init_cpu(void);
static struct arch_thread *tested_current(void);
static void tested_switch(struct arch_thread *from, struct arch_thread *to);
static void tested_reset(struct arch_thread *self);
static void tested_clear(void);
static enum status tested_copy(struct arch_thread *self, struct arch_thread *child);
static void tested_release(struct arch_thread *thread);
static bool tested_first_use(void);
static void *tested_scratch(void);
static void tested_scratch_free(void *scratch);
static void *tested_open(void);
static void tested_close(bool changed);

#include "fpu.c"

static void begin(void)
{
    memset(threads, 0, sizeof threads);
    memset(cpus, 0, sizeof cpus);
    cpus[1].id = 1;
    threads[2].flags = THREAD_KERNEL;
    running = &threads[0];
    for (int i = 1; i >= 0; i--) {
        here = &cpus[i];
        unit[i] = NOBODY;
        tested_init_cpu();
        CHECK_EQUAL(unit[i], INITIAL);
    }
    out_of_memory = false;
    saves = loads = 0;
    trapping = true;
}

static void end(void)
{
    for (int i = 0; i < 3; i++)
        tested_release(&threads[i].arch);
}

static void go_to(int thread)
{
    struct thread *from = running;
    running = &threads[thread];
    tested_switch(&from->arch, &running->arch);
}

static void go_to_cpu(int cpu, int thread)
{
    go_to(2);
    here = &cpus[cpu];
    go_to(thread);
}

// The running program changes its registers; the first time it traps.
static void compute(uint32_t value)
{
    if (trapping)
        CHECK(tested_first_use() && !trapping && unit[here->id] == INITIAL);
    unit[here->id] = value;
    touched[here->id] = true;
}

// What the running program finds, if it looks without a trap.
static uint32_t found(void)
{
    return unit[here->id];
}

KERNEL_TEST(fpu, costs_nothing_for_threads_that_never_use_it)
{
    begin();
    for (int i = 0; i < 9; i++) {
        go_to(i % 3);
        CHECK(found() == INITIAL);
    }
    CHECK(saves == 0 && loads == 0 && !threads[0].arch.fpu && !threads[1].arch.fpu);
    end();
}

KERNEL_TEST(fpu, shows_each_thread_its_own_and_others_the_initial_state)
{
    begin();
    compute(100);
    CHECK(threads[0].flags & THREAD_FPU);
    go_to(1);
    CHECK(found() == INITIAL && trapping); // nothing is left behind the trap
    compute(200);
    go_to(0);
    CHECK(found() == 100 && !trapping);
    compute(101);
    go_to(1);
    CHECK(found() == 200 && !trapping);
    go_to(0);
    CHECK_EQUAL(found(), 101);
    end();
}

KERNEL_TEST(fpu, moves_nothing_for_a_kernel_thread_between)
{
    begin();
    compute(100);
    loads = 0;
    go_to(2);
    go_to(0);
    CHECK(found() == 100 && loads == 0 && saves == 1);
    end();
}

KERNEL_TEST(fpu, finds_the_newest_state_on_another_cpu_and_back)
{
    begin();
    compute(100);
    go_to_cpu(1, 0);
    CHECK_EQUAL(found(), 100);
    compute(101);
    go_to_cpu(0, 0); // whose registers still hold 100, as its own
    CHECK_EQUAL(found(), 101);
    end();
}

KERNEL_TEST(fpu, begins_anew_after_a_reset)
{
    begin();
    compute(100);
    tested_reset(&running->arch);
    CHECK(found() == INITIAL && trapping && !running->arch.fpu);
    compute(101);
    go_to(1);
    go_to(0);
    CHECK_EQUAL(found(), 101);
    tested_clear();
    CHECK(found() == INITIAL && !trapping && running->arch.fpu);
    go_to(1);
    go_to(0);
    CHECK_EQUAL(found(), INITIAL); // and so it is saved
    end();
}

KERNEL_TEST(fpu, gives_a_child_the_newest_state)
{
    begin();
    compute(100);
    CHECK(tested_copy(&threads[0].arch, &threads[1].arch) == STATUS_OK);
    compute(101);
    go_to(1);
    CHECK(found() == 100 && !trapping);
    go_to(0);
    CHECK_EQUAL(found(), 101);
    tested_release(&threads[1].arch);
    out_of_memory = true;
    CHECK(tested_copy(&threads[0].arch, &threads[1].arch) == STATUS_NO_MEMORY && !threads[1].arch.fpu);
    end();
}

// A CPU that did not run the end of a thread still takes its registers for that thread's.
KERNEL_TEST(fpu, gives_a_child_nothing_of_an_ended_thread_at_its_place)
{
    begin();
    go_to_cpu(1, 1);
    compute(200);
    go_to_cpu(0, 0);
    tested_release(&threads[1].arch);
    compute(100);
    CHECK(tested_copy(&threads[0].arch, &threads[1].arch) == STATUS_OK);
    go_to_cpu(1, 1);
    CHECK(found() == 100 && !trapping);
    end();
    begin();
    threads[1].arch.fpu = &unit; // as memory that was another thread's
    CHECK(tested_copy(&threads[0].arch, &threads[1].arch) == STATUS_OK && !threads[1].arch.fpu);
    end();
}

KERNEL_TEST(fpu, says_that_there_is_no_memory_for_a_first_use)
{
    begin();
    out_of_memory = true;
    CHECK(!tested_first_use() && !running->arch.fpu && found() == INITIAL);
    end();
}

// The next thread may lie where the last one did.
KERNEL_TEST(fpu, forgets_a_thread_that_ended)
{
    begin();
    compute(100);
    go_to(2);
    tested_release(&threads[0].arch);
    CHECK(!cpus[0].arch.fpu_owner && unit[0] == INITIAL);
    memset(&threads[0], 0, sizeof threads[0]);
    go_to(0);
    CHECK(found() == INITIAL && trapping);
    end();
}

KERNEL_TEST(fpu, reads_and_changes_the_state_of_the_running_thread)
{
    begin();
    CHECK(!tested_open());
    tested_close(false);
    compute(100);
    uint32_t *area = tested_open();
    CHECK(area && *area == 100);
    *area = 102;
    tested_close(true);
    CHECK_EQUAL(found(), 102);
    uint32_t *scratch = tested_scratch();
    CHECK(scratch && *scratch == INITIAL);
    tested_scratch_free(scratch);
    end();
}
