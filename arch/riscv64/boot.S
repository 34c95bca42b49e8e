// SPDX-License-Identifier: MIT
// boot.S: from the firmware to arch_boot_main: the Linux image header (Linux, Documentation/riscv/boot-image-header.rst), the first page
// tables and the way to the link address.
//
// Entered in supervisor mode, translation off, a0 = hart, a1 = device tree. The tables are Sv39's: the image page by page with its
// rights, and in the direct map the 1 GiB blocks that hold image and tree. There is no identity: the first fetch after satp is
// written faults, and stvec leads to the link address.

#include "image.h"
#include "offsets.h"

.set KERNEL_VIRTUAL_BASE, 0xffffffff80000000
.set BOOT_MAGIC, 0xd00dfeed // LINUX_IMAGE_MAGIC of boot/linux_image
.set BOOT_STACK_SIZE, 1 << STACK_SIZE_SHIFT

.set ENTRY_TABLE,    0x01
.set ENTRY_CODE,     0xeb // valid, readable, executable, global, accessed, dirty
.set ENTRY_CONSTANT, 0xe3
.set ENTRY_DATA,     0xe7

// boot_tables, one page each.
.set TABLE_ROOT,        0x0000
.set TABLE_IMAGE,       0x1000
.set TABLE_IMAGE_PAGES, 0x2000 // eight: the first 16 MiB
.set TABLES_SIZE,       0xa000
.set IMAGE_TABLES,      8

.set ROOT_DIRECT,       256    // the direct map's first entry, and how many it has
.set ROOT_DIRECT_COUNT, 192
.set ROOT_IMAGE,        510
.set TREE_SIZE_MOST,    0x200000

.section .boot.text, "ax", @progbits
.globl boot_entry
.hidden boot_entry
boot_entry:
    .option push
    .option norvc
    j boot_start
    .option pop
    .4byte 0
    .8byte IMAGE_LOAD                           // from the start of memory
    .8byte kernel_image_end - boot_entry
    .8byte 0                                    // little endian
    .4byte 2                                    // version 0.2 of this header
    .4byte 0
    .8byte 0
    .8byte 0x5643534952                         // "RISCV"
    .4byte 0x05435352                           // "RSC\5"
    .4byte 0

boot_start:
    csrw sie, zero
    lla t0, boot_taken
    li t1, 1
    amoswap.w.aq t1, t1, (t0)
    bnez t1, boot_stuck                         // old firmware sends every hart here: the first one boots
    mv s0, a0
    mv s1, a1
    lla s2, boot_entry                          // where the image lies

    // What has no bytes in the file is zero.
    lla t0, kernel_bss_start
    lla t1, kernel_bss_end
1:  .irp offset, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120
    sd zero, \offset(t0)
    .endr
    addi t0, t0, 128
    bltu t0, t1, 1b
    lla t0, boot_hart
    sd s0, 0(t0)
    lla t0, boot_image
    sd s2, 0(t0)

    // The direct map of the image's block and of those of the tree.
    lla s3, boot_tables
    mv a0, s2
    call map_block
    mv a0, s1
    call map_block
    li t0, TREE_SIZE_MOST - 1
    add a0, s1, t0
    call map_block

    // The image: code, then constants, then data. s4 is the page, t0 its entry.
    mv s4, s2
    lla s5, kernel_text_end
    lla s6, kernel_data_start
    lla s7, kernel_image_end
    li t0, TABLE_IMAGE_PAGES + (IMAGE_LOAD >> 9)
    add t0, s3, t0
2:  li t1, ENTRY_CODE
    bltu s4, s5, 3f
    li t1, ENTRY_CONSTANT
    bltu s4, s6, 3f
    li t1, ENTRY_DATA
3:  srli t2, s4, 2
    or t1, t1, t2
    sd t1, 0(t0)
    addi t0, t0, 8
    li t2, 4096
    add s4, s4, t2
    bltu s4, s7, 2b

    // The tables above the pages.
    li t2, TABLE_IMAGE
    add t0, s3, t2
    srli t1, t0, 2
    ori t1, t1, ENTRY_TABLE
    li t2, ROOT_IMAGE * 8
    add t2, t2, s3
    sd t1, 0(t2)
    li t3, IMAGE_TABLES
4:  addi t1, t1, 1024                           // the next page's number
    sd t1, 0(t0)
    addi t0, t0, 8
    addi t3, t3, -1
    bnez t3, 4b

    // To the link address: what is added is the distance between there and here.
    li t0, KERNEL_VIRTUAL_BASE + IMAGE_LOAD
    sub s8, t0, s2
    lla t0, boot_high
    add t0, t0, s8
    csrw stvec, t0
    srli t1, s3, 12
    li t2, 8                                    // Sv39
    slli t2, t2, 60
    or t1, t1, t2
    sfence.vma
    csrw satp, t1

    // Only a CPU without Sv39 comes here.
    lla s0, message_no_paging
5:  lbu a0, 0(s0)
    beqz a0, 6f
    li a7, 1                                    // console put character (SBI 2.0, chapter 5)
    ecall
    addi s0, s0, 1
    j 5b
6:  li a7, 8                                    // shutdown
    ecall
7:  wfi
    j 7b

// a0: an address whose 1 GiB is to be shown. Memory beyond the direct map is not.
map_block:
    srli t0, a0, 30
    li t1, ROOT_DIRECT_COUNT
    bgeu t0, t1, 1f
    addi t1, t0, ROOT_DIRECT
    slli t1, t1, 3
    add t1, t1, s3
    slli t0, t0, 28
    ori t0, t0, ENTRY_DATA
    sd t0, 0(t1)
1:  ret

// At the link address.
    .p2align 2
boot_high:
    sfence.vma
    lla t0, boot_stuck
    csrw stvec, t0
    lla sp, boot_stack_top
    li gp, 0
    li tp, 0
    csrw sscratch, zero
    li a0, BOOT_MAGIC
    mv a1, s1
    li s0, 0
    call arch_boot_main

// A trap before arch_cpu_init, or a hart that is not needed.
    .p2align 2
boot_stuck:
    wfi
    j boot_stuck

.section .rodata.boot, "a", @progbits
message_no_paging:
    .asciz "Helix: this CPU has no page tables of the Sv39 kind.\r\n"

.section .data.boot, "aw", @progbits
.p2align 2
boot_taken: // not among what is set to zero on the way
    .4byte 0

.section .bss.boot, "aw", @nobits
.globl boot_tables, boot_stack_guard, boot_stack, boot_stack_top, boot_image
.hidden boot_tables, boot_stack_guard, boot_stack, boot_stack_top, boot_image
.p2align 12
boot_tables:
    .skip TABLES_SIZE
// Not mapped once the kernel has tables of its own: who runs out of the stack faults there.
boot_stack_guard:
    .skip 4096
boot_stack:
    .skip BOOT_STACK_SIZE
boot_stack_top:
boot_image:
    .skip 8
