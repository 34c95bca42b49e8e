// clang-format off
/* image.h: x86_64's part of the linker script (arch/common/kernel.ld): loaded at 2 MiB; the PVH note; physical addresses for
 * 32-bit code and loaders, which know no others. */
#define IMAGE_FORMAT elf64-x86-64
#define IMAGE_ENTRY  boot_entry_pvh
#define IMAGE_MEMORY 0
#define IMAGE_LOAD   0x200000
#define IMAGE_FIRST  KEEP(*(.multiboot2)) /* within the first 32 KiB of the file */ KEEP(*(.boot.text))

#define IMAGE_NOTE_HEADER note PT_NOTE FLAGS(4);
#define IMAGE_NOTE        PLACED(.note.Xen) { KEEP(*(.note.Xen)) } :rodata :note

#define PHYSICAL(name, symbol) phys_##name = ABSOLUTE(symbol - KERNEL_VIRTUAL_BASE);
#define IMAGE_SYMBOLS                                    \
    PHYSICAL(multiboot2_header, boot_multiboot2_header)  \
    PHYSICAL(image_start, kernel_image_start)            \
    PHYSICAL(text_end, kernel_text_end)                  \
    PHYSICAL(data_start, kernel_data_start)              \
    PHYSICAL(file_end, kernel_file_end)                  \
    PHYSICAL(image_end, kernel_image_end)                \
    PHYSICAL(entry_pvh, boot_entry_pvh)                  \
    PHYSICAL(entry_multiboot2, boot_entry_multiboot2)    \
    PHYSICAL(boot_long, boot_long)                       \
    PHYSICAL(boot_gdt, boot_gdt)                         \
    PHYSICAL(boot_gdt_pointer, boot_gdt_pointer)         \
    PHYSICAL(boot_stack_top, boot_stack_top)             \
    PHYSICAL(boot_tables, boot_tables)                   \
    PHYSICAL(message_no_cpuid, message_no_cpuid)         \
    PHYSICAL(message_no_long_mode, message_no_long_mode) \
    PHYSICAL(message_no_execute, message_no_execute)     \
    ASSERT(kernel_image_end <= KERNEL_VIRTUAL_BASE + 0x1000000, "the image outgrew the page tables of boot.S")
