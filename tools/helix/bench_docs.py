# SPDX-License-Identifier: MIT
"""bench_docs.py: makes docs/performance.md from what --json wrote and from bench/goals.toml."""
import json
import tomllib
from pathlib import Path

from . import bench_table
from .paths import ROOT, shown
from .report import say, usage_error

GOALS = ROOT / "bench" / "goals.toml"
PAGE = ROOT / "docs" / "performance.md"
NEEDED = ("arch", "unit", "machine", "emulator", "peers", "command", "means", "rows")

HEAD = """# Performance

Made by `./helix bench --docs FILE.json…` from what `./helix bench --json` measured and from `bench/goals.toml`; do not edit.

Each figure is one operation, the median of the samples, without the loop and the clock around it (`bench/README.md` says how). Helix
(its default profile, optimised at link time) and Linux run the same static program in the same machine; ratios are Helix / Linux: below 1 Helix needs less. Instructions do not tell of
caches, of misses of the TLB and of what serialises the processor: the last column counts such instructions. Debian's kernels are as
Debian ships them; their figures vary by about 3 % between runs. Helix's are nearly the same in every run of one build, but for what depends
on where a program's memory came to lie: `fork_1m` was seen from 18,000 to 33,000. `boot_*` ends at the
first instruction of user mode; for Linux it includes unpacking its compressed image, and for both the firmware where there is one.
"""


def load(path):
    try:
        report = json.loads(Path(path).read_text())
    except OSError as error:
        raise usage_error(f"--docs {path}: {error.strerror}") from None
    except ValueError:
        raise usage_error(f"--docs {path}: not what --json writes") from None
    if not isinstance(report, dict) or not all(name in report for name in NEEDED):
        raise usage_error(f"--docs {path}: not what --json writes")
    return report


def goals():
    return tomllib.loads(GOALS.read_text())


def most_of(wanted, arch):
    """{row: instructions at most} of one architecture."""
    return wanted["most"] if arch == "x86_64" else wanted.get("most_on", {}).get(arch, {})


def beyond(by_name, wanted, arch):
    """{row: why} of the rows with a figure that cost more than goals.toml allows, Linux aside. `by_name`: {name: row as --json writes it}"""
    told = {}
    for name, most in most_of(wanted, arch).items():
        figure = by_name.get(name, {}).get("helix")
        if figure is not None and figure > most:
            told[name] = f"{bench_table.shown(figure)} of at most {most:,}"
    for name, other in wanted["times"].items():
        figure, base = (by_name.get(row, {}).get("helix") for row in (name, other["of"]))
        if figure is not None and base and figure > base * other["most"]:
            told[name] = "; ".join(filter(None, (told.get(name), f"{figure / base:.1f} times {other['of']}, at most {other['most']}")))
    return told


def losing(report, wanted):
    """[(row, why)] of a report: dearer than Linux, above the goal of a ratio where one counts, above its own goal."""
    by_name = {row["name"]: row for row in report["rows"]}
    exact = report["unit"] == bench_table.UNITS[False]
    dear = beyond(by_name, wanted if exact else {**wanted, "most": {}, "most_on": {}}, report["arch"])
    for name, row in by_name.items():
        figure, ratio, why = row["helix"], row["ratio"], []
        if figure is None:
            if row.get("reason"):
                why.append(row["reason"])
        else:
            limit = wanted["ratio"]["row"] if row["group"] in bench_table.CORE_GROUPS else 1.0
            if ratio is not None and ratio > limit:
                why.append(f"{bench_table.shown_ratio(ratio)} of Linux")
            if name in dear:
                why.append(dear[name])
        if why:
            yield name, "; ".join(why)


def section(report, wanted, missing):
    names = report["peers"]
    lines = [f"## {report['arch']}, {report['unit']}", "", f"`{report['command']}` on `{report['machine']}` ({report['emulator']}).", ""]
    for key, name in names.items():
        told = [f"{found['mean']:.3f} over {title} ({found['rows']})" for what, title in (("core", "entry, memory, processes and pipes"), ("all", "all rows"))
                if (found := report["means"][key][what])["rows"]]
        if told:
            lines.append(f"Geometric mean of Helix / {name}: {', '.join(told)}.")
    head, body = bench_table.columns(report["rows"], names)
    lines += ["", "| " + " | ".join(head) + " |", "|---|" + "---:|" * (1 + 2 * len(names)) + "---|" * (len(head) - 2 - 2 * len(names))]
    lines += ["| " + " | ".join(line) + " |" for line in body]
    lost = list(losing(report, wanted))
    if lost:
        lines += ["", "What it would take, by row:", ""]
        for name, why in lost:
            takes = wanted["takes"].get(name)
            if takes is None:
                missing.append(f"{report['arch']}: {name}: {why}")
            lines.append(f"- `{name}` ({why}): {takes or 'not looked into yet.'}")
    return "\n".join(lines) + "\n"


def text(reports, wanted):
    """(the page, [rows that goals.toml has no word about])"""
    missing = []
    return "\n".join([HEAD, *(section(report, wanted, missing) for report in reports)]), missing


def write(paths):
    page, missing = text([load(path) for path in paths], goals())
    PAGE.write_text(page)
    for row in missing:
        say(f"bench/goals.toml says nothing about what it would take: {row}")
    say(f"written: {shown(PAGE)}")
    return 0
