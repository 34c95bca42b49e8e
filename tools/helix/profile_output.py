# SPDX-License-Identifier: MIT
"""profile_output.py: what the build takes from a profile: a make fragment and <generated/profile.h>."""
from . import profile_schema as schema


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'


def is_debug(profile):
    return profile.get("debug", "level") == "verbose"


def make_fragment(profile):
    flags = [f"-O{profile.get('build', 'opt_level')}"]
    if is_debug(profile):
        flags.append("-DHELIX_DEBUG=1")
    return "".join(f"{name} := {value}\n" for name, value in {
        "PROFILE_MODULES": " ".join(profile.module_folders()),
        "PROFILE_CFLAGS": " ".join(flags),
        "PROFILE_LTO": "1" if profile.get("build", "lto") else "",
        "PROFILE_SYMBOLS": "1" if profile.get("debug", "symbols") else "",
        "PROFILE_STRIP": "1" if profile.get("build", "strip") else "",
    }.items())


def constants(profile):
    def bytes_of(section, key, shift):
        return f"{profile.get(section, key) << shift}ull"

    of_the_port = {"riscv64": {"PROFILE_PAGING_LEVELS": schema.PAGING_LEVELS[profile.get("arch.riscv64", "paging")]}}
    return of_the_port.get(profile.arch, {}) | {
        "PROFILE_NAME": c_string(profile.name),
        "PROFILE_VERSION": c_string(profile.get("profile", "version")),
        "PROFILE_DESCRIPTION": c_string(profile.get("profile", "description")),
        "PROFILE_TARGET": c_string(profile.get("profile", "target")),
        "PROFILE_SCHEDULER_MODULE": c_string(profile.get("scheduler", "module")),
        "PROFILE_TIME_SLICE_NS": f"{profile.get('scheduler', 'time_slice_ms') * 1_000_000}ull",
        "PROFILE_PRIORITY_LEVELS": profile.get("scheduler", "priority_levels"),
        "PROFILE_FRAMES_MODULE": c_string(profile.get("allocator", "physical")),
        "PROFILE_HEAP_MODULE": c_string(profile.get("allocator", "heap")),
        "PROFILE_BOOT_HEAP_BYTES": bytes_of("memory", "heap_size_kb", 10),
        "PROFILE_MEMORY_MINIMUM_BYTES": bytes_of("memory", "min_ram_mb", 20),
        "PROFILE_MEMORY_MAXIMUM_BYTES": bytes_of("memory", "max_ram_mb", 20),
        "PROFILE_HEAP_CHECKS": int(profile.get("debug", "heap_checks")),
        "PROFILE_FRAME_CHECKS": int(profile.get("debug", "frame_checks")),
        "PROFILE_ALLOCATION_FAILURES": int(profile.get("debug", "allocation_failures")),
        "PROFILE_LOCK_CHECKS": int(profile.get("debug", "lock_checks")),
        "PROFILE_PANIC_ACTION": schema.PANIC_ACTIONS[profile.get("debug", "panic_behavior")],
        "PROFILE_LOG_LEVEL": schema.DEBUG_LEVELS[profile.get("debug", "level")],
        "PROFILE_COMMAND_LINE": c_string(profile.get("boot", "cmdline")),
        "PROFILE_BAUD_RATE": profile.get("console", "baud_rate"),
        "PROFILE_CONSOLE_MODULE": c_string(profile.console_module),
    }


def header(profile):
    lines = [f"// Written by tools/profile.py from the profile {profile.name}.", "#pragma once", ""]
    lines += [f"#define {name} {value}" for name, value in constants(profile).items()]
    if is_debug(profile):
        lines += ["#ifndef HELIX_DEBUG", "#define HELIX_DEBUG 1", "#endif"]
    return "\n".join(lines) + "\n"
