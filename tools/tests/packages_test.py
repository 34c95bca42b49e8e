# SPDX-License-Identifier: MIT
"""packages_test.py: missing packages are installed when that is allowed, and otherwise named in one line to type."""
import contextlib
import io
import subprocess
import unittest
from unittest import mock

from helix import packages
from helix.report import EXIT_PACKAGES, Failure


class PackagesTest(unittest.TestCase):
    def setUp(self):
        self.installed, self.lines = set(packages.PROOF) - {"gdb", "make"}, []
        for name, fake in (("is_there", self.installed.__contains__), ("apt", self.apt)):
            patch = mock.patch.object(packages, name, fake)
            patch.start()
            self.addCleanup(patch.stop)

    def apt(self, prefix, *arguments):
        self.lines.append(" ".join(arguments))
        if arguments[0] == "install":
            self.installed |= set(arguments[3:])
        return subprocess.CompletedProcess(arguments, 0, "", "")

    def require(self, prefix, *wanted):
        with mock.patch.object(packages, "root_prefix", lambda: prefix), contextlib.redirect_stderr(io.StringIO()):
            packages.require(*wanted)

    def test_what_is_there_is_not_touched(self):
        self.require([], "clang-19")
        self.assertEqual(self.lines, [])

    def test_only_what_is_missing_is_installed(self):
        self.require([], "clang-19", "gdb")
        self.assertEqual(self.lines, ["update", "install -y --no-install-recommends gdb"])

    def test_without_root_the_line_to_type_is_told(self):
        with self.assertRaises(Failure) as caught:
            self.require(None, "gdb", "make")
        self.assertEqual(caught.exception.status, EXIT_PACKAGES)
        self.assertIn("apt-get update && apt-get install -y --no-install-recommends gdb make", str(caught.exception))
        self.assertEqual(self.lines, [])

    def test_an_installation_that_fails_is_told(self):
        with mock.patch.object(packages, "apt", lambda *unused: subprocess.CompletedProcess((), 100, "", "E: no network")):
            with self.assertRaises(Failure) as caught:
                self.require([], "gdb")
        self.assertIn("E: no network", str(caught.exception))

    def test_every_package_a_verb_needs_can_be_looked_for(self):
        for package in (*packages.BUILD, *packages.QEMU["x86_64"], *packages.ISO, *packages.DEBUG, *packages.UNIT, *packages.USER):
            self.assertIn(package, packages.PROOF)


if __name__ == "__main__":
    unittest.main()
