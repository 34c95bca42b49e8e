# SPDX-License-Identifier: MIT
"""bench_plugin.py: counts of serialising instructions, by a plugin of QEMU's translator (bench/plugin.c)."""
import fcntl
import re
import subprocess

from . import initramfs, packages, qemu
from .bench_program import SOURCES
from .paths import ROOT
from .report import EXIT_BUILD, Failure, say

SOURCE = SOURCES / "plugin.c"
# QEMU's majors whose plugins are of API version 1.
MAJORS = range(5, 9)


def usable(arch):
    """Whether this QEMU takes the plugin; says why not."""
    told = subprocess.run([qemu.PROGRAMS[arch], "--version"], capture_output=True, text=True).stdout
    found = re.search(r"version (\d+)", told)
    if not found or int(found.group(1)) not in MAJORS:
        say(f"helix: serialising instructions are not counted: bench/plugin.c is for QEMU {MAJORS[0]} to {MAJORS[-1]}, this is {told.splitlines()[0] if told else 'another'}")
        return False
    if "-plugin" not in subprocess.run([qemu.PROGRAMS[arch], "--help"], capture_output=True, text=True).stdout:
        say("helix: serialising instructions are not counted: this QEMU was built without plugins (--enable-plugins)")
        return False
    return True


def build():
    """The plugin, up to date."""
    packages.require("clang-19", "lld-19")
    place = ROOT / "build" / "bench-host"
    place.mkdir(parents=True, exist_ok=True)
    plugin = place / "plugin.so"
    with open(place / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if initramfs.is_older(plugin, [SOURCE]):
            outcome = subprocess.run(["clang-19", "-std=gnu2x", "-shared", "-fPIC", "-fvisibility=hidden", "-O2", "-Wall", "-Wextra", "-nostdlib", "-fuse-ld=lld-19",
                                      "-o", str(plugin), str(SOURCE)], capture_output=True, text=True)
            if outcome.returncode != 0:
                raise Failure(EXIT_BUILD, f"bench/plugin.c does not compile\n{outcome.stderr}")
    return plugin


def arguments(plugin, out):
    return ["-plugin", f"file={plugin},out={out}"]


def read(path):
    """{row's number, or "start": {class: count}} of what the plugin wrote; a line cut short by the machine's end is left out."""
    found = {}
    for line in path.read_text().split("\n")[:-1] if path.exists() else ():
        words = line.split()
        key = int(words[1]) if words[0] == "row" else "start"
        found[key] = {name: int(count) for name, _, count in (word.partition("=") for word in words[2 if key != "start" else 1:])}
    return found


def assign(rows, counts):
    """Gives each row what was counted for it, for one operation."""
    for row in rows:
        told = counts.get(row.number)
        if row.median is not None and told is not None:
            row.counts = {name: count / row.operations for name, count in told.items()}
