// SPDX-License-Identifier: MIT
// exec.c: programs: from a path to a space that is ready to run.
//
// Purpose     Builds the whole new program (space, stack, first registers) beside the old one, so that a failure costs nothing.
// How         The path leads to a file (exec_file.c); "#!" leads on to another (exec_script.c); elf.c checks the headers; segments
//             become private mappings of the file (exec_image.c), so loading reads nothing but the pages that are touched; the
//             stack is written through the direct map (exec_stack.c), never by activating the space.
// Invariants  No page is copied unless it is written. The stack is never executable. Nothing below 64 KiB is mapped.
// Layout      fixed programs where they say, position-independent ones from two thirds of the user half up; the heap behind the
//             image; mappings downwards from below the stack; the stack at the end of the user half, or at 2⁴⁸ where it goes further
//             (programs keep marks above that bit). All but the first start at a random page.
// Not here    What execve does to the old program (kernel/userspace/syscall/process.c); arguments come as kernel memory.
#include "exec.h"
#include "userspace.h"

#include <lib/format.h>
#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/user.h>

#include <helix/heap.h>
#include <helix/random.h>

enum : uint64_t {
    WINDOW_MOST = 1ull << 48,
    IMAGE_RANDOM_PAGES = 1 << 18, // 1 GiB
    HEAP_RANDOM_PAGES = 1 << 13,  // 32 MiB
    STACK_RANDOM_PAGES = 1 << 18,
    MAP_RANDOM_PAGES = 1 << 18,
    STACK_LIMIT_DEFAULT = 8 * MIB,
    STACK_ROOM_LEAST = 128 * MIB, // kept for the stack below its top
    STACK_ROOM_SHARE = 8,         // … but no larger part of the window
};

// What has to be given back whatever the outcome.
struct exec_build {
    struct program_file file;
    struct script *script;
    struct program *program; // on the heap: too large for a kernel stack
    char **argv;
    uint64_t signal_return;
};

static char *empty_vector[] = { (char *)(uintptr_t)"", nullptr };

// Follows "#!" lines to the program itself.
static enum status exec_resolve(struct vfs_context *place, const char *path, char **argv, struct exec_build *build)
{
    build->argv = argv && argv[0] ? argv : empty_vector; // as Linux: a program always has a name
    TRY(program_open(place, path, &build->file));
    for (unsigned depth = 0; script_is(&build->file); depth++) {
        if (depth == SCRIPT_DEPTH_MAX)
            return STATUS_TOO_MANY_LINKS;
        const char *script_path = build->script ? build->script->interpreter : path;
        TRY(script_enter(&build->file, script_path, build->argv, &build->script));
        build->argv = build->script->argv;
        program_close(&build->file);
        TRY(program_open(place, build->script->interpreter, &build->file));
    }
    return STATUS_OK;
}

static void exec_cleanup(struct exec_build *build)
{
    program_close(&build->file);
    script_leave(build->script);
    heap_free(build->program);
}

static void space_set_limits(struct space *space)
{
    const struct user_process *user = process_current()->user;
    space->limit_stack = user ? user->limits[LINUX_RLIMIT_STACK].current : STACK_LIMIT_DEFAULT;
    space->limit_data = user ? user->limits[LINUX_RLIMIT_DATA].current : UINT64_MAX;
    space->limit_space = user ? user->limits[LINUX_RLIMIT_AS].current : UINT64_MAX;
}

static uint64_t random_offset(uint32_t random, uint64_t pages)
{
    return random % pages * PAGE_SIZE;
}

void exec_choose_places(uint64_t user_end, uint64_t stack_limit, const struct exec_random *random, struct exec_places *places)
{
    uint64_t window = MIN(user_end, WINDOW_MOST);
    uint64_t room = MIN(MAX(stack_limit, STACK_ROOM_LEAST), window / STACK_ROOM_SHARE);
    places->image = align_down(window / 3 * 2, PAGE_SIZE) + random_offset(random->image, IMAGE_RANDOM_PAGES);
    places->stack_top = align_down(window, PAGE_SIZE) - PAGE_SIZE - random_offset(random->stack, STACK_RANDOM_PAGES);
    places->map_top = align_down(places->stack_top - room, PAGE_SIZE) - random_offset(random->map, MAP_RANDOM_PAGES);
}

// Decides where everything lies; returns the top of the stack.
static uint64_t space_lay_out(struct space *space, struct program *program, const struct exec_random *random)
{
    const struct elf_image *image = &program->image;
    struct exec_places places;
    exec_choose_places(arch_user_end(), space->limit_stack, random, &places);
    program->base = image->position_independent ? align_up(places.image, image->alignment) : 0;
    space->map_top = places.map_top;
    space->heap_start = program->base + image->high + random_offset(random->heap, HEAP_RANDOM_PAGES);
    space->heap_end = space->heap_start;
    return places.stack_top;
}

static struct exec_random exec_random(void)
{
    const struct user_process *user = process_current()->user;
    struct exec_random random;
    random_bytes(&random, sizeof random);
    if (user && user->personality & PERSONALITY_NO_RANDOM)
        random.image = random.stack = random.map = random.heap = 0; // what AT_RANDOM points to stays random
    return random;
}

static enum status exec_fill(struct space *space, const char *path, const struct exec_arguments *arguments, struct exec_build *build,
                             struct arch_frame *frame)
{
    struct exec_random random = exec_random();
    space_set_limits(space);
    uint64_t top = space_lay_out(space, build->program, &random), sp;
    struct stack_plan plan = { .program = build->program, .path = path, .argv = build->argv, .envp = arguments->envp, .top = top };
    memcpy(plan.random, random.bytes, sizeof plan.random);
    TRY(program_map(space, &build->file, build->program));
    TRY(stack_build(space, &plan, &sp));
    TRY(signal_page_map(space, &build->signal_return));
    uint64_t entry = build->program->base + build->program->image.entry;
    (void)space_fault(space, entry, FAULT_EXECUTE); // the first thing it would do; what fails here fails again there, and is told
    arch_frame_init_user(frame, entry, sp);
    return STATUS_OK;
}

static const char *path_last_part(const char *path)
{
    const char *last = path;
    for (; *path; path++) {
        if (*path == '/' && path[1])
            last = path + 1;
    }
    return last;
}

static enum status exec_build_space(const char *path, const struct exec_arguments *arguments, struct exec_build *build,
                                    struct space **space, struct arch_frame *frame)
{
    build->program = heap_alloc(sizeof *build->program);
    if (!build->program)
        return STATUS_NO_MEMORY;
    TRY(program_parse(&build->file, &build->program->image, nullptr));
    struct space *made;
    TRY(space_create(&made));
    struct arch_frame start;
    enum status outcome = exec_fill(made, path, arguments, build, &start);
    if (outcome != STATUS_OK) {
        space_release(made);
        return outcome;
    }
    *space = made;
    *frame = start;
    return STATUS_OK;
}

enum status program_begin(struct entry *program)
{
    TRY(node_run_begin(entry_node(program)));
    entry_retain(program);
    return STATUS_OK;
}

void program_end(struct entry *program)
{
    node_run_end(entry_node(program));
    entry_release(program);
}

// The file is kept from being written from before its pages are looked at.
static enum status exec_make(struct vfs_context *place, const char *path, const struct exec_arguments *arguments, struct exec_build *build,
                             struct exec_result *result, struct arch_frame *frame)
{
    TRY(exec_resolve(place, path, arguments->argv, build));
    struct entry *program = build->file.entry;
    TRY(program_begin(program));
    enum status outcome = exec_build_space(path, arguments, build, &result->space, frame);
    if (outcome != STATUS_OK) {
        program_end(program);
        return outcome;
    }
    result->program = program;
    result->signal_return = build->signal_return;
    (void)string_copy(result->name, path_last_part(path), sizeof result->name); // cut like Linux's comm
    if (vfs_path(place, build->file.entry, result->executable, sizeof result->executable) != STATUS_OK)
        (void)string_copy(result->executable, path, sizeof result->executable);
    return STATUS_OK;
}

enum status exec_load(struct vfs_context *place, const char *path, const struct exec_arguments *arguments, struct exec_result *result,
                      struct arch_frame *frame)
{
    struct exec_build build = {};
    enum status outcome = exec_make(place, path, arguments, &build, result, frame);
    exec_cleanup(&build);
    return outcome;
}

static void explain_format(struct exec_build *build, char *text, size_t size)
{
    enum elf_error reason = ELF_OK;
    build->program = heap_alloc(sizeof *build->program);
    if (!build->program) {
        (void)string_copy(text, status_text(STATUS_NO_MEMORY), size);
        return;
    }
    enum status outcome = program_parse(&build->file, &build->program->image, &reason);
    (void)string_copy(text, outcome == STATUS_BAD_FORMAT ? elf_error_text(reason) : status_text(outcome), size);
}

void exec_explain(struct vfs_context *place, const char *path, char *text, size_t size)
{
    struct exec_build build = {};
    struct entry *entry;
    if (vfs_lookup(place, nullptr, path, true, &entry) == STATUS_OK) {
        bool directory = (entry_node(entry)->mode & LINUX_S_IFMT) == LINUX_S_IFDIR;
        entry_release(entry);
        if (directory) {
            (void)string_copy(text, status_text(STATUS_IS_DIRECTORY), size);
            return;
        }
    }
    enum status outcome = exec_resolve(place, path, nullptr, &build);
    if (outcome == STATUS_OK)
        explain_format(&build, text, size);
    else if (build.script)
        (void)format_text(text, size, "interpreter %s: %s", build.script->interpreter, status_text(outcome));
    else
        (void)string_copy(text, outcome == STATUS_BAD_FORMAT ? "a script without an interpreter" : status_text(outcome), size);
    exec_cleanup(&build);
}
