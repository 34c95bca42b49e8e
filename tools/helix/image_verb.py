# SPDX-License-Identifier: MIT
"""image_verb.py: the verb `image`."""
import shlex
import shutil
from pathlib import Path

from . import image as iso_image
from . import initramfs, kernel, packages, qemu, run
from .cpio import merge
from .report import say, usage_error

PROTOCOLS = {"x86_64": ("multiboot2",), "aarch64": ("linux_image",), "riscv64": ("linux_image",)}


def image(options):
    run.resolve_target(options)
    boot = options.boot or PROTOCOLS[options.arch][0]
    qemu.check_choice("--boot", boot, PROTOCOLS, options.arch, qemu.NOT_YET)
    if options.out and (Path(options.out).is_dir() or not Path(options.out).resolve().parent.is_dir()):
        raise usage_error(f"--out {options.out}: not a file name in an existing folder")
    extra = [run.read_archive(path) for path in options.initramfs or []]
    line = " ".join(options.append or [])
    qemu.check_command_line(line)
    if boot == "multiboot2":
        packages.require(*packages.ISO)
    folder = kernel.build(options.arch, options.profile, False, options.verbose)
    own = initramfs.build(options.arch, options.profile)
    if boot == "linux_image":
        write_linux_image(options, folder, own, extra, line)
    else:
        out = Path(options.out).resolve() if options.out else folder / "helix.iso"
        iso_image.write_iso(folder / "helix.elf", [own.read_bytes(), *extra], line, out)
        tell_written(out)
    return 0


def tell_written(path):
    say(f"wrote {path}: {path.stat().st_size // 1024} KiB")


def write_linux_image(options, folder, own, extra, line):
    """The flat image; a boot loader, or QEMU, takes it, the archive and the command line as it does for Linux."""
    flat, archive = folder / "helix.image", own
    out = Path(options.out).resolve() if options.out else flat
    if out != flat:
        shutil.copyfile(flat, out)
    if extra or out != flat:
        archive = Path(f"{out}.cpio")
        archive.write_bytes(merge([own.read_bytes(), *extra]))
    tell_written(out)
    command = qemu.kernel_command(qemu.Machine(arch=options.arch, accel="tcg"), out, archive, line) + ["-serial", "stdio"]
    say(f"it boots as Linux's image does, with the archive {archive}; in QEMU:\n    {shlex.join(command)}")
