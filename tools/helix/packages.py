# SPDX-License-Identifier: MIT
"""packages.py: the Debian packages each verb needs, installed when missing and allowed."""
import fcntl
import os
import shutil
import subprocess

from .paths import ROOT
from .report import EXIT_PACKAGES, Failure, say

# What proves that a package is there: a program on the PATH or a file. Looking is cheaper than asking dpkg.
PROOF = {
    "clang-19": "clang-19",
    "lld-19": "ld.lld-19",
    "llvm-19": "llvm-objcopy-19",
    "make": "make",
    "qemu-system-x86": "qemu-system-x86_64",
    "qemu-system-arm": "qemu-system-aarch64",
    "qemu-system-misc": "qemu-system-riscv64",
    "gdb-multiarch": "gdb-multiarch",
    "gcc-aarch64-linux-gnu": "aarch64-linux-gnu-gcc",
    "gcc-riscv64-linux-gnu": "riscv64-linux-gnu-gcc",
    "libc6-dev-arm64-cross": "/usr/aarch64-linux-gnu/lib/libc.a",
    "libc6-dev-riscv64-cross": "/usr/riscv64-linux-gnu/lib/libc.a",
    "device-tree-compiler": "dtc",
    "grub-common": "grub-mkrescue",
    "grub-pc-bin": "/usr/lib/grub/i386-pc/multiboot2.mod",
    "xorriso": "xorriso",
    "mtools": "mformat",
    "gdb": "gdb",
    "musl-tools": "musl-gcc",
    "libc6-dev": "/usr/include/stdio.h",
    "clang-format-19": "clang-format-19",
    "libclang-rt-19-dev": "/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.asan-x86_64.a",
}

BUILD = ("clang-19", "lld-19", "llvm-19", "make")
QEMU = {"x86_64": ("qemu-system-x86",), "aarch64": ("qemu-system-arm",), "riscv64": ("qemu-system-misc",)}
ISO = ("grub-pc-bin", "grub-common", "xorriso", "mtools")
DEBUG = ("gdb",)
DEBUG_CROSS = ("gdb-multiarch",)
UNIT = ("libclang-rt-19-dev", "libc6-dev", "clang-format-19")
TREES = ("device-tree-compiler",)
USER = ("musl-tools",)
# For the programs of user/ on a machine of another architecture.
CROSS = {"aarch64": ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"), "riscv64": ("gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross")}


def is_there(package):
    proof = PROOF[package]
    return os.path.exists(proof) if proof.startswith("/") else shutil.which(proof) is not None


def root_prefix():
    """What to put before a command that needs root; None when that is not possible without asking."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def apt(prefix, *arguments):
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C")
    command = prefix + ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=environment)


def lock():
    """Two ./helix at once install one after the other. Held until the file is closed."""
    (ROOT / "build").mkdir(exist_ok=True)
    held = open(ROOT / "build" / ".packages.lock", "w")
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


def install(missing):
    line = "apt-get update && apt-get install -y --no-install-recommends " + " ".join(missing)
    prefix = root_prefix() if shutil.which("apt-get") else None
    if prefix is None:
        raise Failure(EXIT_PACKAGES, f"packages are missing; type this once:\n    sudo sh -c '{line}'")
    say(f"installing {', '.join(missing)} (once; this takes a minute)")
    updated = apt(prefix, "update")
    outcome = apt(prefix, "install", "-y", "--no-install-recommends", *missing)
    if outcome.returncode != 0:
        why = (outcome.stdout + outcome.stderr + updated.stderr).strip().splitlines()[-12:]
        raise Failure(EXIT_PACKAGES, "could not install packages:\n    " + "\n    ".join(why) + f"\nto try by hand: {line}")


def require(*packages):
    """All of these are there on return."""
    if all(map(is_there, packages)):
        return
    with lock():
        missing = [package for package in packages if not is_there(package)]
        if missing:
            install(missing)
        still = [package for package in missing if not is_there(package)]
        if still:
            raise Failure(EXIT_PACKAGES, f"installed, but still not found: {', '.join(PROOF[package] for package in still)}")


def download(package, into):
    """Fetches a package's .deb by name, unpacks it below `into`; nothing is installed."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Failure(EXIT_PACKAGES, f"the Debian package {package} is needed, and this is not a Debian machine: no apt-get and dpkg")
    into.mkdir(parents=True, exist_ok=True)
    command = ["apt-get", "-q", "download", package]
    outcome = subprocess.run(command, cwd=into, capture_output=True, text=True, errors="replace")
    if outcome.returncode != 0:
        prefix = root_prefix()
        if prefix is not None:
            apt(prefix, "update")
            outcome = subprocess.run(command, cwd=into, capture_output=True, text=True, errors="replace")
    found = sorted(into.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime)
    if outcome.returncode != 0 or not found:
        why = (outcome.stderr or outcome.stdout).strip()
        raise Failure(EXIT_PACKAGES, f"could not download the Debian package {package}:\n    {why}\n"
                      f"when the package lists are missing, type: sudo apt-get update")
    subprocess.run(["dpkg", "-x", str(found[-1]), str(into)], check=True)
