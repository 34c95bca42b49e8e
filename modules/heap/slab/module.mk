# slab: eight classes of 16 to 2,048 bytes, cut from frames; larger blocks are whole frames.
provides := heap_policy
sources  := slab.c
tests    := slab_test.c
