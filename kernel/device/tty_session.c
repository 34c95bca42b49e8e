// SPDX-License-Identifier: MIT
// tty_session.c: whose terminal it is. A session has one controlling terminal at most, and a terminal one session; each process knows
// its terminal (user_process.terminal), and the terminal its session and foreground group.
#include "tty_local.h"

#include <helix/user.h>

static struct user_process *running_user(void)
{
    return process_current()->user;
}

struct tty *tty_controlling(void)
{
    const struct user_process *user = running_user();
    if (!user || !user->terminal || tty_session(user->terminal) != user->process->session)
        return nullptr;
    return user->terminal;
}

static bool leads_session(const struct user_process *user)
{
    return user->process->id == user->process->session;
}

static void become_terminal_of(struct tty *tty, struct user_process *user)
{
    user->terminal = tty;
    tty_set_foreground(tty, user->process->session, user->process->group);
}

void tty_adopt(struct tty *tty)
{
    struct user_process *user = running_user();
    if (user && leads_session(user) && !tty_controlling() && tty_session(tty) == 0)
        become_terminal_of(tty, user);
}

struct loser {
    struct tty *tty;
    uint64_t session;
};

static void lose_terminal(void *context, struct process *process)
{
    const struct loser *loser = context;
    if (process->session == loser->session && process->user && process->user->terminal == loser->tty)
        process->user->terminal = nullptr;
}

// No process of the session has it any more.
static void take_away(struct tty *tty, uint64_t session)
{
    struct loser loser = { .tty = tty, .session = session };
    process_each(lose_terminal, &loser);
}

enum status tty_take(struct tty *tty, bool steal)
{
    struct user_process *user = running_user();
    if (!user)
        return STATUS_NOT_PERMITTED;
    if (tty_controlling() == tty && leads_session(user))
        return STATUS_OK;
    if (!leads_session(user) || tty_controlling())
        return STATUS_NOT_PERMITTED;
    uint64_t owner = tty_session(tty);
    if (owner && !(steal && user->effective_user == 0))
        return STATUS_NOT_PERMITTED;
    if (owner)
        take_away(tty, owner);
    become_terminal_of(tty, user);
    return STATUS_OK;
}

enum status tty_give_up(struct tty *tty)
{
    struct user_process *user = running_user();
    if (!user || tty_controlling() != tty)
        return STATUS_NOT_TERMINAL;
    if (!leads_session(user)) {
        user->terminal = nullptr;
        return STATUS_OK;
    }
    uint64_t group = tty_foreground(tty);
    tty_set_foreground(tty, 0, 0);
    take_away(tty, user->process->session);
    if (!group || !tty_hooks())
        return STATUS_OK;
    tty_hooks()->signal_group(group, LINUX_SIGHUP);
    tty_hooks()->signal_group(group, LINUX_SIGCONT);
    return STATUS_OK;
}
