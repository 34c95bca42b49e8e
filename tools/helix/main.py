# SPDX-License-Identifier: MIT
"""main.py: the verbs of ./helix and their options."""
import argparse

from .paths import ARCHITECTURES
from .report import EXIT_BUILD, EXIT_USAGE, STATUS_TEXT, Failure, say, usage_error
from .words import nearest

DESCRIPTION = "Builds, runs and tests the Helix kernel."


class Parser(argparse.ArgumentParser):
    """Wrong options end with status 64 and one clear line."""

    def error(self, message):
        raise usage_error(f"{message}\nfor the options: {self.prog} --help")


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text}: a number of seconds above 0")
    return value


def count(text):
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 1")
    return int(text)


def add_target(parser):
    parser.add_argument("--arch", metavar="A", help=f"{', '.join(ARCHITECTURES)} (default: the profile's)")
    parser.add_argument("--profile", metavar="P", default="default", help="a folder of profiles/ (default: default)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show every command, and the boot log on standard error")


def add_machine(parser):
    parser.add_argument("--boot", metavar="PROTOCOL", help="x86_64: pvh (default) or multiboot2 (a GRUB ISO); aarch64, riscv64: linux_image")
    parser.add_argument("--machine", metavar="M", help="x86_64: q35 (default) or microvm; aarch64, riscv64: virt; options of QEMU's after a comma, as in virt,gic-version=3")
    parser.add_argument("--cpu", metavar="MODEL", help="a CPU model of QEMU (default: max, on riscv64 rv64; host under KVM)")
    parser.add_argument("--cpus", metavar="N", type=count, default=1, help="how many CPUs (default: 1)")
    parser.add_argument("--memory", metavar="SIZE", help="64M, 8G (default: 256M)")
    parser.add_argument("--accel", choices=("kvm", "tcg"), help="default: kvm where the hardware has it, else tcg")
    parser.add_argument("--append", metavar="CMDLINE", action="append", help="words for the kernel's command line; may be repeated")
    parser.add_argument("--initramfs", metavar="FILE.cpio", nargs="+", action="extend", help="your own newc archives, unpacked after the image's, in order")
    parser.add_argument("--icount", action="store_true", help="count guest instructions as nanoseconds (repeatable figures)")
    parser.add_argument("--timeout", metavar="S", type=seconds, help="end after so many seconds, with status 71")


def add_run(verbs):
    parser = verbs.add_parser("run", help="build, boot in QEMU, show the shell", epilog=STATUS_TEXT,
                              formatter_class=argparse.RawDescriptionHelpFormatter,
                              description="Builds and boots the kernel. Without --exec the console is this terminal: ^C goes to the\n"
                                          "guest, Ctrl-a x leaves. With --exec standard output carries what the lines print and nothing\n"
                                          "else, the exit status is the last line's; the boot log is build/<arch>-<profile>/boot.log.\n"
                                          "What follows -- goes to QEMU.")
    add_target(parser)
    add_machine(parser)
    parser.add_argument("--exec", metavar="LINE", action="append", help="run this line in the kernel's shell, then power off; may be repeated")
    parser.add_argument("--tests", action="store_true", help="the image with the kernel's own test rows in it")
    parser.set_defaults(qemu=[])


def add_build(verbs):
    parser = verbs.add_parser("build", help="build the kernel and its initramfs", description="Writes build/<arch>-<profile>/helix.elf, helix.debug.elf (with symbols), initramfs.cpio and, but for x86_64, helix.image.")
    add_target(parser)
    parser.add_argument("--tests", action="store_true", help="also what the tests need: tests.cpio and the kernel with its test rows")
    parser.add_argument("--compile-commands", action="store_true", help="write compile_commands.json for editors and clang-tidy")


def add_image(verbs):
    parser = verbs.add_parser("image", help="write a bootable image", description="Writes an ISO that GRUB boots (BIOS), by Multiboot2; for aarch64 and riscv64 a flat image\n"
                                      "that boots as Linux's does, and says how.", formatter_class=argparse.RawDescriptionHelpFormatter)
    add_target(parser)
    parser.add_argument("--boot", metavar="PROTOCOL", help="multiboot2 for x86_64, linux_image for the others")
    parser.add_argument("--out", metavar="FILE", help="default: build/<arch>-<profile>/helix.iso, or helix.image")
    parser.add_argument("--append", metavar="CMDLINE", action="append", help="words for the kernel's command line")
    parser.add_argument("--initramfs", metavar="FILE.cpio", nargs="+", action="extend", help="your own newc archives, unpacked after the image's")


def add_debug(verbs):
    parser = verbs.add_parser("debug", help="QEMU waits, gdb is attached", description="Boots with gdb attached at the first instruction, symbols loaded.")
    add_target(parser)
    add_machine(parser)
    parser.add_argument("--batch", metavar="COMMAND", action="append", help="run this gdb command and end; may be repeated")
    parser.set_defaults(qemu=[])


def add_test(verbs):
    parser = verbs.add_parser("test", help="run the tests",
                              description="Ends in one line, N passed, N failed, and with status 0 only when nothing failed.\n"
                                          "Without --arch on every architecture.", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="all", metavar="unit|mutants|kernel|system|fuzz|soak|all", help="default: all; soak, memory under load for a long time, only by name")
    add_target(parser)
    parser.add_argument("-k", metavar="PATTERN", dest="pattern", help="only tests whose name contains this")
    parser.add_argument("--minutes", type=int, metavar="N", default=20, help="how long soak lasts on each architecture (default: 20)")
    parser.add_argument("--seed", type=int, metavar="N", default=1, help="of soak (default: 1)")


def add_new(verbs):
    parser = verbs.add_parser("new", help="a working skeleton with its test", description="Writes a working skeleton and its test, and says what to edit next.")
    parser.add_argument("kind", metavar="module|scheduler|driver|syscall")
    parser.add_argument("name", metavar="NAME", help="lower-case letters, digits and _; a module may name its folder: fs/NAME")


def add_bench(verbs):
    parser = verbs.add_parser("bench", help="measure, beside Linux", epilog=STATUS_TEXT, formatter_class=argparse.RawDescriptionHelpFormatter,
                              description="Boots Helix with the measuring program of bench/ and prints instructions per operation; with\n"
                                          "--peer linux also Debian's kernels in the same machine, and the ratios (below 1: Helix needs less).")
    add_target(parser)
    parser.add_argument("--peer", metavar="P", help="linux, or one release of it as in linux-6.1")
    parser.add_argument("-k", metavar="PATTERN", dest="pattern", help="only rows whose name contains this")
    parser.add_argument("--json", metavar="FILE", help="write the rows there")
    parser.add_argument("--html", metavar="FILE", help="write a page with plots there")
    parser.add_argument("--docs", metavar="FILE.json", nargs="+", help="measure nothing: make docs/performance.md from what --json wrote")
    parser.add_argument("--flat", action="store_true", help="what frames cost in 64 MiB, 1 GiB and 64 GiB, and in a memory 5 and 95 %% full, of one profile; fails beyond 1.5 times")
    parser.add_argument("--wall", action="store_true", help="nanoseconds instead of instructions")
    parser.add_argument("--accel", choices=("kvm", "tcg"), help="with --wall: default kvm where the hardware has it, else tcg")
    parser.add_argument("--fresh", action="store_true", help="measure the peers again, though their figures are kept in build/")
    parser.add_argument("--timeout", metavar="S", type=seconds, help="how long one boot may take (default: 240)")


def add_not_yet(verbs):
    text = "record a trace (not supported yet)"
    verbs.add_parser("trace", help=text, description=text.capitalize()).add_argument("anything", nargs="*", help=argparse.SUPPRESS)


ADD = (add_run, add_test, add_build, add_image, add_debug, add_new, add_bench, add_not_yet)
VERBS = ("run", "test", "build", "image", "debug", "new", "bench", "trace")


def nearest_option(word, known):
    found = nearest(word.split("=")[0], known)
    return found if "did you mean" in found else "; --help lists the options"


def parse(arguments):
    parser = Parser(prog="./helix", description=DESCRIPTION, epilog=STATUS_TEXT, allow_abbrev=False,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=lambda **given: Parser(allow_abbrev=False, **given))
    for add in ADD:
        add(verbs)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
        raise usage_error(f'no verb "{arguments[0]}"{nearest(arguments[0], VERBS)}')
    if arguments and arguments[0] == "trace" and not {"-h", "--help"} & set(arguments):
        raise usage_error(f"not supported yet: ./helix {arguments[0]}")
    ours, qemu = arguments, []
    if "--" in arguments and arguments[0] in ("run", "debug"):
        at = arguments.index("--")
        ours, qemu = arguments[:at], arguments[at + 1:]
    options, unknown = parser.parse_known_args(ours)
    if unknown:
        known = verbs.choices[options.verb]._option_string_actions if options.verb else {}
        raise usage_error(f"./helix {options.verb or ''} has no {unknown[0]}{nearest_option(unknown[0], known)}")
    if not options.verb:
        parser.print_help()
        raise SystemExit(EXIT_USAGE)
    if qemu:
        options.qemu = qemu
    return options


def run_verb(options):
    from . import bench, debug, image_verb, new, run, tests
    return {
        "run": run.run, "debug": debug.debug, "image": image_verb.image, "build": build, "test": tests.test, "new": new.new,
        "bench": bench.bench,
    }[options.verb](options)


def build(options):
    from . import initramfs, kernel, run
    run.resolve_target(options)
    kernel.build(options.arch, options.profile, False, options.verbose)
    initramfs.build(options.arch, options.profile)
    if options.tests:
        kernel.build(options.arch, options.profile, True, options.verbose)
        initramfs.build(options.arch, options.profile, True)
        initramfs.build_tests(options.arch, options.profile)
    if options.compile_commands:
        kernel.write_compile_commands(options.arch, options.profile)
    return 0


def main(arguments):
    from .guest import Ended
    try:
        return run_verb(parse(arguments))
    except Failure as failure:
        say(f"helix: {failure}")
        return failure.status
    except KeyboardInterrupt:
        return 130
    except Ended as ended:
        return 128 + ended.number
    except BrokenPipeError:
        return 141
    except OSError as error:
        say(f"helix: {error.filename or 'system'}: {error.strerror or error}")
        return EXIT_BUILD
