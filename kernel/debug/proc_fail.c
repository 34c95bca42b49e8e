// SPDX-License-Identifier: MIT
// proc_fail.c: /proc/helix/fail_allocation: allocations that fail on purpose, for scripts. There only with [debug] allocation_failures.
//
// `step N` makes the Nth allocation from now on fail, once; `every N` every Nth; `off` none. Read, it says which of them holds and what
// has come of it; after `off`, what had. A script keeps the file open while it lets allocations fail, since opening it allocates, too.

#include <generated/profile.h>

#if PROFILE_ALLOCATION_FAILURES

#include <lib/string.h>

#include <helix/fail.h>
#include <helix/panic.h>
#include <helix/text_writer.h>
#include <helix/vfs.h>

static void show_fail(struct text_writer *out)
{
    char name[80];
    struct fail_state state = fail_look();
    if (state.number || state.period)
        text_write(out, "%s %llu\n", state.period ? "every" : "step", (unsigned long long)(state.period ? state.period : state.number));
    else
        text_write(out, "off\n");
    text_write(out, "allocations %llu\nfailed %llu\n", (unsigned long long)state.counted, (unsigned long long)state.failed);
    if (state.failed)
        text_write(out, "last by %s\n", symbol_text(name, sizeof name, state.by));
}

// A number from 1 on and nothing else; 0: it is not.
static uint64_t number_of(const char *text)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number < 1'000'000'000; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return *text ? 0 : number;
}

static enum status store_fail(const char *text)
{
    bool step = string_starts(text, "step "), every = string_starts(text, "every ");
    uint64_t number = step ? number_of(text + strlen("step ")) : every ? number_of(text + strlen("every ")) : 0;
    if (string_equal(text, "off"))
        fail_disarm();
    else if (!number)
        return STATUS_BAD_ARGUMENT;
    else if (every)
        fail_arm_period(number);
    else
        fail_arm(number);
    return STATUS_OK;
}
PROC_FILE_WRITTEN(helix_fail_allocation, "helix/fail_allocation", show_fail, store_fail);

#endif
