# SPDX-License-Identifier: MIT
"""policies.py: the kernel on each of its frame allocators, by one line in helix.toml. `./helix test --profile frames_P` runs everything on one."""
from acceptance import DONE, check_nothing_lost
from harness import PROGRAMS, check, judge_rows, programs, run
from registry import test

POLICIES = ("bitmap", "tlsf")           # buddy is the default profile's


@test
def frame_policies_serve_programs():
    """What asks most of frames; a second run of the last of it leaves as many used as before."""
    results, stress = [], f"run {PROGRAMS}/stress_memory 6 1 40"
    for policy in POLICIES:
        lines = [f"run {PROGRAMS}/{name}" for name in ("memory", "spaces", "faults")]
        outcome = run(*lines, stress, "mem", stress, "mem", f"echo {DONE}", archives=programs(), options=["--profile", f"frames_{policy}", "--memory", "128M"], timeout=200)
        results += judge_rows(outcome, DONE, f"{policy}.")
        check(f"\n{policy}: largest free run" in outcome.out, f"the policy is not {policy}: {outcome.describe()}")
        check(outcome.out.count("ok stress:") == 2 or "FAIL" in outcome.out, f"the stress did not run to its end twice: {outcome.describe()}")
        check_nothing_lost(outcome)
    return results


@test
def bump_ends_cleanly():
    """An allocator that never frees: programs run until the memory is used up, then they are refused; the shell answers to the end."""
    line = "run /bin/busybox sh -c 'echo ran; dd if=/dev/zero of=/dev/null bs=4M count=1 2>/dev/null && echo got'"
    outcome = run(*["echo try", line] * 40, "echo last", "mem", options=["--profile", "frames_bump", "--memory", "48M"], timeout=120)
    tries = outcome.out.partition("last\n")[0].split("try\n")[1:]
    got = [("got\n" in each) for each in tries]
    check(len(tries) == 40 and "\nbump: largest free run" in outcome.out, outcome.describe())
    check(3 < sum(got) < 40 and got[0] and not any(got[-5:]), f"{sum(got)} of 40 programs had their memory: {outcome.describe()}")
