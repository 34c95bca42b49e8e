// SPDX-License-Identifier: MIT
// leaks.c: the shell's `leaks`: heap blocks that live, by the place that allocated them; there only with [debug] heap_checks.

#include <generated/profile.h>

#if PROFILE_HEAP_CHECKS

#include <lib/string.h>

#include <helix/heap.h>
#include <helix/heap_leaks.h>
#include <helix/panic.h>
#include <helix/timer.h>

#include "local.h"

enum { SITES = 128 };

static uint64_t mark;

static void show_site(struct shell *shell, const struct leak_site *site)
{
    char name[80];
    symbol_text(name, sizeof name, site->by);
    shell_print(shell, "%8llu %10llu %7llu s  %s\n", (unsigned long long)site->blocks, (unsigned long long)site->bytes,
                (unsigned long long)((time_ns() - site->oldest_ns) / NS_PER_S), name);
}

static int show_since(struct shell *shell, uint64_t from)
{
    static struct leak_site sites[SITES];
    uint64_t blocks, bytes;
    size_t count = heap_leaks(from, sites, SITES, &blocks, &bytes);
    shell_print(shell, "  blocks      bytes    oldest  allocated by\n");
    for (size_t i = 0; i < count; i++)
        show_site(shell, &sites[i]);
    shell_print(shell, "%llu blocks, %llu bytes%s\n", (unsigned long long)blocks, (unsigned long long)bytes, from ? " since the mark" : "");
    return 0;
}

// Three blocks that nobody will free, and one that is: a leak for tests of the report.
[[gnu::noinline]] static int leak_plant(struct shell *shell)
{
    heap_free(heap_alloc(200));
    for (volatile int i = 0; i < 3; i++) { // one place in the code, not three
        if (!heap_alloc(100))
            return 1;
    }
    shell_print(shell, "planted\n");
    return 0;
}

static int run_leaks(struct shell *shell, int count, char **words)
{
    if (count == 1)
        return show_since(shell, mark);
    if (count == 2 && string_equal(words[1], "all"))
        return show_since(shell, 0);
    if (count == 2 && string_equal(words[1], "mark")) {
        mark = heap_leak_mark();
        return 0;
    }
    if (count == 2 && string_equal(words[1], "plant"))
        return leak_plant(shell);
    shell_error(shell, "usage: leaks [mark|all|plant]");
    return EXIT_USAGE;
}
SHELL_COMMAND(leaks, "[mark|all|plant]", "List live heap blocks allocated since `leaks mark`, by place", run_leaks);

#endif
