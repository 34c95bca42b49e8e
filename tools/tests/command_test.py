# SPDX-License-Identifier: MIT
"""command_test.py: what people type wrongly gets one clear line and status 64, before anything is built or run."""
import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from helix import image, kernel, main, qemu, run
from helix.cpio import Archive, merge
from helix.report import EXIT_BUILD, EXIT_USAGE, Failure
from helix.words import nearest

MIB = 1 << 20


class OptionsTest(unittest.TestCase):
    def refused(self, *arguments):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            self.assertEqual(main.main(list(arguments)), EXIT_USAGE)
        return errors.getvalue()

    def test_wrong_words_are_told(self):
        self.assertIn('did you mean "run"', self.refused("rnu"))
        self.assertIn("--timeout", self.refused("run", "--timeout", "soon"))
        self.assertIn('did you mean "--timeout"', self.refused("run", "--tiemout", "3"))
        self.assertIn("--help", self.refused("build", "more"))
        self.assertIn("--cpus", self.refused("run", "--cpus", "0"))
        self.assertIn("not supported yet", self.refused("trace", "--json", "x"))
        self.assertIn('did you mean "kernel"', self.refused("test", "kernle"))
        self.assertIn('did you mean "minimal"', self.refused("run", "--profile", "minmal"))
        self.assertIn('did you mean "aarch64"', self.refused("run", "--arch", "arch64"))
        with mock.patch.object(kernel, "ROOT", Path("/nonexistent")):
            self.assertIn("not supported yet", self.refused("run", "--arch", "aarch64"))

    def test_what_follows_two_dashes_is_for_qemu(self):
        options = main.parse(["run", "--cpus", "2", "--", "-d", "int", "--help"])
        self.assertEqual((options.cpus, options.qemu), (2, ["-d", "int", "--help"]))

    def test_repeated_options_add_up(self):
        options = main.parse(["run", "--exec", "a", "--exec", "b", "--initramfs", "x", "y", "--initramfs", "z"])
        self.assertEqual((options.exec, options.initramfs), (["a", "b"], ["x", "y", "z"]))


class MachineTest(unittest.TestCase):
    def refused(self, call, *arguments):
        with self.assertRaises(Failure) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.status, EXIT_USAGE)
        return str(caught.exception)

    def test_memory_sizes(self):
        self.assertEqual(qemu.check_memory("16M", 16 * MIB), 16 * MIB)
        self.assertEqual(qemu.check_memory("8g", 16 * MIB), 8192 * MIB)
        self.assertEqual(qemu.check_memory("64", 16 * MIB), 64 * MIB)
        for wrong in ("", "M", "-5M", "1.5G", "16MM", "8M", "2048T", "0", "1K", "99999999999999G"):
            self.assertIn("--memory", self.refused(qemu.check_memory, wrong, 16 * MIB))

    def test_machines_that_cannot_be(self):
        for wrong in (dict(machine="q53"), dict(machine="virt"), dict(boot="limine"), dict(boot="pv"), dict(cpus=300),
                      dict(boot="multiboot2", machine="microvm"), dict(boot="multiboot2", machine="microvm,acpi=off"), dict(icount=True, accel="kvm"),
                      dict(machine=",acpi=off"), dict(boot="sbi")):
            self.refused(qemu.check, qemu.Machine(**wrong))

    def test_each_architecture_has_machines_and_protocols_of_its_own(self):
        for arch in ("aarch64", "riscv64"):
            qemu.check(qemu.Machine(arch=arch))
            qemu.check(qemu.Machine(arch=arch, machine="virt,gic-version=3", boot="linux_image"))
            self.assertIn("is for x86_64; for", self.refused(qemu.check, qemu.Machine(arch=arch, machine="q35")))
            self.assertIn("is for x86_64; for", self.refused(qemu.check, qemu.Machine(arch=arch, boot="pvh")))
        self.assertIn("is for aarch64, riscv64; for x86_64", self.refused(qemu.check, qemu.Machine(boot="linux_image")))
        qemu.check(qemu.Machine(machine="q35,acpi=off"))

    def test_the_command_names_machine_and_cpu(self):
        for arch, cpu in (("aarch64", "max"), ("riscv64", "rv64")):
            command = " ".join(qemu.kernel_command(qemu.Machine(arch=arch, accel="tcg"), "helix.image", "a.cpio", "x"))
            self.assertTrue(command.startswith(f"qemu-system-{arch} "))
            self.assertIn(f"-M virt -accel tcg -cpu {cpu} ", command)
            self.assertNotIn("isa-debug-exit", command)
            self.assertIn(f"-cpu {cpu} ", " ".join(qemu.base_command(qemu.Machine(arch=arch, icount=True))))
            self.assertIn("-cpu cortex-a53 ", " ".join(qemu.base_command(qemu.Machine(arch=arch, accel="tcg", cpu="cortex-a53"))))
        self.assertIn("-device isa-debug-exit", " ".join(qemu.base_command(qemu.Machine(accel="tcg"))))

    def test_the_file_that_boots_follows_the_protocol(self):
        self.assertEqual([kernel.boot_file(Path("b"), boot).name for boot in ("pvh", "multiboot2", "linux_image")], ["helix.elf", "helix.elf", "helix.image"])

    def test_icount_makes_runs_repeatable(self):
        command = " ".join(qemu.base_command(qemu.Machine(icount=True)))
        self.assertIn("-accel tcg -cpu max,-erms,-fsrm", command)
        self.assertIn("-icount shift=0,sleep=off", command)

    def test_the_command_line_is_one_line_that_fits(self):
        self.refused(qemu.check_command_line, "a\nb")
        self.refused(qemu.check_command_line, "a" * 4096)

    def test_exec_lines_are_single_lines(self):
        self.refused(run.exec_archive, ["a\nb"])
        self.assertIn(b"two\n", run.exec_archive(["one", "two"]))


class ArchiveTest(unittest.TestCase):
    def test_an_archive_ends_on_a_block_and_names_its_entries(self):
        archive = Archive()
        archive.directory("bin")
        archive.file("bin/x", b"12345", 0o755)
        data = archive.bytes()
        self.assertEqual(len(data) % 512, 0)
        self.assertTrue(data.startswith(b"070701"))
        self.assertIn(b"TRAILER!!!", data)

    def test_merged_archives_begin_on_blocks(self):
        merged = merge([b"070701abc", b"070701def"])
        self.assertEqual(merged.index(b"070701", 1), 512)

    def test_archives_that_cannot_be_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            empty, packed = Path(folder, "empty"), Path(folder, "packed")
            empty.touch()
            packed.write_bytes(b"\x1f\x8b\x08")
            for wrong in (Path(folder, "missing"), folder, empty, packed):
                with self.assertRaises(Failure) as caught:
                    run.read_archive(str(wrong))
                self.assertEqual(caught.exception.status, EXIT_USAGE)

    def test_an_archive_that_looks_odd_is_the_kernels_to_judge(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"garbage")
            file.flush()
            with contextlib.redirect_stderr(io.StringIO()) as errors:
                self.assertEqual(run.read_archive(file.name), b"garbage")
            self.assertIn("does not look like", errors.getvalue())


class GrubTest(unittest.TestCase):
    def test_words_keep_their_spaces(self):
        self.assertEqual(image.split_words('a  b="c d" e'), ["a", "b=c d", "e"])
        self.assertIn("multiboot2 /boot/helix.elf 'a' '$b;c'\n    module2 /boot/archive0.cpio", image.grub_configuration("a $b;c", 1))

    def test_what_grub_would_change_is_refused(self):
        with self.assertRaises(Failure):
            image.grub_configuration("it's", 0)


class WordsTest(unittest.TestCase):
    def test_the_nearest_name_is_offered(self):
        self.assertEqual(nearest("buddi", ["bitmap", "buddy"]), '; did you mean "buddy"?')
        self.assertEqual(nearest("zzz", ["bitmap", "buddy"]), "; there is: bitmap, buddy")


if __name__ == "__main__":
    unittest.main()
