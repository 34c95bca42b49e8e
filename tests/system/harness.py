# SPDX-License-Identifier: MIT
"""harness.py: drives ./helix from outside, as a person would: commands with --exec, or a terminal one types at."""
import codecs
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from helix import initramfs, packages, programs as compiler  # noqa: E402
from helix.cpio import Archive  # noqa: E402
from helix.patience import patient  # noqa: E402
from helix.report import Failure  # noqa: E402

HELIX = str(ROOT / "helix")
PROGRAMS = "/" + initramfs.TEST_FOLDER
GUEST = Path(__file__).resolve().parent / "guest"

USAGE, BUILD_FAILED, PANIC, TIMEOUT, NO_STATUS = 64, 65, 70, 71, 72
NAMES = {USAGE: "usage error", BUILD_FAILED: "build failed", PANIC: "the kernel panicked", TIMEOUT: "time limit", NO_STATUS: "no status"}
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]")
ANSI_BEGUN = re.compile(r"\x1b(?:\[[0-9;?]*|[()])?\Z")


class Failed(Exception):
    """A check that does not hold; its text is the reason shown."""


class Skipped(Exception):
    """The test, or the row, cannot apply here; its text says why."""


# The architecture of the test that this thread runs, and all that are tested; run.py sets both.
here = threading.local()
architectures = []
profile = ["default"]            # the runner's --profile


def arch():
    return here.arch


def build_folder():
    """build/system/ARCH: what the tests of one architecture make."""
    folder = ROOT / "build" / "system" / arch()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def check(condition, reason):
    if not condition:
        raise Failed(reason)


def shorten(text, most=700):
    text = text.strip()
    return text if len(text) <= most else text[: most // 3] + " … " + text[-most * 2 // 3:]


class Outcome:
    """What a command printed and how it ended."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    def describe(self):
        return f"status {self.status} ({NAMES.get(self.status, 'the line’s own')}); out: {shorten(self.out)!r}; err: {shorten(self.err)!r}"

    def expect(self, status=0, out=None, contains=None):
        check(self.status == status, f"wanted status {status}: {self.describe()}")
        check(out is None or self.out == out, f"wanted {out!r}: {self.describe()}")
        check(contains is None or contains in self.out, f"wanted {contains!r} in it: {self.describe()}")
        return self


def helix(*arguments, timeout=120, stdin=None):
    """Runs ./helix with these arguments; seconds are those of a machine with nothing else to do, here and below (patience.py)."""
    start, timeout = time.monotonic(), patient(timeout)
    with subprocess.Popen([HELIX, *map(str, arguments)], cwd=ROOT, stdin=subprocess.DEVNULL if stdin is None else stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += b"\nharness: ./helix itself did not end"
    return Outcome(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), time.monotonic() - start)


def booted(options):
    """The profile that is booted when a test does not name one: the one that all tests are run on."""
    return [] if "--profile" in options or profile[0] == "default" else ["--profile", profile[0]]


def run(*lines, timeout=60, archives=(), options=()):
    """./helix run --exec LINE…; `archives` are added to the image's own initramfs."""
    arguments = ["run", "--arch", arch(), "--timeout", round(patient(timeout)), *booted(options)]
    for archive in archives:
        arguments += ["--initramfs", archive]
    for line in lines:
        arguments += ["--exec", line]
    return helix(*arguments, *options, timeout=timeout + 90)


# ---- what goes into the guest

def programs():
    """The archive with the compiled programs of user/ and the scripts of guest/."""
    if arch() not in _programs:
        tests = Path(initramfs.build_tests(arch(), "default"))
        scripts = archive("scripts", {f"{initramfs.TEST_FOLDER}/{path.name}": (path.read_bytes(), 0o755) for path in sorted(GUEST.iterdir())})
        _programs[arch()] = [tests, scripts]
    return _programs[arch()]


_programs = {}


def archive(name, files):
    """A cpio archive in build_folder(): {path: (bytes, permissions)}, with the folders that the paths need."""
    made, seen = Archive(), set()
    for path, (data, permissions) in files.items():
        for parent in reversed(list(Path(path).parents)[:-1]):
            if str(parent) not in seen:
                made.directory(str(parent))
                seen.add(str(parent))
        made.file(path, data, permissions)
    return raw_archive(name, made.bytes())


def raw_archive(name, data):
    path = build_folder() / f"{name}.cpio"
    fresh = build_folder() / f"{name}.{os.getpid()}.new"
    fresh.write_bytes(data)
    fresh.replace(path)
    return path


def build_glibc(name):
    """The same program with the other C library."""
    packages.require("libc6-dev")
    compiler.require(arch())
    source, program = ROOT / "user" / f"{name}.c", build_folder() / f"{name}.glibc"
    if initramfs.is_older(program, [source, *source.parent.rglob("*.h")]):
        try:
            compiler.compile_glibc(arch(), source, program)
        except Failure as failure:
            raise Failed(str(failure)) from None
    return program


# ---- a terminal

class Console:
    """./helix run on a pseudo terminal. `expect` waits for a pattern in what has been printed since the last match."""

    def __init__(self, *options, archives=(), timeout=300, prompt=r"helix> "):
        arguments = [HELIX, "run", "--arch", arch(), "--timeout", str(round(patient(timeout))), *booted(options)]
        for path in archives:
            arguments += ["--initramfs", str(path)]
        arguments += map(str, options)                          # last: what follows -- is QEMU's
        self.prompt, self.text, self.raw = prompt, "", b""
        self.decoder, self.begun = codecs.getincrementaldecoder("utf-8")(errors="replace"), ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ["TERM"] = "xterm"
            os.execv(HELIX, arguments)
        termios.tcsetwinsize(self.terminal, (24, 80))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self.terminal, data[:256]):]

    def line(self, text):
        self.send(text + "\r")

    def _read(self, seconds):
        if not select.select([self.terminal], [], [], max(seconds, 0))[0]:
            return False
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            data = b""
        if not data:
            raise Failed(f"the console closed; last: {shorten(self.text[-1500:], 1200)!r}")
        self.raw += data
        # A sequence may arrive in two pieces: what looks like the first is kept for the next read.
        text = self.begun + self.decoder.decode(data)
        found = ANSI_BEGUN.search(text)
        self.begun = found.group() if found else ""
        self.text += ANSI.sub("", text[:len(text) - len(self.begun)])
        return True

    def expect(self, pattern, seconds=20):
        """Waits for the pattern and returns the text before it; the match and all before it are used up."""
        began = time.monotonic()
        while True:
            found = re.search(pattern, self.text)
            if found:
                before, self.match = self.text[:found.start()], found
                self.text = self.text[found.end():]
                return before
            left = began + patient(seconds) - time.monotonic()
            if left <= 0:
                raise Failed(f"waited {time.monotonic() - began:.0f} s for {pattern!r}; last: {shorten(self.text[-1500:], 1200)!r}")
            self._read(min(left, 1.0))

    def drain(self, seconds=0.3):
        """Reads what comes until it has been quiet for so long; returns it and uses it up."""
        while self._read(patient(seconds)):
            pass
        text, self.text = self.text, ""
        return text

    @staticmethod
    def pause(seconds):
        """As a person makes one, for what the guest is to have done by then."""
        time.sleep(patient(seconds))

    def boot(self, seconds=90):
        self.expect(self.prompt, seconds)

    def command(self, line, seconds=20, prompt=None):
        """Types a line and returns what it printed until the next prompt, without the echo of the line."""
        self.line(line)
        # The line editor may redraw the line; the echo ends with the first newline.
        before = self.expect(r"\r?\n", 10)
        output = self.expect(prompt or self.prompt, seconds)
        del before
        return output.replace("\r\n", "\n")

    def close(self):
        """Ends ./helix and whatever it started: the session that pty.fork made is theirs alone."""
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal_number)
            if signal_number == signal.SIGTERM:
                time.sleep(0.3)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


# ---- programs that report by `ok NAME`, `FAIL NAME: reason` and `skip NAME: reason`

def judge_rows(outcome, marker, prefix, status=0):
    """One result for every row printed; a boot that ended early is a failure of its own."""
    results = []
    for line in outcome.out.splitlines():
        if line.startswith("ok "):
            results.append((f"{prefix}{line[3:].split(':')[0]}", None))
        elif line.startswith("FAIL "):
            name, _, reason = line[5:].partition(":")
            results.append((f"{prefix}{name}", reason.strip() or "failed"))
        elif line.startswith("skip "):
            name, _, reason = line[5:].partition(":")
            results.append((f"{prefix}{name}", Skipped(reason.strip() or "not here")))
    complete = marker in outcome.out and outcome.status == status
    results.append((f"{prefix}ends", None if complete else f"did not end well: {outcome.describe()}"))
    return results
