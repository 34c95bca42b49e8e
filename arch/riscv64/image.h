// clang-format off
/* image.h: riscv64's part of the linker script (arch/common/kernel.ld): the Linux image header comes first. Linked where QEMU's
 * firmware starts what it is given, and it runs wherever 2 MiB begin. For boot.S too. */
#define IMAGE_FORMAT elf64-littleriscv
#define IMAGE_ENTRY  boot_entry
#define IMAGE_LOAD   0x200000
#define IMAGE_MEMORY 0x80000000 /* where memory begins */
#define IMAGE_FIRST  KEEP(*(.boot.text))

#define IMAGE_NOTE_HEADER
#define IMAGE_NOTE

#define IMAGE_SYMBOLS ASSERT(kernel_image_end <= KERNEL_VIRTUAL_BASE + 0x1000000, "the image outgrew the page tables of boot.S")
