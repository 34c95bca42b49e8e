# A serial port of the 16550 family, the first one that the machine says it has: COM1 of a PC, the UART of RISC-V machines.
provides := console
sources  := ns16550.c
tests    :=
