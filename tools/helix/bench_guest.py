# SPDX-License-Identifier: MIT
"""bench_guest.py: one run of a machine that measures: the lines of the program become rows."""
import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

from .guest import die_with_parent
from .report import EXIT_NO_STATUS, EXIT_PANIC, EXIT_TIMEOUT, Failure

LINE = re.compile(rb"bench-(start|begin|row|skip|fail|end|usage)(?: ([^\r\n]*))?\r*\n")
PANIC = re.compile(rb"helix-panic |Kernel panic")
REPORT_S = 3.0                  # how long the report of a panic may take
ENDING_S = 5.0
TAIL = 1500                     # of the console, for a message


@dataclass
class Row:
    name: str
    group: str
    number: int = 0
    minimum: float | None = None
    median: float | None = None
    p99: float | None = None
    operations: int = 1             # in the sample between the marks
    samples: int = 0
    reason: str | None = None       # why there is no figure
    counts: dict | None = None      # serialising instructions of the marked sample, per operation


class Results:
    """What the program has said so far."""

    def __init__(self, step=lambda name: None):
        self.rows, self.start, self.ended, self.open, self.step = {}, None, False, None, step

    def line(self, kind, words):
        if kind == "start":
            self.start = int(words[0])
        elif kind == "begin":
            self.close("no line came for it")
            self.open = Row(words[2], words[1], int(words[0]))
            self.rows[words[2]] = self.open
            self.step(words[2])
        elif kind == "row":
            row = self.rows[words[2]]
            row.minimum, row.median, row.p99 = map(float, words[3:6])
            row.operations, row.samples = int(words[6]), int(words[7])
            self.open = None
        elif kind in ("skip", "fail"):
            self.close(" ".join(words), kind)
        elif kind == "end":
            self.close("no line came for it")
            self.ended = True
        else:
            raise ValueError("the program was called in a way it does not know")

    def close(self, reason, kind="fail"):
        if self.open:
            self.open.reason = f"{'not there' if kind == 'skip' else 'failed'}: {reason}"
            self.open = None

    def feed(self, line):
        kind, rest = line
        try:
            self.line(kind.decode(), (rest or b"").decode(errors="replace").split())
        except (ValueError, IndexError, KeyError) as error:
            raise Failure(EXIT_NO_STATUS, f"the measuring program wrote a line that cannot be read: bench-{kind.decode()} {rest!r} ({error})") from None


def _lines(qemu, results, limit_s):
    """Feeds `results` until the program or the machine ends. Returns the end of what the console showed."""
    console, held, tail, end, panicked = qemu.stdout.fileno(), b"", b"", time.monotonic() + limit_s, None
    with selectors.DefaultSelector() as selector:
        selector.register(console, selectors.EVENT_READ)
        while not results.ended and (left := end - time.monotonic()) > 0:
            if not selector.select(left):
                break
            data = os.read(console, 65536)
            if not data:
                return tail, "ended"
            tail, held = (tail + data)[-2 * TAIL:], held + data
            if panicked is None and PANIC.search(tail):
                panicked = end = min(end, time.monotonic() + REPORT_S)
            at = 0
            for found in LINE.finditer(held):
                results.feed(found.groups())
                at = found.end()
            held = held[max(at, held.rfind(b"\n") + 1 if len(held) > 65536 else at):]
    return tail, "done" if results.ended else "panicked" if panicked else "late"


def boot(command, limit_s, who, step=lambda name: None):
    """Boots `command` and returns the Results. Failure when the machine panics, hangs or ends before the program did."""
    results = Results(step)
    with tempfile.TemporaryFile() as errors:
        qemu = subprocess.Popen([*command, "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=errors, start_new_session=True, preexec_fn=die_with_parent)
        try:
            tail, how = _lines(qemu, results, limit_s)
            if how == "done":
                try:
                    qemu.wait(timeout=ENDING_S)         # a plugin writes what it counted at the end
                except subprocess.TimeoutExpired:
                    qemu.send_signal(signal.SIGTERM)
                    qemu.wait(timeout=ENDING_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if qemu.poll() is None:
                qemu.kill()
            qemu.wait()
            qemu.stdout.close()
        errors.seek(0)
        complaint = errors.read().decode(errors="replace").strip()
    if how != "done":
        _explain(how, who, results, tail, complaint, limit_s)
    return results


def _explain(how, who, results, tail, complaint, limit_s):
    said = tail[-TAIL:].decode(errors="replace").replace("\r", "").strip()
    where = f" in the row {results.open.name}" if results.open else ""
    more = "\n".join(filter(None, (complaint, said)))
    if how == "panicked":
        raise Failure(EXIT_PANIC, f"{who} panicked{where}; the end of its console:\n{more}")
    if how == "late":
        raise Failure(EXIT_TIMEOUT, f"{who} reached the time limit of {limit_s:g} s{where}; --timeout S allows more, -k NAME measures less. The end of its console:\n{more}")
    raise Failure(EXIT_NO_STATUS, f"the machine of {who} ended{where} before the measuring program did; the end of its console:\n{more}")
