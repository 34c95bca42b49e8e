# SPDX-License-Identifier: MIT
"""trees.py: device trees for the fuzzer, made from text: *.dts by dtc, and those that QEMU writes for the rows of `machines`."""
import subprocess

from . import packages
from .qemu import PROGRAMS

VERSIONS = ("16", "17")
LIMIT_S = 60


def is_corpus(folder):
    return (folder / "machines").is_file()


def require_packages():
    packages.require(*packages.TREES, *packages.QEMU["aarch64"], *packages.QEMU["riscv64"])


def trimmed(blob):
    """QEMU pads its trees to a megabyte; the header says where the last block ends."""
    at = {name: int.from_bytes(blob[offset:offset + 4], "big")
          for name, offset in (("structure", 8), ("strings", 12), ("strings_size", 32), ("structure_size", 36))}
    size = max(at["structure"] + at["structure_size"], at["strings"] + at["strings_size"])
    return blob[:4] + size.to_bytes(4, "big") + blob[8:size]


def run(command):
    """None, or why it failed."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"{' '.join(command)}: took more than {LIMIT_S} s"
    return None if done.returncode == 0 else f"{' '.join(command)}: {done.stderr.strip()[-1000:]}"


def machine_command(row, tree):
    arch, *options = row.split()
    options[options.index("-M") + 1] += f",dumpdtb={tree}"
    return [PROGRAMS[arch], "-nodefaults", "-display", "none", *options]


def rows(folder):
    lines = (folder / "machines").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def make(folder, into):
    """Fills `into` with trees. None, or why one could not be made."""
    for source in sorted(folder.glob("*.dts")):
        for version in VERSIONS:
            # -f: what dtc finds wrong with a tree is why it is here.
            complaint = run(["dtc", "-q", "-f", "-V", version, "-I", "dts", "-O", "dtb", "-o", str(into / f"{source.stem}.{version}"), str(source)])
            if complaint:
                return complaint
    for number, row in enumerate(rows(folder)):
        tree = into / f"machine.{number}"
        complaint = run(machine_command(row, tree))
        if complaint:
            return complaint
        tree.write_bytes(trimmed(tree.read_bytes()))
    return None
