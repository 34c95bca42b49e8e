# SPDX-License-Identifier: MIT
"""run.py: the system tests. `run.py [--arch A]… [--profile P] [-k PATTERN] [-l]` prints `ok ARCH NAME`, `FAIL ARCH NAME: reason` or
`skip ARCH NAME: reason`, a line for each architecture, and `N passed, N failed`. All share one pool of workers."""
import argparse
import os
import sys
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import acceptance  # noqa: E402, F401
import commands  # noqa: E402, F401
import debug_profile  # noqa: E402, F401
import device_trees  # noqa: E402, F401
import harness  # noqa: E402
import interactive  # noqa: E402, F401
import measures  # noqa: E402, F401
import policies  # noqa: E402, F401
import stress  # noqa: E402, F401
from helix import kernel  # noqa: E402
from registry import TESTS  # noqa: E402

AT_ONCE = min(2, os.cpu_count() or 1)


class Report:
    """What became of the rows; figures by (architecture, outcome)."""

    def __init__(self, verbose):
        self.lock, self.verbose, self.figures = threading.Lock(), verbose, Counter()

    def rows(self, arch, name, rows, seconds):
        with self.lock:
            outcomes = [outcome_of(reason) for _, reason in rows]
            self.figures.update((arch, outcome) for outcome in outcomes)
            for (row, reason), outcome in zip(rows, outcomes):
                if outcome != "ok" or self.verbose or len(rows) == 1:
                    print(f"{outcome} {arch} {row}" + (f": {' '.join(str(reason).split())}" if reason is not None else ""))
            if len(rows) > 1 and not self.verbose:
                left_out = outcomes.count("skip")
                print(f"{'--' if 'FAIL' in outcomes else 'ok'} {arch} {name}: {outcomes.count('ok')} of {len(rows)} rows"
                      + (f", {left_out} skipped," if left_out else "") + f" in {seconds:.0f} s")
            sys.stdout.flush()

    def total(self, outcome, arch=None):
        return sum(count for (where, what), count in self.figures.items() if what == outcome and arch in (None, where))


def outcome_of(reason):
    return "ok" if reason is None else "skip" if isinstance(reason, harness.Skipped) else "FAIL"


def run_one(arch, test, report):
    start = time.monotonic()
    harness.here.arch = arch
    try:
        rows = test.function() or [(test.name, None)]
    except harness.Failed as failure:
        rows = [(test.name, str(failure))]
    except harness.Skipped as skipped:
        rows = [(test.name, skipped)]
    except Exception:  # noqa: BLE001: a broken test is a failed one; the others still run
        rows = [(test.name, "the test itself broke: " + traceback.format_exc(limit=-3))]
    report.rows(arch, test.name, rows, time.monotonic() - start)


def plan(architectures, pattern, report):
    """[(architecture, test)] of what runs; what cannot apply is told right away."""
    chosen = []
    for arch in architectures:
        for test in TESTS:
            if pattern not in test.name or test.once and arch != architectures[0]:
                continue
            if test.only and arch not in test.only:
                report.rows(arch, test.name, [(test.name, harness.Skipped(test.why))], 0)
            else:
                chosen.append((arch, test))
    return chosen


def main():
    parser = argparse.ArgumentParser(description="The system tests of Helix.")
    parser.add_argument("--arch", action="append", choices=kernel.ARCHITECTURES, help="default: every one that has a port; may be repeated")
    parser.add_argument("-k", metavar="PATTERN", default="", help="only tests whose name contains this")
    parser.add_argument("--profile", metavar="P", default="default", help="boot this profile wherever a test does not name one")
    parser.add_argument("-l", action="store_true", help="list the tests")
    parser.add_argument("-v", action="store_true", help="a line for every row")
    options = parser.parse_args()
    if options.l:
        print("\n".join(dict.fromkeys(test.name for test in TESTS if options.k in test.name)))
        return 0
    architectures = options.arch or kernel.supported()
    harness.architectures[:] = architectures
    harness.profile[:] = [options.profile]
    report = Report(options.v)
    chosen = plan(architectures, options.k, report)
    for arch in dict.fromkeys(arch for arch, _ in chosen):
        harness.here.arch = arch
        harness.programs()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for arch, test in chosen:
            if not test.serial:
                pool.submit(run_one, arch, test, report)
    for arch, test in chosen:
        if test.serial:
            run_one(arch, test, report)
    for arch in architectures:
        print(f"system {arch}: {report.total('ok', arch)} passed, {report.total('FAIL', arch)} failed, {report.total('skip', arch)} skipped")
    passed, failed = report.total("ok"), report.total("FAIL")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not (passed or options.k) else 0       # a pattern may mean tests of another kind


if __name__ == "__main__":
    sys.exit(main())
