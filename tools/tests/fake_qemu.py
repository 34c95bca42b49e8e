# SPDX-License-Identifier: MIT
"""fake_qemu.py: stands in for QEMU: does what its first argument says, in Python, with the console on its pipes."""
import sys
import time

out, typed = sys.stdout.buffer, sys.stdin.buffer


def put(data, pause=0.0):
    out.write(data)
    out.flush()
    time.sleep(pause)


exec(sys.argv[1])
