# A file system whose files are page caches with nothing behind them: "ramfs", and "tmpfs" with a size limit.
provides := file_system
sources  := ramfs.c directory.c pages.c
tests    := ramfs_test.c
