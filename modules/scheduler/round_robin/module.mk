provides := scheduler_policy
sources  := round_robin.c
tests    := round_robin_test.c
