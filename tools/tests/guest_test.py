# SPDX-License-Identifier: MIT
"""guest_test.py: the conversation with a guest, played by a fake: output, statuses, time limits, nothing left behind."""
import os
import sys
import time
import unittest
from pathlib import Path

from helix import guest
from helix.filter import Filter
from helix.guest import Guest, run_to_end
from helix.report import EXIT_NO_STATUS, EXIT_PANIC, EXIT_TIMEOUT, EXIT_USAGE, Failure

FAKE = str(Path(__file__).with_name("fake_qemu.py"))
TOKEN = "f00d"
BEGIN, END = b"\x01helix-exec-begin f00d\n", b"\x01helix-exec-end f00d 3\n"


class Parts:
    def __init__(self, token=TOKEN):
        self.asked, self.log, self.report = bytearray(), bytearray(), bytearray()
        self.sieve = Filter(token, self.asked.extend, self.log.extend, self.report.extend)


class FilterTest(unittest.TestCase):
    def feed(self, data, step, token=TOKEN):
        parts = Parts(token)
        for at in range(0, len(data), step):
            parts.sieve.feed(data[at:at + step])
        parts.sieve.finish()
        return parts

    def test_only_what_is_between_the_marks_is_asked_for(self):
        for step in (1, 2, 7, 1000):
            parts = self.feed(b"boot\r\n" + BEGIN + b"a\r\nb" + END + b"bye\n", step)
            self.assertEqual((bytes(parts.asked), bytes(parts.log), parts.sieve.status), (b"a\r\nb", b"boot\r\nbye\n", 3))

    def test_every_byte_of_the_output_is_kept(self):
        body = bytes(range(256)) * 3 + b"\x01helix-exec-end beef 0\n\x01\x01helix-"
        for step in (1, 5, 10000):
            self.assertEqual(bytes(self.feed(BEGIN + body + END, step).asked), body)

    def test_a_panic_goes_to_the_report_and_cannot_be_faked_by_output(self):
        parts = self.feed(BEGIN + b"\x01helix-panic -\nfake\n" + b"\x01helix-panic f00d\nthe report\n", 3)
        self.assertEqual(bytes(parts.asked), b"\x01helix-panic -\nfake\n")
        self.assertEqual(bytes(parts.report), b"the report\n")
        self.assertTrue(parts.sieve.panicked)

    def test_a_panic_before_the_command_line_is_read_is_seen(self):
        self.assertTrue(self.feed(b"\x01helix-panic -\nreport", 4).sieve.panicked)

    def test_without_a_token_the_console_passes_through(self):
        parts = self.feed(b"banner\r\n" + BEGIN + b"\x01helix-panic -\r\nreport", 2, token=None)
        self.assertEqual(bytes(parts.asked), b"banner\r\n" + BEGIN)
        self.assertEqual(bytes(parts.report), b"report")


class Input:
    """Bytes of a pipe, as the keyboard gives them."""

    kind = "stream"

    def __init__(self, data):
        self.descriptor, write = os.pipe()
        os.write(write, data)
        os.close(write)

    def read(self):
        data = os.read(self.descriptor, 4096)
        return (data, True) if data else (b"\x04", False)


class NoInput:
    kind, descriptor = "none", -1


class GuestTest(unittest.TestCase):
    def run_fake(self, script, limit=20, keyboard=None, wants_status=True, token=TOKEN):
        self.parts = Parts(token)
        self.guest = Guest([sys.executable, "-B", FAKE, script], self.parts.sieve, keyboard or NoInput(), limit)
        return run_to_end(self.guest, wants_status)

    def fails_with(self, status, script, **more):
        with self.assertRaises(Failure) as caught:
            self.run_fake(script, **more)
        self.assertEqual(caught.exception.status, status, str(caught.exception))
        return str(caught.exception)

    def test_the_status_of_the_last_line_is_the_status(self):
        self.assertEqual(self.run_fake(f"put(b'log'); put({BEGIN!r}); put(b'out'); put({END!r})"), 3)
        self.assertEqual(bytes(self.parts.asked), b"out")

    def test_a_guest_that_does_not_power_off_is_ended(self):
        before = time.monotonic()
        self.addCleanup(setattr, guest, "POWER_OFF_S", guest.POWER_OFF_S)
        guest.POWER_OFF_S = 0.5
        self.assertEqual(self.run_fake(f"put({BEGIN + END!r}); time.sleep(300)"), 3)
        self.assertLess(time.monotonic() - before, 15)

    def test_the_time_limit_is_real(self):
        before = time.monotonic()
        message = self.fails_with(EXIT_TIMEOUT, f"put({BEGIN!r}); put(str(__import__('os').getpid()).encode(), 300)", limit=1.0)
        self.assertLess(time.monotonic() - before, 5)
        self.assertIn("1 s", message)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(self.parts.asked), 0)

    def test_a_panic_has_its_own_status_and_its_report_is_complete(self):
        self.fails_with(EXIT_PANIC, f"put({BEGIN!r}); put(b'\\x01helix-panic f00d\\n'); put(b'a', 0.3); put(b'b', 300)")
        self.assertEqual(bytes(self.parts.report), b"ab")

    def test_a_guest_that_just_ends_is_told(self):
        self.fails_with(EXIT_NO_STATUS, f"put({BEGIN!r})")
        self.assertEqual(self.run_fake("put(b'x')", wants_status=False, token=None), 0)

    def test_a_qemu_that_does_not_start_is_a_usage_error(self):
        self.assertIn("no such machine", self.fails_with(EXIT_USAGE, "sys.exit('no such machine')"))

    def test_input_reaches_the_guest_after_the_begin_mark(self):
        script = f"put({BEGIN!r}); put(typed.read(6)); put({END!r})"
        self.assertEqual(self.run_fake(script, keyboard=Input(b"hello")), 3)
        self.assertEqual(bytes(self.parts.asked), b"hello\x04")


if __name__ == "__main__":
    unittest.main()
