# host.mk: builds the unit-test program: make -f arch/host/host.mk BUILD=build/NAME
include tests/unit.mk
