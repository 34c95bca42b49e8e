# SPDX-License-Identifier: MIT
"""image.py: bootable images: a GRUB ISO for Multiboot2."""
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import packages
from .report import EXIT_BUILD, Failure, usage_error

# What one boot_info holds; more archives than that are merged into the last module.
MODULES_MAX = 8


def split_words(command_line):
    """Words of a kernel command line; "…" keeps spaces together, as in the kernel."""
    words, word, quoted, begun = [], "", False, False
    for letter in command_line:
        if letter == '"':
            quoted, begun = not quoted, True
        elif letter == " " and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + letter, True
    return words + [word] if begun else words


def grub_word(word):
    return "'" + word.replace("'", "'\\''") + "'"


def grub_configuration(command_line, module_count):
    for letter in "\\'":
        if letter in command_line:
            raise usage_error(f"--append: {letter} does not survive GRUB's command line; use --boot pvh")
    arguments = " ".join(map(grub_word, split_words(command_line)))
    modules = "".join(f"    module2 /boot/archive{number}.cpio\n" for number in range(module_count))
    return ("serial --unit=0 --speed=115200\nterminal_input serial\nterminal_output serial\nset timeout=0\nset default=0\n"
            f"menuentry Helix {{\n    multiboot2 /boot/helix.elf {arguments}\n{modules}    boot\n}}\n")


def write_iso(kernel, archives, command_line, iso):
    """`archives` are bytes, unpacked by the kernel in this order."""
    packages.require(*packages.ISO)
    if len(archives) > MODULES_MAX:
        archives = [*archives[: MODULES_MAX - 1], b"".join(archives[MODULES_MAX - 1:])]
    with tempfile.TemporaryDirectory(prefix="helix-iso-") as folder:
        boot = Path(folder) / "boot"
        (boot / "grub").mkdir(parents=True)
        shutil.copyfile(kernel, boot / "helix.elf")
        for number, archive in enumerate(archives):
            (boot / f"archive{number}.cpio").write_bytes(archive)
        (boot / "grub" / "grub.cfg").write_text(grub_configuration(command_line, len(archives)))
        check = subprocess.run(["grub-file", "--is-x86-multiboot2", str(kernel)])
        if check.returncode != 0:
            raise Failure(EXIT_BUILD, "the kernel image has no Multiboot2 header")
        outcome = subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", str(iso), folder,
                                  "--fonts=", "--locales=", "--themes=", "--compress=xz"],
                                 capture_output=True, text=True, errors="replace")
        if outcome.returncode != 0:
            raise Failure(EXIT_BUILD, f"grub-mkrescue failed\n{outcome.stderr.strip()}")
