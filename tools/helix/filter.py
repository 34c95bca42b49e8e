# SPDX-License-Identifier: MIT
"""filter.py: splits what the guest writes into what was asked for, the boot log, and a panic's report.

The guest marks the places with lines of their own that begin with the byte 0x01: helix-exec-begin TOKEN,
helix-exec-end TOKEN STATUS and helix-panic TOKEN. TOKEN is a random word of the kernel's command line, so no output can
be mistaken for a mark.
"""
import re

MARK = b"\x01"
MARK_MAX = 120


class Filter:
    """Feeds pieces of any size; a mark may be cut anywhere. `asked`, `log` and `report` take bytes."""

    def __init__(self, token, asked, log, report):
        self.asked, self.log, self.report = asked, log, report
        self.state, self.held = "before", b""
        self.status = None                      # of the last line, once the end mark was seen
        word = re.escape(token.encode()) if token else b"-"
        self.begin = re.compile(MARK + b"helix-exec-begin " + word + b"\r*\n")
        self.end = re.compile(MARK + b"helix-exec-end " + word + rb" (\d{1,3})\r*\n")
        # A panic before the kernel has read its command line does not know the token.
        self.early_panic = re.compile(MARK + b"helix-panic (?:-|" + word + b")\r*\n")
        self.panic = re.compile(MARK + b"helix-panic " + word + b"\r*\n")
        if not token:
            self.state = "console"

    @property
    def panicked(self):
        return self.state == "panic"

    def marks(self):
        """What may come next, and the state after it."""
        return {
            "before": ((self.begin, "inside"), (self.early_panic, "panic")),
            "inside": ((self.end, "after"), (self.panic, "panic")),
            "console": ((self.early_panic, "panic"),),
            "after": ((self.early_panic, "panic"),),
            "panic": (),
        }[self.state]

    def emit(self, data):
        if not data:
            return
        if self.state in ("inside", "console"):
            self.asked(data)
        if self.state == "panic":
            self.report(data)
        if self.state != "inside":
            self.log(data)

    def feed(self, data):
        self.held += data
        while True:
            found = [(match.start(), match, state) for mark, state in self.marks() if (match := mark.search(self.held))]
            if not found:
                break
            start, match, state = min(found, key=lambda row: row[0])
            self.emit(self.held[:start])
            if state == "after":
                self.status = int(match.group(1))
            self.held = self.held[match.end():]
            self.state = state
        keep = self._possible_mark()
        self.emit(self.held[:keep])
        self.held = self.held[keep:]

    def _possible_mark(self):
        """Where an unfinished mark may begin; the end of what is held when there is none."""
        at = self.held.rfind(MARK)
        unfinished = at >= 0 and self.marks() and b"\n" not in self.held[at:] and len(self.held) - at < MARK_MAX \
            and b"\x01helix-"[: len(self.held) - at] == self.held[at:][: len(b"\x01helix-")]
        return at if unfinished else len(self.held)

    def finish(self):
        self.emit(self.held)
        self.held = b""
