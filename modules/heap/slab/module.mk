# slab: eight classes of 16 to 2,048 bytes, with a magazine per CPU and class.
provides := heap_policy
sources  := slab.c magazine.c
tests    := slab_test.c
