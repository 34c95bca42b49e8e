# SPDX-License-Identifier: MIT
"""device_trees.py: wrong device trees, given to the kernel itself: no firmware or emulator has read or mended them before.

A few instructions stand where the emulator or the firmware begins; they load the address of a tree and jump into the kernel. The trees
are the emulator's own, changed as text or, for what no compiler writes, as bytes.
"""
import os
import random
import re
import selectors
import socket
import subprocess
import tempfile
import time
from collections import namedtuple
from pathlib import Path

from harness import arch, check, shorten
from helix import initramfs, kernel, qemu, trees
from helix.cpio import merge
from helix.patience import patient
from helix.run import exec_archive
from registry import test

SILENCE_S, LIMIT_S, SEED, TOKEN = 0.4, 30, 20, "trees"
MIB = 1 << 20
MEMORY = 256 * MIB

# Physical addresses. `stub`: instructions, in front of two quads: the tree's address and the kernel's. It lies at `start`, where the firmware,
# or else QEMU, begins. `timer`, `controller`, `serial`: names of nodes.
Machine = namedtuple("Machine", "ram kernel firmware stub start timer controller serial extra")
MACHINES = {
    # ldr x0, tree; ldr x4, kernel; br x4; nop
    "aarch64": Machine(ram=0x4000_0000, kernel=0x4020_0000, firmware=False, stub=(0x58000080, 0x580000A4, 0xD61F0080, 0xD503201F), start=0x4E00_0000,
                       timer=r"timer", controller=r"intc@[0-9a-f]+", serial=r"pl011@[0-9a-f]+", extra=""),
    # auipc t0, 0; ld a1, 16(t0); ld t1, 24(t0); jr t1. The firmware's own memory is closed to everybody.
    "riscv64": Machine(ram=0x8000_0000, kernel=0x8040_0000, firmware=True, stub=(0x00000297, 0x0102B583, 0x0182B303, 0x00030067), start=0x8020_0000,
                       timer=None, controller=r"plic@[0-9a-f]+", serial=r"serial@[0-9a-f]+",
                       extra="firmware@80000000 { reg = <0 0x80000000 0 0x80000>; no-map; };"),
}
TREE_AT, INITRD_AT = 0x0F00_0000, 0x0800_0000          # from the start of memory


def here():
    return MACHINES[arch()]


# ---- trees as text

def cells(value):
    return f"0x{value >> 32:x} 0x{value & 0xFFFFFFFF:x}"


def region(start, size):
    return f"<{cells(start)} {cells(size)}>"


def node_pattern(name):
    """A node and what is in it, as dtc indents it."""
    return re.compile(rf"(?m)^(\t+){name} \{{\n(?:.*\n)*?\1\}};\n")


def without(text, name):
    changed, count = node_pattern(name).subn("", text)
    check(count, f"the emulator's tree has no {name}")
    return changed


def changed(text, pattern, into, most=0):
    result, count = re.subn(pattern, into, text, count=most)
    check(count, f"the emulator's tree has no {pattern}")
    return result


def into_root(text, more):
    """`more` are nodes: behind the root's properties."""
    at = text.rindex("};")
    return text[:at] + more + "\n};\n"


def reserve(text, start, size, more="no-map;"):
    return text.replace(" ranges; ", f" ranges; wrong@0 {{ reg = {region(start, size)}; {more} }}; ", 1)


def memory_registers(text, value):
    return changed(text, r"(memory@[0-9a-f]+ \{\n(?:.*\n)*?\s*reg = )<[^>]*>", lambda found: found.group(1) + value)


def initrd_at(text, start, size):
    text = changed(text, r"linux,initrd-start = <[^>]*>", f"linux,initrd-start = <{cells(start)}>")
    return changed(text, r"linux,initrd-end = <[^>]*>", f"linux,initrd-end = <{cells(start + size)}>")


def base_text(initrd_size):
    """The emulator's tree of the machine that the cases run on, with a command line and an archive."""
    with tempfile.TemporaryDirectory(prefix="helix-tree-") as scratch:
        path = Path(scratch) / "machine"
        complaint = trees.run(trees.machine_command(f"{arch()} -M virt -cpu {qemu.CPUS[arch()]} -m {MEMORY // MIB}M", path))
        check(not complaint, complaint)
        text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", str(path)], check=True, capture_output=True, text=True).stdout
    start = here().ram + INITRD_AT
    line = f'\t\tbootargs = "exec.token={TOKEN}";\n\t\tlinux,initrd-start = <{cells(start)}>;\n\t\tlinux,initrd-end = <{cells(start + initrd_size)}>;\n'
    text = text.replace("\tchosen {\n", "\tchosen {\n" + line, 1)
    check("bootargs" in text, "the emulator's tree has no /chosen")
    return into_root(text, f"reserved-memory {{ #address-cells = <2>; #size-cells = <2>; ranges; {here().extra} }};")


def deep(levels):
    return "".join(f"n{i} {{ " for i in range(levels)) + "}; " * levels


def circle(text):
    """Everybody's interrupt parent is a node whose own parent is another one, whose parent is the first."""
    text = into_root(text, "one { phandle = <0x7001>; interrupt-parent = <0x7002>; }; two { phandle = <0x7002>; interrupt-parent = <0x7001>; };")
    return changed(text, r"(?<!/)interrupt-parent = <0x(?!700)[^>]*>", "interrupt-parent = <0x7001>")


def own_parent(text):
    handle = re.search(rf"{here().controller} \{{\n(?:.*\n)*?\s*phandle = (<[^>]*>)", text).group(1)
    text = re.sub(r"interrupt-parent = <[^>]*>", f"interrupt-parent = {handle}", text)
    return changed(text, rf"({here().controller} \{{\n)", rf"\1 interrupt-parent = {handle};")


def no_timer(text):
    return without(text, here().timer) if here().timer else changed(text, r"timebase-frequency = <[^>]*>;", "")


def many_memories(text):
    start, dice = here().ram, random.Random(SEED)
    nodes = []
    for i in range(64):
        first, size = dice.randrange(MEMORY), dice.randrange(1, MEMORY)
        nodes.append(f'memory@{i} {{ device_type = "memory"; reg = {region(start + first, min(size, MEMORY - first))}; }};')
    return into_root(text, "\n".join(nodes))


LINE, TOLD, ALONE, SOMEHOW = {"line"}, {"told"}, {"alone"}, {"line", "told", "alone", "still"}


def text_cases(size):
    """(name, what the kernel may do, how the text is changed); `size` is the archive's."""
    machine = here()
    ram, end = machine.ram, machine.ram + MEMORY
    return [
        ("unchanged", LINE, lambda text: text),
        ("no_memory_node", TOLD, lambda text: without(text, r"memory@[0-9a-f]+")),
        ("memory_of_no_size", TOLD, lambda text: memory_registers(text, region(ram, 0))),
        ("memory_of_one_page", TOLD, lambda text: memory_registers(text, region(ram, 4096))),
        ("memory_elsewhere", SOMEHOW, lambda text: memory_registers(text, region(1 << 36, MEMORY))),
        ("memory_without_end", SOMEHOW, lambda text: memory_registers(text, region(ram, (1 << 64) - ram))),
        ("memory_wraps", SOMEHOW, lambda text: memory_registers(text, region(ram, (1 << 64) - 4096))),
        ("memory_64_overlapping", LINE, many_memories),
        ("all_reserved", TOLD, lambda text: reserve(text, ram, MEMORY)),
        ("all_reserved_in_the_map", TOLD, lambda text: text.replace("/dts-v1/;", f"/dts-v1/;\n/memreserve/ 0x{ram:x} 0x{MEMORY:x};", 1)),
        ("everything_reserved", SOMEHOW, lambda text: reserve(text, 0, (1 << 64) - 1)),
        ("reserved_over_kernel", SOMEHOW, lambda text: reserve(text, machine.kernel, 4 * MIB)),
        ("mapped_reserved_over_kernel", SOMEHOW, lambda text: reserve(text, machine.kernel, 4 * MIB, "")),
        ("no_cpus", SOMEHOW, lambda text: without(text, "cpus")),
        ("no_chosen", ALONE, lambda text: without(text, "chosen")),
        ("no_interrupt_controller", SOMEHOW, lambda text: without(text, machine.controller)),
        ("no_timer", SOMEHOW, no_timer),
        ("no_serial", SOMEHOW | {"ended"}, lambda text: without(text, machine.serial)),
        ("interrupt_parents_in_a_circle", SOMEHOW, circle),
        ("controller_is_its_own_parent", SOMEHOW, own_parent),
        ("initrd_beyond_memory", ALONE, lambda text: initrd_at(text, end + 16 * MIB, size)),
        ("initrd_beyond_everything", ALONE, lambda text: initrd_at(text, (1 << 64) - 8192, 4096)),
        ("initrd_over_kernel", SOMEHOW, lambda text: initrd_at(text, machine.kernel, 4 * MIB)),
        ("initrd_is_all_memory", SOMEHOW, lambda text: initrd_at(text, ram, MEMORY)),
        ("initrd_over_tree", SOMEHOW, lambda text: initrd_at(text, ram + TREE_AT, 4096)),
        ("initrd_backwards", ALONE, lambda text: initrd_at(text, ram + INITRD_AT, -4096)),
        ("no_address_cells", SOMEHOW, lambda text: changed(text, r"(?m)^\t#address-cells = <[^>]*>;", "", 1)),
        ("zero_address_cells", SOMEHOW, lambda text: changed(text, r"(?m)^\t#address-cells = <[^>]*>", "\t#address-cells = <0>")),
        ("huge_address_cells", SOMEHOW, lambda text: changed(text, r"(?m)^\t#address-cells = <[^>]*>", "\t#address-cells = <0xffffffff>")),
        ("huge_size_cells", SOMEHOW, lambda text: changed(text, r"(?m)^\t#size-cells = <[^>]*>", "\t#size-cells = <0x40000001>")),
        ("huge_interrupt_cells", SOMEHOW, lambda text: changed(text, r"#interrupt-cells = <[^>]*>", "#interrupt-cells = <0x10000001>")),
        ("deepest", LINE, lambda text: into_root(text, deep(31))),
        ("too_deep", SOMEHOW, lambda text: into_root(text, deep(32))),
        ("bottomless", SOMEHOW, lambda text: into_root(text, deep(1000))),
        ("many_nodes", SOMEHOW, lambda text: into_root(text, "".join(f"n{i} {{ reg = <{i}>; }}; " for i in range(3000)))),
        ("long_command_line", SOMEHOW, lambda text: changed(text, r'bootargs = "', 'bootargs = "' + "x=y " * 5000)),
        ("strings_without_end", SOMEHOW, lambda text: changed(text, r'(stdout-path|device_type|compatible|method) = "[^;]*;', r"\1 = [ff ff ff];")),
        ("empty_properties", SOMEHOW, lambda text: changed(text, r"(?m)^(\t+(?!#)[\w,-]+) = <[^;]*;", r"\1;")),
        ("registers_in_the_kernel", SOMEHOW | {"ended"}, lambda text: changed(text, rf"({machine.serial} \{{\n(?:.*\n)*?\s*reg = )<[^>]*>", rf"\g<1>{region(machine.kernel, 4096)}")),
        ("registers_nowhere", SOMEHOW | {"ended"}, lambda text: changed(text, rf"({machine.serial} \{{\n(?:.*\n)*?\s*reg = )<[^>]*>", rf"\g<1>{region((1 << 64) - 4096, 8192)}")),
        ("all_handles_alike", SOMEHOW, lambda text: changed(text, r"phandle = <[^>]*>", "phandle = <1>")),
    ]


def compiled(text):
    done = subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb"], input=text.encode(), capture_output=True, timeout=20)
    check(done.returncode == 0 and done.stdout, f"dtc: {done.stderr.decode(errors='replace')}")
    return done.stdout


# ---- trees as bytes

def with_field(blob, offset, value):
    return blob[:offset] + (value & 0xFFFFFFFF).to_bytes(4, "big") + blob[offset + 4:]


def flipped(blob, seed, count):
    dice, bytes_ = random.Random(seed), bytearray(blob)
    for _ in range(count):
        bytes_[dice.randrange(len(bytes_))] ^= 1 << dice.randrange(8)
    return bytes(bytes_)


BROKEN = {"told", "still"}


def byte_cases(blob):
    """(name, what the kernel may do, bytes). `still`: where only a tree could name the console, it can but stop."""
    structure, strings, total = (int.from_bytes(blob[at:at + 4], "big") for at in (8, 12, 4))
    cases = [(f"cut_at_{length}", BROKEN, blob[:length] + bytes(len(blob) - length)) for length in (0, 3, 39, 60, structure + 100, strings - 4, strings + 50)]
    cases += [(f"noise_from_{part}", SOMEHOW, blob[:len(blob) * part // 8] + random.Random(part).randbytes(len(blob))) for part in (1, 4, 7)]
    cases += [
        ("wrong_magic", BROKEN, with_field(blob, 0, 0xEDFE0DD0)),
        ("total_size_zero", BROKEN, with_field(blob, 4, 0)),
        ("total_size_small", BROKEN, with_field(blob, 4, 39)),
        ("total_size_short", BROKEN, with_field(blob, 4, total - 40)),
        ("total_size_long", SOMEHOW, with_field(blob, 4, total + 65536)),
        ("total_size_huge", BROKEN, with_field(blob, 4, 0xFFFFFFFF)),
        ("structure_outside", BROKEN, with_field(blob, 8, 0xFFFFFFF0)),
        ("structure_in_header", BROKEN, with_field(blob, 8, 0)),
        ("strings_outside", BROKEN, with_field(blob, 12, total)),
        ("reservations_outside", BROKEN, with_field(blob, 16, 0x7FFFFFF0)),
        ("version_old", BROKEN, with_field(blob, 20, 3)),
        ("version_incompatible", BROKEN, with_field(blob, 24, 99)),
        ("structure_size_lies", BROKEN, with_field(blob, 36, 8)),
        ("no_end", BROKEN, blob.replace(b"\0\0\0\2\0\0\0\2\0\0\0\x09", b"\0\0\0\2\0\0\0\4\0\0\0\4")),
    ]
    cases += [(f"flips_{count}_seed_{seed}", SOMEHOW | {"ended"}, flipped(blob, seed, count)) for seed, count in enumerate((1, 1, 4, 4, 16, 16, 64, 64, 512, 512), SEED)]
    return cases


def placed_cases(blob):
    """Trees that lie where none should."""
    machine = here()
    end = machine.ram + MEMORY
    return [("one_byte_off", SOMEHOW, blob, machine.ram + TREE_AT + 1), ("at_the_last_bytes", SOMEHOW, blob, end - len(blob)),
            ("beyond_the_end", BROKEN, blob[:64], end - 64), ("none", SOMEHOW, b"", 0), ("nowhere", BROKEN, b"", 1 << 47), ("wrapping", BROKEN, b"", (1 << 64) - 8)]


# ---- one boot

MARKS = [
    ("line", re.compile(rb"\x01helix-exec-begin " + TOKEN.encode() + rb"\r*\nalive\r*\n\x01helix-exec-end " + TOKEN.encode() + rb" 0\r*\n")),
    ("told", re.compile(rb"KERNEL PANIC ===(?s:.)*Message: .+\n(?s:.)*Register Dump:|Helix: .+\n")),
    ("alone", re.compile(rb"helix> |\x01helix-exec-end " + TOKEN.encode() + rb" 127\r*\n")),    # without an archive
]
# Where a kernel that cannot say a word stops for good.
RESTING = re.compile(r"boot_refuse|arch_cpu_halt|arch_boot_main|carry_out|panic_at")


class Guest:
    """Boots from files in its folder: the kernel, the archive, a stub and a tree."""

    def __init__(self, folder, symbols):
        self.folder, self.symbols = folder, symbols

    def judge(self, wanted, blob, tree_at):
        """None, or what went wrong."""
        machine = here()
        (self.folder / "tree").write_bytes(blob)
        (self.folder / "stub").write_bytes(b"".join(word.to_bytes(4, "little") for word in machine.stub) + tree_at.to_bytes(8, "little")
                                           + machine.kernel.to_bytes(8, "little"))
        (self.folder / "monitor").unlink(missing_ok=True)
        with Boot(self.folder, self.symbols, tree_at if blob else None) as boot:
            outcome = boot.outcome()
            if outcome == "still" and machine.firmware:
                outcome = "still, though the firmware has a console"
            return None if outcome in wanted else f"{outcome}, wanted {' or '.join(sorted(wanted))}; heard: {shorten(boot.heard.decode(errors='replace'))!r}"


class Boot:
    """QEMU with a stub, the kernel, the archive and a tree, each at its address."""

    def __init__(self, scratch, symbols, tree_at):
        self.scratch, self.symbols, machine, self.heard = scratch, symbols, here(), b""
        command = qemu.base_command(qemu.Machine(arch=arch(), memory=MEMORY))
        command += ["-kernel", str(scratch / "stub")] if machine.firmware else \
             ["-device", f"loader,file={scratch}/stub,addr=0x{machine.start:x},force-raw=on", "-device", f"loader,addr=0x{machine.start:x},cpu-num=0"]
        for name, at in (("kernel", machine.kernel), ("initrd", machine.ram + INITRD_AT), ("tree", tree_at)):
            if at:
                command += ["-device", f"loader,file={scratch}/{name},addr=0x{at:x},force-raw=on"]
        command += ["-serial", "stdio", "-monitor", f"unix:{scratch}/monitor,server=on,wait=off"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def outcome(self):
        """line, told, alone, ended, still or hangs."""
        began = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while time.monotonic() - began < patient(LIMIT_S):
                if not selector.select(patient(SILENCE_S)):
                    if self.rests():
                        return "still"
                    continue
                data = os.read(self.process.stdout.fileno(), 65536)
                self.heard += data
                for name, mark in MARKS:
                    if mark.search(self.heard):
                        return name
                if not data:
                    return "ended"
        return "hangs"

    def monitor(self, command):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(patient(3))
            connection.connect(str(self.scratch / "monitor"))
            connection.sendall(command.encode() + b"\n")
            answer = b""
            while answer.count(b"(qemu)") < 2:
                part = connection.recv(65536)
                if not part:
                    break
                answer += part
            return answer.decode(errors="replace")

    def rests(self):
        """Whether the CPU stands in a function that ends everything."""
        found = re.search(r"(?i)\bpc\s*=?\s*([0-9a-f]{16})", self.monitor("info registers"))
        return bool(found) and bool(RESTING.search(self.symbol_at(int(found.group(1), 16))))

    def symbol_at(self, address):
        return max((row for row in self.symbols if row[0] <= address), default=(0, "?"))[1]


def read_symbols(folder):
    listing = subprocess.run(["llvm-nm-19", "-n", str(folder / "helix.debug.elf")], capture_output=True, text=True, check=True).stdout
    return [(int(fields[0], 16), fields[2]) for line in listing.splitlines() if len(fields := line.split()) == 3]


@test(only=tuple(MACHINES), why="the loaders of this machine pass no device tree")
def hostile_device_trees():
    trees.require_packages()
    folder = kernel.build(arch(), "default")
    archive = merge([initramfs.build(arch(), "default", False).read_bytes(), exec_archive(["echo alive"])])
    with tempfile.TemporaryDirectory(prefix="helix-trees-") as name:
        guest = Guest(Path(name), read_symbols(folder))
        (guest.folder / "kernel").write_bytes(kernel.boot_file(folder, "linux_image").read_bytes())
        (guest.folder / "initrd").write_bytes(archive)
        text = base_text(len(archive))
        cases = [(case, wanted, compiled(change(text))) for case, wanted, change in text_cases(len(archive))]
        blob = cases[0][2]
        cases += byte_cases(blob)
        cases = [(*case, here().ram + TREE_AT) for case in cases] + placed_cases(blob)
        return [(f"hostile_device_trees.{case}", guest.judge(wanted, tree, at)) for case, wanted, tree, at in cases]
