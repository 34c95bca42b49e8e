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
        rows = (abi_status.ROOT / "abi" / "syscalls.def").read_text(encoding="utf-8")
        listed = rows.count("\nSYSCALL(") + rows.count("\nSYSCALL_LEGACY(")
        alone = set(abi_status.port_rows_of(abi_status.ROOT)) - {name for _, _, name, _ in abi_status.ROW.findall(rows)}
        self.assertEqual(len(names), listed + len(alone))
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
            (root / "abi" / "syscalls.def").write_text("// a.c\nSYSCALL(1, 2, whole, 0)\nSYSCALL_LEGACY(3, absent, 0)\n")
            with self.assertRaises(SystemExit):
                abi_status.rows_of(root)

    def test_every_kind_of_row_shows_its_numbers(self):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            (root / "abi").mkdir()
            (root / "kernel" / "userspace").mkdir(parents=True)
            (root / "kernel" / "userspace" / "a.c").write_text(self.CODE)
            port = root / "arch" / "elsewhere"
            (port / "include" / "arch" / "impl").mkdir(parents=True)
            (port / "own.c").write_text(self.CODE.replace("sys_none", "sys_own"))
            (port / "include" / "arch" / "impl" / "syscall.h").write_text("#define SYSCALL_PORT_ROWS(row_) row_(7, part, 3) row_(9, own, 1)\n")
            (root / "abi" / "syscalls.def").write_text("// a.c\nSYSCALL(2, 1, none, 0)\nSYSCALL_LEGACY(1, part, 3)\n")
            self.assertEqual([row[:4] for row in abi_status.rows_of(root)],
                             [("part", "1", "7 (elsewhere)", 3), ("none", "2", "1", 0), ("own", "−", "9 (elsewhere)", 1)])
            self.assertEqual([row[4] for row in abi_status.rows_of(root)][-1], "arch/elsewhere/own.c")


if __name__ == "__main__":
    unittest.main()
