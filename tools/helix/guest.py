# SPDX-License-Identifier: MIT
"""guest.py: one run of QEMU: bytes both ways, a real time limit, and no QEMU left behind however it ends."""
import ctypes
import os
import selectors
import signal
import subprocess
import tempfile
import time

from .keyboard import Leave
from .report import EXIT_NO_STATUS, EXIT_PANIC, EXIT_TIMEOUT, EXIT_USAGE, Failure

CHUNK = 65536
PENDING_MAX = 16384             # typed ahead of the guest; standard input waits beyond
REPORT_QUIET_S = 1.0            # a panic's report is over when nothing came for so long
REPORT_MAX_S = 15.0
POWER_OFF_S = 10.0              # how long a guest may take to power off after its last line
PR_SET_PDEATHSIG = 1
EXIT_LEFT = 130                 # as ^C: the person ended it before the last line did


class TimeUp(Exception):
    """The time limit was reached."""


class Ended(Exception):
    """A signal asked ./helix to end."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _raise_time_up(number, frame):
    raise TimeUp


def _raise_ended(number, frame):
    raise Ended(number)


class Guest:
    def __init__(self, command, sieve, keyboard, limit_s=None, ready=None):
        """`ready`: when this pattern has come, standard input is let in; None: at once (or at the begin mark)."""
        self.command, self.sieve, self.keyboard, self.limit_s = command, sieve, keyboard, limit_s
        self.ready, self.seen = ready, b""
        self.pending = b""
        self.stop_at = self.quiet_stop = None
        self.output = False

    def run(self):
        """Runs to the end. The outcome is in the filter; returns QEMU's own status, None when it had to be killed."""
        with tempfile.TemporaryFile() as self.errors:
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, _raise_ended)
            qemu = subprocess.Popen([*self.command, "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                    start_new_session=True, preexec_fn=die_with_parent)
            try:
                if self.limit_s:
                    signal.signal(signal.SIGALRM, _raise_time_up)
                    signal.setitimer(signal.ITIMER_REAL, self.limit_s)
                self._pump(qemu)
                return self._wait(qemu)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                if qemu.poll() is None:
                    qemu.kill()
                qemu.wait()
                qemu.stdout.close()
                try:
                    qemu.stdin.close()
                except OSError:
                    pass
                self.errors.seek(0)
                self.complaint = self.errors.read().decode(errors="replace").strip()

    def _wait(self, qemu):
        """The console is closed, or the guest has had its time: QEMU ends, or is ended."""
        try:
            return qemu.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return None

    def _listening(self):
        if self.sieve.state == "before":
            return False
        return self.ready is None

    def _pump(self, qemu):
        console, typed = qemu.stdout.fileno(), qemu.stdin.fileno()
        os.set_blocking(typed, False)
        open_input = self.keyboard.kind != "none"
        with selectors.PollSelector() as selector:           # poll also takes plain files
            selector.register(console, selectors.EVENT_READ)
            while True:
                self._watch(selector, self.keyboard.descriptor, selectors.EVENT_READ,
                            open_input and self._listening() and len(self.pending) < PENDING_MAX)
                self._watch(selector, typed, selectors.EVENT_WRITE, bool(self.pending))
                wait = self._time_left()
                if wait is not None and wait <= 0:
                    return
                for key, _ in selector.select(wait):
                    if key.fd == console:
                        data = os.read(console, CHUNK)
                        if not data:
                            return
                        self._take(data)
                    elif key.fd == typed:
                        self._type(typed)
                    else:
                        data, open_input = self.keyboard.read()
                        self.pending += data

    @staticmethod
    def _watch(selector, descriptor, event, wanted):
        watched = descriptor >= 0 and descriptor in selector.get_map()
        if wanted and not watched:
            selector.register(descriptor, event)
        elif watched and not wanted:
            selector.unregister(descriptor)

    def _take(self, data):
        self.output = True
        if self.ready is not None:
            self.seen = (self.seen + data)[-4096:]
            if self.ready.search(self.seen):
                self.ready = None
        self.sieve.feed(data)
        now = time.monotonic()
        if self.sieve.panicked:
            self.stop_at = self.stop_at or now + REPORT_MAX_S
            self.quiet_stop = now + REPORT_QUIET_S
        elif self.sieve.state == "after":
            self.stop_at = self.stop_at or now + POWER_OFF_S

    def _time_left(self):
        ends = [end for end in (self.stop_at, self.quiet_stop) if end is not None]
        return min(ends) - time.monotonic() if ends else None

    def _type(self, descriptor):
        try:
            self.pending = self.pending[os.write(descriptor, self.pending[:4096]):]
        except BlockingIOError:
            pass
        except OSError:
            self.pending = b""


def conclude(guest, status, wants_status):
    """The exit status of ./helix after a run that nobody cut short."""
    sieve = guest.sieve
    if sieve.panicked:
        raise Failure(EXIT_PANIC, "the kernel panicked")
    if sieve.status is not None:
        return sieve.status
    if guest.complaint and status not in (0, None) and not guest.output:
        raise Failure(EXIT_USAGE, f"QEMU does not start: {guest.complaint}")
    if wants_status:
        why = f" (QEMU: {guest.complaint})" if guest.complaint else ""
        raise Failure(EXIT_NO_STATUS, f"the guest ended without telling a status{why}")
    return 0


def run_to_end(guest, wants_status):
    """run() and conclude(), with the ways of being cut short."""
    try:
        status = guest.run()
        guest.sieve.finish()
    except TimeUp:
        guest.sieve.finish()
        if guest.sieve.panicked:
            raise Failure(EXIT_PANIC, "the kernel panicked") from None
        raise Failure(EXIT_TIMEOUT, f"the time limit of {guest.limit_s:g} s was reached") from None
    except Leave:
        guest.sieve.finish()
        return EXIT_LEFT if wants_status else 0
    return conclude(guest, status, wants_status)
