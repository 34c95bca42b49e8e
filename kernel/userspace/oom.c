// SPDX-License-Identifier: MIT
// oom.c: who must end when memory does, and how its memory comes back at once.
//
// Purpose     The watcher (kernel/core/memory_watch.c) has reclaimed what it could. Somebody has to end, and it should be the one whose
//             end helps most.
// How         A process's badness is what it has mapped, in pages, moved by its oom_score_adj in thousandths of memory. For a fault that
//             cannot be served the worst one ends, the asker or not. A call can be refused, so that for it only a hog ends: one that
//             holds an eighth of memory and twice what the asker has. Processes that run in the same space end together.
//             The space is emptied at once: what its threads still do in the kernel meets STATUS_NOT_MAPPED.
// Invariants  The kernel, with its shell, is no candidate. Programs that the kernel started and that have children of their own, as shells
//             and init have, come after all others. Nobody is chosen while somebody who was chosen before, or who ends anyway, still
//             gives memory back; that is waited for, PATIENCE at most.
// Locks       The registry while choosing, and each candidate's space, shared, in it. Nothing while waiting.

#include <helix/event.h>
#include <helix/frames.h>
#include <helix/log.h>
#include <helix/memory_watch.h>
#include <helix/space.h>
#include <helix/text_writer.h>
#include <helix/user.h>

#include "userspace.h"

enum : int64_t { ADJUST_NEVER = -1000, ADJUST_MOST = 1000, SCORE_WHOLE = 1000, HOG_SHARE = 8, HOG_FACTOR = 2 };
enum { PATIENCE = 100 };
enum : uint64_t { STEP_NS = 10 * NS_PER_MS };

static struct user_process *running_user(const struct process *process)
{
    bool alive = process->state == PROCESS_RUNNING || process->state == PROCESS_STOPPED;
    return alive && !process->exiting ? process->user : nullptr;
}

// Pages; 0 for what has none (any more).
static int64_t resident_pages(struct process *process)
{
    struct space *space = space_borrow(&process->space);
    if (!space)
        return 0;
    int64_t pages = (int64_t)space_resident(space);
    space_release(space);
    return pages;
}

static int64_t total_frames(void)
{
    uint64_t total, free;
    frames_count(&total, &free);
    return (int64_t)total;
}

static int64_t badness(struct process *process, int32_t adjust, int64_t total)
{
    return resident_pages(process) + adjust * total / SCORE_WHOLE;
}

// ---- choosing ----

struct choice {
    int64_t total;
    struct process *worst; // with a reference
    int64_t worst_badness;
    bool worst_cares;        // has children of its own, and nobody but the kernel above it
    struct process *leaving; // ends already; with a reference
};

static void choice_look(void *context, struct process *process)
{
    struct choice *choice = context;
    if (process->exiting && process->state == PROCESS_RUNNING && !choice->leaving) {
        process_retain(process);
        choice->leaving = process;
    }
    const struct user_process *user = running_user(process);
    int32_t adjust = user ? user->oom_adjust : ADJUST_NEVER;
    if (adjust == ADJUST_NEVER || !process->space)
        return;
    int64_t found = badness(process, adjust, choice->total);
    bool cares = process->parent_id == PROCESS_INIT && !list_empty(&process->children);
    bool worse = cares == choice->worst_cares ? found > choice->worst_badness : choice->worst_cares;
    if (choice->worst && !worse)
        return;
    if (choice->worst)
        process_release(choice->worst);
    process_retain(process);
    choice->worst = process;
    choice->worst_badness = found;
    choice->worst_cares = cares;
}

// Whether a call of `asker` may cost the worst its life.
static bool is_hog(const struct choice *choice, uint64_t asker) MUST_HOLD(process_registry_lock)
{
    struct process *asking = process_find_locked(asker);
    int64_t own = asking ? resident_pages(asking) : 0;
    return choice->worst->id != asker && choice->worst_badness >= choice->total / HOG_SHARE && choice->worst_badness / HOG_FACTOR >= own;
}

// ---- ending ----

static void kill_same_space(void *context, struct process *process) NO_LOCK_ANALYSIS // the registry is held by process_each_locked's caller
{
    if (process->space == context && running_user(process))
        process_kill_locked(process, LINUX_SIGKILL);
}

static bool memory_came_back(const struct process *process)
{
    return memory_enough() || process->state == PROCESS_ZOMBIE || process->state == PROCESS_DEAD;
}

static void end_await(const struct process *process)
{
    for (int i = 0; i < PATIENCE && !memory_came_back(process); i++)
        (void)thread_sleep_until(time_ns() + STEP_NS); // nobody interrupts a kernel thread
}

// With a reference on the space; nullptr: nobody has to end, or is there to.
static struct space *worst_kill(struct choice *choice, enum memory_need need, uint64_t asker) MUST_HOLD(process_registry_lock)
{
    if (!choice->worst || !running_user(choice->worst) || (need == MEMORY_FOR_CALL && !is_hog(choice, asker)))
        return nullptr;
    struct space *space = space_borrow(&choice->worst->space);
    if (space)
        process_each_locked(kill_same_space, space);
    return space;
}

static void worst_end(struct choice *choice, struct space *space)
{
    enum : uint64_t { PAGE_KIB = PAGE_SIZE / KIB };
    struct process *worst = choice->worst;
    uint64_t pages = space_resident(space);
    log_warn("memory", "out of memory: killing %s (pid %lu), %lu KiB of %lu KiB", worst->name, worst->id, (unsigned long)(pages * PAGE_KIB),
             (unsigned long)((uint64_t)choice->total * PAGE_KIB));
    space_reap(space);
    end_await(worst);
    const struct event event = { .topic = EVENT_OUT_OF_MEMORY, .value = { worst->id, pages * PAGE_SIZE } };
    (void)event_publish(&event);
}

// Somebody ends already: empties its space and gives it time. False: that did not help.
static bool leaving_await(struct process *leaving)
{
    struct space *space = space_borrow(&leaving->space);
    if (space) {
        space_reap(space);
        space_release(space);
    }
    end_await(leaving);
    return memory_enough();
}

static bool worst_must_end(struct choice *choice, enum memory_need need, uint64_t asker)
{
    mutex_acquire(&process_registry_lock);
    struct space *space = worst_kill(choice, need, asker);
    mutex_release(&process_registry_lock);
    if (!space)
        return false;
    worst_end(choice, space);
    space_release(space);
    return true;
}

static bool end_one(enum memory_need need, uint64_t asker)
{
    struct choice choice = { .total = total_frames(), .worst_cares = true };
    process_each(choice_look, &choice);
    bool helped = choice.leaving && leaving_await(choice.leaving);
    if (!helped)
        helped = worst_must_end(&choice, need, asker);
    if (choice.leaving)
        process_release(choice.leaving);
    if (choice.worst)
        process_release(choice.worst);
    return helped;
}

void oom_init(void)
{
    static const struct memory_victims victims = { .end_one = end_one };
    memory_watch_set_victims(&victims);
}

// ---- /proc/PID/oom_score and oom_score_adj ----

// As Linux scales it: 0 to 2000, two thirds of 1000 for who has nothing.
static void show_score(struct text_writer *out, struct process *process)
{
    int64_t total = total_frames();
    int32_t adjust = process->user ? process->user->oom_adjust : ADJUST_NEVER;
    int64_t score = 0;
    if (adjust != ADJUST_NEVER)
        score = (SCORE_WHOLE + badness(process, adjust, total) * SCORE_WHOLE / total) * 2 / 3;
    text_write(out, "%ld\n", MAX(score, 0));
}
PROC_PROCESS_FILE(oom_score, "oom_score", show_score);

static void show_adjust(struct text_writer *out, struct process *process)
{
    text_write(out, "%d\n", process->user ? process->user->oom_adjust : 0);
}

// An optional sign and one to four digits.
static bool parse_adjust(const char *text, int32_t *value)
{
    bool negative = *text == '-';
    int32_t parsed = 0, digits = 0;
    for (text += negative; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
        parsed = parsed * 10 + (*text - '0');
    *value = negative ? -parsed : parsed;
    return digits && !*text && parsed <= ADJUST_MOST;
}

// Only root makes a process less likely to end than it is.
static enum status store_adjust(struct process *process, const char *text)
{
    int32_t value;
    if (!parse_adjust(text, &value))
        return STATUS_BAD_ARGUMENT;
    if (!process->user)
        return STATUS_NO_PROCESS;
    const struct user_process *self = process_current()->user;
    if (self && self->effective_user && value < process->user->oom_adjust)
        return STATUS_DENIED;
    process->user->oom_adjust = value;
    return STATUS_OK;
}

TABLE_ROW(helix_proc_process_files)
static const struct proc_process_file proc_process_file_oom_score_adj = {
    .name = "oom_score_adj", .mode = 0644, .show = show_adjust, .store = store_adjust
};
