# SPDX-License-Identifier: MIT
"""image_verb.py: the verb `image`."""
from pathlib import Path

from . import image as iso_image
from . import initramfs, kernel, packages, qemu, run
from .report import say, usage_error


def image(options):
    qemu.check_choice("--boot", options.boot, ("multiboot2",), qemu.NOT_YET)
    run.resolve_target(options)
    if options.out and (Path(options.out).is_dir() or not Path(options.out).resolve().parent.is_dir()):
        raise usage_error(f"--out {options.out}: not a file name in an existing folder")
    extra = [run.read_archive(path) for path in options.initramfs or []]
    line = " ".join(options.append or [])
    qemu.check_command_line(line)
    packages.require(*packages.ISO)
    folder = kernel.build(options.arch, options.profile, False, options.verbose)
    archives = [initramfs.build(options.arch, options.profile).read_bytes(), *extra]
    out = Path(options.out).resolve() if options.out else folder / "helix.iso"
    iso_image.write_iso(folder / "helix.elf", archives, line, out)
    say(f"wrote {out}: {out.stat().st_size // 1024} KiB")
    return 0
