# SPDX-License-Identifier: MIT
"""registry.py: the list of tests. A test raises Failed, or returns [(row name, None or reason)], or just returns."""

TESTS = []


def test(function):
    """Registers a test under its function's name."""
    TESTS.append((function.__name__, function))
    return function


def serial(function):
    """The same, for tests that measure: nothing else runs beside them."""
    function.serial = True
    return test(function)
