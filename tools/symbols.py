#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""symbols.py: reads `nm -n` lines and writes the kernel's table of function names as assembly (section .symbols).

Four labels, read by kernel/core/symbol.c: kernel_symbol_count, kernel_symbol_offsets (from kernel_image_start,
ascending), kernel_symbol_names (where each name begins in the bytes), kernel_symbol_bytes (NUL-terminated names).
"""
import sys

IMAGE_START = "kernel_image_start"


def read_symbols(lines):
    """The image's start and its functions as (address, name), one name an address, ascending."""
    start, functions = None, {}
    for line in lines:
        words = line.split()
        if len(words) != 3:
            continue
        address, kind, name = int(words[0], 16), words[1], words[2]
        if name == IMAGE_START:
            start = address
        elif kind in "tTwW" and not name.startswith((".", "$")):
            # Of several names for one address the global one is what people know.
            if address not in functions or kind in "TW":
                functions[address] = name
    if start is None:
        raise SystemExit(f"symbols.py: no {IMAGE_START} among the symbols")
    return start, sorted((address, name) for address, name in functions.items() if address >= start)


def write_table(start, functions, out):
    """Names that occur more than once (static functions) share their bytes."""
    places, size = {}, 0
    for _, name in functions:
        if name not in places:
            places[name] = size
            size += len(name) + 1

    def label(name):
        out.write(f"\t.balign 4\n\t.globl {name}\n\t.hidden {name}\n{name}:\n")

    out.write('\t.section .symbols,"a",@progbits\n')
    label("kernel_symbol_count")
    out.write(f"\t.long {len(functions)}\n")
    label("kernel_symbol_offsets")
    out.writelines(f"\t.long {address - start:#x}\n" for address, _ in functions)
    label("kernel_symbol_names")
    out.writelines(f"\t.long {places[name]}\n" for _, name in functions)
    label("kernel_symbol_bytes")
    out.writelines(f'\t.asciz "{name}"\n' for name in places)


if __name__ == "__main__":
    write_table(*read_symbols(sys.stdin), sys.stdout)
