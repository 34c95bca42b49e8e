# riscv64: flags, boot protocols and shared code of the port.
PORT_CFLAGS := --target=riscv64-unknown-none-elf -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -mrelax -momit-leaf-frame-pointer -msmall-data-limit=0 -fPIE -Wa,--noexecstack
# Calls become one instruction where they reach; gp is the thread, so nothing is addressed by it.
PORT_LDFLAGS := -m elf64lriscv --no-relax-gp
PORT_BOOT := linux_image
PORT_COMMON := asid backtrace boot_main counter_time entropy fpu keys_none platform_tree space space_flush space_kernel space_large space_page space_range space_share space_table user
PORT_FLAT := 1
