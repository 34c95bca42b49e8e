# bitmap: one bit per frame.
provides := frame_policy
sources  := bitmap.c
tests    := bitmap_test.c
