# SPDX-License-Identifier: MIT
"""new.py: the verb `new`: a working skeleton with its test, from the templates in tools/templates/."""
import re
import subprocess

from . import packages
from .modules import Modules
from .paths import ROOT
from .report import say, usage_error
from .words import nearest

KINDS = ("module", "scheduler", "driver", "syscall")
NAME = re.compile(r"[a-z][a-z0-9_]{1,23}")
CATEGORY = re.compile(r"[a-z][a-z0-9_]{1,15}")
C_WORDS = {"auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if", "inline",
           "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void",
           "volatile", "while", "bool", "true", "false", "nullptr", "constexpr", "typeof", "alignas", "alignof", "static_assert", "thread_local", "main"}
DEFAULT_FOLDER = {"module": "modules/misc", "scheduler": "modules/scheduler", "driver": "drivers/misc"}
# Kinds of module that fill a slot of the kernel need their own interface; the plain skeleton would not do there.
SLOTS = {"modules/scheduler": "scheduler", "modules/frames": None, "modules/heap": None, "drivers/console": None}
FIRST_SYSCALL, SYSCALL_SLOTS = 505, 512
ROW = re.compile(r"^SYSCALL(?:_LEGACY)?\(\s*(\d+),(?:\s*(\d+),)?\s*(\w+),", re.MULTILINE)
TEMPLATES = ROOT / "tools" / "templates"


def check_name(name):
    if not NAME.fullmatch(name) or name in C_WORDS:
        raise usage_error(f'"{name}" is not a name for this: 2 to 24 lower-case letters, digits and _, beginning with a letter, no word of C')


def split_name(kind, name):
    """(folder above, name) of `fs/NAME` or NAME."""
    category, slash, own = name.rpartition("/")
    check_name(own)
    if slash and (kind == "scheduler" or not CATEGORY.fullmatch(category)):
        raise usage_error(f'"{name}" is not a name for this: NAME' + ("" if kind == "scheduler" else ", or FOLDER/NAME"))
    above = f"{DEFAULT_FOLDER[kind].split('/')[0]}/{category}" if slash else DEFAULT_FOLDER[kind]
    if kind != "scheduler" and above in SLOTS:
        how = "use ./helix new scheduler" if SLOTS[above] else "begin from one that is there"
        raise usage_error(f"{above}/ holds modules of an interface of their own; {how}")
    return above, own


def filled(template, name, **more):
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for word, value in {"NAME": name, "TITLE": name.replace("_", " "), **more}.items():
        text = text.replace(f"@{word}@", str(value))
    return text


def new_module(kind, name, root):
    above, own = split_name(kind, name)
    taken = [folder for folder in Modules(root).provides if folder.rsplit("/", 1)[1] == own]
    folder = root / above / own
    if taken or folder.exists():
        raise usage_error(f"{taken[0] if taken else folder.relative_to(root)}/ exists already; choose another name")
    files = {target: filled(f"{kind}/{template}", own, MINOR=next_minor(root)) for template, target in
             (("module.mk", "module.mk"), ("module.c", f"{own}.c"), ("module_test.c", f"{own}_test.c"))}
    folder.mkdir(parents=True)
    for target, text in files.items():
        (folder / target).write_text(text, encoding="utf-8")
    short = f"{above.split('/', 1)[1]}/{own}"
    use = f'[scheduler] module = "{own}"' if kind == "scheduler" else f'[modules] static = [..., "{short}"]'
    return [f"{above}/{own}/{target}" for target in files], f"name it in a profile: {use}"


def next_number(rows):
    used = {int(number) for row in rows for number in row[:2] if number}
    free = [number for number in range(FIRST_SYSCALL, SYSCALL_SLOTS) if number not in used]
    if not free:
        raise usage_error(f"all numbers from {FIRST_SYSCALL} to {SYSCALL_SLOTS - 1} are taken")
    return free[0]


def next_minor(root):
    """The first number of major 240 that no driver has."""
    used = {int(minor) for path in root.glob("drivers/*/*/*.c") for minor in re.findall(r"MAJOR = 240,\s+MINOR = (\d+)", path.read_text())}
    return next(number for number in range(len(used) + 1) if number not in used)


def new_syscall(name, root):
    own = name.removeprefix("helix_")
    check_name(own)
    full = f"helix_{own}"
    table = root / "abi" / "syscalls.def"
    text = table.read_text(encoding="utf-8")
    rows = ROW.findall(text)
    handler = root / "kernel" / "userspace" / "syscall" / f"{full}.c"
    program = root / "user" / f"{full}.c"
    if any(row[2] in (own, full) for row in rows) or handler.exists() or program.exists():
        raise usage_error(f'a system call "{own}" or "{full}" exists already; choose another name')
    number = next_number(rows)
    row = f"SYSCALL({number:6},{number:8}, {full + ',':<19} 2)\n"
    files = {handler: filled("syscall/handler.c", own, NUMBER=number), handler.with_name(f"{full}_test.c"): filled("syscall/handler_test.c", own, NUMBER=number),
             program: filled("syscall/program.c", own, NUMBER=number)}
    for path, content in files.items():
        path.write_text(content, encoding="utf-8")
    table.write_text(text.rstrip("\n") + f"\n// {full}.c\n{row}", encoding="utf-8")
    return ["abi/syscalls.def", *(str(path.relative_to(root)) for path in files)], f"its number is {number}; write what it does in {handler.name}"


def new(options, root=ROOT):
    if options.kind not in KINDS:
        raise usage_error(f'no kind "{options.kind}" of skeleton{nearest(options.kind, KINDS)}')
    written, hint = new_syscall(options.name, root) if options.kind == "syscall" else new_module(options.kind, options.name, root)
    if packages.is_there("clang-format-19"):
        subprocess.run(["clang-format-19", "-i", f"--style=file:{ROOT}/.clang-format", *(path for path in written if path.endswith(".c"))], cwd=root, check=True)
    for path in written:
        say(f"wrote {path}")
    say(hint)
    return 0
