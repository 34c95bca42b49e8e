# SPDX-License-Identifier: MIT
"""machines.py: what differs by architecture: the machines, what hostile programs end with, the words of a panic's report."""

# Every machine the core set of busybox must run on: the options of ./helix run.
SMALL = ["--profile", "minimal", "--memory"]
MACHINES = {
    "x86_64": {
        "q35": [],
        "multiboot2": ["--boot", "multiboot2"],
        "microvm": ["--machine", "microvm"],
        "microvm_without_acpi": ["--machine", "microvm", "--", "-machine", "acpi=off"],
        "8M": [*SMALL, "8M"],
        "8M_microvm": [*SMALL, "8M", "--machine", "microvm"],
        "8G": ["--memory", "8G"],
    },
    "aarch64": {
        "gicv2": ["--machine", "virt,gic-version=2"],
        "gicv3": ["--machine", "virt,gic-version=3"],
        "cortex_a53": ["--cpu", "cortex-a53"],
        "cortex_a72": ["--cpu", "cortex-a72", "--machine", "virt,gic-version=3"],
        "el2": ["--machine", "virt,virtualization=on"],
        "8M": [*SMALL, "8M"],
        "8G": ["--memory", "8G", "--cpus", "4"],
    },
    "riscv64": {
        "4_harts": ["--cpus", "4"],
        "sv39": ["--append", "paging=sv39"],
        "sv48": ["--append", "paging=sv48"],
        "sv57": ["--append", "paging=sv57"],
        "12M": [*SMALL, "12M"],  # below, QEMU puts its device tree into the initramfs
        "8G": ["--memory", "8G"],
    },
}
# Where an interactive shell is tried as well: one of each interrupt controller and kind of start.
ASH_MACHINES = {
    "x86_64": tuple(MACHINES["x86_64"]),
    "aarch64": ("gicv2", "gicv3", "8M"),
    "riscv64": ("sv39", "sv57", "12M"),
}
# Statuses of `hostile NAME`: 128 and the signal Linux sends on that architecture.
HOSTILE = {"read0": 139, "write_text": 139, "jump_stack": 139, "overflow_stack": 139, "jump0": 139, "kernel_stack_pointer": 139, "handler_noncanonical": 139}
HOSTILE_STATUS = {
    "x86_64": HOSTILE | {"divide": 136, "cli": 139, "ud2": 132, "int3": 133},
    "aarch64": HOSTILE | {"mask_interrupts": 132, "udf": 132, "breakpoint": 133},
    "riscv64": HOSTILE | {"set_status": 132, "unimp": 132, "ebreak": 133},
}
# Of each a word that shows that a panic's report has the registers.
PANIC_REGISTERS = {"x86_64": ("rip", "rsp"), "aarch64": ("pc", "sp", "x29"), "riscv64": ("pc", "sp", "ra")}

# Numbers of machines in an ELF header, for a program of another architecture.
ELF_MACHINE = {"x86_64": 62, "aarch64": 183, "riscv64": 243}
