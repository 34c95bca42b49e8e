# SPDX-License-Identifier: MIT
"""initramfs.py: the image's own archive (busybox and a few files) and the one with the test programs."""
import fcntl
import platform
import re
import re
import subprocess
from pathlib import Path

from . import packages
from .cpio import Archive
from .paths import ROOT, build_folder, shown
from .report import EXIT_BUILD, Failure, Progress

DIRECTORIES = ("bin", "sbin", "etc", "proc", "dev", "tmp", "root", "home", "usr", "usr/bin", "usr/sbin", "usr/libexec", "var", "var/tmp")
PERMISSIONS = {"tmp": 0o1777, "var/tmp": 0o1777, "root": 0o700}
DEBIAN_NAME = {"x86_64": "amd64", "aarch64": "arm64", "riscv64": "riscv64"}
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
    if DEBIAN_NAME[arch] != DEBIAN_NAME.get(platform.machine()):
        raise Failure(EXIT_BUILD, f"not supported yet: user programs for {arch} on a {platform.machine()} machine")
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


def applets(program):
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
    return [name for name in listed if name != "busybox"]


def base_archive(arch):
    program = busybox(arch)
    archive = Archive(time=int(program.stat().st_mtime))
    for path in DIRECTORIES:
        archive.directory(path, PERMISSIONS.get(path, 0o755))
    for path, text in FILES.items():
        archive.file(path, text)
    archive.symlink("etc/mtab", "/proc/mounts")
    archive.file("bin/busybox", program.read_bytes(), 0o755)
    for name in applets(program):
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


def compile_program(source, program):
    # A program with needs of its own states them in a comment: `// Build: FLAGS`.
    needs = re.search(r"^// Build: (.*)$", source.read_text(), re.MULTILINE)
    more = [word for line in re.findall(r"^// Build: (.*)$", source.read_text(), re.MULTILINE) for word in line.split()]
    command = ["musl-gcc", "-std=gnu2x", "-O1", "-static", "-Wall", "-Wextra", *more, "-o", str(program), str(source), "-lpthread"]
    command += needs.group(1).split() if needs else []
    outcome = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=ROOT)
    if outcome.returncode != 0:
        raise Failure(EXIT_BUILD, f"{shown(source)} does not compile\n{outcome.stderr}")


def is_older(program, sources):
    return not program.exists() or any(source.stat().st_mtime > program.stat().st_mtime for source in sources)


def build_tests(arch, profile):
    """tests.cpio: the programs of user/*.c as /usr/libexec/helix-tests/NAME, for --initramfs."""
    packages.require(*packages.USER)
    folder = build_folder(arch, profile) / "user"
    folder.mkdir(parents=True, exist_ok=True)
    headers, sources = sorted((ROOT / "user").glob("*.h")), sorted((ROOT / "user").glob("*.c"))
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stale = [source for source in sources if is_older(folder / source.stem, [source, *headers])]
        if stale:
            progress = Progress("building the test programs of user/", len(stale))
            for source in stale:
                progress.step(shown(source))
                compile_program(source, folder / source.stem)
            progress.end()
        archive = Archive()
        path = Path()
        for part in TEST_FOLDER.split("/"):
            path /= part
            archive.directory(str(path))
        for source in sources:
            archive.file(f"{TEST_FOLDER}/{source.stem}", (folder / source.stem).read_bytes(), 0o755)
        return _write_if_changed(folder.parent / "tests.cpio", archive.bytes())
