# SPDX-License-Identifier: MIT
"""run.py: mistakes put into the kernel's memory code, one at a time, to see the model tests find them.

`run.py [-k PATTERN] [-v]` builds the unit tests of the host, runs the rows unchanged, then each mutant of mutants.toml: its file is
copied, changed, compiled and linked beside the objects of build/host-default. A mutant that fails, crashes or hangs has been found: `ok NAME`; one whose
rows all pass is `FAIL NAME`. Random numbers come from a fixed seed. Ends in `N passed, N failed`."""
import argparse
import os
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "mutants"
LIMIT_S = 30                    # of rows that take a second
MAKE = ["make", "--no-print-directory", "-s", "-f", "tests/unit.mk"]


class Broken(Exception):
    """The mutant itself is wrong."""


def rows_fail(program, pattern):
    """Why the rows of this pattern did not all pass, nothing if they did."""
    environment = dict(os.environ, HELIX_SEED="1", ASAN_OPTIONS="detect_leaks=0:abort_on_error=0", UBSAN_OPTIONS="halt_on_error=1")
    try:
        done = subprocess.run([program, pattern], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"still running after {LIMIT_S} s"
    text = done.stdout.decode(errors="replace")
    if done.returncode == 0:
        if text.rstrip().startswith("0 passed"):
            raise Broken(f"no row is called {pattern}")
        return ""
    told = [line for line in text.splitlines() if line.startswith(("FAIL", "SUMMARY", "     ")) or "rror" in line]
    return " ".join((told or text.splitlines() or ["no word"])[0].split()) + f" (status {done.returncode})"


def compiled(mutant):
    """The program with the mutant in it."""
    source = (ROOT / mutant["file"]).read_text()
    found = source.count(mutant["from"])
    if found != 1:
        raise Broken(f"its text stands {found} times in {mutant['file']}")
    folder = FOLDER / mutant["name"]
    folder.mkdir(parents=True, exist_ok=True)
    changed = folder / Path(mutant["file"]).name
    changed.write_text(source.replace(mutant["from"], mutant["to"]))
    program = folder / "unit"
    made = subprocess.run([*MAKE, "mutant", f"OF={mutant['file']}", f"SOURCE={changed}", f"OUTPUT={program}"], cwd=ROOT, capture_output=True, text=True)
    if made.returncode != 0:
        raise Broken(f"it does not compile: {made.stderr[-600:]}")
    return program


def judge(mutant):
    """(name, passed, words)."""
    start = time.monotonic()
    try:
        program = compiled(mutant)
        reason = rows_fail(program, mutant["pattern"])
        program.unlink()
    except Broken as broken:
        return mutant["name"], False, str(broken)
    if not reason:
        return mutant["name"], False, f"not found by the rows {mutant['pattern']}: {mutant['why']}"
    return mutant["name"], True, f"{time.monotonic() - start:.1f} s: {reason}"


def main():
    parser = argparse.ArgumentParser(description="Mutants that the model tests must find.")
    parser.add_argument("-k", metavar="PATTERN", default="", help="only mutants whose name contains this")
    parser.add_argument("-v", action="store_true", help="a line for each, with what found it")
    options = parser.parse_args()
    mutants = [mutant for mutant in tomllib.loads((Path(__file__).parent / "mutants.toml").read_text())["mutant"] if options.k in mutant["name"]]
    if not mutants:
        print("0 passed, 0 failed")
        return 0
    subprocess.run([*MAKE, f"-j{min(2, os.cpu_count() or 1)}", "all"], cwd=ROOT, check=True)
    passed = failed = 0
    for pattern in dict.fromkeys(mutant["pattern"] for mutant in mutants):
        reason = rows_fail(ROOT / "build" / "host-default" / "unit", pattern)
        if reason:
            print(f"FAIL {pattern}: the rows fail without any mutant: {reason}")
            failed += 1
    if not failed:
        with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
            for name, found, words in pool.map(judge, mutants):
                passed, failed = passed + found, failed + (not found)
                if options.v or not found:
                    print(f"{'ok' if found else 'FAIL'} {name}: {words}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
