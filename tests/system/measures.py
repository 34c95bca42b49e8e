# SPDX-License-Identifier: MIT
"""measures.py: ./helix bench: rows get figures on every architecture, and what cannot be measured gets a reason and no figure."""
import functools
import json
import platform
import re
import subprocess
import tempfile
from pathlib import Path

from harness import ROOT, USAGE, Skipped, arch, check, helix
from helix import bench_docs, bench_program
from registry import test

FLAT = re.compile(r"(?m)^(\w+): dearest / cheapest ([\d.]+)")
# What each row costs at least and at most, in instructions, on any architecture: a figure outside was not measured.
PLAUSIBLE = {"getpid": (20, 1_000), "fault_anonymous": (100, 10_000), "fault_cow": (100, 10_000), "fork_exit_wait": (2_000, 500_000), "boot_256m": (100_000, 100_000_000)}


def measured(pattern=""):
    """{name: row} of what --json says about the rows whose name contains the pattern."""
    return measured_on(arch(), pattern)


@functools.cache
def measured_on(where, pattern):
    with tempfile.TemporaryDirectory() as folder:
        report, page = Path(folder) / "report.json", Path(folder) / "report.html"
        outcome = helix("bench", "--arch", where, *(["-k", pattern] if pattern else []), "--json", report, "--html", page, timeout=300)
        check(outcome.status == 0 and report.exists() and "</html>" in page.read_text(), outcome.describe())
        return {row["name"]: row for row in json.loads(report.read_text())["rows"]}


@test
def bench_gives_figures_of_real_work():
    rows = measured()
    results = [(f"bench.{name}", None if name in rows and low <= (rows[name]["helix"] or 0) <= high else f"{rows.get(name)}") for name, (low, high) in PLAUSIBLE.items()]
    counts = rows["fork_exit_wait"].get("serialising", {})
    # A timer may tick while thousands of calls are counted: far less than one a call.
    return [*results, ("bench.fork_changes_page_tables", None if counts.get("base", 0) >= 2 else f"counted: {counts}"),
            ("bench.getpid_serialises_nothing", None if all(each < 0.02 for each in rows["getpid"].get("serialising", {}).values()) else f"{rows['getpid']}")]


@test
def operations_stay_within_their_budgets():
    """What bench/goals.toml allows on this architecture. Figures do not depend on the host: instructions are counted."""
    rows, goals = measured(), bench_docs.goals()
    dear = bench_docs.beyond(rows, goals, arch())
    return [(f"budget.{name} ({rows[name]['helix']:,.0f})" if rows.get(name, {}).get("helix") else f"budget.{name}",
             dear.get(name) if rows.get(name, {}).get("helix") else f"was not measured: {rows.get(name)}")
            for name in {**bench_docs.most_of(goals, arch()), **goals["times"]}]


@test
def costs_stay_flat():
    """Within one and a half times: faults among 10 and 10,000 regions; frames with 64 MiB and 64 GiB, in a memory 5 and 95 % full, by policy."""
    rows = measured()
    few, many = rows["fault_among_10"]["helix"], rows["fault_among_10000"]["helix"]
    results = [(f"flat.fault_among_regions ({few} and {many})", None if many <= 1.5 * few else f"{many / few:.2f} times")]
    for profile in ("default", "frames_bitmap", "frames_tlsf") if arch() == "x86_64" else ("default",):
        outcome = helix("bench", "--flat", "--arch", arch(), "--profile", profile, timeout=300)
        found = FLAT.findall(outcome.out)
        results += [(f"flat.{profile}.{family}", None if float(ratio) <= 1.5 else f"{ratio} times") for family, ratio in found]
        results.append((f"flat.{profile}.measured", None if len(found) == 3 and outcome.status == 0 else outcome.describe()))
    return results


@test
def bench_rows_of_what_is_not_there_have_a_reason_and_no_figure():
    row = measured("unix_round_trip")["unix_round_trip"]
    check((row["helix"] is None) == ("reason" in row), f"{row}")
    check(row["helix"] is not None or row["reason"].startswith("not there: "), f"{row}")


@test(once=True)
def bench_refuses_what_it_cannot_measure():
    outcome = helix("bench", "-k", "no_such_row", timeout=200)
    check(outcome.status == USAGE and "no row has such a name" in outcome.err and not outcome.out, outcome.describe())


@test(once=True)
def bench_rows_that_fail_say_why():
    """The same program on this machine's own Linux, where the programs it would execute are not."""
    if platform.machine() != "x86_64" or (Path("/") / bench_program.FOLDER).exists():
        raise Skipped("the program is run on a Linux of x86_64 without /bench")
    program, _ = bench_program.build("x86_64")
    outcome = subprocess.run([program, "-w", "-x", "posix_spawn", "-x", "getpid"], capture_output=True, text=True, timeout=60, cwd=ROOT)
    lines = outcome.stdout.splitlines()
    check(any(line.startswith("bench-fail /bench/program: No such file") for line in lines), outcome.stdout)
    check(any(line.split()[2:4] == ["entry", "getpid"] for line in lines if line.startswith("bench-row ")), outcome.stdout)
    check(not any("posix_spawn" in line for line in lines if line.startswith("bench-row ")) and lines[-1] == "bench-end", outcome.stdout)
