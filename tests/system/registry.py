# SPDX-License-Identifier: MIT
"""registry.py: the list of tests. A test raises Failed or Skipped, or returns [(row name, None or reason or Skipped)], or just returns."""
from dataclasses import dataclass
from typing import Callable

TESTS = []


@dataclass
class Test:
    name: str
    function: Callable
    serial: bool = False        # measures: nothing else runs beside it
    once: bool = False          # about ./helix itself: on one architecture only
    only: tuple = ()            # can apply on these architectures only…
    why: str = ""               # …because


def add(name, function, **more):
    TESTS.append(Test(name, function, **more))


def test(function=None, **more):
    """Registers a test under its function's name: @test, or @test(serial=True)."""
    if function is None:
        return lambda given: test(given, **more)
    add(function.__name__, function, **more)
    return function
