# SPDX-License-Identifier: MIT
"""abi_status_test.py: docs/abi.md says what the rows and the handlers say."""
import tempfile
import unittest
from pathlib import Path

import abi_status


class DocumentTest(unittest.TestCase):
    def test_the_document_is_up_to_date(self):
        self.assertTrue(abi_status.DOCUMENT.read_text(encoding="utf-8") == abi_status.document(),
                        "docs/abi.md is out of date: python3 tools/abi_status.py --write")

    def test_every_call_of_the_table_is_listed_once(self):
        names = [row[0] for row in abi_status.rows_of(abi_status.ROOT)]
        rows = (abi_status.ROOT / "abi" / "syscalls.def").read_text(encoding="utf-8").count("\nSYSCALL(")
        self.assertEqual(len(names), rows)
        self.assertEqual(len(names), len(set(names)))
        for name in ("read", "fork", "execve", "mmap", "futex", "helix_kernel_info"):
            self.assertIn(name, names)


class HandlerTest(unittest.TestCase):
    CODE = """static enum status choose(uint64_t which)
{
    if (which > 2)
        return STATUS_UNSUPPORTED;
    return STATUS_OK;
}

int64_t sys_whole(struct thread *self, const struct syscall_arguments *arguments)
{
    return 0;
}

int64_t sys_part(struct thread *self,
                 const struct syscall_arguments *arguments)
{
    return syscall_result(choose(arguments->value[0]));
}

int64_t sys_none(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(STATUS_UNSUPPORTED);
}
"""

    def test_what_a_handler_does_is_read_from_its_body_and_what_it_calls(self):
        functions = abi_status.functions_of(self.CODE)
        self.assertEqual({name: abi_status.status_of(name, functions) for name in functions if name.startswith("sys_")},
                         {"sys_whole": "works", "sys_part": "in part", "sys_none": "refused"})

    def test_a_row_without_a_handler_is_an_error(self):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            (root / "abi").mkdir()
            (root / "kernel" / "userspace").mkdir(parents=True)
            (root / "kernel" / "userspace" / "a.c").write_text(self.CODE)
            (root / "abi" / "syscalls.def").write_text("// a.c\nSYSCALL(1, 2, whole, 0)\nSYSCALL(3, -1, absent, 0)\n")
            with self.assertRaises(SystemExit):
                abi_status.rows_of(root)


if __name__ == "__main__":
    unittest.main()
