# SPDX-License-Identifier: MIT
"""tools_test.py: the small build-time tools: the symbol table and the check of the layers."""
import io
import tempfile
import unittest
from pathlib import Path

import check_layers
import port_lines
import symbols


class SymbolsTest(unittest.TestCase):
    NM = ["ffffffff80200000 T kernel_image_start", "ffffffff80200000 t first", "ffffffff80200010 T second", "ffffffff80200010 t local_alias",
          "ffffffff80200020 t first", "ffffffff80300000 d data", "                 U nothing", "ffffffff80200030 t .Ltmp"]

    def test_the_table_has_functions_only_in_order(self):
        start, functions = symbols.read_symbols(self.NM)
        self.assertEqual(start, 0xFFFFFFFF80200000)
        self.assertEqual([(address - start, name) for address, name in functions], [(0, "first"), (16, "second"), (32, "first")])

    def test_equal_names_share_their_bytes(self):
        out = io.StringIO()
        symbols.write_table(*symbols.read_symbols(self.NM), out)
        self.assertEqual(out.getvalue().count('"first"'), 1)
        self.assertIn(".long 3", out.getvalue())

    def test_a_list_without_the_image_start_is_refused(self):
        with self.assertRaises(SystemExit):
            symbols.read_symbols(["0 t a"])


class LayersTest(unittest.TestCase):
    def complaints_of(self, path, text):
        found = []
        code = check_layers.strip(text, check_layers.COMMENT)
        check_layers.check_includes(path, code, lambda offset, message: found.append(message))
        return found

    def test_includes_may_not_point_right(self):
        self.assertTrue(self.complaints_of("lib/string.c", "#include <helix/heap.h>\n"))
        self.assertTrue(self.complaints_of("abi/x.h", "#include <lib/list.h>\n"))
        self.assertFalse(self.complaints_of("kernel/fs/path.c", '#include "fs.h"\n\n#include <helix/vfs.h>\n'))

    def test_private_headers_are_private(self):
        self.assertTrue(self.complaints_of("kernel/memory/frames/frames.c", '#include "../../fs/pipe.h"\n'))

    def test_the_ports_own_headers_stay_in_the_port(self):
        self.assertTrue(self.complaints_of("kernel/core/log.c", "#include <arch/impl/cpu.h>\n"))

    def test_generic_lines_name_no_architecture(self):
        def complains(path, line):
            return bool(check_layers.NAME.search(line) and not check_layers.TABLE.match(f"{path}:{line}"))
        self.assertTrue(complains("kernel/core/log.c", "// as on x86_64"))
        self.assertTrue(complains("lib/README.md", "arch/riscv64/copy.S"))
        self.assertFalse(complains("abi/syscalls.def", "//   x86_64  generic  name"))
        self.assertFalse(complains("kernel/userspace/syscall/table.c", "#define SYSCALL(x86_64_, generic_) x"))
        self.assertTrue(complains("kernel/userspace/syscall/table.c", "int x86_64;"))

    def test_architectures_are_found_in_code_and_not_in_comments(self):
        code = check_layers.strip("// x86_64\nint cr3;\n", check_layers.COMMENT)
        self.assertEqual([match.group() for match in check_layers.ARCHITECTURE.finditer(code)], ["cr3"])
        self.assertTrue(check_layers.MACRO.search("defined(__x86_64__)"))


class PortLinesTest(unittest.TestCase):
    LINES = [f"line {number};" for number in range(20)]

    def test_only_runs_of_six_lines_are_shared(self):
        self.assertEqual(port_lines.shared_lines([self.LINES], [["a", *self.LINES[3:8], "b"]]), 0)
        self.assertEqual(port_lines.shared_lines([self.LINES], [["a", *self.LINES[3:9], "b"]]), 6)
        self.assertEqual(port_lines.shared_lines([self.LINES, self.LINES[:8]], [self.LINES]), 28)

    def test_comments_and_blank_lines_do_not_count(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "a.c")
            path.write_text("// SPDX\n/* a\n b */\n\n{\n    int x; // y\n}\n")
            self.assertEqual(port_lines.code_of(path), ["int x;"])


if __name__ == "__main__":
    unittest.main()
