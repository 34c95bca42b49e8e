// clang-format off
/* image.h: aarch64's part of the linker script (arch/common/kernel.ld): the Linux image header comes first. Boot code runs wherever a
 * loader has put the image; one that reads the ELF puts it where QEMU's virt machine has memory, behind the device tree. For boot.S too. */
#define IMAGE_FORMAT elf64-littleaarch64
#define IMAGE_ENTRY  boot_entry
#define IMAGE_MEMORY 0x40000000
#define IMAGE_LOAD   0x200000
#define IMAGE_FIRST  KEEP(*(.boot.text))

#define IMAGE_NOTE_HEADER
#define IMAGE_NOTE

#define IMAGE_SYMBOLS \
    boot_image_size = ABSOLUTE(kernel_image_end - kernel_image_start); \
    ASSERT(kernel_image_end <= KERNEL_VIRTUAL_BASE + IMAGE_LOAD + 0x1000000, "the image outgrew the page tables of boot.S")
