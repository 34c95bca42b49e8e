# SPDX-License-Identifier: MIT
"""tests.py: the verb `test`: every kind of test, one summing line at the end."""
import os
import re
import subprocess
import sys
import unittest

from . import fuzz, initramfs, kernel, packages, qemu, run
from .filter import Filter
from .guest import Guest, TimeUp
from .patience import patient
from .paths import ROOT, shown
from .report import Failure, usage_error
from .words import nearest

KINDS = ("unit", "mutants", "kernel", "system", "fuzz")
BY_NAME = ("soak",)             # too long for every day
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)
THREAD_ROWS = "on_many_cpus"
FRAME_POLICIES = ("bitmap", "tlsf")     # beside the profile's
KERNEL_LIMIT_S = 180
HOST_LIMIT_S = 300
SYSTEM_LIMIT_S = 560            # for each architecture
MIB = 1 << 20


class Count:
    """What passed and what failed so far."""

    def __init__(self):
        self.passed = self.failed = 0

    def add(self, passed, failed):
        self.passed, self.failed = self.passed + passed, self.failed + failed

    def row(self, name, passed, why=""):
        self.add(int(passed), int(not passed))
        if not passed:
            tell(f"FAIL {name}" + (f": {why}" if why else ""))

    def program(self, name, output, status, arch=""):
        """A program that ends in `N passed, N failed`; without that line it failed as a whole. `arch` is told with its rows."""
        if arch:
            output = re.sub(r"(?m)^(FAIL|skip) ", rf"\1 {arch} ", output)
        for line in re.findall(r"(?m)^skip .*$", output):
            tell(line)
        found = SUMMARY.findall(output)
        if not found:
            tell(output.rstrip()[-4000:])
            self.row(name, False, f"ended with status {status} and without a summary")
            return
        passed, failed = map(int, found[-1])
        self.add(passed, failed)
        if failed or status != 0:
            tell(failures_in(output) if failed else output.rstrip()[-4000:])
        if status != 0 and failed == 0:
            self.row(name, False, f"ended with status {status}")


def failures_in(output):
    """The FAIL lines and the indented ones that explain them; everything when there are none."""
    kept, explains = [], False
    for line in output.splitlines():
        explains = line.startswith("FAIL") or explains and line.startswith(" ")
        if explains:
            kept.append(line)
    return "\n".join(kept) if kept else output.rstrip()[-4000:]


def tell(text):
    print(text, flush=True)


def captured(command, limit_s, **more):
    """(output, status) of a program; 124 when it took too long."""
    limit_s = patient(limit_s)
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=limit_s, **more)
        return done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + f"\nstopped after {limit_s} s\n", 124


# ---- unit: the host program, the tools' own tests, the layers, the format ----

def unit(options, count):
    packages.require(*packages.BUILD, *packages.UNIT)
    try:
        host_program(options, count)
    except Failure as failure:              # the other parts say something all the same
        count.row("unit tests on the host", False, str(failure))
    if wanted(THREAD_ROWS, options):
        try:
            threads_program(options, count)
        except Failure as failure:
            count.row("unit tests under ThreadSanitizer", False, str(failure))
    python_tests(options, count)
    if wanted("layers", options):
        output, status = captured([sys.executable, "-B", "tools/check_layers.py"], 60)
        count.row("layers", status == 0, output.strip())
    if wanted("ports", options):
        output, status = captured([sys.executable, "-B", "tools/port_lines.py"], 60)
        count.row("ports", status == 0, output.strip())
    if wanted("format", options):
        check_format(count)


def wanted(name, options):
    return not options.pattern or options.pattern in name


def host_program(options, count):
    command = ["make", "--no-print-directory", "-f", "tests/unit.mk", "ARCH=host", f"PROFILE={options.profile}"]
    kernel.run_make(command, "building the unit tests for the host", options.verbose)
    program = ROOT / "build" / f"host-{options.profile}" / "unit"
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0", UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
                       ASAN_SYMBOLIZER_PATH="/usr/bin/llvm-symbolizer-19")
    pattern = [options.pattern] if options.pattern else []
    output, status = captured([str(program), *pattern], HOST_LIMIT_S, env=environment)
    count.program("unit tests on the host", output, status)


def threads_program(options, count):
    """The rows that run on several POSIX threads as CPUs, under ThreadSanitizer, on each frame allocator that takes frames back."""
    folder = f"build/host-{options.profile}-thread"
    programs = [f"{folder}/unit", *(f"{folder}/unit-{policy}" for policy in FRAME_POLICIES)]
    command = ["make", "--no-print-directory", "-f", "tests/unit.mk", "ARCH=host", f"PROFILE={options.profile}", "SANITIZE=thread", *programs]
    kernel.run_make(command, "building the unit tests for ThreadSanitizer", options.verbose)
    environment = dict(os.environ, TSAN_OPTIONS="halt_on_error=1", TSAN_SYMBOLIZER_PATH="/usr/bin/llvm-symbolizer-19")
    for program in programs:
        output, status = captured([str(ROOT / program), THREAD_ROWS], HOST_LIMIT_S, env=environment)
        count.program(f"{program} under ThreadSanitizer", output, status)


class _Result(unittest.TestResult):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def addSuccess(self, test):
        self.count.row(test.id(), True)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.count.row(test.id(), False, self._exc_info_to_string(error, test))

    addError = addFailure

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.count.row(subtest.id(), False, self._exc_info_to_string(error, test))


def _cases(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from _cases(each)
        else:
            yield each


def python_tests(options, count):
    found = unittest.TestLoader().discover(str(ROOT / "tools" / "tests"), pattern="*_test.py", top_level_dir=str(ROOT / "tools" / "tests"))
    suite = unittest.TestSuite(case for case in _cases(found) if wanted(case.id(), options))
    suite.run(_Result(count))


def check_format(count):
    sources = [str(path.relative_to(ROOT)) for folder in ("abi", "lib", "arch", "boot", "include", "kernel", "modules", "drivers", "user", "tests")
               for path in sorted((ROOT / folder).rglob("*.[ch]"))]
    output, status = captured(["clang-format-19", "--dry-run", "--Werror", *sources], 120)
    files = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", output, re.MULTILINE)))
    count.row("format", status == 0, "clang-format-19 -i " + " ".join(files))


# ---- mutants: mistakes that the unit rows must find ----

def mutants(options, count):
    packages.require(*packages.BUILD, *packages.UNIT)
    command = [sys.executable, "-B", "tests/mutants/run.py"] + (["-k", options.pattern] if options.pattern else [])
    output, status = captured(command, HOST_LIMIT_S)
    count.program("mutants", output, status)


# ---- kernel: the same rows in the booted image ----

def on_each(run_on, kind, options, count):
    """The same on every architecture; what keeps one from running is its failure alone."""
    for arch in options.architectures:
        before = (count.passed, count.failed)
        try:
            run_on(arch, options, count)
        except Failure as failure:
            count.row(f"{kind} {arch}", False, str(failure))
        tell(f"{kind} {arch}: {count.passed - before[0]} passed, {count.failed - before[1]} failed")


def kernel_rows(options, count):
    on_each(kernel_rows_on, "kernel", options, count)


def kernel_rows_on(arch, options, count):
    packages.require(*packages.QEMU[arch])
    folder = kernel.build(arch, options.profile, True, options.verbose)
    archive = initramfs.build(arch, options.profile, True)
    append = "test.run" + (f' test.pattern="{options.pattern}"' if options.pattern else "")
    machine = qemu.Machine(arch=arch, memory=256 * MIB)
    output, panicked, late = boot(qemu.kernel_command(machine, kernel.boot_file(folder, machine.boot), archive, append), folder)
    why = "panicked" if panicked else "did not end" if late else "powered off"
    count.program(f"{arch}: rows in the kernel ({why}; {shown(folder / 'boot.log')})", output, 1 if panicked or late else 0, arch)


class _NoKeyboard:
    kind, descriptor = "none", -1


def boot(command, folder):
    """(console text, panicked, late) of a guest nobody types at."""
    taken = bytearray()
    with open(folder / "boot.log", "wb", buffering=0) as log:
        sieve = Filter(None, taken.extend, log.write, taken.extend)
        guest = Guest(command, sieve, _NoKeyboard(), patient(KERNEL_LIMIT_S))
        late = False
        try:
            guest.run()
        except TimeUp:
            late = True
        sieve.finish()
    text = taken.decode(errors="replace").replace("\r\n", "\n") + (f"\n{guest.complaint}" if guest.complaint else "")
    return text, sieve.panicked, late


# ---- system: whole images, talked to through the console ----

def system(options, count):
    system_tests(options, options.pattern, SYSTEM_LIMIT_S, count)


def soak(options, count):
    """The stress of memory for so long; everything else of the system tests is left out."""
    if options.minutes < 1:
        raise usage_error("--minutes: 1 or more")
    os.environ.update(HELIX_SOAK_SECONDS=str(options.minutes * 60), HELIX_SEED=str(options.seed))
    system_tests(options, "memory_stress", options.minutes * 60 + SYSTEM_LIMIT_S, count)


def system_tests(options, pattern, limit_s, count):
    runner = ROOT / "tests" / "system" / "run.py"
    if not runner.exists():
        count.row("tests/system/run.py", False, "not there")
        return
    ready = [arch for arch in options.architectures if prepared(arch, options, count)]
    if not ready:
        return
    command = [sys.executable, "-B", str(runner), f"--profile={options.profile}", *(f"--arch={arch}" for arch in ready)] + (["-k", pattern] if pattern else [])
    output, status = streamed(command, limit_s * len(ready))
    # Its rows are on the screen already; only the figures are taken from here.
    found = SUMMARY.findall(output)
    if found and (int(found[-1][1]) > 0) == (status != 0):
        count.add(*map(int, found[-1]))
    else:
        count.row("system tests", False, f"the runner ended with status {status}")


def prepared(arch, options, count):
    """Whether everything the system tests boot on `arch` is built; a failed row when that cannot be."""
    try:
        packages.require(*packages.QEMU[arch], *(packages.ISO if arch == "x86_64" else ()))
        for name in dict.fromkeys((options.profile, "default", "minimal")):
            kernel.build(arch, name, False, options.verbose)
            initramfs.build(arch, name)
        initramfs.build_tests(arch, "default")
        return True
    except Failure as failure:
        count.row(f"system {arch}", False, str(failure))
        return False


def streamed(command, limit_s):
    """As captured(), and its lines are shown as they come, without the summary."""
    taken = []
    with subprocess.Popen(["timeout", "-k", "5", str(round(patient(limit_s))), *command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, errors="replace") as runner:
        for line in runner.stdout:
            taken.append(line)
            if not SUMMARY.match(line):
                tell(line.rstrip("\n"))
    return "".join(taken), runner.returncode


def architectures_of(options):
    """The one that was asked for, or those of the profile that have a port, its own first."""
    given = options.arch
    profile = run.resolve_target(options)
    if given:
        return [given]
    return [options.arch, *(arch for arch in kernel.supported() if arch != options.arch and arch in profile.get("profile.arch", "supported"))]


def test(options):
    if options.what not in (*KINDS, *BY_NAME, "all"):
        raise usage_error(f'no kind of test "{options.what}"{nearest(options.what, (*KINDS, *BY_NAME, "all"))}')
    options.architectures = architectures_of(options)
    run_kind = {"unit": unit, "mutants": mutants, "kernel": kernel_rows, "system": system, "fuzz": fuzz.run_targets, "soak": soak}
    count = Count()
    for kind in KINDS if options.what == "all" else (options.what,):
        before = (count.passed, count.failed)
        try:
            run_kind[kind](options, count)
        except Failure as failure:
            count.row(kind, False, str(failure))
        tell(f"{kind}: {count.passed - before[0]} passed, {count.failed - before[1]} failed")
    if options.pattern and count.passed + count.failed == 0:
        tell(f"no test matches {options.pattern}")
        count.failed = 1
    tell(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed else 0
