# x86_64: flags, linker script and boot protocols of the port.
PORT_CFLAGS := --target=x86_64-unknown-none-elf -fPIE -mno-red-zone -mgeneral-regs-only -mcmodel=small -Wa,--noexecstack
PORT_LDFLAGS := -m elf_x86_64
PORT_LINKER_SCRIPT := arch/x86_64/kernel.ld
PORT_BOOT := pvh multiboot2
