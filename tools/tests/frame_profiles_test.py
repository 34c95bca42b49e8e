# SPDX-License-Identifier: MIT
"""frame_profiles_test.py: the profiles that run the tests on another frame allocator are the default one but for that line."""
import sys
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = ("name", "description")


def settings(name):
    with open(ROOT / "profiles" / name / "helix.toml", "rb") as profile:
        return tomllib.load(profile)


class FrameProfiles(unittest.TestCase):
    def test_differ_from_the_default_in_the_allocator_alone(self):
        default = settings("default")
        for policy in ("bitmap", "bump", "tlsf"):
            own = settings(f"frames_{policy}")
            self.assertEqual(own["allocator"].pop("physical"), policy)
            for table, values in own.items():
                for key, value in values.items():
                    if (table, key) not in [("profile", each) for each in OWN]:
                        self.assertEqual(value, default[table][key], f"frames_{policy}: {table}.{key}")


if __name__ == "__main__":
    sys.exit(unittest.main())
