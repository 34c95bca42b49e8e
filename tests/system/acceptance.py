# SPDX-License-Identifier: MIT
"""acceptance.py: what the first whole path must do, seen from outside with --exec."""
import hashlib
import random
import re
import subprocess

from harness import NO_STATUS, PANIC, PROGRAMS, ROOT, TIMEOUT, Skipped, arch, archive, build_glibc, check, judge_rows, programs, raw_archive, run
from helix import initramfs, kernel
from helix.cpio import Archive
from machines import ELF_MACHINE, HOSTILE_STATUS, MACHINES, PANIC_REGISTERS
from registry import add, test

DONE = "all-lines-done"
KIB = 1024


def run_programs(names, prefix, folder=PROGRAMS, archives=None, timeout=240, options=()):
    """Each program in turn in one boot, each judged row by row; its own status is printed behind it."""
    lines = []
    for name in names:
        lines += [f"run {folder}/{name}", f"echo end-of {name}"]
    outcome = run(*lines, f"echo {DONE}", timeout=timeout, archives=archives or programs(), options=options)
    results, rest = [], outcome.out
    for name in names:
        part, found, rest_after = rest.partition(f"end-of {name}\n")
        part_outcome = type(outcome)(outcome.status, part, outcome.err, 0)
        rows = [(row, reason) for row, reason in judge_rows(part_outcome, "", f"{prefix}{name}.") if not row.endswith(".ends")]
        if not found:
            results += rows + [(f"{prefix}{name}.ends", f"the machine ended inside it: {outcome.describe()}")]
            break
        results += rows + [(f"{prefix}{name}.ends", None if rows else f"printed no row: {part!r}")]
        rest = rest_after
    results.append((f"{prefix}{names[0]}…{names[-1]}.all_ran", None if DONE in outcome.out and outcome.status == 0 else outcome.describe()))
    return results


# ---- memory balance

ZONE = re.compile(r"(?m)^(\w+) +(\d+) +(\d+) +(\d+) *$")


def zones(text):
    """{zone: (total, used, free)} of what `mem` printed, the sums checked."""
    rows = {name: tuple(map(int, figures)) for name, *figures in ZONE.findall(text)}
    check("total" in rows and len(rows) > 1, f"no zones in {text!r}")
    for name, (total, used, free) in rows.items():
        check(total == used + free, f"zone {name} does not balance: {total} is not {used} + {free}")
    for column in range(3):
        check(rows["total"][column] == sum(row[column] for name, row in rows.items() if name != "total"), f"the zones do not add up: {rows}")
    return rows


def check_nothing_lost(outcome):
    """The lines ran between two `mem`: as many frames are used after as before."""
    text = outcome.out
    rows = [zones(part) for part in re.split(r"(?m)^zone +total KiB", text)[1:]]
    check(len(rows) >= 2, f"two tables of memory expected: {outcome.describe()}")
    lost = rows[-1]["total"][1] - rows[0]["total"][1]
    check(lost <= 0, f"{lost} KiB more are used than before: {outcome.describe()}")


# ---- the three lines everybody tries first

@test
def exec_prints_only_what_the_line_prints():
    run('run /bin/busybox sh -c "echo hello | tr a-z A-Z"').expect(0, out="HELLO\n")


@test
def exec_status_is_the_programs():
    run("run /bin/busybox false").expect(1, out="")


@test
def exec_status_of_a_killed_program_is_128_and_the_signal():
    run('run /bin/busybox sh -c "kill -SEGV \\$\\$"').expect(139)


@test
def exec_takes_the_status_of_the_last_line():
    outcome = run("run /bin/busybox false", "echo one", "echo two").expect(0, out="one\ntwo\n")
    check("\r" not in outcome.out, "carriage returns in the output")


@test
def binary_output_arrives_unchanged():
    outcome = run('run /bin/busybox sh -c "printf \'a\\tb\\\\\\\\c\\n\'; head -c 300000 /dev/zero | tr \'\\000\' x; echo; echo end"', timeout=90).expect(0)
    check(outcome.out == "a\tb\\c\n" + "x" * 300000 + "\nend\n", f"changed: {outcome.describe()}")


# ---- programs of user/

@test
def guest_programs_files():
    return run_programs(["files", "paths", "pipes", "system", "clocks", "archives", "peers"], "musl.")


@test
def guest_programs_processes():
    return run_programs(["processes", "signals", "faults", "memory", "residency", "keys", "fpu", "registers", "threads", "spaces"], "musl.")


@test
def guest_programs_glibc():
    names = ["processes", "signals", "faults", "threads", "files", "memory", "residency", "keys", "fpu", "peers"]
    built = {name: build_glibc(name) for name in names}
    files = {f"t/{name}": (path.read_bytes(), 0o755) for name, path in built.items()}
    return run_programs(names, "glibc.", folder="/t", archives=[archive("glibc", files)])


@test
def hostile_programs():
    return run_programs([f"{name} all" for name in ("hostile", "frames", "pointers", "hogs")], "")


@test
def hostile_statuses_reach_the_shell():
    """Under ash, whose $? the kernel's own shell must agree with for the last."""
    wanted = HOSTILE_STATUS[arch()]
    script = "; ".join(f"{PROGRAMS}/hostile {name} 2>/dev/null; echo {name} $?" for name in wanted)
    last, last_status = list(wanted.items())[-1]
    outcome = run(f'run /bin/busybox sh -c "{script.replace("$", chr(92) + "$")}"', f"run {PROGRAMS}/hostile {last}", archives=programs())
    results = []
    for name, status in wanted.items():
        found = f"{name} {status}\n" in outcome.out
        results.append((f"hostile.status.{name}", None if found else f"wanted {status}: {outcome.describe()}"))
    results.append(("hostile.status.of_run", None if outcome.status == last_status else outcome.describe()))
    return results


@test
def mutated_programs_harm_nobody():
    line = f"run {PROGRAMS}/mutants run {PROGRAMS}/victim 500"
    outcome = run(line, "mem", line, "mem", f"echo {DONE}", timeout=200, archives=programs()).expect(0)
    check(DONE in outcome.out, outcome.describe())
    refused, ran, killed = map(int, re.search(r"ok mutants: (\d+) refused, (\d+) ran, (\d+) killed", outcome.out).groups())
    check(refused + ran + killed == 500 and refused > 200 and ran > 50, outcome.describe())
    check_nothing_lost(outcome)


@test(serial=True)
def busy_shares_are_equal():
    """Two CPU-bound programs beside the shell for 10 s; judged by the CPU time the kernel gave each."""
    outcome = run(f"run {PROGRAMS}/share 10", archives=programs(), timeout=90)
    check(outcome.status == 0 and "sleeper" in outcome.out, outcome.describe())
    late = float(re.search(r"at most ([\d.]+) ms", outcome.out).group(1))
    used = float(re.search(r"in all: ([\d.]+) s", outcome.out).group(1))
    check(used > 9.0, f"the two got only {used} s of 10: {outcome.describe()}")
    check(late < 500, f"a sleeper woke {late} ms late")


# ---- what `run` refuses

@test
def run_refuses_with_a_message():
    elf = bytearray(initramfs.busybox(arch()).read_bytes()[:4096])
    foreign = bytearray(elf)
    foreign[18:20] = next(number for name, number in ELF_MACHINE.items() if name != arch()).to_bytes(2, "little")
    narrow = bytearray(elf)
    narrow[4] = 1
    bad = {"bad/text": (b"just text\n", 0o755), "bad/foreign": (bytes(foreign), 0o755), "bad/narrow": (bytes(narrow), 0o755), "bad/cut": (bytes(elf[:1000]), 0o755),
           "bad/magic": (b"\x7fELF", 0o755), "bad/empty": (b"", 0o755), "bad/plain": (bytes(elf), 0o644)}
    path = archive("bad", bad)
    results = []
    names = ["/missing", "/bin", "/", "/bin/busybox/x", *(f"/{name}" for name in bad), '""', "/" + "n" * 300, "/dev/null", "/dev/zero", "/proc/version"]
    lines = [line for i, name in enumerate(names) for line in (f"echo case {i}", f"run {name}")]
    outcome = run("run /missing", "mem", *lines, "mem", "echo alive", archives=[path])
    cases = re.split(r"case (\d+)\n", outcome.out)
    said = {int(cases[i]): cases[i + 1] for i in range(1, len(cases) - 1, 2)}
    check_nothing_lost(outcome)
    for i, name in enumerate(names):
        shown = said.get(i, "").partition("zone ")[0].strip()
        results.append((f"run_refuses.{name[:20]}", None if shown else "no message"))
    results.append(("run_refuses.shell_alive", None if outcome.out.endswith("alive\n") and outcome.status == 0 else outcome.describe()))
    for line in ("run /missing", "run /bin", "run /bad/text", "run /bad/foreign", "nosuchcommand"):
        single = run(line, archives=[path])
        results.append((f"run_refuses.status.{line}", None if 0 < single.status < 128 and single.status not in (PANIC, TIMEOUT, NO_STATUS) else single.describe()))
    return results


# ---- archives and command lines that are wrong

def corrupt_archives():
    good = Archive()
    good.directory("d")
    good.file("d/f", b"content\n" * 100, 0o644)
    good.symlink("l", "d/f")
    data = good.bytes()
    dice = random.Random(7)
    noise = bytearray(data)
    for _ in range(60):
        noise[dice.randrange(len(noise))] = dice.randrange(256)
    odd = Archive()
    for name in ("/absolute", "../../outside", "d/../../x", "", ".", "..", "a" * 300, "nodir/file", "d//double"):
        odd.file(name, b"x")
    huge_size = data.replace(b"%08x" % 800, b"ffffffff", 1)
    huge_name = bytearray(data)
    huge_name[94:102] = b"ffffffff"
    zero_name = bytearray(data)
    zero_name[94:102] = b"00000000"
    return {"cut": data[:300], "cut_head": data[:50], "no_trailer": data.split(b"TRAILER")[0][:-110], "garbage": dice.randbytes(5000), "noise": bytes(noise),
            "huge_size": huge_size, "huge_name": bytes(huge_name), "zero_name": bytes(zero_name), "odd_names": odd.bytes(), "not_hex": data[:30] + b"zzzz" + data[34:],
            "gzip": b"\x1f\x8b\x08" + bytes(3000), "zeros": bytes(4096), "empty": b"", "old_format": b"\xc7\x71" + bytes(500)}


@test
def corrupt_initramfs_is_told_not_fatal():
    results = []
    for name, data in corrupt_archives().items():
        outcome = run("echo alive", 'run /bin/busybox echo user', archives=[raw_archive(f"corrupt_{name}", data)], timeout=40)
        # Refusing to start with a clear message is fine; a panic, a hang or silence is not.
        fine = outcome.out == "alive\nuser\n" and outcome.status == 0
        told = 0 < outcome.status < 128 and outcome.status not in (PANIC, TIMEOUT, NO_STATUS) and outcome.err.strip()
        results.append((f"corrupt_initramfs.{name}", None if fine or told else outcome.describe()))
    return results


@test
def bad_command_lines_are_survived():
    results = []
    for text in ("nonsense", "panic_test=bogus", "log=99999 =x == a= ' \"", "x" * 2000, "loglevel=-1 loglevel=abc", "init=/nope root=/dev/sda1 quiet", "\x01\x7f é %s%n"):
        outcome = run("echo alive", options=["--append", text], timeout=40)
        fine = (outcome.status == 0 and outcome.out == "alive\n") or (outcome.status == 64 and outcome.err.strip())
        results.append((f"bad_command_line.{text[:16]!r}", None if fine else outcome.describe()))
    return results


# ---- panics

PANIC_WORDS = {"page_fault": r"(?i)page fault", "stack_overflow": r"(?i)kernel stack overflow", "guard_page": r"guard page of panic_test hit at", "assert": r"(?i)assert", "double_fault": r"(?i)double fault"}


def panic_row(kind):
    outcome = run("echo not reached", options=["--append", f"panic_test={kind}"], timeout=40)
    report = outcome.err + outcome.out
    check(outcome.status == PANIC, f"wanted status {PANIC}: {outcome.describe()}")
    check("not reached" not in outcome.out, "the line ran all the same")
    check(re.search(PANIC_WORDS[kind], report), f"the report does not name it: {outcome.describe()}")
    names = set(re.findall(r"\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\s*\+\s*0x", report))
    check(len(names) >= 2, f"function names in the backtrace: {names}; {outcome.describe()}")
    missing = [name for name in PANIC_REGISTERS[arch()] if not re.search(rf"(?i)\b{name}\b", report)]
    check(not missing, f"no {' and '.join(missing)} among the registers: {outcome.describe()}")


@test
def panic_page_fault():
    panic_row("page_fault")


@test
def panic_stack_overflow():
    panic_row("stack_overflow")


@test
def panic_boot_stack_overflow():
    outcome = run("echo not reached", options=["--append", "panic_test=boot_stack_overflow"], timeout=40)
    check(outcome.status == PANIC and re.search(r"Message: kernel stack overflow of thread \"boot\"", outcome.err + outcome.out), outcome.describe())


@test
def panic_guard_page():
    panic_row("guard_page")


@test
def panic_assert():
    panic_row("assert")


@test
def panic_double_fault():
    panic_row("double_fault")


# ---- the core set of busybox, on every machine that must run it

def core_set(name):
    """The core set on one machine of machines.py; the small one does without the compiled programs."""
    def body():
        options = MACHINES[arch()][name]
        small = "minimal" in options
        line = f'run /bin/busybox sh -c "{"SMALL=1 " if small else ""}MACHINE={arch()} sh {PROGRAMS}/core.sh"'
        outcome = run(line, f"echo {DONE}", archives=programs()[1:] if small else programs(), options=options, timeout=300)
        return judge_rows(outcome, DONE, f"{name}.core.")
    return body


def add_core_sets():
    for name in dict.fromkeys(name for machines in MACHINES.values() for name in machines):
        homes = tuple(home for home, machines in MACHINES.items() if name in machines)
        add(f"core_set_on_{name}", core_set(name), only=homes, why=f"{name} is a machine of {' and '.join(homes)}")


add_core_sets()


@test
def memory_ends():
    """Hogs, crowds and innocents on 64 MiB: the right ones die, what was asked for is there, the log names them, and all comes back."""
    outcome = run("mem", f"run {PROGRAMS}/starve", "mem", 'run /bin/busybox dmesg', f"echo {DONE}", archives=programs(), timeout=240,
                  options=["--memory", "64M"])
    results = judge_rows(outcome, DONE, "starve.")
    used = [int(row.split()[2]) for row in outcome.out.splitlines() if row.startswith("total ")]
    results.append(("starve.comes_back", None if len(used) == 2 and used[1] - used[0] <= 64 else f"KiB used before and after: {used}"))
    named = re.search(r"out of memory: killing starve \(pid \d+\), \d+ KiB of \d+ KiB", outcome.out)
    results.append(("starve.named_in_the_log", None if named else "no line of the log names a victim"))
    told = re.search(r"(\d+) changes of pressure, told to: names (\d+).*\n.* (\d+) programs ended for it", outcome.out.rpartition("pressure: ")[2])
    results.append(("starve.events", None if told and int(told[1]) > 10 and told[1] == told[2] and int(told[3]) > 10 else f"told {told}"))
    return results


@test
def smallest_machine_outlives_hogs():
    """Programs that take all memory and all processes, where there is least of both; the shell works on behind them."""
    name = next(name for name in ("8M", "12M") if name in MACHINES[arch()])
    programs()
    hogs = archive("hogs", {"t/hogs": ((ROOT / "build" / f"{arch()}-default" / "user" / "hogs").read_bytes(), 0o755)})
    outcome = run("run /t/hogs all", 'run /bin/busybox sh -c "seq 1 100 | wc -l"', f"echo {DONE}", archives=[hogs], options=MACHINES[arch()][name])
    check("\n100\n" in outcome.out, f"the shell does not: {outcome.describe()}")
    return judge_rows(outcome, DONE, f"{name}.hogs.")


@test
def archive_of_more_than_half_of_memory_is_unpacked():
    """What has been read of an archive is given back on the way: there is no room for it and its files."""
    if arch() != "x86_64":
        raise Skipped("QEMU loads no archive into the lower half of memory")
    data = random.Random(9).randbytes(9 << 20)
    large = archive("large", {"large": (data, 0o644)})
    outcome = run("run /bin/busybox md5sum /large", archives=[large], options=["--profile", "minimal", "--memory", "16M"]).expect(0)
    check(outcome.out.split()[0] == hashlib.md5(data).hexdigest(), f"the file is another: {outcome.describe()}")


@test
def memory_above_four_gibibytes_is_used():
    """More than the low memory holds is allocated and touched at once, then given back."""
    outcome = run("mem", f"run {PROGRAMS}/reach 3500", "mem", archives=programs(), options=["--memory", "8G"], timeout=200).expect(0)
    check("ok touched 3500" in outcome.out, outcome.describe())
    before, after = map(zones, outcome.out.split("ok touched 3500\n"))
    check(before["total"][0] > 7 << 20, f"8 GiB are not there: {before}")
    check(abs(after["total"][1] - before["total"][1]) < 1024, f"memory was lost: {before} {after}")


@test
def more_memory_than_the_host_has_is_counted():
    """64 GiB: the kernel touches next to nothing of them, so the host need not have them."""
    total, used, _ = zones(run("mem", options=["--memory", "64G"], timeout=120).expect(0).out)["total"]
    check(total > 63 << 20, f"64 GiB are not there: {total} KiB")
    check(used < 16 << 10, f"{used} KiB are used at once")


# ---- programs end, their memory comes back

@test
def memory_returns_to_the_same_figure():
    """1,000 programs, in the end as many frames are used as before; the first ones warm the caches."""
    many = 'sh -c "i=0; while [ \\$i -lt {} ]; do /bin/busybox true; i=\\$((i + 1)); done"'
    warm = ["run /bin/busybox true"] * 20 + [f"run /bin/busybox {many.format(100)}"]
    lines = [*warm, "echo first", "mem", *["run /bin/busybox true"] * 200, f"run /bin/busybox {many.format(800)}", *warm, "echo second", "mem"]
    outcome = run(*lines, timeout=240).expect(0)
    first, second = map(zones, outcome.out.split("first\n")[1].split("second\n"))
    lost = second["total"][1] - first["total"][1]
    check(lost == 0, f"{lost} KiB more are used after 1,000 programs: {outcome.out}")


# ---- the image

@test
def kernel_image_is_small():
    """Code, constants and data of the minimal profile, and what the file takes on a disk."""
    folder = ROOT / "build" / f"{arch()}-minimal"
    kernel.build(arch(), "minimal")
    sizes = subprocess.run(["llvm-size-19", folder / "helix.debug.elf"], capture_output=True, text=True, check=True).stdout
    text, data = map(int, sizes.splitlines()[1].split()[:2])
    figures = (("text_and_data", text + data, 512 * KIB), ("file", (folder / "helix.elf").stat().st_size, 1024 * KIB))
    return [(f"image_size.{name} ({size:,} of {budget:,})", None if size <= budget else f"{size:,} bytes; the budget is {budget:,}")
            for name, size, budget in figures]
