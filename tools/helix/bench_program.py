# SPDX-License-Identifier: MIT
"""bench_program.py: the measuring program of bench/, compiled once for a machine, and the archive both kernels boot with."""
import fcntl
import hashlib

from . import initramfs, programs
from .cpio import Archive
from .paths import ROOT
from .report import Progress

SOURCES = ROOT / "bench"
# Sources that are programs of their own, or not the guest's.
OTHERS = ("large.c", "plugin.c")
FLAGS = ("-O2", "-Wno-missing-field-initializers")
FOLDER = "bench"


def folder(arch):
    return ROOT / "build" / f"bench-{arch}"


def build(arch):
    """(program, large program), up to date."""
    programs.require(arch)
    place = folder(arch)
    place.mkdir(parents=True, exist_ok=True)
    sources = sorted(path for path in SOURCES.glob("*.c") if path.name not in OTHERS and path.name != "main.c")
    headers = [*SOURCES.glob("*.h"), *(ROOT / "user").rglob("*.h")]
    program, large = place / "program", place / "large"
    with open(place / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if initramfs.is_older(program, [SOURCES / "main.c", *sources, *headers]):
            Progress("building the measuring program", 0).end()
            programs.compile_musl(arch, SOURCES / "main.c", program, *sources, flags=FLAGS)
        if initramfs.is_older(large, [SOURCES / "large.c"]):
            programs.compile_musl(arch, SOURCES / "large.c", large, flags=FLAGS)
    return program, large


def archive(programs_built):
    """What both kernels find: the programs, the folders that file systems are mounted on, and for Linux the first process."""
    program, large = programs_built
    made = Archive()
    for path in (FOLDER, "proc", "dev", "tmp"):
        made.directory(path, 0o1777 if path == "tmp" else 0o755)
    made.file(f"{FOLDER}/program", program.read_bytes(), 0o755)
    made.file(f"{FOLDER}/large", large.read_bytes(), 0o755)
    made.symlink("init", f"{FOLDER}/program")
    return made.bytes()


def digest(*parts):
    """A name for what was measured: the same parts give the same figures, but for chance."""
    found = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        found.update(len(data).to_bytes(8, "little") + data)
    return found.hexdigest()[:16]
