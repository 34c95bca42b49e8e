# SPDX-License-Identifier: MIT
"""commands.py: ./helix itself: help, wrong options, wrong profiles, time limits."""
import itertools
import re
import shutil
from pathlib import Path

import harness
from harness import ROOT, TIMEOUT, USAGE, arch, build_folder, check, helix, run
from registry import test

VERBS = ("run", "test", "build", "debug", "image", "new", "bench")


@test(once=True)
def every_verb_has_help():
    results = []
    for verb in ((), *((verb,) for verb in VERBS)):
        outcome = helix(*verb, "--help")
        fine = outcome.status == 0 and len(outcome.out) > 80
        results.append((f"help.{'-'.join(verb) or 'helix'}", None if fine else outcome.describe()))
    return results


WRONG = {
    "no_verb": [], "verb": ["rum"], "option": ["run", "--nonsense"], "machine": ["run", "--machine", "q53"], "boot": ["run", "--boot", "floppy"],
    "boot_not_yet": ["run", "--boot", "uefi"], "memory": ["run", "--memory", "lots"], "memory_zero": ["run", "--memory", "0"], "memory_negative": ["run", "--memory", "-5"],
    "cpus": ["run", "--cpus", "none"], "cpus_zero": ["run", "--cpus", "0"], "arch": ["run", "--arch", "z80"], "boot_of_another": ["run", "--arch", "aarch64", "--boot", "multiboot2"],
    "machine_of_another": ["run", "--arch", "riscv64", "--machine", "q35"], "machine_option": ["run", "--arch", "aarch64", "--machine", "virt,no-such=1", "--exec", "echo"],
       "profile": ["run", "--profile", "defualt"], "profile_path": ["run", "--profile", "../x"], "initramfs": ["run", "--initramfs", "/no/such/file"],
    "initramfs_directory": ["run", "--initramfs", "/tmp"], "exec_value": ["run", "--exec"], "timeout": ["run", "--timeout", "soon", "--exec", "echo"],
    "test_kind": ["test", "everything"], "new_kind": ["new", "planet", "x"], "new_name": ["new", "module", "Bad Name"], "new_no_name": ["new", "module"],
    "image": ["image", "--boot", "tape"], "kvm": ["run", "--accel", "warp"], "append_newline": ["run", "--append", "a\nb", "--exec", "echo"],
    "bench_peer": ["bench", "--peer", "minix"], "bench_pattern": ["bench", "-k", "a b"], "bench_accel": ["bench", "--accel", "tcg"],
    "bench_docs": ["bench", "--docs", "/no/such/file"], "exec_newline": ["run", "--exec", "echo a\necho b"],
}


@test(once=True)
def wrong_use_is_told():
    results = []
    for name, arguments in WRONG.items():
        outcome = helix(*arguments)
        message = (outcome.err + outcome.out).strip()
        fine = outcome.status == USAGE and message and "Traceback" not in message
        results.append((f"wrong_use.{name}", None if fine else outcome.describe()))
    near = helix("run", "--profile", "defualt")
    results.append(("wrong_use.nearest_name", None if "default" in near.err else near.describe()))
    return results


BAD_PROFILES = {
    "unknown_key": ("[scheduler]", "[scheduler]\ntime_slize_ms = 5", r"time_slice_ms"),
    "wrong_type": (r"time_slice_ms\s*=\s*\d+", 'time_slice_ms = "ten"', r"time_slice_ms"),
    "unknown_module": (r'module\s*=\s*"round_robin"', 'module = "round_robbin"', r"round_robin"),
    "unknown_table": (r"\[scheduler\]", "[skeduler]", r"scheduler"),
    "not_toml": (r"\[scheduler\]", "[scheduler", r""),
}


@test(once=True)
def wrong_profiles_are_told():
    """A copy of the default profile, damaged in one place: file, line and the nearest valid name are said."""
    results = []
    text = (ROOT / "profiles" / "default" / "helix.toml").read_text()
    folder = ROOT / "profiles" / "system_test_wrong"
    try:
        folder.mkdir(exist_ok=True)
        for name, (pattern, replacement, nearest) in BAD_PROFILES.items():
            wrong, count = re.subn(pattern if pattern.startswith(r"\[") or "\\" in pattern else re.escape(pattern), replacement, text, count=1)
            if not count:
                results.append((f"wrong_profile.{name}", f"the default profile has no {pattern}"))
                continue
            (folder / "helix.toml").write_text(wrong)
            outcome = helix("build", "--profile", folder.name)
            said = outcome.err + outcome.out
            fine = outcome.status in (64, 65) and re.search(r"helix\.toml:\d+", said) and re.search(nearest, said) and "Traceback" not in said
            results.append((f"wrong_profile.{name}", None if fine else outcome.describe()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(ROOT / "build" / f"x86_64-{folder.name}", ignore_errors=True)
    return results


@test
def time_limit_has_its_own_status():
    outcome = run("run /bin/busybox sleep 1000", timeout=8)
    check(outcome.status == TIMEOUT, outcome.describe())


@test
def exit_ends_the_machine():
    outcome = run("exit 5", "echo unreachable")
    check(outcome.status == 5 and outcome.out == "", outcome.describe())


@test
def guest_that_powers_off_or_reboots_ends_the_run():
    results = []
    for name in ("poweroff", "reboot"):
        outcome = run(f"run /bin/busybox {name} -f", "echo late", timeout=30)
        results.append((f"ends_by.{name}", None if "late" not in outcome.out and outcome.status != TIMEOUT else outcome.describe()))
    return results


@test
def boot_log_can_be_shown():
    outcome = run("echo out", options=["-v"])
    check(outcome.status == 0 and outcome.out == "out\n" and len(outcome.err) > 200, outcome.describe())


LOG_LINE = re.compile(r"(?m)^\[ *\d+\.\d+\] ((?:init: +\w+ +\w+)|\w+:)")


@test(once=True)
def boot_logs_have_the_same_lines_everywhere():
    logs = {each: [re.sub(" +", " ", line) for line in LOG_LINE.findall(helix("run", "--arch", each, "-v", "--timeout", 60, "--exec", "echo").err)]
            for each in harness.architectures}
    results = []
    for each, lines in logs.items():
        differ = [f"{one} | {other}" for one, other in itertools.zip_longest(logs[arch()], lines) if one != other]
        results.append((f"boot_log.{each}", None if len(lines) > 10 and not differ else f"{len(lines)} lines; {arch()} | {each}: {'; '.join(differ[:5])}"))
    return results


@test
def image_is_written():
    """An ISO on a PC; else the flat image, whose header has Linux's mark, and the line that boots it."""
    path = build_folder() / "test.image"
    outcome = helix("image", "--arch", arch(), "--out", path)
    check(outcome.status == 0 and path.exists() and path.stat().st_size > 256 << 10, outcome.describe())
    if arch() != "x86_64":
        check(path.read_bytes()[56:60] in (b"ARMd", b"RSC\x05"), "no header of a Linux image")
        check("-kernel" in outcome.err and Path(f"{path}.cpio").exists(), f"how to boot it is not said: {outcome.describe()}")
