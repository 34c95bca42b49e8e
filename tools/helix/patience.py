# SPDX-License-Identifier: MIT
"""patience.py: how much longer things take here than on a machine of their own. Limits of tests grow with it: they are there for what hangs."""
import os


def slowness():
    """1 where every program that wants a processor has one; n where n want each."""
    with open("/proc/loadavg", encoding="ascii") as figures:
        minute, _, _, now, _ = figures.read().split()
    return max(1.0, max(float(minute), int(now.partition("/")[0])) / (os.cpu_count() or 1))


def patient(seconds):
    return seconds * slowness()
