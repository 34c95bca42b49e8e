# SPDX-License-Identifier: MIT
"""paths.py: where things are."""
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURES = ("x86_64", "aarch64", "riscv64")


def build_folder(arch, profile, tests=False):
    return ROOT / "build" / f"{arch}-{profile}{'-test' if tests else ''}"


def profiles():
    return sorted(folder.parent.name for folder in ROOT.glob("profiles/*/helix.toml"))


def shown(path):
    """A path as people want to read it: relative to where the tree is."""
    try:
        return str(Path(path).relative_to(ROOT))
    except ValueError:
        return str(path)
