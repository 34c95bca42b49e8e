# SPDX-License-Identifier: MIT
"""debian_test.py: packages of another architecture: the machine's sources in both of their forms, busybox's table, the compilers."""
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from helix import debian, initramfs, packages
from helix.paths import ARCHITECTURES
from helix.report import EXIT_PACKAGES, Failure

ONE_LINE = """# the archive
deb-src http://a.example/debian bookworm main
deb [arch=amd64 signed-by=/k/vendor.gpg] https://vendor.example/apt stable vendor   # not Debian's
deb [ arch=amd64,arm64 signed-by=/k/debian.gpg ] http://user:word@mirror.example/debian/ bookworm main contrib
deb http://mirror.example/debian-security bookworm-security main
"""
STANZAS = """# Debian
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb deb-src
# a comment in between
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main non-free-firmware
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 AAAA
"""


class SourcesTest(unittest.TestCase):
    def test_the_archive_is_found_in_a_sources_list(self):
        found = debian.archive_of(debian.one_line_entries(ONE_LINE))
        self.assertEqual(found["uris"], "http://user:word@mirror.example/debian/")
        self.assertEqual(debian.source_text(found, "trixie"),
                         "types: deb\nsuites: trixie\ncomponents: main\nsigned-by: /k/debian.gpg\nuris: http://user:word@mirror.example/debian/\n")

    def test_the_archive_is_found_in_stanzas(self):
        found = debian.archive_of(debian.stanzas(STANZAS))
        text = debian.source_text(found, "bookworm")
        self.assertIn("uris: http://mirror.example/debian\n", text)
        self.assertIn("suites: bookworm\n", text)
        self.assertIn("\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n AAAA\n", text)
        self.assertNotIn("amd64", text)

    def test_both_forms_are_read_from_their_files(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self.assertIsNone(debian.archive_of(debian.machine_sources(folder)))
            (folder / "sources.list.d").mkdir()
            (folder / "sources.list.d" / "debian.sources").write_text(STANZAS)
            (folder / "sources.list.d" / "more.list.disabled").write_text(ONE_LINE)
            self.assertEqual(debian.archive_of(debian.machine_sources(folder))["uris"], "http://mirror.example/debian")
            (folder / "sources.list").write_text(ONE_LINE)
            self.assertEqual(debian.archive_of(debian.machine_sources(folder))["signed-by"], "/k/debian.gpg")

    def test_an_archive_that_cannot_be_reached_is_told_in_one_line(self):
        answer = subprocess.CompletedProcess((), 100, "Err:1 http://mirror.example trixie InRelease\n", "W: odd\nE: Failed to fetch http://mirror.example trixie\nE: Some index files failed\n")
        with tempfile.TemporaryDirectory() as name, mock.patch.object(debian, "ROOT", Path(name)), mock.patch.object(debian.subprocess, "run", lambda *unused, **more: answer), \
                mock.patch.object(debian, "machine_sources", lambda: debian.stanzas(STANZAS)), mock.patch.object(debian, "Progress"):
            with self.assertRaises(Failure) as caught:
                debian.root("riscv64")
            self.assertFalse((Path(name) / "build" / "debian-riscv64" / "root").exists())
        self.assertEqual(caught.exception.status, EXIT_PACKAGES)
        self.assertNotIn("\n", str(caught.exception))
        self.assertIn("http://mirror.example trixie", str(caught.exception))


class BusyboxTest(unittest.TestCase):
    NAMES = ["[", "[["] + sorted(f"name{number:03}" for number in range(150)) + ["zcat"]

    def test_the_names_are_read_from_the_programs_bytes(self):
        table = b"".join(name.encode() + b"\0" for name in self.NAMES)
        for behind in (b"\0more", b"busybox v1\0", b"\xff\xfe\0", b""):
            self.assertEqual(initramfs.applets(b"junk [\0[[\0x\0" + table + behind), self.NAMES)

    def test_a_program_without_names_is_refused(self):
        for data in (b"", b"[\0[[\0ash\0", b"[\0[[\0" + b"same\0" * 300):
            with self.assertRaises(Failure):
                initramfs.applets(data)

    def test_the_machines_own_busybox_lists_the_same(self):
        program = initramfs.busybox(initramfs.platform.machine())
        listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(initramfs.applets(program.read_bytes()), [name for name in listed if name != "busybox"])


class PackagesTest(unittest.TestCase):
    def test_every_architecture_has_what_it_needs(self):
        for arch in ARCHITECTURES:
            self.assertIn(arch, debian.NAME)
            self.assertIn(arch, debian.SUITE)
            for package in (*packages.QEMU[arch], *packages.CROSS.get(arch, ()), *packages.DEBUG_CROSS):
                self.assertIn(package, packages.PROOF)


if __name__ == "__main__":
    unittest.main()
