// SPDX-License-Identifier: MIT
// handlers.h: what the programs share that catch signals: handlers that count or remember, and installing them.
#pragma once

#include "check.h"

#include <signal.h>
#include <sys/time.h>

[[gnu::unused]] static volatile sig_atomic_t caught, caught_other;
[[gnu::unused]] static volatile siginfo_t last;

[[gnu::unused]] static void count(int signal_number)
{
    (void)signal_number;
    caught++;
}

[[gnu::unused]] static void remember(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    memcpy((void *)&last, info, sizeof *info);
    caught++;
}

[[gnu::unused]] static void install(int signal_number, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    CHECK_EQUAL(sigaction(signal_number, &action, NULL), 0);
}

[[gnu::unused]] static void install_info(int signal_number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };
    CHECK_EQUAL(sigaction(signal_number, &action, NULL), 0);
}

[[gnu::unused]] static void block(int how, int signal_number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    CHECK_EQUAL(sigprocmask(how, &set, NULL), 0);
}

[[gnu::unused]] static void alarm_in(long microseconds, long interval)
{
    struct itimerval timer = { .it_value = { 0, microseconds }, .it_interval = { 0, interval } };
    CHECK_EQUAL(setitimer(ITIMER_REAL, &timer, NULL), 0);
}
