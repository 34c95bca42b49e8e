# SPDX-License-Identifier: MIT
"""bench.py: the verb `bench`: boots Helix, and Linux beside it, with the same measuring program in the same machine, and compares."""
import json
import re
import shlex
import subprocess
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from . import bench_docs, bench_flat, bench_guest, bench_html, bench_peer, bench_plugin, bench_program, bench_table, kernel, packages, qemu, run
from .cpio import merge
from .report import EXIT_NO_STATUS, Progress, say, usage_error

MIB = 1 << 20
# The least machine of each architecture, and where time is the host's the one whose clock Linux can calibrate on a busy host.
MACHINE = {"x86_64": "microvm", "aarch64": "virt", "riscv64": "virt"}
WALL_MACHINE = MACHINE | {"x86_64": "q35"}
# With room for a process of 1 GiB.
MEMORY = 2048 * MIB
SMALL_MEMORY = 256 * MIB
LIMIT_S = 240.0
PATTERN = re.compile(r"[a-z0-9_]{1,40}")
TOKEN = "bench"
# Rows that are boots: what the clock shows at the first user instruction.
BOOT_ROWS = {"boot_256m": SMALL_MEMORY, "boot_2g": MEMORY}
# What a GiB more costs, from the two.
GROWTH_ROW = "boot_each_gib_more"
NO_ROW = "none"


def machine(options, memory):
    """The same for every kernel."""
    return qemu.Machine(arch=options.arch, machine=(WALL_MACHINE if options.wall else MACHINE)[options.arch], memory=memory,
                        accel=options.accel if options.wall else None, icount=not options.wall)


class Kernel:
    """A kernel and how to boot it with the program: who is measured."""

    def __init__(self, options, name):
        self.options, self.name = options, name

    def machine(self, memory):
        return machine(self.options, memory)


class Helix(Kernel):
    def __init__(self, options, archive):
        super().__init__(options, "Helix")
        self.archive = archive
        self.folder = kernel.build(options.arch, options.profile, False, options.verbose)
        self.image = kernel.boot_file(self.folder, qemu.PROTOCOLS[options.arch][0])

    def command(self, memory, arguments, scratch):
        initrd = scratch / "initramfs.cpio"
        initrd.write_bytes(merge([self.archive, run.exec_archive([shlex.join(["run", f"/{bench_program.FOLDER}/program", *arguments])])]))
        return qemu.kernel_command(self.machine(memory), self.image, initrd, f"exec.token={TOKEN}")


class Linux(Kernel):
    def __init__(self, options, archive, peer):
        super().__init__(options, peer.name)
        self.archive, self.peer = archive, peer
        self.image = bench_peer.kernel(options.arch, peer)

    def command(self, memory, arguments, scratch):
        initrd = scratch / "initramfs.cpio"
        initrd.write_bytes(self.archive)
        return qemu.kernel_command(self.machine(memory), self.image, initrd, bench_peer.command_line(self.options.arch, arguments))


def measure(who, pattern, options):
    """{name: Row} of one kernel: a boot with the least memory, then one that measures."""
    progress, began = Progress(f"measuring {who.name}", 0), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="helix-bench-") as name:
        scratch = Path(name)
        rows = {} if options.wall else measure_boots(who, pattern or "", options, scratch, progress)
        if not (pattern or "").startswith("boot"):
            given = (["-w"] if options.wall else []) + (["-k", pattern] if pattern else [])
            found, counts = boot(who, MEMORY, given, options, scratch, progress)
            bench_plugin.assign(found.rows.values(), counts)
            rows |= found.rows
    progress.end(f"measured {who.name} in {time.monotonic() - began:.0f} s")
    return rows


def measure_boots(who, pattern, options, scratch, progress):
    rows = {}
    for name in [name for name in BOOT_ROWS if pattern in name or pattern in GROWTH_ROW]:
        found, counts = boot(who, BOOT_ROWS[name], ["-x", NO_ROW], options, scratch, progress)
        rows[name] = bench_guest.Row(name, "boot", 0, found.start, found.start, found.start, 1, 1, counts=counts.get("start"))
    return rows


def with_growth(rows, pattern):
    """The same rows, with what follows from two of them, and without those that were only measured for it."""
    small, large = (rows.get(name) for name in BOOT_ROWS)
    if small and large and pattern in GROWTH_ROW:
        growth = round((large.median - small.median) * (1 << 30) / (MEMORY - SMALL_MEMORY))
        grown = bench_guest.Row(GROWTH_ROW, "boot", 0, growth, growth, growth, 1, 1) if growth > 0 else \
            bench_guest.Row(GROWTH_ROW, "boot", reason="not there: with more RAM the boot took no longer")
        rows = {small.name: small, large.name: large, GROWTH_ROW: grown} | rows
    return {name: row for name, row in rows.items() if pattern in name}


def boot(who, memory, given, options, scratch, progress):
    """(Results, counts) of one boot with these arguments of the program."""
    command, out = who.command(memory, given, scratch), scratch / "counts"
    out.unlink(missing_ok=True)
    if options.plugin:
        command += bench_plugin.arguments(options.plugin, out)
    if options.verbose:
        say(shlex.join(command))
    found = bench_guest.boot(command, options.timeout or LIMIT_S, who.name, progress.step)
    return found, bench_plugin.read(out)


def emulator(arch):
    return subprocess.run([qemu.PROGRAMS[arch], "--version"], capture_output=True, text=True).stdout.split("\n")[0]


def measure_peer(who, pattern, options):
    """The same, kept in build/ by what it depends on."""
    name = bench_program.digest(who.archive, shlex.join(qemu.base_command(who.machine(MEMORY))), who.image, bench_peer.command_line(options.arch, []), emulator(options.arch), options.plugin and options.plugin.read_bytes(),
                               pattern or "")
    place = bench_program.folder(options.arch) / f"linux-{who.peer.key}-{'wall' if options.wall else 'icount'}-{name}.json"
    if place.exists() and not options.fresh:
        say(f"{who.name}: as measured before (--fresh measures again)")
        return {row["name"]: bench_guest.Row(**row) for row in json.loads(place.read_text())}
    rows = measure(who, pattern, options)
    fresh = place.with_suffix(".new")
    fresh.write_text(json.dumps([asdict(row) for row in rows.values()]))
    fresh.replace(place)
    return rows


def peers_of(options):
    """The peers that --peer asks for."""
    known = bench_peer.PEERS[options.arch]
    if not options.peer:
        return ()
    if options.peer == "linux":
        return known
    chosen = [peer for peer in known if options.peer == f"linux-{peer.key}"]
    if not chosen:
        raise usage_error(f"no --peer {options.peer}; for {options.arch} there is: linux, {', '.join(f'linux-{peer.key}' for peer in known)}")
    return chosen


def check(options):
    if options.pattern and not PATTERN.fullmatch(options.pattern):
        raise usage_error(f"-k {options.pattern}: a part of a row's name: small letters, digits and _")
    if options.accel and not options.wall:
        raise usage_error("--accel is for --wall; instructions are counted under TCG")


def bench(options):
    if options.docs:
        return bench_docs.write(options.docs)
    run.resolve_target(options)
    check(options)
    chosen = peers_of(options)
    packages.require(*packages.QEMU[options.arch])
    if options.flat:
        return flat(options)
    options.plugin = bench_plugin.build() if not options.wall and bench_plugin.usable(options.arch) else None
    archive = bench_program.archive(bench_program.build(options.arch))
    asked = options.pattern or ""
    helix = with_growth(measure(Helix(options, archive), options.pattern, options), asked)
    if not helix:
        raise usage_error(f"-k {options.pattern}: no row has such a name")
    peers = {peer.key: with_growth(measure_peer(Linux(options, archive, peer), options.pattern, options), asked) for peer in chosen}
    names = {peer.key: peer.name for peer in chosen}
    rows = bench_table.merge(helix, peers, options.wall)
    report(options, rows, names)
    return EXIT_NO_STATUS if any((row.get("reason") or "").startswith("failed") for row in rows) else 0


def flat(options):
    kernel.build(options.arch, options.profile, False, options.verbose)
    rows = bench_flat.measure(options)
    report(options, bench_table.merge(rows, {}, False), {})
    steep = {family: ratio for family, ratio in bench_flat.ratios(rows).items() if ratio > bench_flat.MOST}
    for family, ratio in bench_flat.ratios(rows).items():
        print(f"{family}: dearest / cheapest {ratio:.2f}{', more than ' + str(bench_flat.MOST) if family in steep else ''}")
    return EXIT_NO_STATUS if steep else 0


def report(options, rows, names):
    unit = bench_table.UNITS[options.wall]
    print(bench_table.text(rows, names, unit))
    made = document(options, rows, names, unit)
    if options.json:
        Path(options.json).write_text(json.dumps(made, indent=1) + "\n")
    if options.html:
        Path(options.html).write_text(bench_html.page(made))


def document(options, rows, names, unit):
    """What --json writes."""
    return {"arch": options.arch, "unit": unit, "machine": shlex.join(qemu.base_command(machine(options, MEMORY))), "emulator": emulator(options.arch), "peers": names,
            "command": f"./helix bench --arch {options.arch}{' --flat --profile ' + options.profile if options.flat else ''}{' --peer ' + options.peer if options.peer else ''}{' --wall' if options.wall else ''}{' -k ' + options.pattern if options.pattern else ''}",
            "means": {key: {what: {"mean": mean, "rows": count} for what, (mean, count) in bench_table.means(rows, key).items()} for key in names}, "rows": rows}
