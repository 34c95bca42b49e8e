// SPDX-License-Identifier: MIT
// exec_stack.c: the stack that a program starts with, as the System V ABI and Linux have it.
//
// From the top down: a zero word, the path, the environment's strings, the arguments' strings, the platform's name, 16 random
// bytes; then, 16-byte aligned, from sp up: argc, argv[], 0, envp[], 0, the auxiliary vector.
#include "exec.h"

#include <abi/linux/auxv.h>
#include <abi/linux/elf.h>
#include <lib/string.h>

#include <arch/linux.h>
#include <arch/machine.h>

enum : uint64_t {
    ARGUMENT_SIZE_MAX = 128 * KIB, // one string
    STACK_SPARE = 128 * KIB,       // mapped below what is used
    STACK_SHARE = 4,               // arguments may take this part of the stack
    ARGUMENTS_LEAST = 128 * KIB,   // and this much in any case
    ARGUMENTS_MOST = 6 * MIB,
};

enum { AUXILIARY_PAIRS = 20 }; // at most, the closing one included

static const char *const platform = LINUX_PLATFORM;

// What every program is told about the machine: finding it out may be a long way. [const] after exec_init().
static struct {
    uint64_t hwcap, hwcap2, signal_stack_minimum;
} machine;

void exec_init(void)
{
    machine.hwcap = arch_elf_hwcap();
    machine.hwcap2 = arch_elf_hwcap2();
    machine.signal_stack_minimum = arch_signal_stack_minimum();
}

struct auxiliary {
    uint64_t tag, value;
};

// Addresses of the parts.
struct stack_layout {
    size_t argument_count, environment_count;
    uint64_t arguments, environment, path, platform, random; // first bytes
    uint64_t environment_end;
    uint64_t sp;
};

// Writes page by page; the space is run by nobody, so a page found stays.
struct stack_writer {
    struct space *space;
    uint64_t page; // address, 0: none yet
    char *bytes;
};

static enum status stack_put(struct stack_writer *writer, uint64_t at, const void *from, size_t size)
{
    for (size_t done = 0; done < size;) {
        uint64_t page = align_down(at + done, PAGE_SIZE), inside = (at + done) & PAGE_MASK;
        size_t part = (size_t)MIN(PAGE_SIZE - inside, (uint64_t)(size - done));
        if (page != writer->page) {
            void *bytes;
            TRY(space_page(writer->space, page, true, &bytes));
            writer->page = page;
            writer->bytes = bytes;
        }
        memcpy(writer->bytes + inside, (const char *)from + done, part);
        done += part;
    }
    return STATUS_OK;
}

// Bytes of all strings with their terminators. STATUS_TOO_BIG: one is too long.
static enum status vector_measure(char **vector, size_t *count, uint64_t *bytes)
{
    *count = 0;
    *bytes = 0;
    for (; vector && vector[*count]; (*count)++) {
        size_t length = string_length_bounded(vector[*count], ARGUMENT_SIZE_MAX);
        if (length == ARGUMENT_SIZE_MAX)
            return STATUS_TOO_BIG;
        *bytes += length + 1;
    }
    return STATUS_OK;
}

static enum status layout_make(const struct space *space, const struct stack_plan *plan, struct stack_layout *layout)
{
    uint64_t argument_bytes, environment_bytes;
    TRY(vector_measure(plan->argv, &layout->argument_count, &argument_bytes));
    TRY(vector_measure(plan->envp, &layout->environment_count, &environment_bytes));
    layout->path = plan->top - sizeof(uint64_t) - (strlen(plan->path) + 1);
    layout->environment_end = layout->path;
    layout->environment = layout->environment_end - environment_bytes;
    layout->arguments = layout->environment - argument_bytes;
    layout->platform = layout->arguments - (platform ? strlen(platform) + 1 : 0);
    layout->random = align_down(layout->platform - sizeof plan->random, 16);
    uint64_t words = 3 + layout->argument_count + layout->environment_count + 2 * AUXILIARY_PAIRS;
    layout->sp = align_down(layout->random - words * sizeof(uint64_t), 16);
    uint64_t limit = MIN(MAX(space->limit_stack / STACK_SHARE, ARGUMENTS_LEAST), ARGUMENTS_MOST);
    return plan->top - layout->sp > limit ? STATUS_TOO_BIG : STATUS_OK;
}

// Writes the strings and the pointers to them, which start at *pointers; leaves that behind the closing null.
static enum status vector_write(struct stack_writer *writer, char **vector, size_t count, uint64_t at, uint64_t *pointers)
{
    struct stack_writer strings = { writer->space, 0, nullptr };
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(vector[i]) + 1;
        TRY(stack_put(&strings, at, vector[i], size));
        TRY(stack_put(writer, *pointers, &at, sizeof at));
        at += size;
        *pointers += sizeof at;
    }
    const uint64_t none = 0;
    TRY(stack_put(writer, *pointers, &none, sizeof none));
    *pointers += sizeof none;
    return STATUS_OK;
}

// What one program has and another has not follows what all have; unused pairs at the end are the closing one once more.
static void auxiliary_fill(const struct stack_plan *plan, const struct stack_layout *layout, struct auxiliary pairs[AUXILIARY_PAIRS])
{
    const struct elf_image *image = &plan->program->image;
    const struct user_process *user = process_current()->user; // nullptr: the kernel starts the program
    const struct auxiliary all[] = {
        { LINUX_AT_HWCAP, machine.hwcap },
        { LINUX_AT_PAGESZ, PAGE_SIZE },
        { LINUX_AT_CLKTCK, LINUX_CLOCK_TICKS },
        { LINUX_AT_PHDR, image->table_address ? plan->program->base + image->table_address : 0 },
        { LINUX_AT_PHENT, sizeof(struct elf_program_header) },
        { LINUX_AT_PHNUM, image->table_count },
        { LINUX_AT_BASE, 0 },
        { LINUX_AT_FLAGS, 0 },
        { LINUX_AT_ENTRY, plan->program->base + image->entry },
        { LINUX_AT_UID, user ? user->user : 0 },
        { LINUX_AT_EUID, user ? user->effective_user : 0 },
        { LINUX_AT_GID, user ? user->group : 0 },
        { LINUX_AT_EGID, user ? user->effective_group : 0 },
        { LINUX_AT_SECURE, 0 },
        { LINUX_AT_RANDOM, layout->random },
        { LINUX_AT_EXECFN, layout->path },
        { LINUX_AT_MINSIGSTKSZ, machine.signal_stack_minimum },
    };
    static_assert(ARRAY_LENGTH(all) + 3 <= AUXILIARY_PAIRS);
    size_t count = ARRAY_LENGTH(all);
    memset(pairs, 0, AUXILIARY_PAIRS * sizeof *pairs); // LINUX_AT_NULL
    memcpy(pairs, all, sizeof all);
    if (machine.hwcap2)
        pairs[count++] = (struct auxiliary){ LINUX_AT_HWCAP2, machine.hwcap2 };
    if (platform)
        pairs[count++] = (struct auxiliary){ LINUX_AT_PLATFORM, layout->platform };
}

static enum status stack_write(struct space *space, const struct stack_plan *plan, const struct stack_layout *layout)
{
    struct stack_writer writer = { space, 0, nullptr };
    uint64_t pointers = layout->sp + sizeof(uint64_t);
    const uint64_t count = layout->argument_count;
    TRY(stack_put(&writer, layout->path, plan->path, strlen(plan->path) + 1));
    if (platform)
        TRY(stack_put(&writer, layout->platform, platform, strlen(platform) + 1));
    TRY(stack_put(&writer, layout->random, plan->random, sizeof plan->random));
    TRY(stack_put(&writer, layout->sp, &count, sizeof count));
    TRY(vector_write(&writer, plan->argv, layout->argument_count, layout->arguments, &pointers));
    TRY(vector_write(&writer, plan->envp, layout->environment_count, layout->environment, &pointers));
    struct auxiliary pairs[AUXILIARY_PAIRS];
    auxiliary_fill(plan, layout, pairs);
    return stack_put(&writer, pointers, pairs, sizeof pairs);
}

enum status stack_build(struct space *space, const struct stack_plan *plan, uint64_t *sp)
{
    struct stack_layout layout;
    TRY(layout_make(space, plan, &layout));
    uint64_t low = align_down(layout.sp - STACK_SPARE, PAGE_SIZE);
    const struct map_request request = {
        .hint = low, .size = plan->top - low, .access = PAGE_READ | PAGE_WRITE, .flags = MAP_AT_FREE | MAP_STACK_REGION
    };
    uint64_t mapped;
    TRY(space_map(space, &request, &mapped));
    TRY(stack_write(space, plan, &layout));
    space->argument_start = layout.arguments;
    space->argument_end = layout.environment;
    space->environment_start = layout.environment;
    space->environment_end = layout.environment_end;
    *sp = layout.sp;
    return STATUS_OK;
}
