# SPDX-License-Identifier: MIT
"""initramfs.py: the image's own archive (busybox and a few files) and the one with the test programs of user/."""
import fcntl
import os
import platform
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import debian, packages, programs
from .cpio import Archive
from .paths import ROOT, build_folder, shown
from .report import EXIT_BUILD, Failure, Progress

DIRECTORIES = ("bin", "sbin", "etc", "proc", "dev", "tmp", "root", "home", "usr", "usr/bin", "usr/sbin", "usr/libexec", "var", "var/tmp")
PERMISSIONS = {"tmp": 0o1777, "var/tmp": 0o1777, "root": 0o700}
APPLETS_MIN = 100
NAME = re.compile(rb"([!-~]{1,40})\0")
TEST_FOLDER = "usr/libexec/helix-tests"

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    "etc/shells": "/bin/sh\n",
    "etc/hostname": "helix\n",
    "etc/motd": "This is Helix. `busybox --list` shows the programs; /proc/helix shows the kernel.\n",
    "etc/profile": "export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=${HOME:-/root} PS1='\\w \\$ '\n",
    "etc/fstab": "proc /proc proc defaults 0 0\n",
}


def busybox(arch):
    """Debian's static busybox, from the machine's own package source; kept in build/."""
    if arch != platform.machine():
        found = [path for path in (debian.root(arch) / "bin" / "busybox", debian.root(arch) / "usr" / "bin" / "busybox") if path.is_file()]
        if not found:
            raise Failure(EXIT_BUILD, f"Debian's busybox-static for {arch} holds no bin/busybox")
        return found[0]
    folder = ROOT / "build" / f"busybox-{arch}"
    program = folder / "bin" / "busybox"
    if program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            Progress("fetching busybox-static (once)", 0).end()
            packages.download("busybox-static", folder)
    return program


def applets(data):
    """The names busybox answers to. Its bytes hold them as one table, ascending, each with a NUL behind it: [ [[ acpid …"""
    names = max((ascending_names(data, found.start()) for found in re.finditer(rb"\[\0\[\[\0", data)), key=len, default=[])
    if len(names) < APPLETS_MIN:
        raise Failure(EXIT_BUILD, f"busybox has no table of its programs that can be read: {len(names)} names")
    return [name for name in names if name != "busybox"]


def ascending_names(data, start):
    names = []
    while (found := NAME.match(data, start)) and not (names and found.group(1).decode() <= names[-1]):
        names.append(found.group(1).decode())
        start = found.end()
    return names


def base_archive(arch):
    program = busybox(arch)
    data = program.read_bytes()
    archive = Archive(time=int(program.stat().st_mtime))
    for path in DIRECTORIES:
        archive.directory(path, PERMISSIONS.get(path, 0o755))
    for path, text in FILES.items():
        archive.file(path, text)
    archive.symlink("etc/mtab", "/proc/mounts")
    archive.file("bin/busybox", data, 0o755)
    for name in applets(data):
        archive.symlink(f"bin/{name}", "busybox")
    archive.symlink("usr/bin/env", "../../bin/busybox")
    return archive.bytes()


def _write_if_changed(path, data):
    if not path.exists() or path.read_bytes() != data:
        fresh = path.with_suffix(".new")
        fresh.write_bytes(data)
        fresh.replace(path)
    return path


def build(arch, profile, tests=False):
    """build/<arch>-<profile>/initramfs.cpio, up to date."""
    folder = build_folder(arch, profile, tests)
    folder.mkdir(parents=True, exist_ok=True)
    return _write_if_changed(folder / "initramfs.cpio", base_archive(arch))


def is_older(program, sources):
    return not program.exists() or any(source.stat().st_mtime > program.stat().st_mtime for source in sources)


def build_tests(arch, profile):
    """tests.cpio: the programs of user/*.c as /usr/libexec/helix-tests/NAME, for --initramfs."""
    programs.require(arch)
    folder = build_folder(arch, profile) / "user"
    folder.mkdir(parents=True, exist_ok=True)
    headers, sources = sorted((ROOT / "user").rglob("*.h")), sorted((ROOT / "user").glob("*.c"))
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stale = [source for source in sources if is_older(folder / source.stem, [source, *headers])]
        if stale:
            progress = Progress("building the test programs of user/", len(stale))
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                made = pool.map(lambda source: programs.compile_musl(arch, source, folder / source.stem), stale)
                for source, _ in zip(stale, made):
                    progress.step(shown(source))
            progress.end()
        archive = Archive()
        path = Path()
        for part in TEST_FOLDER.split("/"):
            path /= part
            archive.directory(str(path))
        for source in sources:
            archive.file(f"{TEST_FOLDER}/{source.stem}", (folder / source.stem).read_bytes(), 0o755)
        return _write_if_changed(folder.parent / "tests.cpio", archive.bytes())
