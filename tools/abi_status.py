#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""abi_status.py: docs/abi.md from abi/syscalls.def and the handlers: every system call, where its handler stands, what it does.

abi_status.py          prints the document
abi_status.py --write  writes docs/abi.md
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "abi.md"
ROW = re.compile(r"^SYSCALL(?:_LEGACY)?\(\s*(\d+),(?:\s*(\d+),)?\s*(\w+),\s*(\d+)\)", re.MULTILINE)
PORT_ROW = re.compile(r"\brow_\((\d+), (\w+), (\d+)\)")  # of SYSCALL_PORT_ROWS in a port's impl/syscall.h
STATUS_ROW = re.compile(r"^STATUS\((\w+),\s*(-?\d+),\s*(\d+), \"([^\"]*)\"\)", re.MULTILINE)
# A function at the left margin: its name, and its body up to the brace at the left margin.
FUNCTION = re.compile(r"^(?!#|//| |typedef)[\w\s\*\[\]:]*?\b(\w+)\([^;{}]*\)[^;{}]*\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
REFUSAL = "STATUS_UNSUPPORTED"
REFUSED = re.compile(r"\s*return syscall_result\(STATUS_UNSUPPORTED\);\s*")
SLOTS = 512
NONE = "−"

HEAD = """# System calls

Made by `tools/abi_status.py` from `abi/syscalls.def` and the handlers; do not edit. `./helix test unit` fails while it is out of date.

Numbers and arguments are Linux's of the architecture. The column *generic* is what aarch64 and riscv64 use; with a number that only
one of them has stands its name, − stands for none. {own} to {last} are Helix's own, their structs stand in `abi/helix.h`. User space
enters by `syscall` or `int 0x80` with the same numbers on x86_64, by `svc #0` on aarch64, by `ecall` on riscv64. Numbers below {slots}
without a row, and all above, return ENOSYS and are counted in `/proc/helix/unimplemented`; `/proc/helix/syscalls` counts the calls that were made.

*works*: every form of it has code behind it. *in part*: some forms, flags or commands return ENOSYS. *refused*: always ENOSYS. What
else differs from Linux is in `docs/userspace.md`.

{count} calls: {works} work, {part} in part, {refused} refused.

| name | x86_64 | generic | arguments | handler | status |
|---|---|---|---|---|---|
"""

STATUSES = """
## Results

Inside the kernel every outcome is an `enum status` (`abi/status.h`, from the rows of `abi/status.def`); a program gets the errno of
the same row. The restart statuses never reach a program.

| status | number | errno | text |
|---|---|---|---|
"""


def functions_of(text):
    """{name: body} of a C file."""
    return {match.group(1): match.group(2) for match in FUNCTION.finditer(text)}


def refuses_something(name, functions, seen=None):
    """Whether a function, or one of the same file that it calls, can return STATUS_UNSUPPORTED."""
    seen = seen if seen is not None else set()
    if name in seen or name not in functions:
        return False
    seen.add(name)
    body = functions[name]
    return REFUSAL in body or any(refuses_something(word, functions, seen) for word in set(re.findall(r"\b(\w+)\b", body)))


def status_of(name, functions):
    if REFUSED.fullmatch(functions[name]):
        return "refused"
    return "in part" if refuses_something(name, functions) else "works"


def handlers(root):
    """{call: (file, status)} of every sys_NAME below kernel/userspace, and of the ports' own in arch/."""
    found = {}
    for path in sorted([*(root / "kernel" / "userspace").rglob("*.c"), *root.glob("arch/*/*.c")]):
        functions = functions_of(path.read_text(encoding="utf-8"))
        for name in functions:
            if name.startswith("sys_"):
                found[name.removeprefix("sys_")] = (str(path.relative_to(root)), status_of(name, functions))
    return found


def port_rows_of(root):
    """{call: (text of the generic column, arguments)} of the calls that one port alone has."""
    found = {}
    for path in sorted(root.glob("arch/*/include/arch/impl/syscall.h")):
        for number, name, count in PORT_ROW.findall(path.read_text(encoding="utf-8")):
            found[name] = (f"{number} ({path.relative_to(root).parts[1]})", int(count))
    return found


def rows_of(root):
    """[(name, x86_64, generic, arguments, file, status)]: numbers as text, in order of the x86_64 number."""
    known, alone = handlers(root), port_rows_of(root)
    rows = [(name, number, generic or alone.pop(name, (NONE,))[0], int(count)) for number, generic, name, count in
            ROW.findall((root / "abi" / "syscalls.def").read_text(encoding="utf-8"))]
    rows += [(name, NONE, generic, count) for name, (generic, count) in alone.items()]
    for row in rows:
        if row[0] not in known:
            raise SystemExit(f"abi_status: {row[0]} has a row in abi/syscalls.def and no handler sys_{row[0]} below kernel/userspace/")
    return [(*row, *known[row[0]]) for row in sorted(rows, key=lambda row: (row[1] == NONE, int(row[1].replace(NONE, "0"))))]


def document(root=ROOT):
    rows = rows_of(root)
    own = [int(row[1]) for row in rows if row[0].startswith("helix_")]
    count = {status: sum(row[5] == status for row in rows) for status in ("works", "in part", "refused")}
    text = HEAD.format(own=min(own), last=max(own), slots=SLOTS, count=len(rows), works=count["works"], part=count["in part"],
                       refused=count["refused"])
    for name, number, generic, arguments, path, status in rows:
        text += f"| {name} | {number} | {generic} | {arguments} | {path} | {status} |\n"
    text += STATUSES
    for name, number, errno, words in STATUS_ROW.findall((root / "abi" / "status.def").read_text(encoding="utf-8")):
        text += f"| {name} | {number_text_signed(number)} | {errno} | {words} |\n"
    return text


def number_text_signed(number):
    return number.replace("-", "−")


def main(arguments):
    if arguments not in ([], ["--write"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if arguments:
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        sys.stdout.write(document())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
