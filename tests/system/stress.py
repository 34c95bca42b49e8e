# SPDX-License-Identifier: MIT
"""stress.py: memory under load in the debug profile: a few seconds in every run of the tests, minutes by `./helix test soak`."""
import os
import re

from acceptance import zones
from harness import ROOT, arch, archive, build_folder, check, judge_rows, programs, run
from registry import test

SECONDS = int(os.environ.get("HELIX_SOAK_SECONDS", "15"))       # set by ./helix test soak
SEED = os.environ.get("HELIX_SEED", "1")
DONE = "all-lines-done"
# So small that the hogs of the third phase have all of it in seconds.
MACHINE = ["--profile", "debug", "--memory", "128M"]


@test(serial=True)                      # it looks for stalls
def memory_stress():
    """Contents against a model, no stall over 2 s, and afterwards as many frames are used as before."""
    programs()
    program = archive("stress", {"t/stress_memory": ((ROOT / "build" / f"{arch()}-default" / "user" / "stress_memory").read_bytes(), 0o755)})
    line = "run /t/stress_memory {} {} {}"
    outcome = run(line.format(6, SEED, 60), "mem", line.format(SECONDS, SEED, 300), "mem", f"echo {DONE}", timeout=SECONDS + 240, archives=[program],
                  options=MACHINE)
    (build_folder() / "stress.txt").write_text(outcome.out)      # a line a phase; a failure shows only the last of them
    rows = judge_rows(outcome, DONE, "stress.")
    tables = [zones(part)["total"][1] for part in re.split(r"(?m)^zone +total KiB", outcome.out)[1:]]
    check(len(tables) == 2 and (outcome.out.count("ok stress:") == 2 or "FAIL" in outcome.out), f"it did not run to its end twice: {outcome.describe()}")
    lost = tables[1] - tables[0]
    return [*rows, ("stress.nothing_is_lost", None if lost <= 0 else f"{lost} KiB more are used than before")]
