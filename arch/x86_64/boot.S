// SPDX-License-Identifier: MIT
// boot.S: from a loader's 32-bit entry to arch_boot_main in the kernel's own address space.
//
// Both protocols enter in 32-bit protected mode without paging, ebx holding the physical address of their data. The tables
// made here last until arch_space_init_kernel: the image at its link address with the rights of its segments, the first
// 4 GiB in the direct map (readable, writable, never executable), and 2 MiB of identity for the switch itself.

// The linker script makes physical addresses of these.
.globl boot_long, boot_gdt, boot_gdt_pointer, boot_stack_guard, boot_stack_top, boot_tables, message_no_cpuid, message_no_long_mode, message_no_execute
.hidden boot_long, boot_gdt, boot_gdt_pointer, boot_stack_guard, boot_stack_top, boot_tables, message_no_cpuid, message_no_long_mode, message_no_execute

.set KERNEL_BASE,   0xffffffff80000000
.set PVH_MAGIC,     0x336ec578
.set COM1,          0x3f8
.set STACK_SIZE,    32768

.set ENTRY_PRESENT, 0x1
.set ENTRY_WRITE,   0x2
.set ENTRY_LARGE,   0x80
.set NO_EXECUTE,    0x80000000  // in the entry's upper half

// boot_tables, one page each.
.set TABLE_ROOT,            0x0000
.set TABLE_IDENTITY_UPPER,  0x1000
.set TABLE_IDENTITY,        0x2000
.set TABLE_DIRECT_UPPER,    0x3000
.set TABLE_DIRECT,          0x4000  // four: 4 GiB
.set TABLE_IMAGE_UPPER,     0x8000
.set TABLE_IMAGE,           0x9000
.set TABLE_IMAGE_PAGES,     0xa000  // eight: the first 16 MiB
.set TABLES_SIZE,           0x12000

.section .multiboot2, "ax", @progbits
.p2align 3
.globl boot_multiboot2_header
boot_multiboot2_header:
    .long 0xe85250d6, 0, header_end - boot_multiboot2_header
    .long 0x100000000 - (0xe85250d6 + (header_end - boot_multiboot2_header))
    .short 2, 0 // addresses: loaders that refuse a dynamic section load the file flat
    .long 24, phys_multiboot2_header, phys_image_start, phys_file_end, phys_image_end
    .short 3, 0 // entry
    .long 12, phys_entry_multiboot2
    .p2align 3
    .short 6, 0 // modules begin on pages
    .long 8
    .short 0, 0
    .long 8
header_end:

.section .note.Xen, "a", @note
.p2align 2
    .long 4, 8, 18
    .asciz "Xen"
    .long phys_entry_pvh, 0

.section .boot.text, "ax", @progbits
.code32

.globl boot_entry_pvh
boot_entry_pvh:
    movl $PVH_MAGIC, %edi
    jmp boot_protected

.globl boot_entry_multiboot2
boot_entry_multiboot2:
    movl %eax, %edi

boot_protected:
    cli
    cld
    movl $phys_boot_stack_top, %esp
    movl %ebx, %esi
    call check_cpu
    call fill_direct_map
    call fill_image
    call fill_roots

    movl %cr4, %eax
    orl $0x20, %eax                 // physical address extension
    movl %eax, %cr4
    movl $phys_boot_tables, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx          // EFER: long mode, no-execute
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl %cr0, %eax
    orl $0x80010001, %eax           // paging, write protection in ring 0 too
    movl %eax, %cr0
    lgdt phys_boot_gdt_pointer
    ljmpl $0x08, $phys_boot_long

// Ends with a message on the serial port when the CPU cannot run the kernel.
check_cpu:
    pushfl
    popl %eax
    movl %eax, %ecx
    xorl $0x200000, %eax            // the ID flag can be changed where there is CPUID
    pushl %eax
    popfl
    pushfl
    popl %eax
    xorl %ecx, %eax
    movl $phys_message_no_cpuid, %ebp
    testl $0x200000, %eax
    jz refuse
    movl $0x80000000, %eax
    cpuid
    movl $phys_message_no_long_mode, %ebp
    cmpl $0x80000001, %eax
    jb refuse
    movl $0x80000001, %eax
    cpuid
    testl $(1 << 29), %edx
    jz refuse
    movl $phys_message_no_execute, %ebp
    testl $(1 << 20), %edx
    jz refuse
    ret

refuse:
    movw $(COM1 + 3), %dx           // 115200 baud, 8 bits
    movb $0x80, %al
    outb %al, %dx
    movw $COM1, %dx
    movb $1, %al
    outb %al, %dx
    movw $(COM1 + 1), %dx
    xorb %al, %al
    outb %al, %dx
    movw $(COM1 + 3), %dx
    movb $3, %al
    outb %al, %dx
1:  movb (%ebp), %al
    testb %al, %al
    jz 3f
    movw $COM1, %dx
    outb %al, %dx
    movw $(COM1 + 5), %dx
2:  inb %dx, %al
    testb $0x20, %al                // until the byte has left
    jz 2b
    incl %ebp
    jmp 1b
3:  movw $0xf4, %dx                 // ends an emulator as a panic does
    movl $0x20, %eax
    outl %eax, %dx
4:  cli
    hlt
    jmp 4b

// 4 GiB in pages of 2 MiB.
fill_direct_map:
    movl $(phys_boot_tables + TABLE_DIRECT), %ebx
    movl $(ENTRY_PRESENT | ENTRY_WRITE | ENTRY_LARGE), %eax
    movl $2048, %ecx
1:  movl %eax, (%ebx)
    movl $NO_EXECUTE, 4(%ebx)
    addl $0x200000, %eax
    addl $8, %ebx
    decl %ecx
    jnz 1b
    ret

// The image page by page: code, then constants, then data.
fill_image:
    movl $phys_image_start, %eax
1:  movl %eax, %ebx
    shrl $9, %ebx
    addl $(phys_boot_tables + TABLE_IMAGE_PAGES), %ebx
    movl $ENTRY_PRESENT, %ecx
    xorl %edx, %edx
    cmpl $phys_text_end, %eax
    jb 2f
    movl $NO_EXECUTE, %edx
    cmpl $phys_data_start, %eax
    jb 2f
    orl $ENTRY_WRITE, %ecx
2:  orl %eax, %ecx
    movl %ecx, (%ebx)
    movl %edx, 4(%ebx)
    addl $0x1000, %eax
    cmpl $phys_image_end, %eax
    jb 1b
    ret

// ebx = entry, eax = table it points at, ecx = how many to consecutive tables.
fill_tables:
    orl $(ENTRY_PRESENT | ENTRY_WRITE), %eax
1:  movl %eax, (%ebx)
    addl $0x1000, %eax
    addl $8, %ebx
    decl %ecx
    jnz 1b
    ret

.macro tables entry, target, count
    movl $(phys_boot_tables + \entry), %ebx
    movl $(phys_boot_tables + \target), %eax
    movl $\count, %ecx
    call fill_tables
.endm

fill_roots:
    tables TABLE_ROOT,                 TABLE_IDENTITY_UPPER, 1
    tables TABLE_IDENTITY_UPPER,       TABLE_IDENTITY,       1
    tables TABLE_ROOT + 256 * 8,       TABLE_DIRECT_UPPER,   1
    tables TABLE_DIRECT_UPPER,         TABLE_DIRECT,         4
    tables TABLE_ROOT + 511 * 8,       TABLE_IMAGE_UPPER,    1
    tables TABLE_IMAGE_UPPER + 510 * 8, TABLE_IMAGE,         1
    tables TABLE_IMAGE,                TABLE_IMAGE_PAGES,    8
    movl $(0x200000 | ENTRY_PRESENT | ENTRY_LARGE), phys_boot_tables + TABLE_IDENTITY + 8
    ret

.code64
boot_long:
    leaq boot_high(%rip), %rax
    movq $KERNEL_BASE, %rcx
    addq %rcx, %rax
    jmp *%rax

// At the link address. The identity goes at once: nothing is mapped at user addresses from here on.
boot_high:
    leaq boot_stack_top(%rip), %rsp
    leaq boot_gdt(%rip), %rax
    subq $16, %rsp
    movw $(boot_gdt_end - boot_gdt - 1), 6(%rsp)
    movq %rax, 8(%rsp)
    lgdt 6(%rsp)
    addq $16, %rsp
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    lldt %ax
    movq $0, boot_tables + TABLE_ROOT(%rip)
    movq %cr3, %rax
    movq %rax, %cr3
    movl %edi, %edi
    movl %esi, %esi
    xorl %ebp, %ebp
    call arch_boot_main
    ud2

.section .rodata.boot, "a", @progbits
.p2align 3
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
boot_gdt_end:
boot_gdt_pointer:
    .short boot_gdt_end - boot_gdt - 1
    .long phys_boot_gdt

message_no_cpuid:
    .asciz "Helix: this CPU has no CPUID instruction; a 64-bit CPU is needed.\r\n"
message_no_long_mode:
    .asciz "Helix: this CPU has no 64-bit mode.\r\n"
message_no_execute:
    .asciz "Helix: this CPU cannot forbid execution of data (NX), or the firmware has turned it off.\r\n"

.section .bss.boot, "aw", @nobits
.p2align 12
boot_tables:
    .skip TABLES_SIZE
// Not mapped once the kernel has tables of its own: who runs out of the stack faults there.
boot_stack_guard:
    .skip 4096
boot_stack:
    .skip STACK_SIZE
boot_stack_top:
