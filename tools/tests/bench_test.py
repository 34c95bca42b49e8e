# SPDX-License-Identifier: MIT
"""bench_test.py: what the measuring program says becomes rows; rows of several kernels become a table, JSON and a page."""
import json
import math
import tempfile
import unittest
import unittest.mock
from argparse import Namespace
from pathlib import Path
from xml.etree import ElementTree

from helix import bench, bench_docs, bench_guest, bench_html, bench_peer, bench_plugin, bench_table
from helix.bench_guest import Results, Row
from helix.paths import ARCHITECTURES
from helix.report import EXIT_NO_STATUS, EXIT_PANIC, EXIT_TIMEOUT, EXIT_USAGE, Failure

SAID = b"""boot noise\r\nbench-start 1234\r
bench-begin 0 entry getpid\r
bench-row 0 entry getpid 70.0 75.5 80.0 1024 31\r
bench-begin 1 socket unix\r
bench-skip socketpair: Function not implemented\r
[    1.0] Linux writes hereabench-begin 2 entry lost\r
bench-begin 3 entry dead\r
bench-fail died of signal 11\r
bench-end\r
"""


def results(said):
    found = Results()
    for line in bench_guest.LINE.finditer(said):
        found.feed(line.groups())
    return found


class ResultsTest(unittest.TestCase):
    def test_lines_become_rows_with_figures_or_reasons(self):
        found = results(SAID)
        self.assertEqual((found.start, found.ended), (1234, True))
        self.assertEqual(list(found.rows), ["getpid", "unix", "lost", "dead"])
        getpid = found.rows["getpid"]
        self.assertEqual((getpid.minimum, getpid.median, getpid.p99, getpid.operations, getpid.samples), (70.0, 75.5, 80.0, 1024, 31))
        self.assertEqual(found.rows["unix"].reason, "not there: socketpair: Function not implemented")
        self.assertEqual(found.rows["lost"].reason, "failed: no line came for it")
        self.assertEqual(found.rows["dead"].reason, "failed: died of signal 11")
        self.assertEqual([row.median for row in found.rows.values()], [75.5, None, None, None])

    def test_lines_that_cannot_be_read_are_a_failure(self):
        for said in (b"bench-row 0 entry unasked 1 2 3 4 5\n", b"bench-start\n", b"bench-begin 1 entry\n", b"bench-usage how\n",
                     b"bench-begin 0 e r\nbench-row 0 e r 1 x 3 4 5\n"):
            with self.assertRaises(Failure) as caught:
                results(said)
            self.assertEqual(caught.exception.status, EXIT_NO_STATUS)


def boot(said, limit=10.0, wait=""):
    """A machine that writes `said` and ends, or waits first."""
    script = f"import sys, time; sys.stdout.buffer.write({said!r}); sys.stdout.flush(); {wait}"
    return bench_guest.boot(["python3", "-c", script], limit, "Linux")


class BootTest(unittest.TestCase):
    def test_a_machine_that_ends_panics_or_hangs_is_told_with_its_row(self):
        begun = b"bench-start 1\nbench-begin 0 entry getpid\n"
        for said, wait, status, words in ((begun, "", EXIT_NO_STATUS, "ended in the row getpid"), (begun + b"Kernel panic - not syncing: lost\n", "time.sleep(30)", EXIT_PANIC, "lost"),
                                          (begun, "time.sleep(30)", EXIT_TIMEOUT, "--timeout")):
            with self.assertRaises(Failure) as caught, unittest.mock.patch.object(bench_guest, "REPORT_S", 0.2):
                boot(said, 10.0 if status == EXIT_PANIC else 0.7, wait)
            self.assertEqual(caught.exception.status, status)
            self.assertIn(words, str(caught.exception))

    def test_a_machine_that_says_it_all_gives_rows(self):
        self.assertEqual(boot(SAID).rows["getpid"].median, 75.5)


HELIX = {"a": Row("a", "entry", median=50.0, minimum=49.0, p99=51.0), "b": Row("b", "file", median=400.0), "c": Row("c", "pipe", median=1.0),
         "d": Row("d", "memory", reason="failed: died of signal 11"), "e": Row("e", "entry", median=3.0)}
PEER = {"a": Row("a", "entry", median=200.0), "b": Row("b", "file", median=100.0), "c": Row("c", "pipe", reason="failed: x"), "d": Row("d", "memory", median=7.0)}


class TableTest(unittest.TestCase):
    def rows(self):
        return bench_table.merge(HELIX, {"6.1": PEER}, False)

    def test_ratios_are_helix_over_linux_and_only_of_two_figures(self):
        told = {row["name"]: (row["unit"], row["helix"], row["linux"], row["ratio"]) for row in self.rows()}
        self.assertEqual(told["a"], ("instructions", 50.0, 200.0, 0.25))
        self.assertEqual(told["b"], ("instructions", 400.0, 100.0, 4.0))
        self.assertEqual(told["c"], ("instructions", 1.0, None, None))
        self.assertEqual(told["d"], ("instructions", None, 7.0, None))
        self.assertEqual(told["e"], ("instructions", 3.0, None, None))

    def test_means_are_geometric_and_know_their_groups(self):
        means = bench_table.means(self.rows(), "6.1")
        self.assertAlmostEqual(means["all"][0], 1.0)
        self.assertEqual(means["all"][1], 2)
        self.assertEqual(means["core"], (0.25, 1))
        self.assertEqual(means["memory"], (None, 0))
        self.assertAlmostEqual(bench_table.geometric_mean([0.1, 10, None, 8]), 2.0)
        self.assertTrue(math.isclose(bench_table.geometric_mean([0.0]), 0.001))

    def test_the_text_names_rows_without_a_figure(self):
        text = bench_table.text(self.rows(), {"6.1": "Linux 6.1"}, "instructions")
        self.assertIn("d: Helix: failed: died of signal 11", text)
        self.assertIn("c: Linux 6.1: failed: x", text)
        self.assertRegex(text, r"(?m)^a +50\.0 +200 +0\.250$")
        self.assertIn("over all rows (2): 1.000", text)
        self.assertIn("over entry, memory, processes and pipes (1): 0.250", text)

    def test_counts_of_serialising_instructions_stand_beside_the_row(self):
        helix = {"a": Row("a", "entry", median=5.0, counts={"base": 2.0, "tlb": 0.04, "wrmsr": 0.5})}
        text = bench_table.text(bench_table.merge(helix, {"6.1": {"a": Row("a", "entry", median=9.0, counts={"base": 4.0})}}, False), {"6.1": "Linux 6.1"}, "instructions")
        self.assertRegex(text, r"(?m)^a .* base 2, wrmsr 0\.5 +base 4$")

    def test_a_single_kernel_has_a_table_too(self):
        self.assertRegex(bench_table.text(bench_table.merge(HELIX, {}, True), {}, "ns"), r"(?m)^b +400$")


class PageTest(unittest.TestCase):
    def page(self, peers):
        names = {key: f"Linux {key} <&>" for key in peers}
        rows = bench_table.merge(HELIX, peers, False)
        options = Namespace(arch="x86_64", flat=False, peer="linux", wall=False, pattern=None, accel=None)
        with unittest.mock.patch.object(bench, "emulator", lambda arch: "QEMU"):
            return bench.document(options, rows, names, "instructions")

    def test_json_has_what_readers_rely_on(self):
        report = json.loads(json.dumps(self.page({"6.1": PEER})))
        self.assertEqual([row["name"] for row in report["rows"]], list(HELIX))
        for row in report["rows"]:
            self.assertLessEqual({"name", "unit", "helix", "linux", "ratio"}, set(row))
        self.assertEqual(report["command"], "./helix bench --arch x86_64 --peer linux")
        self.assertEqual(report["means"]["6.1"]["core"], {"mean": 0.25, "rows": 1})

    def test_the_page_stands_alone_and_escapes_names(self):
        text = bench_html.page(self.page({"6.1": PEER, "6.12": {}}))
        for forbidden in ("http:", "https:", "src=", "<script", "<link", "<&>"):
            self.assertNotIn(forbidden, text)
        drawing = text[text.index("<svg"):text.index("</svg>") + 6]
        self.assertEqual(len(ElementTree.fromstring(drawing).findall("rect")), 2)
        self.assertEqual(text.count("<svg"), 1)

    def test_rows_that_differ_by_a_size_become_curves(self):
        rows = bench_table.merge({name: Row(name, "pipe", median=figure) for name, figure in (("ring_16", 20.0), ("ring_2", 10.0), ("fork_1g", 900.0), ("fork_1m", 800.0), ("alone_4k", 5.0), ("plain", 1.0))},
                                 {"6.1": {"ring_2": Row("ring_2", "pipe", median=1000.0)}}, False)
        found = bench_html.families(rows)
        self.assertEqual({name: [size for size, row in sizes] for name, sizes in found.items()}, {"ring": [2, 16], "fork": [1 << 20, 1 << 30]})
        drawing = ElementTree.fromstring(bench_html.curve("ring", found["ring"], {"6.1": "Linux"}))
        lines = [line.get("points").split() for line in drawing.findall("polyline")]
        self.assertEqual([len(line) for line in lines], [2, 1])
        (left, low), (right, high) = (map(float, point.split(",")) for point in lines[0])
        self.assertTrue(left < right and low > high)
        self.assertEqual(bench_html.curve("none", [(1, dict(rows[0], helix=None, peers={}))], {}), "")

    def test_the_page_of_one_kernel_has_no_plot(self):
        self.assertNotIn("<svg", bench_html.page(self.page({})))


class DocsTest(PageTest):
    GOALS = {"most": {"a": 40}, "times": {"b": {"of": "a", "most": 2}}, "ratio": {"row": 0.2, "mean": 0.2}, "takes": {"b": "A faster b."}}

    def test_losing_rows_are_told_with_what_it_would_take(self):
        text, missing = bench_docs.text([self.page({"6.1": PEER})], self.GOALS)
        self.assertIn("- `a` (0.250 of Linux; 50.0 of at most 40): not looked into yet.", text)
        self.assertIn("- `b` (4.000 of Linux; 8.0 times a, at most 2): A faster b.", text)
        self.assertIn("- `d` (failed: died of signal 11)", text)
        self.assertEqual([line.split(": ")[1] for line in missing], ["a", "d"])
        self.assertNotIn("- `c`", text)

    def test_rows_beyond_their_goals_are_told_by_architecture(self):
        rows = {"a": {"helix": 50.0}, "b": {"helix": 120.0}, "c": {"helix": None}}
        goals = {"most": {"a": 50, "c": 1}, "most_on": {"aarch64": {"a": 49}}, "times": {"b": {"of": "a", "most": 2}}}
        self.assertEqual(bench_docs.beyond(rows, goals, "x86_64"), {"b": "2.4 times a, at most 2"})
        self.assertEqual(set(bench_docs.beyond(rows, goals, "aarch64")), {"a", "b"})
        self.assertEqual(set(bench_docs.beyond(rows, goals, "riscv64")), {"b"})

    def test_files_that_are_no_reports_are_refused(self):
        with tempfile.TemporaryDirectory() as name:
            for content in (None, "nonsense", "[]", '{"rows": []}'):
                path = Path(name) / "report.json"
                if content is not None:
                    path.write_text(content)
                with self.assertRaises(Failure) as caught:
                    bench_docs.load(path)
                self.assertEqual(caught.exception.status, EXIT_USAGE)

    def test_the_goals_can_be_read_and_name_rows_that_exist(self):
        goals = bench_docs.goals()
        source = "".join(path.read_text() for path in (bench_docs.ROOT / "bench").glob("*.c"))
        self.assertEqual(set(goals["most_on"]), {"aarch64", "riscv64"})
        for table in (goals["most"], goals["times"], goals["takes"], *goals["most_on"].values()):
            for name in table:
                self.assertTrue(f'"{name}"' in source or name in (*bench.BOOT_ROWS, bench.GROWTH_ROW), name)


class PluginTest(unittest.TestCase):
    def test_counts_are_read_and_given_to_rows_for_one_operation(self):
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "counts"
            self.assertEqual(bench_plugin.read(path), {})
            path.write_text("start base=4 wrmsr=10\nrow 0\nrow 3 tlb=64 iret=2\nrow 7 tlb=1")
            counts = bench_plugin.read(path)
        self.assertEqual(counts, {"start": {"base": 4, "wrmsr": 10}, 0: {}, 3: {"tlb": 64, "iret": 2}})
        rows = [Row("a", "entry", 3, median=1.0, operations=32), Row("b", "entry", 7, median=1.0), Row("c", "entry", 0, reason="failed: x")]
        bench_plugin.assign(rows, counts)
        self.assertEqual([row.counts for row in rows], [{"tlb": 2.0, "iret": 0.0625}, None, None])

    def test_a_qemu_without_plugins_or_of_another_version_is_told(self):
        for version, options in (("QEMU emulator version 9.2.0", "-plugin"), ("QEMU emulator version 7.2.22", "-smp"), ("", "")):
            with unittest.mock.patch.object(bench_plugin.subprocess, "run", lambda command, **more: Namespace(stdout=version if "--version" in command else options)), \
                    unittest.mock.patch.object(bench_plugin, "say") as said:
                self.assertFalse(bench_plugin.usable("x86_64"))
                self.assertEqual(said.call_count, 1)


class BootRowsTest(unittest.TestCase):
    def test_growth_is_told_for_each_gib(self):
        starts = {256: 1_000_000, 2048: 2_750_000}
        with unittest.mock.patch.object(bench, "boot", lambda who, memory, *more: (Namespace(start=starts[memory >> 20]), {})):
            def measured(pattern):
                return bench.with_growth(bench.measure_boots(None, pattern, Namespace(), None, None), pattern)

            self.assertEqual({name: row.median for name, row in measured("boot").items()}, {"boot_256m": 1_000_000, "boot_2g": 2_750_000, bench.GROWTH_ROW: 1_000_000})
            self.assertEqual(list(measured("256m")), ["boot_256m"])
            self.assertEqual(list(measured("each_gib")), [bench.GROWTH_ROW])
            self.assertEqual(measured("fault"), {})
            starts[2048] = 900_000
            grown = measured("each_gib")[bench.GROWTH_ROW]
            self.assertIsNone(grown.median)
            self.assertIn("no longer", grown.reason)


class AskedTest(unittest.TestCase):
    def test_peers_and_patterns_that_cannot_be_are_refused(self):
        for given in (dict(pattern="a b"), dict(pattern="$(x)"), dict(accel="tcg"), dict(peer="minix"), dict(peer="linux-2.4")):
            options = Namespace(**(dict(arch="x86_64", peer=None, pattern=None, accel=None, wall=False) | given))
            with self.assertRaises(Failure) as caught:
                bench.check(options)
                bench.peers_of(options)
            self.assertEqual(caught.exception.status, EXIT_USAGE)

    def test_every_architecture_has_a_peer_and_a_console(self):
        for arch in ARCHITECTURES:
            self.assertTrue(bench.peers_of(Namespace(arch=arch, peer="linux")))
            self.assertIn(bench_peer.CONSOLE[arch], bench_peer.command_line(arch, ["-k", "x"]))
            self.assertTrue(bench_peer.command_line(arch, ["-k", "x"]).endswith("-- -k x"))


if __name__ == "__main__":
    unittest.main()
