# First in, first out.
provides := scheduler_policy
sources  := @NAME@.c
tests    := @NAME@_test.c
