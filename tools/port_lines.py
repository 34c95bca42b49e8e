#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""port_lines.py: how many lines each port has, and how many of them another port has too. Fails above what is allowed.

A line counts when it is code: comments, blank lines and lines without a letter or digit are left out, blanks at the ends do not
matter. Lines are shared when a run of at least six of them stands in another port as well: such code belongs into arch/common/.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PORTS = ("x86_64", "aarch64", "riscv64")
RUN = 6
SHARED_MAX = 12             # per cent
LINES_MAX = 4999            # of a port's folder, comments and blank lines included
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def code_of(path):
    """The lines of code of a file; a port's make and linker files count, prose does not."""
    if path.suffix in (".c", ".h", ".S"):
        text = COMMENT.sub("", path.read_text(encoding="utf-8"))
    elif path.suffix in (".mk", ".ld"):
        text = re.sub(r"(?m)#.*|/\*.*?\*/", "", path.read_text(encoding="utf-8"))
    else:
        return []
    return [line.strip() for line in text.split("\n") if re.search(r"\w", line)]


def runs_of(lines):
    return [tuple(lines[at:at + RUN]) for at in range(len(lines) - RUN + 1)]


def shared_lines(files, others):
    """How many lines of `files` stand in a run that is in `others` too; both are lists of lists of lines."""
    known = {run for lines in others for run in runs_of(lines)}
    shared = 0
    for lines in files:
        places = {at + each for at, run in enumerate(runs_of(lines)) if run in known for each in range(RUN)}
        shared += len(places)
    return shared


def main():
    ports = [port for port in PORTS if (ROOT / "arch" / port / "port.mk").exists()]
    code = {port: [code_of(path) for path in files_of(ROOT / "arch" / port)] for port in ports}
    failed = False
    for port in ports:
        total = sum(map(len, code[port]))
        shared = shared_lines(code[port], [lines for other in ports if other != port for lines in code[other]])
        whole = sum(path.read_bytes().count(b"\n") for path in files_of(ROOT / "arch" / port))
        per_cent = 100 * shared / max(total, 1)
        bad = per_cent > SHARED_MAX or whole > LINES_MAX
        failed = failed or bad
        print(f"{port}: {whole} lines (at most {LINES_MAX}), {total} of code, {shared} shared with another port: {per_cent:.1f} % (at most {SHARED_MAX} %){' TOO MUCH' if bad else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
