# SPDX-License-Identifier: MIT
"""programs.py: compiles the C programs of user/ for the guest, static: with musl, and with glibc.

For the machine's own architecture that is musl-gcc and gcc; for another one clang with Debian's musl of that architecture, and
the cross gcc with its glibc. A program with needs of its own states them in a comment: `// Build: FLAGS`.
"""
import functools
import platform
import re
import subprocess

from . import debian, packages
from .paths import ROOT, shown
from .report import EXIT_BUILD, Failure

CROSS_FLAGS = {"aarch64": ("-mno-outline-atomics",), "riscv64": ("-march=rv64gc", "-mabi=lp64d")}
COMMON = ("-std=gnu2x", "-static", "-Wall", "-Wextra")


def require(arch):
    """The compilers and libraries for `arch` are there on return."""
    if arch == platform.machine():
        packages.require(*packages.USER)
    elif arch in packages.CROSS:
        packages.require(*packages.BUILD, *packages.CROSS[arch])
    else:
        raise Failure(EXIT_BUILD, f"not supported yet: user programs for {arch} on a {platform.machine()} machine")


def needs_of(source):
    return [word for line in re.findall(r"^// Build: (.*)$", source.read_text(), re.MULTILINE) for word in line.split()]


@functools.cache
def _output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def gcc(arch):
    return "gcc" if arch == platform.machine() else f"{arch}-linux-gnu-gcc"


def _musl_cross(arch, needs):
    """(what stands before the source, what behind it) for clang: musl's headers, start files and library, and gcc's arithmetic."""
    tree = debian.root(arch) / "usr"
    library = tree / "lib" / f"{arch}-linux-musl"
    before = ["clang-19", f"--target={arch}-linux-gnu", *CROSS_FLAGS[arch], "-nostdinc", "-isystem", str(tree / "include" / f"{arch}-linux-musl"),
              "-isystem", _output("clang-19", "-print-resource-dir") + "/include", "-nostdlib", "-fuse-ld=lld-19"]
    after = []
    if "-nostartfiles" not in needs and "-nostdlib" not in needs:
        after += [str(library / name) for name in ("crt1.o", "crti.o", "crtn.o")]
    if "-nodefaultlibs" not in needs and "-nostdlib" not in needs:
        after += [str(library / "libc.a"), _output(gcc(arch), "-print-libgcc-file-name")]
    return before, after


def _compile(command, source):
    outcome = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=ROOT)
    if outcome.returncode != 0:
        raise Failure(EXIT_BUILD, f"{shown(source)} does not compile\n{outcome.stderr}")


def compile_musl(arch, source, program, *more, flags=("-O1",)):
    """One program of `source` and the sources `more`; what it needs stands in the first."""
    needs = needs_of(source)
    before, after = (["musl-gcc"], ["-lpthread"]) if arch == platform.machine() else _musl_cross(arch, needs)
    _compile([*before, *COMMON, *flags, *needs, "-o", str(program), str(source), *map(str, more), *after], source)


def compile_glibc(arch, source, program):
    _compile([gcc(arch), *COMMON, "-O2", "-w", *needs_of(source), "-o", str(program), str(source), "-pthread"], source)
