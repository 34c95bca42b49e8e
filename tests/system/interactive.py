# SPDX-License-Identifier: MIT
"""interactive.py: the shells as somebody at a terminal uses them."""
import re
import time

from acceptance import check_nothing_lost, zones
from harness import PROGRAMS, Console, Failed, arch, check, programs, run, shorten
from helix.patience import patient
from machines import ASH_MACHINES, MACHINES
from registry import test

UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~"
CTRL_C, CTRL_D, CTRL_Z, ESCAPE = "\x03", "\x04", "\x1a", "\x1b"
ASH = r"(?:~|/\S*) [#$] "
PS1 = r"@@ "


def wants(text, pattern, what):
    check(re.search(pattern, text), f"{what}: wanted {pattern!r} in {shorten(text)!r}")


def each(prefix, steps):
    """Runs (name, function) in turn; one failure does not hide the others unless the console is gone."""
    results = []
    for name, step in steps:
        try:
            step()
            results.append((f"{prefix}{name}", None))
        except Failed as failure:
            results.append((f"{prefix}{name}", str(failure)))
            if "the console closed" in str(failure):
                break
    return results


def recover(console, prompt):
    console.send(CTRL_C)
    console.drain(0.3)
    console.line("")
    console.expect(prompt, 10)


@test
def kernel_shell_edits_lines_and_keeps_a_history():
    with Console() as c:
        c.boot()

        def editing():
            c.send("echo wrld" + LEFT * 3 + "o" + END + "!" + HOME + RIGHT * 5 + "he-" + "\r")
            c.expect(r"\n", 5)
            wants(c.expect(c.prompt), r"he-world!", "cursor keys")

        def backspace():
            wants(c.command("echo abcX\x7fd"), r"^abcd\b", "backspace")
            c.send("echo abXc" + LEFT * 2 + DELETE + "\r")
            c.expect(r"\n", 5)
            wants(c.expect(c.prompt), r"abc", "delete")

        def history():
            c.command("echo first-line")
            c.command("echo second-line")
            c.send(UP + UP + "\r")
            c.expect(r"\n", 5)
            wants(c.expect(c.prompt), "first-line", "two up")
            c.send(UP + UP + UP + DOWN + "\r")
            c.expect(r"\n", 5)
            wants(c.expect(c.prompt), "(first|second)-line", "up and down")
            wants(c.command("history"), r"\d+\s+echo first-line", "history")

        def interrupt_at_the_prompt():
            c.send("echo never" + CTRL_C)
            c.expect(c.prompt, 5)
            wants(c.command("echo still"), "still", "after ^C")

        def unknown():
            wants(c.command("nosuchthing"), r"Unknown command: nosuchthing", "unknown command")
            wants(c.command("# a comment and nothing else; echo no") + ".", r"^\s*\.$", "comment")

        def long_line():
            word = "y" * 1500
            c.line("echo " + word)
            c.drain(1.0)
            recover(c, c.prompt)

        def garbage():
            c.send("\x00\x01\x02\xff\x1b[99;99~\x1b[\x1bOx\x80" + CTRL_C)
            c.drain(0.5)
            recover(c, c.prompt)
            wants(c.command("echo sane"), "sane", "after garbage")

        return each("kernel_shell.", [(f.__name__, f) for f in (editing, backspace, history, interrupt_at_the_prompt, unknown, long_line, garbage)])


def number_of(text, pattern, what):
    found = re.search(pattern, text)
    check(found, f"{what}: no {pattern!r} in {shorten(text)!r}")
    return int(found.group(1))


@test
def kernel_shell_commands_show_live_figures():
    with Console() as c:
        c.boot()

        def helps():
            text = c.command("help")
            for name in "help exit echo clear ps mem uptime uname set history bench stats cat run version demo".split():
                wants(text, rf"(?m)^\s*{name}\b", f"help of {name}")
            wants(c.command("help mem"), r"mem", "help mem")

        def uname():
            wants(c.command("uname -a"), rf"Helix.*{arch()}", "uname -a")

        def variables():
            c.command("set COLOUR=green")
            wants(c.command("echo it is $COLOUR"), "it is green", "variable")
            wants(c.command("set COLOUR"), "green", "set NAME")
            wants(c.command("set NOSUCH"), "(?i)not found", "missing variable")

        def uptime_moves():
            one = c.command("cat /proc/uptime")
            c.pause(1.2)
            two = c.command("cat /proc/uptime")
            check(float(two.split()[0]) > float(one.split()[0]), f"{one!r} then {two!r}")
            wants(c.command("uptime"), r"\d", "uptime")

        def ps_lists_what_runs():
            wants(c.command("ps"), r"(?i)idle", "ps")
            c.command("run /bin/busybox sleep 30 &")
            c.command("run /bin/busybox sh -c 'while true; do :; done' &")
            row = r"(?m)^ *(\d+) +\1 +[01] +%s +120 +(\d+\.\d+) +[1-9]\d* +busybox"
            c.pause(0.5)
            one, began = c.command("ps"), float(c.command("cat /proc/uptime").split()[0])
            wants(one, row % "(?:blocked|sleeping)", "ps: the sleeper")
            wants(one, row % "(?:ready|running)", "ps: the busy one")
            c.pause(1.0)
            two, ended = c.command("ps"), float(c.command("cat /proc/uptime").split()[0])
            used = [float(re.search(row % "(?:ready|running)", text).group(2)) for text in (one, two)]
            share = (used[1] - used[0]) / (ended - began)
            check(0.5 < share < 1.2, f"the busy one used {used[0]} s, {ended - began:.2f} s later {used[1]} s")
            wants(c.command("kill all"), "2 processes", "kill all")
            c.pause(0.3)
            check("busybox" not in c.command("ps"), "both are gone")

        def mem_balances():
            zones(c.command("mem"))

        def stats_count():
            pattern = r"(?i)sys(?:tem )?calls[^\d\n]*(\d+)"
            before = number_of(c.command("stats"), pattern, "stats")
            c.command("run /bin/busybox sh -c 'i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo >/dev/null; done'")
            after = number_of(c.command("stats"), pattern, "stats")
            check(after >= before + 100, f"{before} system calls, then {after}")

        def cat_shows_files():
            wants(c.command("cat /proc/version"), r"(?i)helix", "cat /proc/version")
            wants(c.command("cat /nosuchfile"), r"(?i)no|not", "cat of nothing")

        def bench_and_demo():
            wants(c.command("bench quick", 60), r"\d+", "bench")
            wants(c.command("demo", 60), r"\d+|demo", "demo")

        def version():
            wants(c.command("version"), r"(?i)helix", "version")

        return each("kernel_shell.", [(f.__name__, f) for f in (helps, uname, variables, uptime_moves, ps_lists_what_runs, mem_balances, stats_count, cat_shows_files,
                                                               bench_and_demo, version)])


@test
def interrupt_stops_what_runs_under_the_kernel_shell():
    with Console() as c:
        c.boot()

        def stops(line):
            def body():
                c.line(line)
                c.expect(r"\n", 5)
                c.pause(0.7)
                c.send(CTRL_C)
                c.expect(c.prompt, 8)
                wants(c.command("echo status $?"), r"status 130", line)
            return body

        lines = {"cat": "run /bin/busybox cat", "sleep": "run /bin/busybox sleep 100", "loop": "run /bin/busybox sh -c 'while true; do :; done'"}

        def end_of_file():
            c.line("run /bin/busybox cat")
            c.expect(r"\n", 5)
            c.send("typed\r")
            c.expect("typed\r?\ntyped", 5)
            c.send(CTRL_D)
            c.expect(c.prompt, 8)

        def erase_in_cooked_mode():
            c.line("run /bin/busybox head -n 1")
            c.expect(r"\n", 5)
            c.send("abX\x7fc\r")
            wants(c.expect(c.prompt, 8), r"\nabc", "erase")

        return each("interrupt.", [(name, stops(line)) for name, line in lines.items()] + [("end_of_file", end_of_file), ("erase", erase_in_cooked_mode)])


def enter_ash(c, options=""):
    c.boot()
    c.line(f"run /bin/busybox sh {options}")
    c.expect(ASH, 20)
    c.line("PS1='@''@ '; cd /tmp")
    c.expect(PS1, 10)
    c.drain(0.2)


def ash_session(prefix, *options):
    """An interactive ash on a machine of its own."""
    with Console(*options) as c:
        enter_ash(c)

        def ash(line, seconds=15):
            return c.command(line, seconds, PS1)

        def arrow_keys():
            ash("echo one-line")
            c.send(UP + "\r")
            c.expect(r"\n", 5)
            wants(c.expect(PS1), "one-line", "history of ash")
            c.send("echo ac" + LEFT + "b\r")
            c.expect(r"\n", 5)
            wants(c.expect(PS1), "abc", "left")

        def no_complaint():
            wants(ash("echo $- | grep -c m"), "1", "ash's own job control is on")

        def interrupt():
            # A program that computes is `yes`, not a loop of ash's own builtins: ash leaves its handler by longjmp, and one that hits it inside
            # the C library's clearerr() leaves standard output locked for ever, on any kernel.
            for line in ("cat", "sleep 100", "yes >/dev/null", "while true; do sleep 1; done", "find / -name x | sort | cat; sleep 50"):
                c.line(line)
                c.expect(r"\n", 5)
                c.pause(0.6)
                c.send(CTRL_C)
                c.expect(PS1, 8)

        def stop_and_resume():
            c.line("sleep 100")
            c.expect(r"\n", 5)
            c.pause(0.4)
            c.send(CTRL_Z)
            c.expect("(?i)stopped", 8)
            c.expect(PS1, 8)
            wants(ash("jobs"), r"(?i)stopped.*sleep", "jobs")
            ash("bg")
            wants(ash("jobs"), r"(?i)running.*sleep|sleep 100", "jobs after bg")
            c.line("fg")
            c.expect("sleep 100", 5)
            c.pause(0.3)
            c.send(CTRL_C)
            c.expect(PS1, 8)
            wants(ash("jobs; echo none-left"), r"none-left", "jobs after ^C")

        def kill_by_job():
            ash("sleep 100 &")
            c.pause(0.3)                                 # until it has run: before, it ignores what its shell ignores
            ash("kill %1")
            c.pause(0.3)
            wants(ash("echo; jobs; echo"), r"(?i)terminated|^\s*$", "kill %1")

        def background_reader_is_stopped():
            c.line("cat &")
            c.expect(PS1, 5)
            c.pause(0.4)
            wants(ash("echo; jobs"), r"(?i)stopped", "a background reader gets SIGTTIN")
            ash("kill -9 %1; wait")

        def background_finishes():
            ash("(sleep 0.3; echo background-done) &")
            c.expect("background-done", 5)
            c.line("")
            c.expect(PS1, 5)

        def here_document():
            c.send("cat <<END | tr a-z A-Z\rline one\rline $((1+1))\rEND\r")
            c.expect("LINE ONE", 8)
            c.expect("LINE 2", 8)
            c.expect(PS1, 8)

        def pipeline():
            wants(ash("seq 1 1000 | grep 9 | sort -rn | head -3 | tr '\\n' ,"), "999,998,997,", "pipeline of five")

        def trap():
            ash("trap 'echo tr''apped' INT")
            c.send(CTRL_C)
            c.expect("trapped", 8)
            c.expect(PS1, 5)
            c.line("trap - INT")
            c.expect(PS1, 5)

        def window_size():
            wants(ash("stty size"), r"\d+ \d+", "stty size")

        def raw_and_back():
            c.line("stty raw -echo; sleep 0.2; stty sane; echo sane-again")
            c.expect("sane-again", 8)
            c.expect(PS1, 8)

        return each(prefix, [(f.__name__, f) for f in (arrow_keys, no_complaint, interrupt, stop_and_resume, kill_by_job, background_reader_is_stopped, background_finishes,
                                                      here_document, pipeline, trap, window_size, raw_and_back)])


@test
def ash_has_job_control():
    results = []
    for name in ASH_MACHINES[arch()]:
        try:
            results += ash_session(f"ash.{name}.", *MACHINES[arch()][name])
        except Failed as failure:
            results.append((f"ash.{name}", str(failure)))
    return results


@test
def full_screen_programs_work():
    with Console() as c:
        enter_ash(c)

        def vi():
            c.line("vi new.txt")
            c.drain(1.0)
            c.send("ihello from vi\rsecond line" + ESCAPE)
            c.drain(0.5)
            # After ESC a pause, as a person makes one: together with what follows it would be a key of its own.
            c.send("kx" + "o" + "middle" + ESCAPE)
            c.drain(0.5)
            c.send(":wq\r")
            c.expect(PS1, 10)
            text = c.command("cat new.txt", 10, PS1)
            wants(text, "hello fromvi", "first line: x took the blank under the cursor")
            wants(text, "middle\nsecond line", "the others")

        def vi_abandons():
            c.line("vi new.txt")
            c.drain(0.8)
            c.send("ddG:q!\r")
            c.expect(PS1, 10)
            wants(c.command("wc -l <new.txt", 10, PS1), "3", "unchanged")

        def top():
            c.line("top -d 1")
            c.expect(r"(?s)Mem:.*CPU:.*PID", 15)
            c.expect("PID", 10)
            c.send("q")
            c.expect(PS1, 8)

        def less():
            c.line("seq 1 500 | less")
            c.expect("20", 8)
            c.send(" ")
            c.expect("40", 8)
            c.send("q")
            c.expect(PS1, 8)

        def terminal_is_sane_afterwards():
            wants(c.command("echo ec''ho", 8, PS1), "echo", "echo")

        return each("full_screen.", [(f.__name__, f) for f in (vi, vi_abandons, top, less, terminal_is_sane_afterwards)])


@test
def shell_stays_alive_under_attack():
    """The culprits run in the background; the kernel's shell must answer within two seconds all the while."""
    with Console(archives=programs(), timeout=200) as c:
        c.boot()

        def answers(what):
            start = time.monotonic()
            wants(c.command(f"echo alive-{what}", 10), f"alive-{what}", what)
            zones(c.command("mem", 10))
            took = time.monotonic() - start
            check(took < patient(2.0), f"{what}: the shell answered after {took:.1f} s")

        def attack(crime, seconds=5.0, kill=False):
            def body():
                c.line(f"run {PROGRAMS}/hogs {crime} &")
                c.expect(c.prompt, 10)
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    answers(crime)
                    c.pause(0.5)
                if kill:
                    wants(c.command("ps", 10), r"(?s)hogs.*hogs", "ps")
                    wants(c.command("kill all", 10), r"to \d+ processes", "kill all")
                answers(crime)
                wants(c.command("run /bin/busybox echo alive", 20), "alive", "programs run again")
            return body

        def used():
            return zones(c.command("mem"))["total"][1]

        def fill_history():
            """The shell keeps its last 100 lines: both figures are taken when these are the same."""
            for number in range(100):
                c.command(f"echo line {number}")

        def nothing_is_lost():
            c.command("kill all")
            c.command("run /bin/busybox rm -rf /tmp/hog /tmp/inodes")
            fill_history()
            end = time.monotonic() + patient(10)
            while used() > before and time.monotonic() < end:
                c.pause(0.5)
            check(used() <= before, f"{used()} KiB are used, {before} KiB before the attacks: {c.command('ps')}")

        c.command(f"run {PROGRAMS}/hogs open_hog")      # whatever is made at first use is made now
        fill_history()
        before = used()
        crimes = [("memory_hog", attack("memory_hog")), ("fork_bomb", attack("fork_bomb", 5)), ("break_hog", attack("break_hog")), ("page_table_hog", attack("page_table_hog")),
                  ("file_hog", attack("file_hog")), ("thread_hog", attack("thread_hog")), ("inode_hog", attack("inode_hog")), ("fork_bomb_forever", attack("fork_bomb_forever", 4, True)), ("nothing_is_lost", nothing_is_lost)]
        return each("attack.", crimes)


@test
def foreground_bomb_ends_at_interrupt():
    with Console(archives=programs()) as c:
        enter_ash(c)
        c.line(":() { : | : & }; :")
        c.pause(2)
        start = time.monotonic()
        c.send(CTRL_C)
        c.line("")
        c.expect(PS1, 10)
        check(time.monotonic() - start < patient(5), "ash did not answer")


# Seeds whose damaged program loops for ever on Linux too.
ENDLESS = set()


@test
def mutants_run_by_the_kernel_shell():
    """`run` itself on damaged files, many in a row."""
    lines = ["run /bin/busybox mkdir /m", f"run {PROGRAMS}/mutants write {PROGRAMS}/victim 500 /m"]
    mutants = [f"run /m/{i}" for i in range(1, 501) if i not in ENDLESS]
    outcome = run(*lines, *mutants, "mem", *mutants, "mem", "echo alive", archives=programs(), timeout=120).expect(0)
    check(outcome.out.endswith("alive\n"), outcome.describe())
    refused, ran = len(re.findall(r"(?m)^Error: /m/\d+: \S", outcome.out)), len(re.findall(r"(?m)^victim$", outcome.out))
    check(refused > 400 and ran > 100, f"{refused} refused, {ran} ran: {outcome.describe()}")
    check_nothing_lost(outcome)


@test
def console_starts_with_several_cpus():
    with Console("--cpus", "4") as c:
        c.boot()
        wants(c.command("run /bin/busybox echo ok-user", 20), "ok-user", "a program")
