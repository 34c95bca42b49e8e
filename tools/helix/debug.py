# SPDX-License-Identifier: MIT
"""debug.py: the verb `debug`: QEMU waits, gdb is attached with the kernel's symbols."""
import platform
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from . import initramfs, kernel, packages, run
from .guest import die_with_parent
from .report import EXIT_TIMEOUT, EXIT_USAGE, Failure, say

START_S = 10.0


def gdb_command(arch, folder, socket, batch):
    command = ["gdb" if arch == platform.machine() else "gdb-multiarch", "-q"] + (["-nx", "-batch"] if batch else [])
    for line in ("set pagination off", "set confirm off", f"file {folder / 'helix.debug.elf'}", f"target remote {socket}", *batch):
        command += ["-ex", line]
    return command


def wait_for(socket, machine):
    until = time.monotonic() + START_S
    while not socket.exists():
        if machine.poll() is not None or time.monotonic() > until:
            raise Failure(EXIT_USAGE, f"QEMU does not start: {machine.stderr.read().decode(errors='replace').strip()}")
        time.sleep(0.02)


def debug(options):
    chosen = run.resolve_target(options)
    machine = run.machine_of(options, chosen)
    packages.require(*packages.QEMU[options.arch], *(packages.DEBUG if options.arch == platform.machine() else packages.DEBUG_CROSS))
    folder = kernel.build(options.arch, options.profile, False, options.verbose)
    extra = [run.read_archive(path) for path in options.initramfs or []]
    archives = [initramfs.build(options.arch, options.profile).read_bytes(), *extra]
    with tempfile.TemporaryDirectory(prefix="helix-debug-") as name:
        scratch = Path(name)
        socket, console = scratch / "gdb", folder / "boot.log"
        command = run.boot_command(machine, folder, archives, run.words(options, None), scratch)
        command += ["-S", "-gdb", f"unix:{socket},server=on,wait=off", "-serial", f"file:{console}"]
        guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=die_with_parent)
        try:
            wait_for(socket, guest)
            say(f"QEMU waits at its first instruction; the guest's console goes to {console}")
            if not options.batch:
                say("use hbreak until the kernel runs at its own addresses: hbreak kernel_main, then continue")
                signal.signal(signal.SIGINT, signal.SIG_IGN)        # ^C is gdb's: it stops the guest
            with subprocess.Popen(gdb_command(options.arch, folder, socket, options.batch or [])) as gdb:
                try:
                    return gdb.wait(timeout=options.timeout)
                except subprocess.TimeoutExpired:
                    gdb.kill()
                    raise Failure(EXIT_TIMEOUT, f"the time limit of {options.timeout:g} s was reached") from None
        finally:
            if guest.poll() is None:
                guest.kill()
            guest.wait()
