# SPDX-License-Identifier: MIT
"""new_test.py: skeletons land where they belong, and names that cannot be are refused before anything is written."""
import argparse
import contextlib
import io
import shutil
import tempfile
import unittest
from pathlib import Path

from helix import new
from helix.modules import Modules
from helix.paths import ROOT
from helix.report import Failure


class NewTest(unittest.TestCase):
    def setUp(self):
        self.holder = tempfile.TemporaryDirectory()
        self.root = Path(self.holder.name)
        for folder in ("abi", "modules", "drivers", "kernel/userspace/syscall", "user"):
            (self.root / folder).mkdir(parents=True)
        shutil.copy(ROOT / "abi" / "syscalls.def", self.root / "abi" / "syscalls.def")

    def tearDown(self):
        self.holder.cleanup()

    def new(self, kind, name):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            new.new(argparse.Namespace(kind=kind, name=name), self.root)
        return said.getvalue()

    def refused(self, kind, name):
        before = sorted(self.root.rglob("*"))
        with self.assertRaises(Failure):
            self.new(kind, name)
        self.assertEqual(before, sorted(self.root.rglob("*")))

    def test_a_module_is_a_folder_with_its_test(self):
        self.assertIn('"misc/alpha"', self.new("module", "alpha"))
        self.assertEqual(Modules(self.root).provides, {"modules/misc/alpha": "proc_file"})
        text = (self.root / "modules/misc/alpha/alpha_test.c").read_text()
        self.assertIn("TEST(alpha,", text)
        self.assertNotIn("@", text)

    def test_a_module_may_name_its_folder(self):
        self.new("module", "fs/beta")
        self.assertTrue((self.root / "modules/fs/beta/beta.c").exists())

    def test_a_scheduler_fills_the_schedulers_interface(self):
        self.assertIn('[scheduler] module = "fifo"', self.new("scheduler", "fifo"))
        self.assertEqual(Modules(self.root).provides["modules/scheduler/fifo"], "scheduler_policy")

    def test_drivers_have_device_numbers_of_their_own(self):
        for name in ("one", "two"):
            self.new("driver", name)
            self.assertIn(f"MINOR = {0 if name == 'one' else 1}", (self.root / f"drivers/misc/{name}/{name}.c").read_text())

    def test_a_system_call_takes_the_next_free_number(self):
        for number, name in ((505, "first_one"), (506, "second_one")):
            self.assertIn(str(number), self.new("syscall", name))
        rows = {row[2]: row[0] for row in new.ROW.findall((self.root / "abi/syscalls.def").read_text())}
        self.assertEqual((rows["helix_first_one"], rows["helix_second_one"], rows["read"]), ("505", "506", "0"))

    def test_numbers_run_out(self):
        for number in range(505, 512):
            self.new("syscall", f"call_{number}")
        self.refused("syscall", "one_more")

    def test_what_exists_is_not_touched(self):
        self.new("module", "alpha")
        self.new("syscall", "hello")
        for kind, name in (("module", "alpha"), ("driver", "alpha"), ("module", "fs/alpha"), ("syscall", "hello"), ("syscall", "helix_hello"), ("syscall", "read")):
            self.refused(kind, name)

    def test_bad_names_are_refused(self):
        for name in ("", "A", "x", "9lives", "a-b", "../evil", "a/b/c", "/abs", "int", "main", "a" * 30, "é", "a b", "fs/"):
            for kind in new.KINDS:
                self.refused(kind, name)
        self.refused("thing", "name")
        self.refused("module", "scheduler/name")
        self.refused("driver", "console/name")
        self.refused("scheduler", "fs/name")


if __name__ == "__main__":
    unittest.main()
