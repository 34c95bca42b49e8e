# Archives as read-only directory trees: "cpio". Contents are read from the archive when they are wanted, through the page cache.
provides := file_system
sources  := archive.c tree.c
tests    :=
