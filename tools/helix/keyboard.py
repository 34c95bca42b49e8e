# SPDX-License-Identifier: MIT
"""keyboard.py: standard input on its way to the guest: raw from a terminal, plain from a pipe or a file."""
import os
import stat
import sys
import termios
import tty

ESCAPE = 0x01                   # Ctrl-a
END_OF_FILE = b"\x04"           # what a terminal sends for "no more"
LEAVE_HINT = "Ctrl-a x leaves; ^C goes to the guest"


class Leave(Exception):
    """The person typed Ctrl-a x."""


def terminal_size():
    """(rows, columns) when standard output is a terminal that knows; else None."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return None
    return (size.lines, size.columns) if size.lines and size.columns else None


def _kind(descriptor):
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return "none"
    if os.isatty(descriptor):
        foreground = os.tcgetpgrp(descriptor) == os.getpgrp()
        return "terminal" if foreground and os.isatty(1) else "none"
    return "stream" if stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode) else "none"


class Keyboard:
    """A context: the terminal is raw inside and as before afterwards."""

    def __init__(self, keep_output, descriptor=0):
        self.descriptor, self.keep_output = descriptor, keep_output
        try:
            self.kind = _kind(descriptor)
        except OSError:
            self.kind = "none"
        self.before, self.escaped = None, False

    def __enter__(self):
        if self.kind == "terminal":
            self.before = termios.tcgetattr(self.descriptor)
            tty.setraw(self.descriptor)
            if self.keep_output:        # the guest sends bare line ends
                raw = termios.tcgetattr(self.descriptor)
                raw[1] |= termios.OPOST | termios.ONLCR
                termios.tcsetattr(self.descriptor, termios.TCSADRAIN, raw)
        return self

    def __exit__(self, *unused):
        if self.before is not None:
            termios.tcsetattr(self.descriptor, termios.TCSADRAIN, self.before)

    def read(self):
        """(bytes for the guest, whether more can come)."""
        try:
            data = os.read(self.descriptor, 4096)
        except OSError:
            data = b""
        if not data:
            return END_OF_FILE if self.kind == "stream" else b"", False
        return (self._without_escapes(data) if self.kind == "terminal" else data), True

    def _without_escapes(self, data):
        out = bytearray()
        for byte in data:
            if self.escaped:
                self.escaped = False
                if byte in b"xX":
                    raise Leave
                out += bytes([ESCAPE] if byte in (ESCAPE, ord("a")) else [ESCAPE, byte])
            elif byte == ESCAPE:
                self.escaped = True
            else:
                out.append(byte)
        return bytes(out)
