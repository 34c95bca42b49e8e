# /dev/@NAME@
provides := driver
sources  := @NAME@.c
tests    := @NAME@_test.c
