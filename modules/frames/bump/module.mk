# bump: a line that is only ever crossed once.
provides := frame_policy
sources  := bump.c
tests    := bump_test.c
