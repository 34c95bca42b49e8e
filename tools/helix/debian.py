# SPDX-License-Identifier: MIT
"""debian.py: Debian packages of another architecture, unpacked below build/; nothing is installed.

apt gets a configuration of its own: its lists, cache and state stand below build/. The mirror, the keys that sign it and the way to
it (proxies, passwords) are the machine's. What was fetched once stays, so that the next time needs no network.
"""
import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

from .paths import ROOT
from .report import EXIT_PACKAGES, Failure, Progress

NAME = {"x86_64": "amd64", "aarch64": "arm64", "riscv64": "riscv64"}
# The first release, from bookworm on, that has the architecture.
SUITE = {"x86_64": "bookworm", "aarch64": "bookworm", "riscv64": "trixie"}
PACKAGES = ("busybox-static", "musl-dev")
# By these names a source of packages is known as Debian's own archive: its mirror has the other releases too.
SUITES = ("bookworm", "trixie", "forky", "bullseye", "oldoldstable", "oldstable", "stable", "testing", "unstable", "sid")
NOT_KEPT = ("types", "suites", "components", "architectures", "enabled")
# What the machine does after its own updates is none of this one's business.
CONFIGURATION = """#clear APT::Architectures;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
APT::Architecture "{name}";
APT::Architectures {{ "{name}"; }};
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Dir::State "{folder}/state";
Dir::State::Lists "{folder}/lists";
Dir::State::Status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::SourceList "{folder}/debian.sources";
Dir::Etc::SourceParts "-";
Dir::Etc::Preferences "-";
Dir::Etc::PreferencesParts "-";
"""


def stanzas(text):
    """The stanzas of a .sources file as {field in small letters: value}; lines that continue a value keep their shape."""
    for block in re.split(r"\n[ \t]*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields, name = {}, None
        for line in block.split("\n"):
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields:
            yield fields


def one_line_entries(text):
    """The lines of a sources.list as stanzas."""
    for line in text.split("\n"):
        found = re.fullmatch(r"\s*(deb|deb-src)\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)(?:#.*)?", line)
        if found:
            kind, options, uri, suite, components = found.groups()
            given = {name.rstrip("+-").lower(): value for name, _, value in (word.partition("=") for word in (options or "").split())}
            renamed = {"arch": "architectures", "lang": "languages", "target": "targets"}
            yield {renamed.get(name, name): value.replace(",", " ") for name, value in given.items()} \
                | {"types": kind, "uris": uri, "suites": suite, "components": components.strip()}


def machine_sources(folder=Path("/etc/apt")):
    """Every stanza the machine's own apt knows."""
    parts = sorted((folder / "sources.list.d").glob("*")) if (folder / "sources.list.d").is_dir() else []
    for path in [folder / "sources.list", *parts]:
        if path.suffix in (".list", ".sources") and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from (stanzas if path.suffix == ".sources" else one_line_entries)(text)


def archive_of(sources):
    """The first that is Debian's own archive; None when there is none."""
    for fields in sources:
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in ("no", "false", "0") \
                and "main" in fields.get("components", "").split() and set(fields.get("suites", "").split()) & set(SUITES) and fields.get("uris"):
            return fields
    return None


def source_text(fields, suite):
    """The same mirror with another release, as a .sources file."""
    kept = {name: value for name, value in fields.items() if name not in NOT_KEPT}
    return "".join(f"{name}: {value}\n" for name, value in ({"types": "deb", "suites": suite, "components": "main"} | kept).items())


def _apt(folder, *arguments):
    command = ["apt-get", "-q", "-c", str(folder / "apt.conf"), *arguments]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=dict(os.environ, LC_ALL="C"))
    if done.returncode == 0:
        return None
    said = [line.removeprefix("E: ") for line in done.stderr.splitlines() if line.startswith("E: ")]
    return said[0] if said else f"apt-get {arguments[0]} ended with status {done.returncode}"


def _first_dependency(folder, package):
    """What a package that is only a name for another stands for; the package itself when it depends on nothing."""
    shown = subprocess.run(["apt-cache", "-c", str(folder / "apt.conf"), "show", package], capture_output=True, text=True, errors="replace").stdout
    found = re.search(r"(?m)^Depends: ([a-z0-9][a-z0-9.+-]*)", shown)
    return found.group(1) if found else package


def _fetch(arch, folder, suite, packages, stand_ins):
    """Packages into `folder`, and what the stand-ins stand for; the complaint, or None."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return "this is not a Debian machine: no apt-get and dpkg-deb"
    archive = archive_of(machine_sources())
    if archive is None:
        return "the apt sources of this machine name no Debian archive"
    for name in ("state", "lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    (folder / "apt.conf").write_text(CONFIGURATION.format(name=NAME[arch], folder=folder))
    (folder / "debian.sources").write_text(source_text(archive, suite))
    return _apt(folder, "update") or _apt(folder, "download", *packages, *(_first_dependency(folder, package) for package in stand_ins))


def root(arch):
    """The folder in which the packages of `arch` that programs are made from are unpacked, as they would stand below /."""
    return unpacked(ROOT / "build" / f"debian-{arch}", arch, SUITE[arch], PACKAGES)


def unpacked(place, arch, suite, packages=(), stand_ins=()):
    """The folder below `place` in which these packages of a release are unpacked. A stand-in is a package that only depends on
    another one, whose name changes: that one is unpacked."""
    wanted = ", ".join([*packages, *stand_ins])
    if (place / "root").exists():
        return place / "root"
    place.mkdir(parents=True, exist_ok=True)
    with open(place / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "root").exists():
            Progress(f"fetching {wanted} for {arch} from Debian's archive (once)", 0).end()
            fresh, scratch = place / "root.new", place / "apt"
            shutil.rmtree(fresh, ignore_errors=True)
            complaint = _fetch(arch, scratch, suite, packages, stand_ins)
            if complaint:
                raise Failure(EXIT_PACKAGES, f"could not fetch {wanted} for {arch}, Debian {suite}: {complaint}")
            for package in sorted(scratch.glob("*.deb")):
                subprocess.run(["dpkg-deb", "-x", str(package), str(fresh)], check=True)
            fresh.rename(place / "root")
            shutil.rmtree(scratch)
    return place / "root"
