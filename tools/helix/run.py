# SPDX-License-Identifier: MIT
"""run.py: the verb `run`: from what people ask for to a guest, its output and its status."""
import os
import re
import secrets
import shlex
import stat
import sys
import tempfile
from pathlib import Path

from . import image, initramfs, kernel, packages, profile, qemu
from .cpio import Archive, merge
from .filter import Filter
from .guest import Guest, run_to_end
from .keyboard import LEAVE_HINT, Keyboard, terminal_size
from .paths import ROOT, shown
from .report import say, usage_error

EXEC_FILE = ".helix-exec"
MIB = 1 << 20
DEFAULT_MEMORY = 256 * MIB
MAGIC = b"070701"
# Typed-ahead input of a pipe is let in when the kernel's shell shows its prompt.
PROMPT = re.compile(rb"helix> ")


def read_archive(path):
    """One archive the user gave. What is in it is the kernel's to judge; what cannot be one is said here."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise usage_error(f"--initramfs {path}: not a file")
        data = Path(path).read_bytes()
    except OSError as error:
        raise usage_error(f"--initramfs {path}: {error.strerror}") from None
    if not data:
        raise usage_error(f"--initramfs {path}: empty")
    if data[:2] == b"\x1f\x8b":
        raise usage_error(f"--initramfs {path}: compressed; unpack it first: gunzip -c {shlex.quote(str(path))} > archive.cpio")
    if not data.startswith(MAGIC):
        say(f"helix: warning: --initramfs {path} does not look like a newc archive (find . | cpio -o -H newc); passed on as it is")
    return data


def exec_archive(lines):
    for line in lines:
        if "\n" in line or "\0" in line:
            raise usage_error("--exec: one line at a time; give --exec again for the next one")
    archive = Archive()
    archive.file(EXEC_FILE, "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape"), 0o600)
    return archive.bytes()


def words(options, token):
    """The kernel's command line: our own words first, where no open quote of what the user gave can swallow them."""
    own = []
    if token:
        own.append(f"exec.token={token}")
    size = terminal_size()
    if size:
        own.append(f"tty.rows={size[0]} tty.columns={size[1]}")
    given = list(options.append or [])
    if token and any("exec.token" in each for each in given):
        raise usage_error("--append: exec.token is what --exec gives the kernel; leave it out")
    line = " ".join(filter(None, own + given))
    qemu.check_command_line(line)
    return line


def resolve_target(options):
    """--profile and --arch, checked, with the profile's own architecture as the default."""
    name = options.profile
    if name not in kernel.profiles():
        kernel.check_target("x86_64", name)
    path = ROOT / "profiles" / name / "helix.toml"
    arch = options.arch or profile.primary_arch(path)
    kernel.check_target(arch, name)
    options.arch = arch
    return profile.load(path, arch)


def machine_of(options, chosen):
    least = chosen.get("memory", "min_ram_mb") * MIB
    memory = qemu.check_memory(options.memory, least, options.profile) if options.memory else max(DEFAULT_MEMORY, least)
    machine = qemu.Machine(arch=options.arch, machine=options.machine, boot=options.boot, cpu=options.cpu, cpus=options.cpus,
                           memory=memory, accel=options.accel, icount=options.icount, more=options.qemu)
    qemu.check(machine)
    return machine


class BootLog:
    """build/<…>/boot.log of this run; a new file each time, so that two runs at once do not mix."""

    def __init__(self, path, verbose):
        self.verbose = verbose
        path.unlink(missing_ok=True)
        self.file = open(path, "wb", buffering=0)

    def write(self, data):
        data = data.replace(b"\r\n", b"\n")
        self.file.write(data)
        if self.verbose:
            write_all(2, data)


def write_all(descriptor, data):
    while data:
        try:
            data = data[os.write(descriptor, data):]
        except BlockingIOError:
            pass


def boot_command(machine, folder, archives, command_line, scratch):
    """The QEMU command that boots this; files that only this run needs go to `scratch`."""
    elf = kernel.boot_file(folder, machine.boot)
    if machine.boot == "multiboot2":
        iso = scratch / "helix.iso"
        image.write_iso(elf, archives, command_line, iso)
        return qemu.cdrom_command(machine, iso) + machine.more
    initrd = scratch / "initramfs.cpio"
    initrd.write_bytes(merge(archives))
    return qemu.kernel_command(machine, elf, initrd, command_line) + machine.more


def run(options):
    chosen = resolve_target(options)
    machine = machine_of(options, chosen)
    token = secrets.token_hex(8) if options.exec else None
    command_line = words(options, token)
    extra = [exec_archive(options.exec)] if token else []
    extra += [read_archive(path) for path in options.initramfs or []]
    packages.require(*packages.QEMU[options.arch])
    folder = kernel.build(options.arch, options.profile, options.tests, options.verbose)
    archives = [initramfs.build(options.arch, options.profile, options.tests).read_bytes(), *extra]
    with tempfile.TemporaryDirectory(prefix="helix-run-") as scratch:
        command = boot_command(machine, folder, archives, command_line, Path(scratch))
        if options.verbose:
            say(shlex.join(command))
        return converse(command, token, options, folder)


def converse(command, token, options, folder):
    """Runs the guest between the person's terminal and the log."""
    log = BootLog(folder / "boot.log", options.verbose and token)
    sieve = Filter(token, lambda data: write_all(1, data), log.write, lambda data: report(data, token, options.verbose))
    with Keyboard(keep_output=bool(token)) as keyboard:
        ready = PROMPT if keyboard.kind == "stream" and not token else None
        if keyboard.kind == "terminal" and not token:
            sys.stderr.write(f"{shown(folder / 'helix.elf')}: {LEAVE_HINT}\r\n")
            sys.stderr.flush()
        guest = Guest(command, sieve, keyboard, options.timeout, ready)
        try:
            return run_to_end(guest, wants_status=bool(token))
        finally:
            if getattr(guest, "complaint", ""):
                log.write(guest.complaint.encode() + b"\n")


def report(data, token, verbose):
    """A panic's report: on standard error, unless the log goes there already."""
    if not token:
        write_all(1, data)
    elif not verbose:
        write_all(2, data.replace(b"\r\n", b"\n"))
