// SPDX-License-Identifier: MIT
// plugin.c: a plugin for QEMU's translator (API version 1) that counts what instruction counts cannot weigh: instructions that drain
// the processor or empty its caches of translations. It runs on the host, in the thread of the machine's one CPU.
//
// While code is translated, each instruction is looked at once; only those of a class, and the marks of machine.h, get a call when
// they are executed, so that counting costs next to nothing and changes no figure. Argument: out=FILE. For each row one line there,
// `row NUMBER CLASS=COUNT …`, of what was executed between its marks; `start CLASS=COUNT …` when user mode is first reached.
// IPIs that are plain stores to a device (the local APIC) have no encoding of their own and are not counted.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// What QEMU gives a plugin, as far as it is used here. The symbols are the emulator's own.
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_info {
    const char *target;
    struct {
        int minimum, current;
    } version;
};
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, void (*executed)(unsigned cpu, void *argument), int flags,
                                            void *argument);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);

[[gnu::visibility("default")]] int qemu_plugin_version = 1;

// A class's name is its word in the output. MARK_* stand behind the classes.
enum kind {
    BASE,
    CONTROL,
    TLB,
    MSR,
    XSAVE,
    XRSTOR,
    IRET,
    ISB,
    DSB,
    FENCE_I,
    IPI,
    SBI,
    CLASSES,
    NONE = CLASSES,
    MARK_ZERO,
    MARK_ONE,
    MARK_BEGIN,
    MARK_END,
    MARK_START
};
static const char *const class_names[CLASSES] = { "base", "control", "tlb", "wrmsr",   "xsave", "xrstor",
                                                  "iret", "isb",     "dsb", "fence_i", "ipi",   "sbi" };

static uint64_t counts[CLASSES], at_begin[CLASSES];
static unsigned row;
static bool started;
static FILE *out;

static enum kind mark(unsigned kind)
{
    return kind >= 1 && kind <= 5 ? MARK_ZERO + (kind - 1) : NONE;
}

// The second byte of x86's two-byte opcodes, with the byte behind it.
static enum kind classify_two_byte(const uint8_t *code, size_t size)
{
    uint8_t operation = code[0], modrm = size > 1 ? code[1] : 0, field = modrm >> 3 & 7;
    bool memory = modrm >> 6 != 3;
    switch (operation) {
    case 0x1f:
        return size == 7 && memcmp(code + 1, "\x84\x00HLX", 5) == 0 ? mark(code[6]) : NONE;
    case 0x22:
        return field == 3 ? BASE : CONTROL;
    case 0x23:
        return CONTROL;
    case 0x30:
        return MSR;
    case 0x01:
        return memory && field == 7 ? TLB : memory && (field == 2 || field == 3) ? CONTROL : NONE;
    case 0xae:
        return !memory ? NONE : field == 0 || field == 4 || field == 6 ? XSAVE : field == 1 || field == 5 ? XRSTOR : NONE;
    case 0xc7:
        return !memory ? NONE : field == 4 || field == 5 ? XSAVE : field == 3 ? XRSTOR : NONE;
    case 0x38:
        return modrm == 0x82 ? TLB : NONE;
    default:
        return NONE;
    }
}

static bool is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0xf0 || (byte & 0xe7) == 0x26 || byte == 0x64 ||
           byte == 0x65;
}

static enum kind classify_x86_64(const uint8_t *code, size_t size, [[maybe_unused]] uint64_t address)
{
    while (size > 1 && is_prefix(*code))
        code++, size--;
    if (size > 1 && (*code & 0xf0) == 0x40)
        code++, size--;
    if (*code == 0xcf)
        return IRET;
    return *code == 0x0f && size > 1 ? classify_two_byte(code + 1, size - 1) : NONE;
}

static uint32_t word_of(const uint8_t *code, size_t size)
{
    uint32_t word = 0;
    memcpy(&word, code, size < sizeof word ? size : sizeof word);
    return word;
}

static enum kind classify_aarch64(const uint8_t *code, size_t size, [[maybe_unused]] uint64_t address)
{
    uint32_t word = word_of(code, size);
    if ((word & 0xffffffc0) == 0xd5182000) // TTBR0_EL1, TTBR1_EL1
        return BASE;
    if ((word & 0xfff8f000) == 0xd5088000)
        return TLB;
    if ((word & 0xfffff0ff) == 0xd50330df)
        return ISB;
    if ((word & 0xfffff0ff) == 0xd503309f)
        return DSB;
    if ((word & 0xffffffe0) == 0xd518cba0) // ICC_SGI1R_EL1
        return IPI;
    return (word & 0xfffff01f) == 0xd503201f && (word >> 5 & 0x7f) > 0x70 ? mark((word >> 5 & 0x7f) - 0x70) : NONE;
}

static enum kind classify_riscv64(const uint8_t *code, size_t size, uint64_t address)
{
    uint32_t word = word_of(code, size), third = word >> 12 & 7;
    if ((word & 0x7f) == 0x73 && third != 0 && third != 4 && word >> 20 == 0x180)
        return third != 1 && third != 5 && (word >> 15 & 31) == 0 ? NONE : BASE; // csrr only reads
    if ((word & 0xfe007fff) == 0x12000073)
        return TLB;
    if ((word & 0x707f) == 0x100f)
        return FENCE_I;
    if (word == 0x73 && address >> 63)
        return SBI;
    return (word & 0xfffff) == 0x2013 && word >> 20 > 0x480 ? mark((word >> 20) - 0x480) : NONE;
}

static enum kind (*classify)(const uint8_t *code, size_t size, uint64_t address);

static void tell(const char *head, const uint64_t *since)
{
    fputs(head, out);
    for (int i = 0; i < CLASSES; i++)
        if (counts[i] != since[i])
            fprintf(out, " %s=%llu", class_names[i], (unsigned long long)(counts[i] - since[i]));
    fputc('\n', out);
    fflush(out);
}

static void tell_row(void)
{
    char head[32];
    snprintf(head, sizeof head, "row %u", row & 0xff);
    tell(head, at_begin);
}

static void tell_start(void)
{
    static const uint64_t nothing[CLASSES];
    if (!started)
        tell("start", nothing);
    started = true;
}

static void executed([[maybe_unused]] unsigned cpu, void *argument)
{
    enum kind class = (enum kind)(uintptr_t)argument;
    if (class < CLASSES)
        counts[class]++;
    else if (class == MARK_ZERO || class == MARK_ONE)
        row = row << 1 | (class == MARK_ONE);
    else if (class == MARK_BEGIN)
        memcpy(at_begin, counts, sizeof counts);
    else if (class == MARK_END)
        tell_row();
    else
        tell_start();
}

static void translated([[maybe_unused]] qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        enum kind class =
            classify(qemu_plugin_insn_data(instruction), qemu_plugin_insn_size(instruction), qemu_plugin_insn_vaddr(instruction));
        if (class != NONE)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, executed, 0, (void *)(uintptr_t)class);
    }
}

[[gnu::visibility("default")]] int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info, int count,
                                                       char **arguments)
{
    classify = strcmp(info->target, "x86_64") == 0    ? classify_x86_64
               : strcmp(info->target, "aarch64") == 0 ? classify_aarch64
               : strcmp(info->target, "riscv64") == 0 ? classify_riscv64
                                                      : NULL;
    for (int i = 0; i < count; i++)
        if (strncmp(arguments[i], "out=", 4) == 0)
            out = fopen(arguments[i] + 4, "w");
    if (!classify || !out)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
