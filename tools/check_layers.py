#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_layers.py: what include paths cannot enforce: includes point left in the line of layers, no folder uses another
one's private header, and generic code neither names an architecture, not even in a comment, nor asks for one with #if."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The line of docs/architecture.md; folders of one row are peers and may not see each other's private headers.
LINE = ("abi", "lib", "arch", "boot", "kernel/sync", ("kernel/memory", "kernel/execution", "kernel/relocation"), "kernel/core",
        ("kernel/dis", "kernel/fs", "kernel/net", "kernel/device", "kernel/debug"), "kernel/userspace", ("modules", "drivers"), "kernel/init")
GENERIC = ("abi", "lib", "arch/include", "arch/common", "boot/common", "include", "kernel", "modules", "drivers")
PUBLIC = ("abi", "lib", "arch", "helix", "generated")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
IF = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif|elifdef)\b(.*)$", re.MULTILINE)
MACRO = re.compile(r"__(?:x86_64|amd64|i386|aarch64|arm|riscv)\w*|\b(?:ARCH|CONFIG)_(?:X86|ARM|AARCH|RISCV)\w*", re.IGNORECASE)
ARCHITECTURE = re.compile(r"\b(?:x86(?:_64)?|amd64|aarch64|arm64|riscv(?:64)?|cr[0234]|satp|ttbr\d|apic|lapic|ioapic|gdt|idt|tss|msr)\b", re.IGNORECASE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
# ELF and system-call rows are the ABI of each architecture; the rows say so in their own columns.
NAMES_ALLOWED = ("abi/",)
# Here no line of any file names an architecture, but for numbers of machines in ELF headers and columns of system calls.
UNNAMED = ("kernel", "lib", "modules", "include", "abi")
NAME = re.compile(r"x86|aarch64|arm64|riscv")
TABLE = re.compile(r"^(?:abi/syscalls\.def:|abi/README\.md:.*`syscalls\.def`|kernel/userspace/syscall/[^:]*:#define SYSCALL|(?:[^:]*/)?elf(?:_test)?\.[ch]:)")


def rank(path):
    for place, names in enumerate(LINE):
        for name in names if isinstance(names, tuple) else (names,):
            if path == name or path.startswith(name + "/"):
                return place
    return None


def folder_of(path):
    """The folder whose private headers a file may use: kernel/memory, modules/fs/ramfs, lib, …"""
    parts = path.split("/")
    return "/".join(parts[: {"kernel": 2, "modules": 3, "drivers": 3, "arch": 2, "boot": 2}.get(parts[0], 1)])


def strip(text, pattern):
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def check_includes(path, text, complain):
    for match in INCLUDE.finditer(text):
        quote, name = match.groups()
        target = name
        if quote == '"':
            near = (ROOT / path).parent / name
            target = str(near.resolve().relative_to(ROOT)) if near.exists() else name
        if target.split("/")[0] in PUBLIC and quote == "<":
            if name.startswith("arch/impl/") and not path.startswith("arch/"):
                complain(match.start(), f"<{name}> is the port's own; include <arch/…>")
            if path.startswith("abi/") and not name.startswith("abi/") or path.startswith("lib/") and not name.startswith(("abi/", "lib/", "helix/test.h")):
                complain(match.start(), f"<{name}> stands right of {path.split('/')[0]}/")
            continue
        mine, theirs = rank(path), rank(target)
        if folder_of(target) != folder_of(path) and (ROOT / target).exists():
            complain(match.start(), f"private header of {folder_of(target)}/")
        elif mine is not None and theirs is not None and theirs > mine:
            complain(match.start(), f"{target} stands right of {path}")


def check_file(path, complaints):
    text = (ROOT / path).read_text(encoding="utf-8")

    def complain(offset, message):
        complaints.append(f"{path}:{text.count(chr(10), 0, offset) + 1}: {message}")

    check_includes(path, strip(text, COMMENT), complain)
    if not path.startswith(GENERIC):
        return
    code = strip(text, COMMENT)
    for match in IF.finditer(code):
        if MACRO.search(match.group(1)):
            complain(match.start(), "#if by architecture in generic code")
    if not path.startswith(NAMES_ALLOWED):
        for match in ARCHITECTURE.finditer(strip(code, STRING)):
            complain(match.start(), f'"{match.group()}" names an architecture in generic code')


def check_names(path, complaints):
    for number, line in enumerate((ROOT / path).read_text(encoding="utf-8", errors="replace").split("\n"), 1):
        if NAME.search(line) and not TABLE.match(f"{path}:{line}"):
            complaints.append(f"{path}:{number}: names an architecture: {line.strip()}")


def main():
    complaints = []
    for top in UNNAMED:
        for path in sorted(path for path in (ROOT / top).rglob("*") if path.is_file()):
            check_names(str(path.relative_to(ROOT)), complaints)
    for top in ("abi", "lib", "arch", "boot", "include", "kernel", "modules", "drivers"):
        for path in sorted((ROOT / top).rglob("*.[chS]")):
            check_file(str(path.relative_to(ROOT)), complaints)
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
