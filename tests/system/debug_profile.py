# SPDX-License-Identifier: MIT
"""debug_profile.py: what the debug profile finds: each mistake is caught, and the report names the object, its class and who did it."""
import os
import re

from harness import PANIC, check, programs, run
from registry import test

DEBUG = ["--profile", "debug"]
# Of each planted mistake what the report must say.
MISTAKES = {
    "heap_bad_free": r"bad free by \w+\+0x\w+: 0x\w+ is no block of the heap: 16 bytes into a block of 100 bytes \(class 256\) "
                     r"allocated by mistaken_block\+",
    "heap_double_free": r"double free of heap block 0x\w+ \(100 bytes, class 256\), freed again by \w+\+0x\w+; "
                        r"allocated by mistaken_block\+0x\w+, freed by test_heap_double_free\+",
    "heap_use_after_free": r"use after free of heap block 0x\w+ \(100 bytes, class 256\), byte 40 written after it was freed; .*"
                           r"allocated by mistaken_block\+0x\w+, freed by test_heap_use_after_free\+",
    "heap_overflow": r"write past heap block 0x\w+ \(100 bytes, class 256\), byte 3 behind its end overwritten; .*"
                     r"allocated by mistaken_block\+",
    "heap_underflow": r"what stands before it was overwritten",
    "frame_use_after_free": r"use after free of frame 0x\w+, written near byte 72; seen by mistaken_frame\+0x\w+; "
                            r"allocated by mistaken_frame\+0x\w+, freed by test_frame_use_after_free\+",
    "frame_double_free": r"double free of frame 0x\w+, freed again by \w+\+0x\w+; "
                         r"allocated by mistaken_frame\+0x\w+, freed by test_frame_double_free\+",
    "stack_overflow": r"kernel stack overflow of thread \"panic_test\"",
    "lock_order": r"lock order: \"descriptors\" \(0x\w+, rank \d+\) wanted by test_lock_order\+0x\w+ "
                  r"while \"driver\" \(0x\w+, rank \d+\) is held, taken by driver_lock\+0x",
    "lock_order_sleeping": r"lock order: \"node\" .* wanted by test_lock_order_sleeping\+0x\w+ while \"pipe\" .* is held, taken by pipe_lock\+0x",
    "sleep_with_lock": r"sleep by \w+\+0x\w+ with spinlock \"driver\" \(0x\w+\) held, taken by driver_lock\+0x",
    "sleep_without_preemption": r"sleep by \w+\+0x\w+ with preemption off, switched off by test_sleep_without_preemption\+0x",
    "user_copy_with_lock": r"user memory touched by \w+\+0x\w+ with spinlock \"driver\" \(0x\w+\) held, taken by driver_lock\+0x",
}


@test
def debug_profile_names_mistakes():
    """One boot for each."""
    results = []
    for kind, words in MISTAKES.items():
        outcome = run("echo not reached", options=[*DEBUG, "--append", f"panic_test={kind}"], timeout=60)
        told = outcome.status == PANIC and re.search(words, outcome.err + outcome.out)
        results.append((f"debug_profile.{kind}", None if told else f"not told: {outcome.describe()}"))
    return results


@test
def debug_profile_finds_leaks():
    """A leak is in the report, with its size and the place; what was freed is not; without one nothing is.
    (The first run of a program leaves names in the cache.)"""
    program = "run /bin/busybox sh -c 'ls / | wc -l >/dev/null'"
    outcome = run(program, "leaks mark", program, "leaks", "leaks plant", "leaks",
                  "run /bin/busybox cat /proc/helix/leaks", options=DEBUG, timeout=60)
    check(outcome.status == 0, outcome.describe())
    before, after = outcome.out.split("planted", 1)
    check("0 blocks, 0 bytes since the mark" in before, f"a program left something: {before}")
    check(re.search(r"^ +3 +300 +\d+ s  leak_plant\+0x", after, re.M), f"not found: {after}")
    check("3 blocks, 300 bytes since the mark" in after, after)
    check(re.search(r"^ +3 +300 +\d+ leak_plant\+0x", after, re.M), f"not in /proc/helix/leaks: {after}")


@test
def debug_profile_fails_allocations_of_scripts():
    """/proc/helix/fail_allocation: the one that is asked for, every so many, none; what it does not understand changes nothing."""
    outcome = run("run /usr/libexec/helix-tests/fail_allocation.sh", options=DEBUG, archives=programs(), timeout=60).expect(0)
    check(re.search(r"first 1\nsecond 0\nstep 1\nallocations \d+\nfailed 1\nlast by \w+\+0x\w+\nafter wrong ones: step 1\noff\n", outcome.out), outcome.describe())
    failed, refused = re.search(r"\noff\nallocations \d+\nfailed (\d+)\nlast by \w+\+0x\w+\nrefused (\d+)\n", outcome.out).groups()
    check(0 < int(refused) <= int(failed), outcome.describe())


# Every one of some 1,500 takes minutes; a step that is a prime walks through all commands of the script.
FAIL_STEP = int(os.environ.get("HELIX_FAIL_STEP", "23"))


@test
def debug_profile_survives_failed_allocations():
    """A script with one allocation of the kernel failing at a time: no panic, nothing left behind, the shell goes on.
    HELIX_FAIL_STEP=1 tries every one."""
    script = "/usr/libexec/helix-tests/allocations.sh"
    outcome = run(f'failtest {FAIL_STEP} "run {script}" "run /bin/busybox rm -rf /tmp/allocations"', "echo alive",
                  options=DEBUG, archives=programs(), timeout=120 + 1500 // FAIL_STEP)
    check(outcome.status == 0 and "alive" in outcome.out, outcome.describe())
    told = re.search(r"failtest: (\d+) of (\d+) allocations failed: (\d+) errors, (\d+) survived, 0 leaks, 0 stuck", outcome.out)
    check(told, outcome.describe())
    failed, counted, errors, _ = map(int, told.groups())
    check(failed >= counted // FAIL_STEP // 2 and errors > failed // 4, f"too little was tried: {told.group()}")
