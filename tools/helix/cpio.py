# SPDX-License-Identifier: MIT
"""cpio.py: writes newc archives, the format of an initramfs."""
import stat

BLOCK = 512


class Archive:
    """Entries in the order they are added; times and owners are fixed, so that equal content is an equal archive."""

    def __init__(self, time=0):
        self.time, self.parts, self.count = time, [], 0

    def _add(self, path, mode, data=b"", links=1):
        self.count += 1
        name = path.encode() + b"\0"
        fields = (self.count, mode, 0, 0, links, self.time, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        self.parts += [_padded(head, 4), _padded(data, 4)]

    def directory(self, path, permissions=0o755):
        self._add(path, stat.S_IFDIR | permissions, links=2)

    def file(self, path, data, permissions=0o644):
        self._add(path, stat.S_IFREG | permissions, data if isinstance(data, bytes) else data.encode())

    def symlink(self, path, target):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def bytes(self):
        trailer = Archive()
        trailer._add("TRAILER!!!", 0)
        return _padded(b"".join(self.parts + trailer.parts), BLOCK)


def _padded(data, size):
    return data + bytes(-len(data) % size)


def merge(archives):
    """Several archives as one: each ends on a block, so that the next one begins where a reader looks for it."""
    return b"".join(_padded(archive, BLOCK) for archive in archives)
