# /proc: the kernel's state and every process as text files.
provides := file_system
sources  := procfs.c directory.c process.c file.c
tests    :=
