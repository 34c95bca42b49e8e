# SPDX-License-Identifier: MIT
"""profile_test.py: what a helix.toml may say, and every way of being wrong that a person must be told about."""
import tempfile
import unittest
from pathlib import Path

from helix import profile, profile_output, profile_schema
from helix.modules import Modules
from helix.profile_lines import key_lines

MODULES = {
    "modules/scheduler/round_robin": "scheduler_policy",
    "modules/frames/bitmap": "frame_policy",
    "modules/frames/buddy": "frame_policy",
    "modules/heap/slab": "heap_policy",
    "modules/fs/ramfs": "file_system",
    "drivers/console/ns16550": "console",
}


def tree(folder):
    for path, provides in MODULES.items():
        (folder / path).mkdir(parents=True)
        (folder / path / "module.mk").write_text(f"provides := {provides}\n")
    (folder / "arch" / "x86_64").mkdir(parents=True)
    (folder / "arch" / "x86_64" / "port.mk").touch()
    return Modules(folder)


class ProfileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.modules = tree(Path(cls.folder.name))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def parse(self, text):
        return profile.parse(text, "/p/helix.toml", "x86_64", self.modules)

    def refused(self, text, *wanted):
        with self.assertRaises(profile.ProfileError) as caught:
            self.parse(text)
        message = str(caught.exception)
        for part in wanted:
            self.assertIn(part, message)
        return caught.exception.complaints

    # ---- what works ----
    def test_an_empty_profile_has_every_default(self):
        chosen = self.parse("")
        self.assertEqual(chosen.module_folders(), ["modules/scheduler/round_robin", "modules/frames/buddy", "modules/heap/slab", "drivers/console/ns16550"])

    def test_every_module_named_is_built_once(self):
        chosen = self.parse('[modules]\nstatic = ["fs/ramfs", "console/ns16550"]\n')
        self.assertEqual(chosen.module_folders().count("drivers/console/ns16550"), 1)
        self.assertIn("modules/fs/ramfs", chosen.module_folders())

    def test_modules_may_be_written_as_a_table(self):
        chosen = self.parse('[modules.static]\nfilesystems = ["ramfs"]\ndrivers = ["console/ns16550"]\n')
        self.assertEqual(chosen.get("modules", "static"), ["fs/ramfs", "console/ns16550"])

    def test_a_small_target_chooses_small_parts(self):
        chosen = self.parse('[profile]\ntarget = "embedded"\n')
        self.assertEqual(chosen.get("allocator", "physical"), "bitmap")
        self.assertEqual(profile_output.constants(chosen)["PROFILE_LOG_LEVEL"], "LOG_WARN")

    def test_what_is_given_goes_before_what_the_target_means(self):
        self.assertEqual(self.parse('[profile]\ntarget = "embedded"\n[allocator]\nphysical = "buddy"\n').get("allocator", "physical"), "buddy")

    def test_units_are_converted(self):
        text = "[memory]\nmin_ram_mb = 16\nmax_ram_mb = 64\nheap_size_kb = 512\n[scheduler]\ntime_slice_ms = 5\n"
        constants = profile_output.constants(self.parse(text))
        self.assertEqual(constants["PROFILE_MEMORY_MINIMUM_BYTES"], "16777216ull")
        self.assertEqual(constants["PROFILE_MEMORY_MAXIMUM_BYTES"], "67108864ull")
        self.assertEqual(constants["PROFILE_BOOT_HEAP_BYTES"], "524288ull")
        self.assertEqual(constants["PROFILE_TIME_SLICE_NS"], "5000000ull")

    def test_the_command_line_is_a_safe_c_string(self):
        constants = profile_output.constants(self.parse("[boot]\ncmdline = 'say=\"a b\" back\\slash ??)'\n"))
        self.assertEqual(constants["PROFILE_COMMAND_LINE"], '"say=\\"a b\\" back\\\\slash \\?\\?)"')

    def test_verbose_is_a_debug_build(self):
        chosen = self.parse('[debug]\nlevel = "verbose"\n')
        self.assertIn("HELIX_DEBUG", profile_output.header(chosen))
        self.assertIn("-DHELIX_DEBUG", profile_output.make_fragment(chosen))
        self.assertNotIn("HELIX_DEBUG", profile_output.header(self.parse("")))

    def test_build_settings_reach_the_compiler(self):
        small = profile_output.make_fragment(self.parse('[build]\nopt_level = "s"\nlto = true\n'))
        self.assertIn("PROFILE_CFLAGS := -Os\n", small)
        self.assertIn("PROFILE_LTO := 1\n", small)
        fast = profile_output.make_fragment(self.parse("[build]\nopt_level = 3\n"))
        self.assertIn("PROFILE_CFLAGS := -O3\n", fast)
        self.assertIn("PROFILE_LTO := \n", fast)
        fragment = profile_output.make_fragment(self.parse("[debug]\nsymbols = false\n[build]\nstrip = false\n"))
        self.assertIn("PROFILE_SYMBOLS := \n", fragment)
        self.assertIn("PROFILE_STRIP := \n", fragment)

    def test_what_does_not_exist_may_be_off(self):
        self.parse("[profile.features]\nnetworking = false\nmulticore = false\n[security]\nmac = false\ndefault_caps = []\n[memory]\nhuge_pages = false\n")

    def test_every_default_passes_its_own_check(self):
        self.parse("")
        for section, keys in profile_schema.SCHEMA.items():
            for key, row in keys.items():
                if row.default is not None:
                    self.assertTrue(profile._kind_matches(row.kind, row.default), f"[{section}] {key}")

    def test_the_levels_of_page_tables_are_one_ports(self):
        def constants(text, arch):
            return profile_output.constants(profile.parse(text, "/p/helix.toml", arch, self.modules))
        for value, levels in (("", 3), ('[arch.riscv64]\npaging = "sv48"\n', 4), ('[arch.riscv64]\npaging = "sv57"\n', 5)):
            self.assertEqual(constants(value, "riscv64")["PROFILE_PAGING_LEVELS"], levels)
            self.assertNotIn("PROFILE_PAGING_LEVELS", constants(value, "x86_64"))

    # ---- what is refused ----
    def test_an_unknown_key_is_told_with_line_and_nearest_name(self):
        complaints = self.refused('[scheduler]\nmodule = "round_robin"\ntime_slize_ms = 10\n')
        self.assertEqual(complaints, ['/p/helix.toml:3: unknown key "time_slize_ms" in [scheduler]; did you mean "time_slice_ms"?'])

    def test_a_key_in_the_wrong_section_is_sent_to_the_right_one(self):
        self.refused("[scheduler]\nlto = true\n", "it belongs into [build]")
        self.refused("baud_rate = 9600\n", "it belongs into [console]")

    def test_an_unknown_section_is_told(self):
        self.refused('[alocator]\nphysical = "buddy"\n', ':1: unknown section [alocator]; did you mean "allocator"?')
        self.refused("[profile.feature]\nmulticore = true\n", '; did you mean "profile.features"?')

    def test_wrong_types_are_told(self):
        for text in ('[scheduler]\ntime_slice_ms = "10"\n', "[scheduler]\ntime_slice_ms = true\n", "[scheduler]\ntime_slice_ms = 1.5\n",
                     "[console]\nbackend = 3\n", "[build]\nlto = 1\n", '[modules]\nstatic = "fs/ramfs"\n', "[modules]\nstatic = [1]\n",
                     "[build]\nopt_level = true\n", "scheduler = 3\n", "[scheduler]\nmodule = {a = 1}\n"):
            with self.subTest(text=text):
                self.refused(text, "/p/helix.toml:")

    def test_out_of_range_values_are_told(self):
        for text in ("[scheduler]\ntime_slice_ms = 0\n", "[scheduler]\ntime_slice_ms = 1001\n", "[memory]\nmin_ram_mb = 1\n", "[memory]\nheap_size_kb = 1\n",
                     "[memory]\nmax_ram_mb = -1\n", "[memory]\nmin_ram_mb = 64\nmax_ram_mb = 32\n", "[console]\nbaud_rate = 12345\n",
                     "[build]\nopt_level = 9\n", '[profile]\nversion = "1"\n', '[profile]\nname = "a b"\n', '[boot]\ncmdline = "a\\nb"\n'):
            with self.subTest(text=text):
                self.refused(text, ":2:" if "max_ram_mb = 32" not in text else ":3:")

    def test_unknown_modules_are_told(self):
        self.refused('[scheduler]\nmodule = "round_robbin"\n', ':2: [scheduler] module: no module "round_robbin"', 'did you mean "round_robin"?')
        self.refused('[allocator]\nphysical = "tlsf"\n', 'no module "tlsf" in modules/frames/; there is: bitmap, buddy')
        self.refused('[modules]\nstatic = ["fs/ramf"]\n', 'did you mean "fs/ramfs"?')
        self.refused('[modules]\nstatic = ["fs/ramfs", "fs/ramfs"]\n', "listed twice")
        self.refused('[modules]\nstatic = ["scheduler/round_robin"]\n', "is chosen by")
        self.refused('[console]\nbackend = "vga"\n', "no console")
        self.refused('[scheduler]\nmodule = "../heap/slab"\n', "no module")

    def test_a_module_of_another_interface_is_told(self):
        modules = Modules(self.modules.root)
        modules.provides["modules/frames/odd"] = "file_system"
        with self.assertRaises(profile.ProfileError) as caught:
            profile.parse('[allocator]\nphysical = "odd"\n', "/p/helix.toml", "x86_64", modules)
        self.assertIn('"odd" provides file_system, not frame_policy', str(caught.exception))

    def test_what_is_not_there_yet_is_refused_by_name(self):
        for text, name in (("[security]\nmac = true\n", "[security] mac"), ("[profile.features]\nnetworking = true\n", "[profile.features] networking"),
                           ("[profile.features]\nhot_reload = true\n", "[profile.features] hot_reload"), ("[memory]\nhuge_pages = true\n", "[memory] huge_pages"),
                           ("[memory]\nvirtual_memory = false\n", "[memory] virtual_memory"), ("[memory]\nstack_size_kb = 32\n", "[memory] stack_size_kb"),
                           ('[debug]\npanic_behavior = "dump"\n', "[debug] panic_behavior"), ('[modules]\ndynamic = ["fs/ramfs"]\n', "[modules] dynamic"),
                           ('[boot]\nentry = "my_main"\n', "[boot] entry"), ('[boot]\nearly_init = ["console"]\n', "[boot] early_init"),
                           ('[security]\ndefault_caps = ["CAP_READ"]\n', "[security] default_caps"), ('[security.sandbox_config]\nnetwork = "deny"\n', "[security.sandbox_config] network"),
                           ("[scheduler]\npriority_levels = 8\n", "[scheduler] priority_levels"), ('[build]\npanic = "unwind"\n', "[build] panic"),
                           ('[profile]\ntarget = "secure"\n', "[profile] target"), ("[profile.features]\nuserspace = false\n", "[profile.features] userspace")):
            with self.subTest(text=text):
                complaints = self.refused(text, f"not supported yet: {name}")
                self.assertTrue(complaints[0].startswith("/p/helix.toml:2:"), complaints)

    def test_another_architecture_is_refused(self):
        self.refused('[profile.arch]\nprimary = "aarch64"\n', "not supported yet: [profile.arch] primary")
        self.refused('[profile.arch]\nprimary = "x86-64"\n', 'did you mean "x86_64"?')
        self.refused('[profile.arch]\nsupported = ["riscv64"]\n', "not for x86_64")

    def test_wrong_paging_is_told(self):
        self.refused('[arch.riscv64]\npaging = "sv49"\n', ":2:", 'did you mean "sv4')
        self.refused('[arch]\npaging = "sv39"\n', ":2:", "it belongs into [arch.riscv64]")
        self.refused('[arch.risc64]\npaging = "sv39"\n', "unknown section [arch.risc64]", "arch.riscv64")

    def test_everything_wrong_is_told_at_once_in_order(self):
        complaints = self.refused("[scheduler]\ntime_slice_ms = 0\n\n[console]\nbaud = 3\n[build]\nlto = 2\n")
        self.assertEqual([complaint.split(":")[1] for complaint in complaints], ["2", "5", "7"])

    def test_broken_toml_is_told_with_its_line(self):
        self.refused("[scheduler]\nmodule = \n", "/p/helix.toml:2: ")
        self.refused("[scheduler]\na = 1\na = 2\n", "/p/helix.toml:3: ")
        self.refused("[build]\nlto = tru", "/p/helix.toml:2: ")
        self.refused("a = " + "[" * 100000, "/p/helix.toml:")

    def test_a_file_that_is_not_there_or_not_text_is_told(self):
        with self.assertRaises(profile.ProfileError):
            profile.load("/nonexistent/helix.toml", "x86_64", self.modules)
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"\xff\xfe")
            file.flush()
            with self.assertRaises(profile.ProfileError):
                profile.load(file.name, "x86_64", self.modules)


class LinesTest(unittest.TestCase):
    def test_keys_are_found_through_comments_arrays_and_strings(self):
        text = '# a\n[one]\na = [ # [two]\n  "x = 1", # ]\n]\nb = """\nc = 1\n"""\n[ two . "three" ]\n"d" = 1 # e = 2\nf.g = 2\n'
        lines = key_lines(text)
        self.assertEqual(lines["one", "a"], 3)
        self.assertEqual(lines["one", "b"], 6)
        self.assertNotIn(("one", "c"), lines)
        self.assertEqual(lines["two", "three"], 9)
        self.assertEqual(lines["two", "three", "d"], 10)
        self.assertEqual(lines["two", "three", "f", "g"], 11)


if __name__ == "__main__":
    unittest.main()
