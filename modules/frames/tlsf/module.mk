# tlsf: runs of frames in lists by size, two levels of them.
provides := frame_policy
sources  := tlsf.c
tests    := tlsf_test.c
