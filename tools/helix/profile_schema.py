# SPDX-License-Identifier: MIT
"""profile_schema.py: every key a helix.toml may have, one row each: its type, its default, and what is refused.

A check gets (value, context) and returns the complaint, or None. A key that does nothing is not here: what the kernel
cannot do yet is refused by name, so that nobody believes in a setting that has no effect.
"""
from dataclasses import dataclass
from typing import Any, Callable

from .paths import ARCHITECTURES
from .words import nearest

TARGETS = ("minimal", "embedded", "server", "desktop", "secure")
# What a target means: defaults for the keys a profile does not give.
SMALL = {("allocator", "physical"): "bitmap", ("memory", "min_ram_mb"): 8, ("debug", "level"): "minimal", ("build", "opt_level"): "s"}
TARGET_DEFAULTS = {"minimal": SMALL, "embedded": SMALL, "server": {}, "desktop": {}}

DEBUG_LEVELS = {"none": "LOG_OFF", "minimal": "LOG_WARN", "normal": "LOG_INFO", "verbose": "LOG_DEBUG"}
PANIC_ACTIONS = {"halt": "PANIC_HALT", "reboot": "PANIC_REBOOT"}
OPTIMISATION = ("0", "1", "2", "3", "s", "z")
BAUD_RATES = (300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115200)
STACK_KIB = 16
PRIORITY_LEVELS = 140
COMMAND_LINE_MAX = 1024
# Virtual addresses of 39, 48 or 57 bits: so many levels of page tables.
PAGING_LEVELS = {"sv39": 3, "sv48": 4, "sv57": 5}
# Behind [console] backend = "serial".
SERIAL_DRIVER = {"x86_64": "ns16550", "aarch64": "pl011", "riscv64": "ns16550"}


@dataclass(frozen=True)
class Row:
    kind: type | tuple
    default: Any
    check: Callable | None = None


def quoted(value):
    return ("true" if value else "false") if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def one_of(names, not_yet=()):
    def check(value, context):
        if value in not_yet:
            return f"not supported yet: {quoted(value)}"
        if value not in names:
            return f"{quoted(value)} is not one of {', '.join(map(str, names))}{hint(value, names)}"
    return check


def hint(value, names):
    found = nearest(value, names)
    return found if "did you mean" in found else ""


def between(low, high, unit=""):
    def check(value, context):
        if not low <= value <= high:
            return f"{value} is out of range: {low} to {high}{unit}"
    return check


def only(wanted, why):
    """A key of which one value works today."""
    def check(value, context):
        if value != wanted:
            return f"not supported yet: {quoted(value) if not isinstance(value, list) else 'a value'} ({why})"
    return check


def not_yet(value, context):
    """A key whose feature does not exist: off is the truth, on is refused."""
    if value not in (False, [], ""):
        return "not supported yet"


def version(value, context):
    parts = value.split(".")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 6 for part in parts):
        return f'"{value}" is not a version: three numbers, as in "0.1.0"'


def name(value, context):
    if not (0 < len(value) <= 31 and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in value)):
        return f'"{value}" is not a name: 1 to 31 letters, digits, "_" and "-"'


def text(limit):
    def check(value, context):
        if not (value.isascii() and value.isprintable()) and value:
            return "only printable ASCII characters can stand here"
        if len(value) > limit:
            return f"{len(value)} characters; at most {limit}"
    return check


def architecture(value, context):
    if value not in ARCHITECTURES:
        return f"{quoted(value)} is not one of {', '.join(ARCHITECTURES)}{hint(value, ARCHITECTURES)}"
    if not (context.modules.root / "arch" / value / "port.mk").exists():
        return f'not supported yet: "{value}"'


def architectures(value, context):
    if not value:
        return "at least one architecture must be listed"
    for each in value:
        complaint = one_of(ARCHITECTURES)(each, context)
        if complaint:
            return complaint
    if context.arch not in value:
        return f"this profile is not for {context.arch} (it lists {', '.join(value)})"


def module(category, provides):
    def check(value, context):
        names = context.modules.names(category)
        if value not in names:
            return f'no module "{value}" in {category}/{nearest(value, names)}'
        found = context.modules.provides[f"{category}/{value}"]
        if found != provides:
            return f'"{value}" provides {found or "nothing"}, not {provides}'
    return check


def console(value, context):
    names = context.modules.names("drivers/console")
    wanted = SERIAL_DRIVER[context.arch] if value == "serial" else value
    if wanted not in names and value == "serial":
        return f'the driver behind "serial", drivers/console/{wanted}, is not there'
    if wanted not in names:
        return f'no console "{value}" in drivers/console/{nearest(value, ["serial", *names])}'


SINGLE = ("scheduler_policy", "frame_policy", "heap_policy")


def static_modules(value, context):
    for each in value:
        folder = context.modules.folder_of(each)
        if folder is None:
            return f'no module "{each}" in modules/ or drivers/{nearest(each, context.modules.short_names())}'
        if context.modules.provides[folder] in SINGLE:
            return f'"{each}" is chosen by [scheduler] module, [allocator] physical or [allocator] heap, not here'
    if len(set(value)) != len(value):
        return "a module is listed twice"


def memory_maximum(value, context):
    low = context.get("memory", "min_ram_mb")
    if value != 0 and isinstance(low, int) and value < low:
        return f"{value} is less than min_ram_mb, {low} (0: all there is)"
    return between(0, 1 << 20, " MiB")(value, context)


def needs_checks(value, context):
    if value and not (context.get("debug", "heap_checks") and context.get("debug", "frame_checks")):
        return "allocations fail on purpose only where heap_checks and frame_checks are true"


def optimisation(value, context):
    return one_of(OPTIMISATION)(str(value), context)


WORDS = list
SCHEMA = {
    "profile": {
        "name": Row(str, None, name),
        "version": Row(str, "0.1.0", version),
        "description": Row(str, "", text(200)),
        "target": Row(str, "server", one_of(TARGETS, not_yet=("secure",))),
    },
    "profile.arch": {
        "primary": Row(str, "x86_64", architecture),
        "supported": Row(WORDS, list(ARCHITECTURES), architectures),
    },
    "arch": {},
    "arch.riscv64": {
        "paging": Row(str, "sv39", one_of(tuple(PAGING_LEVELS))),
    },
    "profile.features": {
        "multicore": Row(bool, False, not_yet),
        "hot_reload": Row(bool, False, not_yet),
        "userspace": Row(bool, True, only(True, "user space is always built in")),
        "networking": Row(bool, False, not_yet),
        "filesystem": Row(bool, True, only(True, "the file systems are chosen by [modules] static")),
        "graphics": Row(bool, False, not_yet),
    },
    "memory": {
        "min_ram_mb": Row(int, 32, between(8, 1 << 20, " MiB")),
        "max_ram_mb": Row(int, 0, memory_maximum),
        "heap_size_kb": Row(int, 4096, between(256, 16384, " KiB")),
        "stack_size_kb": Row(int, STACK_KIB, only(STACK_KIB, f"kernel stacks are {STACK_KIB} KiB")),
        "virtual_memory": Row(bool, True, only(True, "address spaces are always built in")),
        "huge_pages": Row(bool, False, not_yet),
    },
    "scheduler": {
        "module": Row(str, "round_robin", module("modules/scheduler", "scheduler_policy")),
        "time_slice_ms": Row(int, 10, between(1, 1000, " ms")),
        "priority_levels": Row(int, PRIORITY_LEVELS, only(PRIORITY_LEVELS, f"there are always {PRIORITY_LEVELS}")),
        "load_balancing": Row(bool, False, not_yet),
        "interactive_boost": Row(bool, False, not_yet),
    },
    "allocator": {
        "physical": Row(str, "buddy", module("modules/frames", "frame_policy")),
        "heap": Row(str, "slab", module("modules/heap", "heap_policy")),
    },
    "console": {
        "backend": Row(str, "serial", console),
        "baud_rate": Row(int, 115200, one_of(BAUD_RATES)),
        "early_console": Row(bool, True, only(True, "the early console is always on")),
    },
    "modules": {
        "static": Row(WORDS, [], static_modules),
        "dynamic": Row(WORDS, [], not_yet),
    },
    "boot": {
        "entry": Row(str, "kernel_main", only("kernel_main", "every protocol ends in kernel_main")),
        "early_init": Row(WORDS, [], only([], "the order comes from the SUBSYSTEM rows")),
        "late_init": Row(WORDS, [], only([], "the order comes from the SUBSYSTEM rows")),
        "cmdline": Row(str, "", text(COMMAND_LINE_MAX)),
    },
    "security": {
        "capabilities": Row(bool, False, not_yet),
        "default_caps": Row(WORDS, [], not_yet),
        "inherit_caps": Row(bool, False, not_yet),
        "mac": Row(bool, False, not_yet),
        "mac_module": Row(str, "", not_yet),
        "default_label": Row(str, "", not_yet),
        "kernel_label": Row(str, "", not_yet),
        "sandbox": Row(bool, False, not_yet),
        "audit": Row(bool, False, not_yet),
    },
    "security.sandbox_config": {
        "network": Row((bool, str, list), False, not_yet),
        "filesystem": Row((bool, str, list), False, not_yet),
        "syscalls": Row((bool, str, list), False, not_yet),
    },
    "debug": {
        "level": Row(str, "normal", one_of(tuple(DEBUG_LEVELS))),
        "symbols": Row(bool, True),
        "stack_traces": Row(bool, True, only(True, "a panic always shows its stack")),
        "heap_checks": Row(bool, False),
        "frame_checks": Row(bool, False),
        "allocation_failures": Row(bool, False, needs_checks),
        "lock_checks": Row(bool, False),
        "panic_behavior": Row(str, "halt", one_of(tuple(PANIC_ACTIONS), not_yet=("dump",))),
    },
    "build": {
        "opt_level": Row((str, int), "2", optimisation),
        "lto": Row(bool, False),
        "panic": Row(str, "abort", only("abort", "a panic ends the kernel")),
        "strip": Row(bool, True),
    },
}
