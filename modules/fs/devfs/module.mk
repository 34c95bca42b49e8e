# /dev: the devices the kernel has, on a tmpfs that programs may add to.
provides := file_system
sources  := devfs.c
tests    :=
