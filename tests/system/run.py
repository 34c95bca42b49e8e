# SPDX-License-Identifier: MIT
"""run.py: the system tests. `run.py [-k PATTERN] [-l]` prints `ok NAME` or `FAIL NAME: reason` and `N passed, N failed`."""
import argparse
import os
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import acceptance  # noqa: E402, F401
import commands  # noqa: E402, F401
import harness  # noqa: E402
import interactive  # noqa: E402, F401
from registry import TESTS  # noqa: E402

AT_ONCE = min(2, os.cpu_count() or 1)


class Report:
    def __init__(self, verbose):
        self.lock, self.verbose, self.passed, self.failed = threading.Lock(), verbose, 0, 0

    def rows(self, name, rows, seconds):
        with self.lock:
            for row, reason in rows:
                self.passed += reason is None
                self.failed += reason is not None
                if reason is not None or self.verbose or len(rows) == 1:
                    print(f"ok {row}" if reason is None else f"FAIL {row}: {' '.join(str(reason).split())}")
            good = sum(reason is None for _, reason in rows)
            if len(rows) > 1 and not self.verbose:
                print(f"{'ok' if good == len(rows) else '--'} {name}: {good} of {len(rows)} rows in {seconds:.0f} s")
            sys.stdout.flush()


def run_one(name, function, report):
    start = time.monotonic()
    try:
        rows = function() or [(name, None)]
    except harness.Failed as failure:
        rows = [(name, str(failure))]
    except Exception:  # noqa: BLE001: a broken test is a failed one; the others still run
        rows = [(name, "the test itself broke: " + traceback.format_exc(limit=-3))]
    report.rows(name, rows, time.monotonic() - start)


def main():
    parser = argparse.ArgumentParser(description="The system tests of Helix.")
    parser.add_argument("-k", metavar="PATTERN", default="", help="only tests whose name contains this")
    parser.add_argument("-l", action="store_true", help="list the tests")
    parser.add_argument("-v", action="store_true", help="a line for every row")
    options = parser.parse_args()
    chosen = [(name, function) for name, function in TESTS if options.k in name]
    if options.l:
        print("\n".join(name for name, _ in chosen))
        return 0
    report = Report(options.v)
    harness.programs()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, function in chosen:
            if not getattr(function, "serial", False):
                pool.submit(run_one, name, function, report)
    for name, function in chosen:
        if getattr(function, "serial", False):
            run_one(name, function, report)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not (report.passed or options.k) else 0       # a pattern may mean tests of another kind


if __name__ == "__main__":
    sys.exit(main())
