# aarch64: flags, boot protocols and shared code of the port. x18 holds the CPU's block while in the kernel (impl/cpu.h).
PORT_CFLAGS := --target=aarch64-unknown-none-elf -momit-leaf-frame-pointer -march=armv8-a -fPIE -mgeneral-regs-only -mno-outline-atomics -ffixed-x18 \
	-mno-implicit-float -mstrict-align -mfix-cortex-a53-835769 -Wa,--noexecstack
PORT_LDFLAGS := -m aarch64elf --fix-cortex-a53-843419
PORT_BOOT := linux_image
PORT_COMMON := asid backtrace boot_main counter_time entropy fpu keys_none platform_tree space space_flush space_kernel space_large space_page space_range space_share space_table user
PORT_FLAT := 1
