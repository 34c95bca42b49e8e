# SPDX-License-Identifier: MIT
"""bench_flat.py: `./helix bench --flat`: whether the cost of a frame depends on how much RAM there is, and on how full it is.

Boots the profile with little RAM and with a lot, which QEMU need not have (the emulator takes host memory as the guest touches it), runs the rows
of kernel/memory/frames/frames_bench.c in each and compares. A row `frame_pair_64g` is plotted by its size like any other (bench_html.py)."""
import re
import subprocess
import sys

from . import bench_guest
from .paths import ROOT
from .report import EXIT_NO_STATUS, Failure

LINE = re.compile(r"(?m)^memory +allocator\.(frame_\w+) +([\d.]+) ")
MACHINE = {"x86_64": ["--machine", "microvm"], "aarch64": [], "riscv64": []}
SIZES = ("64m", "1g", "64g")
# The kernel's rows, and how they are called here.
SIZED = {"frame_pair": "frame_pair", "frame_far_pair_5_percent_full": "frame_far_pair"}
FULL = {"frame_far_pair_5_percent_full": "frame_far_pair_full_5", "frame_far_pair_95_percent_full": "frame_far_pair_full_95"}
MOST = 1.5                      # times the cheapest of a family


def boot(options, size, *names):
    """{row: instructions} of one boot."""
    command = [sys.executable, "-B", ROOT / "tools" / "main.py", "run", "--arch", options.arch, "--profile", options.profile, "--icount", "--memory", size.upper(),
               "--timeout", str(options.timeout or 240), *MACHINE[options.arch]]
    for name in names:
        command += ["--exec", f"bench allocator.{name}"]
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    found = {name: float(figure) for name, figure in LINE.findall(done.stdout)}
    if done.returncode != 0 or not found:
        raise Failure(EXIT_NO_STATUS, f"with {size} the rows were not measured: {done.stdout[-600:]} {done.stderr[-600:]}")
    return found


def measure(options):
    """{name: Row}, in the order of the table."""
    figures = {}
    for size in SIZES:
        found = boot(options, size, "frame_pair", "frame_far_pair_5_")
        figures |= {f"{name}_{size}": found[row] for row, name in SIZED.items() if row in found}
    found = boot(options, SIZES[0], "frame_far_pair")
    figures |= {name: found[row] for row, name in FULL.items() if row in found}
    return {name: bench_guest.Row(name, "frames", 0, figure, figure, figure, 1, 1) for name, figure in sorted(figures.items())}


def ratios(rows):
    """{family: dearest / cheapest}."""
    families = {}
    for name, row in rows.items():
        families.setdefault(name.rsplit("_", 1)[0], []).append(row.median)
    return {family: max(figures) / min(figures) for family, figures in families.items()}
