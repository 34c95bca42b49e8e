#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""profile.py: checks a profile and writes what the build takes from it. Called by the Makefile; see docs/profiles.md."""
import argparse
import sys

from helix.profile import ProfileError, load
from helix.profile_output import header, make_fragment


def write_if_changed(path, text):
    """Keeps the time of a header that says the same, so that nothing is compiled again for it."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    except OSError:
        pass
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description="Checks a helix.toml and writes a make fragment and a header.")
    for option in ("profile", "arch", "make", "header"):
        parser.add_argument(f"--{option}", required=True)
    options = parser.parse_args()
    try:
        profile = load(options.profile, options.arch)
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 1
    write_if_changed(options.header, header(profile))
    with open(options.make, "w", encoding="utf-8") as file:
        file.write(make_fragment(profile))
    return 0


if __name__ == "__main__":
    sys.exit(main())
