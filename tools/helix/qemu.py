# SPDX-License-Identifier: MIT
"""qemu.py: the QEMU command line of a machine; checks what people ask for before QEMU sees it."""
import os
import platform
import re
from dataclasses import dataclass, field

from .report import usage_error
from .words import nearest

# The first of each row is the default.
MACHINES = {"x86_64": ("q35", "microvm"), "aarch64": ("virt",), "riscv64": ("virt",)}
PROTOCOLS = {"x86_64": ("pvh", "multiboot2"), "aarch64": ("linux_image",), "riscv64": ("linux_image",)}
PROGRAMS = {"x86_64": "qemu-system-x86_64", "aarch64": "qemu-system-aarch64", "riscv64": "qemu-system-riscv64"}
CPUS = {"x86_64": "max", "aarch64": "max", "riscv64": "rv64"}
# Devices every machine of the architecture gets: on a PC, a way for the guest to end QEMU.
DEVICES = {"x86_64": ("-device", "isa-debug-exit,iobase=0xf4,iosize=4"), "aarch64": (), "riscv64": ()}
NOT_YET = ("limine", "uefi")
MIB = 1 << 20
UNITS = {"K": 1 << 10, "M": MIB, "G": 1 << 30, "T": 1 << 40, "": MIB}
COMMAND_LINE_MAX = 4095
CPUS_MAX = 255
# Under icount one nanosecond is one instruction; without ERMS and FSRM a cleared page counts the same on every kernel.
ICOUNT = ["-icount", "shift=0,sleep=off"]
ICOUNT_CPU = CPUS | {"x86_64": "max,-erms,-fsrm"}


@dataclass
class Machine:
    arch: str = "x86_64"
    machine: str | None = None                  # None, here and below: the architecture's default
    boot: str | None = None
    cpu: str | None = None
    cpus: int = 1
    memory: int = 256 * MIB
    accel: str | None = None
    icount: bool = False
    more: list = field(default_factory=list)    # what the user gave after --

    def __post_init__(self):
        self.machine = self.machine or MACHINES[self.arch][0]
        self.boot = self.boot or PROTOCOLS[self.arch][0]


def accelerator():
    """KVM only where hardware stands behind /dev/kvm: elsewhere it is emulated, slower than TCG, and not complete."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        flags = set(re.findall(r"\b(?:vmx|svm)\b", file.read()))
    usable = os.access("/dev/kvm", os.W_OK) and not os.path.isdir("/sys/module/kvm_pvm") and flags
    return "kvm" if usable else "tcg"


def check_memory(text, least, profile=""):
    """Bytes of 64, 512M or 8G."""
    found = re.fullmatch(r"(\d{1,12})([KMGT]?)I?B?", text.upper())
    if not found:
        raise usage_error(f"--memory {text}: write a number and M or G, as in --memory 512M")
    size = int(found.group(1)) * UNITS[found.group(2)]
    if size < least:
        raise usage_error(f"--memory {text}: the profile {profile or 'chosen'} needs at least {least // MIB}M"
                          + ("" if profile in ("", "minimal") else "; --profile minimal takes less"))
    if size > UNITS["T"]:
        raise usage_error(f"--memory {text}: more than 1T")
    if size % MIB:
        raise usage_error(f"--memory {text}: not a whole number of MiB")
    return size


def check_choice(option, value, table, arch, not_yet=()):
    """`table` has the choices of each architecture."""
    choices = table[arch]
    if value in choices:
        return
    if value in not_yet:
        raise usage_error(f"not supported yet: {option} {value}; there is: {', '.join(choices)}")
    others = [other for other in table if value in table[other]]
    if others:
        raise usage_error(f"{option} {value} is for {', '.join(others)}; for {arch} there is: {', '.join(choices)}")
    raise usage_error(f"no {option} {value}{nearest(value, choices)}")


def check(machine):
    # After a comma stand options of the machine, QEMU's to judge: virt,gic-version=3.
    kind = machine.machine.split(",")[0]
    check_choice("--machine", kind, MACHINES, machine.arch)
    check_choice("--boot", machine.boot, PROTOCOLS, machine.arch, NOT_YET)
    if machine.boot == "multiboot2" and kind == "microvm":
        raise usage_error("--machine microvm has no firmware that could boot an ISO; use --machine q35 or --boot pvh")
    if not 1 <= machine.cpus <= CPUS_MAX:
        raise usage_error(f"--cpus {machine.cpus}: 1 to {CPUS_MAX}")
    if machine.icount and machine.accel == "kvm":
        raise usage_error("--icount counts under TCG only; leave out --accel kvm")
    if machine.accel == "kvm":
        if not os.access("/dev/kvm", os.W_OK):
            raise usage_error("--accel kvm: /dev/kvm is not writable here; leave it out for TCG")
        if platform.machine() != machine.arch:
            raise usage_error(f"--accel kvm: this machine is {platform.machine()}, not {machine.arch}; leave it out for TCG")


def check_command_line(text):
    if "\n" in text or "\0" in text or "\r" in text:
        raise usage_error("--append: the kernel's command line is one line")
    if len(text.encode()) > COMMAND_LINE_MAX:
        raise usage_error(f"--append: {len(text.encode())} bytes; the kernel's command line holds {COMMAND_LINE_MAX}")


def memory_options(machine):
    """(what the machine's name is followed by, options): more memory than this computer has must not be reserved by the host's kernel."""
    if machine.memory <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2:
        return "", []
    return ",memory-backend=ram", ["-object", f"memory-backend-ram,id=ram,size={machine.memory // MIB}M,reserve=off"]


def base_command(machine):
    """Everything but what to boot and where the console goes."""
    accel = machine.accel or ("tcg" if machine.icount or platform.machine() != machine.arch else accelerator())
    cpu = machine.cpu or (ICOUNT_CPU[machine.arch] if machine.icount else "host" if accel == "kvm" else CPUS[machine.arch])
    backend, memory = memory_options(machine)
    command = [PROGRAMS[machine.arch], "-nodefaults", "-display", "none", "-no-reboot", "-net", "none", "-M", machine.machine + backend]
    command += memory + ["-accel", accel, "-cpu", cpu, "-smp", str(machine.cpus), "-m", f"{machine.memory // MIB}M"]
    command += DEVICES[machine.arch]
    if machine.icount:
        command += ICOUNT
    return command


def kernel_command(machine, kernel, initrd, command_line):
    """By PVH or as a Linux image: QEMU itself loads the kernel."""
    return base_command(machine) + ["-kernel", str(kernel), "-initrd", str(initrd), "-append", command_line]


def cdrom_command(machine, iso):
    return base_command(machine) + ["-boot", "d", "-drive", f"file={str(iso).replace(',', ',,')},format=raw,media=cdrom,readonly=on"]
