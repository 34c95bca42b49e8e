# Arm's serial port, where the device tree has one.
provides := console
sources  := pl011.c
tests    :=
