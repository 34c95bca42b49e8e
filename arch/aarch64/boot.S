// SPDX-License-Identifier: MIT
// boot.S: from a loader's entry to arch_boot_main in the kernel's own address space.
//
// The image begins with the header of Linux's arm64 images (Documentation/arch/arm64/booting.rst) and runs wherever it was loaded, at
// a multiple of 2 MiB. It is entered at EL2 or EL1 with the MMU off, x0 holding the device tree's address. A loader that takes the
// ELF instead passes nothing; QEMU's virt machine then leaves the tree at the start of its memory.
//
// The tables made here last until arch_space_init_kernel: the image at its link address with the rights of its segments, the
// blocks of 2 MiB that hold the tree in the direct map (readable, writable, never executable), to which boot.c adds memory once it is
// known, and, for the moments in which the tables themselves change, 2 MiB of identity, read-only, round this code. What is not known
// to be memory is mapped nowhere: a CPU may read ahead wherever it is allowed to.

#include "image.h"
#include "offsets.h"

.set LINK_ADDRESS, 0xffffffff80000000 + IMAGE_LOAD
.set BOOT_MAGIC,   0xd00dfeed       // LINUX_IMAGE_MAGIC (boot/linux_image)
.set TREE_MAGIC,   0xedfe0dd0       // as read on a little-endian CPU
.set TREE_MOST,    0x200000

// Table entries (impl/page_table.h).
.set ENTRY_TABLE,      0x3
.set ENTRY_BLOCK,      0x1 | 4 << 2 | 3 << 8 | 1 << 10
.set ENTRY_PAGE,       0x2 | ENTRY_BLOCK
.set ENTRY_READ_ONLY,  1 << 7
.set NO_KERNEL_EXECUTE, 1 << 53
.set NO_USER_EXECUTE,  1 << 54
.set IMAGE_TABLES,     8            // 16 MiB
.set SPARE_TABLES,     8            // of the direct map: two for the tree, the others for boot.c

// 0 Device-nGnRnE, 1 Device-nGnRE, 2 Normal uncached, 3 write-through, 4 write-back, 5 write-back transient.
.set MEMORY_TYPES, 0x000077ffbb440400

// T0SZ = T1SZ = 16, write-back inner-shareable walks, 4 KiB granules, top byte of user addresses ignored.
.set TRANSLATION, 16 | 1 << 8 | 1 << 10 | 3 << 12 | 16 << 16 | 1 << 24 | 1 << 26 | 3 << 28 | 2 << 30 | 1 << 37

// M C SA SA0 EOS I DZE UCT nTWI nTWE TSCXT EIS SPAN UCI nTLSMD LSMAOE.
.set CONTROL_RESET, 1 << 11 | 1 << 20 | 1 << 22 | 1 << 23 | 1 << 28 | 1 << 29
.set CONTROL, CONTROL_RESET | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 26

.macro address register, symbol
    adrp \register, \symbol
    add \register, \register, :lo12:\symbol
.endm

.section .boot.text, "ax", @progbits

.globl boot_entry
boot_entry:
    b boot_start
    .long 0
    .quad 0                         // text_offset
    .quad boot_image_size
    .quad 1 << 3 | 1 << 1           // anywhere in memory, 4 KiB pages, little-endian
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

// x20 = device tree, x21 = where the image lies, x22 = from there to the link address, x23 = the next spare table. All of it physical,
// without a stack.
boot_start:
    msr daifset, #15
    mov x20, x0
    adr x21, boot_entry
    ldr x22, =LINK_ADDRESS
    sub x22, x22, x21
    bl enter_level_1
    bl find_tree
    bl check_cpu
    bl drop_cached_tables
    bl clear_tables
    bl fill_image
    bl fill_direct_map
    bl fill_identity
    bl drop_cached_tables
    bl enable_translation
    adr x0, boot_high
    add x0, x0, x22
    br x0

// From EL2 down to EL1, without its extensions (VHE), with nothing trapped there.
enter_level_1:
    msr spsel, #1
    ldr x1, =CONTROL_RESET
    mrs x0, currentel
    cmp x0, #(1 << 2)
    b.eq 3f
    cmp x0, #(2 << 2)
    address x24, message_level
    b.ne refuse
    mov x0, #(1 << 31)              // HCR_EL2.RW: EL1 is AArch64
    orr x0, x0, #(3 << 40)          // API, APK: pointer authentication does not trap
    msr hcr_el2, x0
    isb
    mov x0, #3                      // EL1 may use the physical counter and timer
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    mov x0, #0x33ff                 // no trap of floating point
    msr cptr_el2, x0
    msr hstr_el2, xzr
    msr vttbr_el2, xzr
    mrs x0, mdcr_el2
    and x0, x0, #0x1f               // all event counters are EL1's, nothing traps
    msr mdcr_el2, x0
    mrs x0, midr_el1
    msr vpidr_el2, x0
    mrs x0, mpidr_el1
    msr vmpidr_el2, x0
    mrs x0, id_aa64mmfr1_el1
    ubfx x0, x0, #40, #4            // HCX
    cbz x0, 1f
    msr s3_4_c1_c2_2, xzr           // HCRX_EL2: nothing that is newer than this code
1:  mrs x0, id_aa64mmfr0_el1
    ubfx x0, x0, #56, #4            // FGT
    cbz x0, 1f
    msr s3_4_c1_c1_4, xzr           // HFGRTR_EL2, HFGWTR_EL2, HFGITR_EL2, HDFGRTR_EL2, HDFGWTR_EL2: no fine-grained traps
    msr s3_4_c1_c1_5, xzr
    msr s3_4_c1_c1_6, xzr
    msr s3_4_c3_c1_4, xzr
    msr s3_4_c3_c1_5, xzr
1:  mrs x0, id_aa64pfr0_el1
    ubfx x0, x0, #24, #4            // GIC system registers
    cbz x0, 2f
    mrs x0, s3_4_c12_c9_5           // ICC_SRE_EL2: SRE, and Enable for EL1
    orr x0, x0, #1
    orr x0, x0, #8
    msr s3_4_c12_c9_5, x0
    isb
    mrs x0, s3_4_c12_c9_5
    tbz x0, #0, 2f
    msr s3_4_c12_c11_0, xzr         // ICH_HCR_EL2
2:  msr sctlr_el1, x1
    mov x0, #0x3c5                  // EL1h, all interrupts masked
    msr spsr_el2, x0
    msr elr_el2, x30
    eret
3:  msr sctlr_el1, x1
    isb
    ret

// Whoever passes no tree may have left it at the start of memory.
find_tree:
    cbnz x20, 1f
    address x24, message_tree
    mov x20, #IMAGE_MEMORY
    ldr w0, [x20]
    ldr w1, =TREE_MAGIC
    cmp w0, w1
    b.ne refuse
1:  address x24, message_far
    lsr x0, x20, #46                // the direct map's size
    cbnz x0, refuse
    lsr x0, x21, #46
    cbnz x0, refuse
    tst x21, #0x1fffff
    address x24, message_place
    b.ne refuse
    ret

check_cpu:
    address x24, message_granule
    mrs x0, id_aa64mmfr0_el1
    ubfx x0, x0, #28, #4            // TGran4: 15 is absent
    cmp x0, #15
    b.eq refuse
    ret

// Ends with a message (x24) where QEMU's virt machine has its serial port.
refuse:
    mov x1, #VIRT_UART
1:  ldrb w0, [x24], #1
    cbz w0, 2f
    str w0, [x1]
    b 1b
2:  wfi
    b 2b

clear_tables:
    address x0, boot_tables
    address x1, boot_tables_end
1:  stp xzr, xzr, [x0], #16
    stp xzr, xzr, [x0], #16
    cmp x0, x1
    b.lo 1b
    ret

// Writes an entry for a table at \table into \to + \index * 8. Uses x0, x1.
.macro table_entry to, index, table
    address x0, \table
    orr x0, x0, #ENTRY_TABLE
    address x1, \to
    str x0, [x1, #(\index * 8)]
.endm

// The image page by page: code, then constants, then data. The early console's page stays free.
fill_image:
    table_entry boot_root, 511, boot_image_upper
    table_entry boot_image_upper, 511, boot_device
    table_entry boot_device, 0, boot_device_pages
    table_entry boot_image_upper, 510, boot_image
    address x0, boot_image_pages
    orr x0, x0, #ENTRY_TABLE
    address x1, boot_image + (((LINK_ADDRESS >> 21) & 511) * 8)
    mov x2, #IMAGE_TABLES
1:  str x0, [x1], #8
    add x0, x0, #4096
    subs x2, x2, #1
    b.ne 1b
    mov x0, x21
    address x1, kernel_text_end
    address x2, kernel_data_start
    address x3, kernel_image_end
    address x4, boot_image_pages
    ldr x5, =(ENTRY_PAGE | NO_USER_EXECUTE)
1:  orr x6, x0, x5
    cmp x0, x1
    b.lo 2f
    orr x6, x6, #NO_KERNEL_EXECUTE
    cmp x0, x2
    b.hs 3f
2:  orr x6, x6, #ENTRY_READ_ONLY
3:  str x6, [x4], #8
    add x0, x0, #4096
    cmp x0, x3
    b.lo 1b
    ret

// x1 = a table; then the one that its entry for x0 leads to, made if there is none. Changes x2.
.macro table_below shift
    ubfx x2, x0, #\shift, #9
    add x1, x1, x2, lsl #3
    ldr x2, [x1]
    cbnz x2, 1f
    orr x2, x23, #ENTRY_TABLE
    str x2, [x1]
    add x23, x23, #4096
1:  bic x1, x2, #ENTRY_TABLE
.endm

// x0 = an address whose 2 MiB are to be shown. Changes x0 … x2.
map_direct:
    address x1, boot_root + 256 * 8
    table_below 39
    table_below 30
    ubfx x2, x0, #21, #9
    add x1, x1, x2, lsl #3
    bic x0, x0, #0x1fffff
    ldr x2, =(ENTRY_BLOCK | NO_USER_EXECUTE | NO_KERNEL_EXECUTE)
    orr x0, x0, x2
    str x0, [x1]
    ret

fill_direct_map:
    mov x10, x30
    address x23, boot_spare_tables
    mov x0, x20
    bl map_direct
    ldr x0, =(TREE_MOST - 1)
    add x0, x0, x20
    bl map_direct
    ret x10

fill_identity:
    address x0, boot_identity_upper
    orr x0, x0, #ENTRY_TABLE
    address x1, boot_identity_root
    lsr x2, x21, #39
    str x0, [x1, x2, lsl #3]
    address x0, boot_identity
    orr x0, x0, #ENTRY_TABLE
    address x1, boot_identity_upper
    ubfx x2, x21, #30, #9
    str x0, [x1, x2, lsl #3]
    ldr x0, =(ENTRY_BLOCK | ENTRY_READ_ONLY | NO_USER_EXECUTE)
    orr x0, x0, x21
    address x1, boot_identity
    ubfx x2, x21, #21, #9
    str x0, [x1, x2, lsl #3]
    ret

// The tables are written past the caches. Older contents there must neither be written back over them nor be found when the caches are
// turned on: so before and after.
drop_cached_tables:
    dmb sy
    mrs x2, ctr_el0
    ubfx x2, x2, #16, #4            // DminLine: words, as a power of two
    mov x3, #4
    lsl x2, x3, x2
    address x0, boot_tables
    address x1, boot_tables_end
1:  dc ivac, x0
    add x0, x0, x2
    cmp x0, x1
    b.lo 1b
    dsb sy
    ret

enable_translation:
    ldr x0, =MEMORY_TYPES
    msr mair_el1, x0
    ldr x0, =TRANSLATION
    mrs x1, id_aa64mmfr0_el1
    and x2, x1, #15                 // PARange; tables of this kind end at 48 bits
    mov x3, #5
    cmp x2, x3
    csel x2, x2, x3, lo
    orr x0, x0, x2, lsl #32
    ubfx x2, x1, #4, #4             // ASIDBits: 2 is 16 bits
    cmp x2, #2
    cset x2, eq
    orr x0, x0, x2, lsl #36
    mrs x1, s3_0_c0_c7_2            // ID_AA64MMFR2_EL1
    ubfx x1, x1, #60, #4            // E0PD: user mode cannot even time the kernel half
    cmp x1, #0
    cset x1, ne
    orr x0, x0, x1, lsl #56
    msr tcr_el1, x0
    address x0, boot_identity_root
    msr ttbr0_el1, x0
    address x0, boot_root
    msr ttbr1_el1, x0
    isb
    tlbi vmalle1
    ic iallu
    dsb nsh
    isb
    ldr x0, =CONTROL
    msr sctlr_el1, x0
    isb
    ret

// At the link address. The identity goes at once: nothing is mapped at user addresses from here on. Loaders leave .bss as it was.
boot_high:
    address x0, boot_empty
    sub x0, x0, x22
    msr ttbr0_el1, x0
    isb
    tlbi vmalle1
    dsb nsh
    isb
    address x0, boot_stack_top
    mov sp, x0
    mov x18, xzr
    mov x29, xzr
    mov x30, xzr
    address x0, kernel_bss_start
    mov x1, xzr
    address x2, boot_tables
    sub x2, x2, x0
    bl memset
    address x0, boot_tables_end
    mov x1, xzr
    address x2, kernel_bss_end
    sub x2, x2, x0
    bl memset
    address x0, boot_image_start
    str x21, [x0]
    address x0, boot_table_next
    str x23, [x0]
    ldr x0, =BOOT_MAGIC
    mov x1, x20
    bl arch_boot_main
    brk #0

.ltorg

// void boot_root_exchange(uint64_t root, uint64_t identity, uint64_t empty, uint64_t offset): all but the last are physical addresses
// of roots; `offset` leads from there to where this runs. Interrupts off. Between two kernel roots that may disagree about the size
// of a page there must be a moment with neither (Arm ARM D8.16.1), which the identity map bridges.
.globl boot_root_exchange
.hidden boot_root_exchange
boot_root_exchange:
    mrs x4, daif
    msr daifset, #15
    dsb ishst                       // the new tables are complete
    adr x5, 1f
    sub x5, x5, x3
    adr x6, 2f
    msr ttbr0_el1, x1
    isb
    br x5
1:  msr ttbr1_el1, x2
    isb
    tlbi vmalle1
    dsb nsh
    isb
    msr ttbr1_el1, x0
    isb
    br x6
2:  msr ttbr0_el1, x2
    isb
    tlbi vmalle1
    dsb nsh
    isb
    msr daif, x4
    ret

message_level:
    .asciz "Helix: entered neither at EL2 nor at EL1.\r\n"
message_tree:
    .asciz "Helix: no device tree; boot helix.image, which gets one from the loader.\r\n"
message_far:
    .asciz "Helix: image or device tree beyond the first 64 TiB.\r\n"
message_place:
    .asciz "Helix: the image was not loaded at a multiple of 2 MiB.\r\n"
message_granule:
    .asciz "Helix: this CPU has no pages of 4 KiB.\r\n"
    .p2align 2

.section .bss.boot, "aw", @nobits
.p2align 12
.globl boot_root, boot_identity_root, boot_empty, boot_device_pages, boot_spare_end, boot_stack_guard, boot_stack
.hidden boot_root, boot_identity_root, boot_empty, boot_device_pages, boot_spare_end, boot_stack_guard, boot_stack
boot_tables:
boot_root:
    .skip 4096
boot_identity_root:
    .skip 4096
boot_identity_upper:
    .skip 4096
boot_identity:
    .skip 4096
boot_empty:
    .skip 4096
boot_spare_tables:
    .skip SPARE_TABLES * 4096
boot_spare_end:
boot_image_upper:
    .skip 4096
boot_image:
    .skip 4096
boot_image_pages:
    .skip IMAGE_TABLES * 4096
boot_device:
    .skip 4096
boot_device_pages:
    .skip 4096
// Not mapped once the kernel has tables of its own: who runs out of the stack faults there.
boot_stack_guard:
    .skip 4096
boot_stack:
    .skip BOOT_STACK_SIZE
boot_stack_top:
boot_tables_end:
