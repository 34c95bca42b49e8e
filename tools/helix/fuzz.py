# SPDX-License-Identifier: MIT
"""fuzz.py: the targets of tests/fuzz, each with its kept corpus in tests/fuzz/corpus/NAME/.

A corpus with a file `machines` is text from which device trees are made first (trees.py).

NAME_fuzz.c is a libFuzzer target. With it lib/ is compiled, and what a comment line names (// sources: kernel/fs/cpio.c) or,
without one, the kernel's NAME.c. NAME_fuzz.py, for what is written in Python, mutates its corpus by itself for --seconds.
"""
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import packages, trees
from .paths import ROOT, shown
from .report import Progress

SECONDS = 4
LIMIT_S = 120
FLAGS = ("-std=gnu23", "-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all", "-fno-sanitize=function",
         "-DHELIX_HOST", "-DHELIX_FUZZ", "-Wno-unused-parameter", "-fwrapv", "-fno-strict-aliasing")


def targets():
    return sorted(path for kind in ("c", "py") for path in (ROOT / "tests" / "fuzz").glob(f"*_fuzz.{kind}"))


def sources_of(target):
    named = [word for line in re.findall(r"^// sources:(.*)$", target.read_text(), re.MULTILINE) for word in line.split()]
    name = target.stem.removesuffix("_fuzz")
    subject = named or [str(path.relative_to(ROOT)) for top in ("kernel", "boot", "arch") for path in (ROOT / top).rglob(f"{name}.c")]
    library = [f"lib/{path.name}" for path in sorted((ROOT / "lib").glob("*.c")) if not path.name.endswith("_test.c")]
    return list(dict.fromkeys([*subject, *library]))


def include_flags(base, generated):
    return [f"-I{base}", "-Iarch/include", "-Iarch/host/include", "-Iinclude", f"-I{generated}"]


def host_flags(profile):
    command = ["make", "-s", "--no-print-directory", "-f", "tests/unit.mk", f"PROFILE={profile}", "flags"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


def compile_target(target, program, profile):
    missing = [source for source in sources_of(target) if not (ROOT / source).exists()]
    if missing:
        return f"its sources are not there: {' '.join(missing)}"
    host = ROOT / "build" / f"host-{profile}" / "include"
    command = ["clang-19", *FLAGS, *host_flags(profile), *include_flags(host / "base", host / "generated"), *sources_of(target), str(target), "-fuse-ld=lld-19", "-o", str(program)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
    return None if done.returncode == 0 else done.stderr[-4000:]


def run_script(target):
    command = [sys.executable, "-B", str(target), "--seconds", str(SECONDS)]
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"took more than {LIMIT_S} s"
    return None if done.returncode == 0 else done.stderr[-4000:]


def corpus_of(target):
    return ROOT / "tests" / "fuzz" / "corpus" / target.stem.removesuffix("_fuzz")


def run_target(target, program):
    """The kept corpus first, every file of it; then a few seconds of new inputs in a scratch corpus."""
    corpus = corpus_of(target)
    with tempfile.TemporaryDirectory(prefix="helix-fuzz-") as scratch, tempfile.TemporaryDirectory(prefix="helix-trees-") as made:
        if trees.is_corpus(corpus):
            complaint = trees.make(corpus, Path(made))
            if complaint:
                return complaint
            corpus = Path(made)
        command = [str(program), f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=0", "-verbosity=0",
                   f"-artifact_prefix={program.parent}/", scratch] + ([str(corpus)] if corpus.is_dir() else [])
        try:
            done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"took more than {LIMIT_S} s"
    return None if done.returncode == 0 else done.stderr[-4000:]


def run_targets(options, count):
    packages.require(*packages.BUILD, *packages.UNIT)
    chosen = [target for target in targets() if not options.pattern or options.pattern in target.stem]
    if not chosen:
        return
    if any(trees.is_corpus(corpus_of(target)) for target in chosen):
        trees.require_packages()
    from .kernel import run_make
    run_make(["make", "--no-print-directory", "-f", "tests/unit.mk", f"PROFILE={options.profile}", "headers"], "preparing", options.verbose)
    folder = ROOT / "build" / "fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress("fuzzing", len(chosen))

    def complaint_about(target):
        if target.suffix == ".py":
            return run_script(target)
        program = folder / target.stem
        return compile_target(target, program, options.profile) or run_target(target, program)

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:       # each is one busy process
        for target, complaint in zip(chosen, pool.map(complaint_about, chosen)):
            progress.step(shown(target))
            count.row(f"fuzz {target.stem.removesuffix('_fuzz')}", complaint is None, complaint or "")
    progress.end()
