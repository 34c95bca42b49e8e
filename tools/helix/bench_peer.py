# SPDX-License-Identifier: MIT
"""bench_peer.py: Debian's Linux kernels: fetched as packages, unpacked below build/ as data, never installed."""
from dataclasses import dataclass

from . import debian
from .paths import ROOT
from .report import EXIT_PACKAGES, Failure


@dataclass(frozen=True)
class Peer:
    key: str            # in JSON, and after linux- in --peer
    name: str           # in tables
    suite: str
    package: str        # depends on the kernel of the day


# The first of each row is the one that ratios are against.
PEERS = {
    "x86_64": (Peer("6.1", "Linux 6.1", "bookworm", "linux-image-cloud-amd64"), Peer("6.12", "Linux 6.12", "trixie", "linux-image-cloud-amd64")),
    "aarch64": (Peer("6.1", "Linux 6.1", "bookworm", "linux-image-cloud-arm64"), Peer("6.12", "Linux 6.12", "trixie", "linux-image-cloud-arm64")),
    "riscv64": (Peer("6.12", "Linux 6.12", "trixie", "linux-image-riscv64"),),
}
CONSOLE = {"x86_64": "ttyS0", "aarch64": "ttyAMA0", "riscv64": "ttyS0"}
# How a machine without firmware is ended.
REBOOT = {"x86_64": " reboot=t"}


def kernel(arch, peer):
    """The kernel's image."""
    root = debian.unpacked(ROOT / "build" / f"linux-{arch}-{peer.suite}", arch, peer.suite, stand_ins=(peer.package,))
    found = sorted([*root.glob("boot/vmlinuz-*"), *root.glob("boot/vmlinux-*")])
    if not found:
        raise Failure(EXIT_PACKAGES, f"Debian's {peer.package} of {peer.suite} for {arch} holds no boot/vmlinuz; remove build/linux-{arch}-{peer.suite} and try again")
    return found[-1]


def command_line(arch, arguments, more=()):
    """What the kernel does not know it hands to the first process, after --."""
    return " ".join([f"console={CONSOLE[arch]} quiet loglevel=1 panic=-1{REBOOT.get(arch, '')}", *more, "--", *arguments])
