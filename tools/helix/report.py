# SPDX-License-Identifier: MIT
"""report.py: exit statuses, failures, and what is shown while something takes long."""
import os
import sys

# Statuses of ./helix itself. `run --exec` otherwise exits with the status of the guest's last line.
EXIT_USAGE = 64
EXIT_BUILD = 65
EXIT_PACKAGES = 66
EXIT_PANIC = 70
EXIT_TIMEOUT = 71
EXIT_NO_STATUS = 72

STATUS_TEXT = """exit statuses of ./helix itself:
  64  the command line or the configuration is wrong
  65  the build failed
  66  packages are missing and could not be installed
  70  the kernel panicked
  71  the time limit was reached
  72  the guest ended without telling a status"""


class Failure(Exception):
    """Something a person must know, and the status ./helix ends with."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def usage_error(message):
    return Failure(EXIT_USAGE, message)


def say(message):
    """A line for people; standard output belongs to what was asked for."""
    try:
        print(message, file=sys.stderr, flush=True)
    except OSError:
        pass


class Progress:
    """One line that counts: rewritten in place on a terminal, printed at the start and the end elsewhere."""

    def __init__(self, title, total):
        self.title, self.total, self.done = title, total, 0
        self.live = sys.stderr.isatty()
        if not self.live:
            say(title)

    def step(self, what):
        self.done += 1
        if self.live:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
            line = f"{self.title} [{self.done}/{max(self.total, self.done)}] {what}"
            sys.stderr.write("\r" + line[: columns - 1] + "\x1b[K")
            sys.stderr.flush()

    def end(self, summary=None):
        if self.live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        if summary:
            say(summary)
