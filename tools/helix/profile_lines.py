# SPDX-License-Identifier: MIT
"""profile_lines.py: on which line of a TOML file each key stands (tomllib does not tell)."""
import re

KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
KEYS = re.compile(rf"\s*({KEY}(?:\s*\.\s*{KEY})*)\s*")
CONTINUED = "\x02"               # stands first on the lines inside a string
OPAQUE = re.compile(r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL)


def _path(text):
    return tuple(part.strip("\"'") for part in re.findall(KEY, text))


def _blank(match):
    """Comments vanish; strings keep their line ends and lose everything that looks like syntax."""
    if match.group().startswith("#"):
        return ""
    return "s" + match.group().count("\n") * ("\n" + CONTINUED)


def _logical_lines(text):
    """(line number, text) of each statement; values that span lines are part of the line they begin on."""
    depth, start, held = 0, 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if depth == 0 and not line.startswith(CONTINUED):
            start, held = number, line
        if not (depth == 0 and line.lstrip().startswith("[")):
            depth = max(0, depth + sum(map(line.count, "[{")) - sum(map(line.count, "]}")))
        if depth == 0 and held.strip():
            yield start, held
            held = ""


def key_lines(text):
    """{("section", "key"): line, ("section",): line, …} of a valid TOML text."""
    blanked = OPAQUE.sub(_blank, text)
    original = text.split("\n")
    lines, section = {}, ()
    for number, line in _logical_lines(blanked):
        if line.lstrip().startswith("["):
            section = _path(original[number - 1].strip().lstrip("[").split("]")[0])
            lines.setdefault(section, number)
            continue
        found = KEYS.match(original[number - 1])
        if found:
            path = section + _path(found.group(1))
            for length in range(len(section) + 1, len(path) + 1):
                lines.setdefault(path[:length], number)
    return lines


def line_of(lines, path):
    """The line of a key or, when it is inside a value, of what holds it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)
