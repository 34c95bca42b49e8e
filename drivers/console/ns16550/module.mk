# The serial port of PCs: COM1 at 0x3F8, interrupt line 4.
provides := console
sources  := ns16550.c
tests    :=
