# SPDX-License-Identifier: MIT
"""kernel.py: the kernel image, built by make; what is shown meanwhile and on failure."""
import fcntl
import json
import os
import shlex
import subprocess

from . import packages
from .paths import ARCHITECTURES, ROOT, build_folder, profiles, shown
from .report import EXIT_BUILD, Failure, Progress, say, usage_error
from .words import nearest

STEPS = ("  CC  ", "  AS  ", "  LTO ", "  LD  ")


def supported():
    return [arch for arch in ARCHITECTURES if (ROOT / "arch" / arch / "port.mk").exists()]


def check_target(arch, profile):
    if arch not in ARCHITECTURES:
        raise usage_error(f"no architecture \"{arch}\"{nearest(arch, ARCHITECTURES)}")
    if not (ROOT / "arch" / arch / "port.mk").exists():
        raise usage_error(f"not supported yet: --arch {arch}; there is: {', '.join(supported())}")
    if profile not in profiles():
        raise usage_error(f"no profile \"{profile}\" in profiles/{nearest(profile, profiles())}")


def make_command(arch, profile, tests, *more):
    return ["make", "--no-print-directory", f"ARCH={arch}", f"PROFILE={profile}", f"TESTS={int(tests)}", *more]


def make_environment():
    """Make without what an outer make or the user's shell could put in its way."""
    dropped = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "BUILD", "ARCH", "PROFILE", "TESTS", "CFLAGS", "V")
    return {name: value for name, value in os.environ.items() if name not in dropped} | {"LC_ALL": "C"}


def count_steps(command):
    plan = subprocess.run([*command, "-n"], cwd=ROOT, env=make_environment(), capture_output=True, text=True, errors="replace")
    if plan.returncode != 0:
        fail(command, plan.stderr)
    return sum(line.strip().startswith(tuple(f'echo "{step}' for step in STEPS)) for line in plan.stdout.splitlines())


def fail(command, output):
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith(STEPS)]
    # What the profile checker says is the message itself; make's own lines about it add nothing.
    plain = [line for line in lines if not line.startswith("make: ")] or lines
    raise Failure(EXIT_BUILD, "the build failed\n" + "\n".join(plain[-60:]))


def run_make(command, title, verbose):
    total = count_steps(command)
    progress = Progress(title, total) if total else None
    output = []
    with subprocess.Popen([*command, f"-j{os.cpu_count() or 1}", "-Otarget"] + (["V=1"] if verbose else []), cwd=ROOT, env=make_environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as make:
        for line in make.stdout:
            output.append(line)
            if verbose:
                say(line.rstrip("\n"))
            elif progress and line.startswith(STEPS):
                progress.step(line.split()[-1])
    if progress:
        progress.end()
    if make.returncode != 0:
        fail(command, "".join(output))
    return total


def build(arch, profile, tests=False, verbose=False):
    """The folder with helix.elf and helix.debug.elf, up to date. Several ./helix at once take turns."""
    check_target(arch, profile)
    check_profile(arch, profile)
    packages.require(*packages.BUILD)
    folder = build_folder(arch, profile, tests)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = run_make(make_command(arch, profile, tests), f"building {folder.name}", verbose)
    if made:
        say(f"built {shown(folder / 'helix.elf')}: {(folder / 'helix.elf').stat().st_size // 1024} KiB")
    return folder


def boot_file(folder, boot):
    """What QEMU loads by the protocol `boot`: the ELF, or the flat image."""
    return folder / ("helix.image" if boot == "linux_image" else "helix.elf")


def check_profile(arch, profile):
    """A profile that is wrong is a usage error, told before anything is built."""
    from . import profile as profile_file
    profile_file.load(ROOT / "profiles" / profile / "helix.toml", arch)


def write_compile_commands(arch, profile):
    """compile_commands.json for editors and clang-tidy, from what make would run."""
    plan = subprocess.run([*make_command(arch, profile, True), "-n", "-B"], cwd=ROOT, env=make_environment(), capture_output=True, text=True)
    rows = []
    for line in plan.stdout.splitlines():
        words = shlex.split(line) if line.startswith("clang-19") else []
        if "-c" in words and "-o" in words:
            rows.append({"directory": str(ROOT), "file": words[words.index("-c") + 1], "arguments": words})
    if not rows:
        raise Failure(EXIT_BUILD, "make has no compiler lines to take compile_commands.json from")
    (ROOT / "compile_commands.json").write_text(json.dumps(rows, indent=1) + "\n")
    say(f"wrote compile_commands.json: {len(rows)} files")
