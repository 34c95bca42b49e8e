# buddy: power-of-two blocks that merge with their neighbours.
provides := frame_policy
sources  := buddy.c
tests    := buddy_test.c
