# What /proc/helix/@NAME@ shows.
provides := proc_file
sources  := @NAME@.c
tests    := @NAME@_test.c
