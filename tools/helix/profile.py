# SPDX-License-Identifier: MIT
"""profile.py: reads helix.toml, checks every key, and gives the build its make fragment and its header.

All complaints are collected, each as `profiles/x/helix.toml:LINE: message`; see docs/profiles.md for the keys.
"""
import re
import tomllib
from pathlib import Path

from . import profile_schema as schema
from .modules import Modules
from .paths import ARCHITECTURES, ROOT, shown
from .profile_lines import key_lines, line_of
from .report import EXIT_USAGE, Failure
from .words import nearest

KIND_NAMES = {bool: "true or false", int: "a whole number", str: "a string", list: "a list of strings"}
# The other way to write [modules]: a table of lists, [modules.static] filesystems = ["ramfs"].
MODULE_TABLES = {"filesystems": "fs", "drivers": None}


class ProfileError(Failure):
    """One line for each thing wrong."""

    def __init__(self, complaints):
        super().__init__(EXIT_USAGE, "\n".join(complaints))
        self.complaints = complaints


class Profile:
    """The checked values; get() knows the defaults."""

    def __init__(self, path, arch, modules):
        self.path, self.arch, self.modules = Path(path), arch, modules
        self.values = {}            # ("section", "key") -> value
        self.lines = {}
        self.complaints = []

    def get(self, section, key):
        if (section, key) in self.values:
            return self.values[section, key]
        target = self.values.get(("profile", "target"), schema.SCHEMA["profile"]["target"].default)
        defaults = schema.TARGET_DEFAULTS.get(target, {}) if isinstance(target, str) else {}
        return defaults.get((section, key), schema.SCHEMA[section][key].default)

    def complain(self, path, message):
        self.complaints.append((line_of(self.lines, tuple(path)), message))

    # ---- what the rest of ./helix asks ----
    @property
    def name(self):
        return self.get("profile", "name") or self.path.parent.name

    @property
    def console_module(self):
        backend = self.get("console", "backend")
        return schema.SERIAL_DRIVER[self.arch] if backend == "serial" else backend

    def module_folders(self):
        """What is built in, each folder once."""
        chosen = [
            f"modules/scheduler/{self.get('scheduler', 'module')}",
            f"modules/frames/{self.get('allocator', 'physical')}",
            f"modules/heap/{self.get('allocator', 'heap')}",
            *map(self.modules.folder_of, self.get("modules", "static")),
            f"drivers/console/{self.console_module}",
        ]
        return list(dict.fromkeys(chosen))


def _flatten(profile, table, prefix, module_tables):
    """Sections as "a.b"; a key is whatever is not a section of the schema."""
    for key, value in table.items():
        path = (*prefix, key)
        section = ".".join(path)
        if section in schema.SCHEMA:
            if isinstance(value, dict):
                _flatten(profile, value, path, module_tables)
            else:
                profile.complain(path, f"[{section}] is a section, not a value")
        elif prefix == ("modules",) and isinstance(value, dict):
            module_tables[key] = value
        elif not prefix or isinstance(value, dict) and key not in schema.SCHEMA[".".join(prefix)]:
            _unknown_section(profile, path, section, value)
        else:
            profile.values[".".join(prefix), key] = value


def _unknown_section(profile, path, section, value):
    if isinstance(value, dict):
        profile.complain(path, f"unknown section [{section}]{nearest(section, schema.SCHEMA)}")
    else:
        homes = [name for name, keys in schema.SCHEMA.items() if section in keys]
        where = f"; it belongs into [{homes[0]}]" if homes else nearest(section, schema.SCHEMA)
        profile.complain(path, f'unknown key "{section}" outside of a section{where}')


def _module_table(profile, key, table):
    """[modules.static] filesystems = […] drivers = […] as the plain list it stands for."""
    if key not in schema.SCHEMA["modules"]:
        profile.complain(("modules", key), f"unknown section [modules.{key}]{nearest(key, schema.SCHEMA['modules'])}")
        return
    names = []
    for group, listed in table.items():
        path = ("modules", key, group)
        if group not in MODULE_TABLES:
            profile.complain(path, f'unknown key "{group}" in [modules.{key}]{nearest(group, MODULE_TABLES)}')
        elif not _is_words(listed):
            profile.complain(path, f"[modules.{key}] {group} must be {KIND_NAMES[list]}")
        else:
            names += [name if "/" in name or not MODULE_TABLES[group] else f"{MODULE_TABLES[group]}/{name}" for name in listed]
    profile.values["modules", key] = names


def _is_words(value):
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _kind_matches(kind, value):
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if list in kinds and isinstance(value, list):
        return _is_words(value)
    return type(value) in kinds


def _check_known(profile):
    for section, key in list(profile.values):
        path = (*section.split("."), key)
        if key in schema.SCHEMA[section]:
            continue
        homes = [name for name, keys in schema.SCHEMA.items() if key in keys]
        where = f"; it belongs into [{homes[0]}]" if homes else nearest(key, schema.SCHEMA[section])
        profile.complain(path, f'unknown key "{key}" in [{section}]{where}')
        del profile.values[section, key]


def _check_values(profile):
    well_typed = {}
    for (section, key), value in profile.values.items():
        kind = schema.SCHEMA[section][key].kind
        if _kind_matches(kind, value):
            well_typed[section, key] = value
            continue
        wanted = " or ".join(KIND_NAMES[each] for each in (kind if isinstance(kind, tuple) else (kind,)))
        profile.complain((*section.split("."), key), f"[{section}] {key} must be {wanted}, not {_shown_value(value)}")
    profile.values = well_typed
    for section, keys in schema.SCHEMA.items():
        for key, row in keys.items():
            value = profile.get(section, key)
            if row.check is None or value is None:
                continue
            complaint = row.check(value, profile)
            if complaint:
                profile.complain((*section.split("."), key), _with_key(section, key, complaint))


def _with_key(section, key, complaint):
    if complaint.startswith("not supported yet"):
        return f"not supported yet: [{section}] {key}" + complaint.removeprefix("not supported yet").replace(":", " =", 1)
    return f"[{section}] {key}: {complaint}"


def _shown_value(value):
    if isinstance(value, (bool, str)):
        return schema.quoted(value)
    return "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else str(value)


def parse(text, path, arch, modules=None):
    """The checked profile; raises ProfileError with every complaint."""
    profile = Profile(path, arch, modules or Modules())
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column \d+\)| \(at end of document\)", str(error))
        line = place.group(1) if place and place.group(1) else text.count("\n") + 1
        raise ProfileError([f"{shown(path)}:{line}: {str(error).replace(place.group() if place else '', '')}"]) from None
    except RecursionError:
        raise ProfileError([f"{shown(path)}:1: nested too deeply"]) from None
    profile.lines = key_lines(text)
    module_tables = {}
    _flatten(profile, table, (), module_tables)
    for key, listed in module_tables.items():
        _module_table(profile, key, listed)
    _check_known(profile)
    _check_values(profile)
    if profile.complaints:
        raise ProfileError([f"{shown(path)}:{line}: {message}" for line, message in sorted(set(profile.complaints))])
    return profile


def load(path, arch, modules=None):
    path = Path(path).resolve()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ProfileError([f"{shown(path)}:1: not UTF-8 text"]) from None
    except OSError as error:
        raise ProfileError([f"{shown(path)}: {error.strerror}"]) from None
    return parse(text, path, arch, modules)


def primary_arch(path):
    """[profile.arch] primary, without judging the rest; the default when it cannot be read."""
    default = schema.SCHEMA["profile.arch"]["primary"].default
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        primary = table["profile"]["arch"]["primary"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return default
    return primary if primary in ARCHITECTURES and (ROOT / "arch" / primary / "port.mk").exists() else default
