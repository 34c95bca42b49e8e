# x86_64: flags, boot protocols and shared code of the port.
PORT_CFLAGS := --target=x86_64-unknown-none-elf -momit-leaf-frame-pointer -fPIE -mno-red-zone -mgeneral-regs-only -mcmodel=small -Wa,--noexecstack
PORT_LDFLAGS := -m elf_x86_64
PORT_BOOT := pvh multiboot2
PORT_COMMON := acpi asid backtrace boot_main entropy fpu space space_flush space_kernel space_large space_page space_range space_share space_table user
