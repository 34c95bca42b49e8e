#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""profile_fuzz.py: mutated profiles through the reader of helix.toml: it accepts or complains with places, and never fails in
any other way; what it accepts becomes a make fragment and a header that cannot break out of their lines.

    profile_fuzz.py [--seconds S] [--seed N] [CORPUS]
"""
import argparse
import random
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from helix import profile, profile_output, profile_schema  # noqa: E402
from helix.modules import Modules  # noqa: E402

PLACE = re.compile(r"^\S.*:\d+: .+")
MAKE_LINE = re.compile(r"^(?:#.*|[A-Z_]+ :?= ?.*|)$")
HEADER_LINE = re.compile(r'^(?:#pragma once|//.*|#define [A-Z0-9_]+(?: .*)?|(?:enum|static|constexpr|extern)\b.*|\s+.*|};?|)$')
PIECES = ["[", "]", "[[", "=", '"', "'", '"""', ".", ",", "\n", "#", "{", "}", "true", "-1", "0x7fffffffffffffff", "1e400", "inf", "nan",
          "1979-05-27", "\\u0000", "\\n", "$(shell false)", "*/", "..", "/", "\u00e9", "\r", "\t", "99999999999999999999", '""', "[]", "{}"]


def words():
    """Names of sections and keys, as the schema has them."""
    for section, rows in profile_schema.SCHEMA.items():
        yield section
        yield from rows


def mutate(dice, text, corpus, names):
    for _ in range(dice.randint(1, 6)):
        at = dice.randint(0, len(text))
        end = min(len(text), at + dice.randint(0, 12))
        other = dice.choice(corpus)
        cut = dice.randint(0, len(other))
        text = dice.choice((
            lambda: text[:at] + dice.choice(PIECES) + text[at:],
            lambda: text[:at] + dice.choice(PIECES) + text[end:],
            lambda: text[:at] + text[end:],
            lambda: text[:at] + chr(dice.choice((0, 7, 0x7f, 0x2028, 0x1f600, dice.randint(32, 126)))) + text[end:],
            lambda: text[:at] + dice.choice(names) + text[end:],
            lambda: text[:at] + other[cut:cut + dice.randint(0, 80)] + text[at:],
            lambda: text[:at] + text[at:end] * dice.randint(2, 40) + text[end:],
        ))()
    return text


def check(text, modules):
    """What is wrong with the reader's answer to `text`; None: nothing."""
    try:
        found = profile.parse(text, Path("profiles/fuzz/helix.toml"), "x86_64", modules)
    except profile.ProfileError as error:
        silent = not error.complaints or [line for line in error.complaints if not PLACE.match(line)]
        return f"complains without a place: {error.complaints}" if silent else None
    for kind, output, line in (("make fragment", profile_output.make_fragment(found), MAKE_LINE), ("header", profile_output.header(found), HEADER_LINE)):
        strange = [each for each in output.splitlines() if not line.match(each)]
        if strange:
            return f"the {kind} has a strange line: {strange[0]!r}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("corpus", nargs="?", type=Path, default=ROOT / "tests" / "fuzz" / "corpus" / "profile")
    options = parser.parse_args()
    corpus = [path.read_text(encoding="utf-8") for path in sorted(options.corpus.iterdir())]
    dice, modules, names = random.Random(options.seed), Modules(ROOT), list(words())
    end, tried = time.monotonic() + options.seconds, 0
    for text in corpus:
        if complaint := check(text, modules):
            sys.exit(f"{complaint}\n{text}")
    while time.monotonic() < end:
        text = mutate(dice, dice.choice(corpus), corpus, names)
        tried += 1
        try:
            complaint = check(text, modules)
        except Exception as error:      # anything but a ProfileError is a failure of the reader
            complaint = f"{type(error).__name__}: {error}"
        if complaint:
            sys.exit(f"{complaint}\nseed {options.seed}, input {tried}:\n{text}")
    print(f"{tried} profiles")


if __name__ == "__main__":
    main()
