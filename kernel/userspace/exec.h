// SPDX-License-Identifier: MIT
// exec.h: what the files of the program loader share.
#pragma once

#include <helix/elf.h>
#include <helix/space.h>
#include <helix/user.h>

// ---- exec_file.c: the file of a program ----

struct program_file {
    struct entry *entry;        // a reference; nullptr: none
    struct page_source *source; // of the entry's node
    uint64_t size;              // bytes, as it was at opening
};

// Resolves `path` to a regular file that the running process may execute. STATUS_DENIED for anything else.
enum status program_open(struct vfs_context *place, const char *path, struct program_file *file);
void program_close(struct program_file *file);

// The frame of a page of the file, with a reference. STATUS_BAD_FORMAT: the file ends before.
enum status program_page(const struct program_file *file, uint64_t index, phys_t *frame);

// `size` bytes at `offset`. STATUS_BAD_FORMAT: the file ends before.
enum status program_read(const struct program_file *file, uint64_t offset, void *to, size_t size);

// ---- exec_script.c: files that begin with #! ----

enum { SCRIPT_DEPTH_MAX = 4, SCRIPT_LINE_MAX = 256 };

// Arguments as a script's interpreter gets them; levels are linked so that their memory can be given back.
struct script {
    struct script *outer;       // the script whose interpreter this one is
    char line[SCRIPT_LINE_MAX]; // interpreter and its argument, cut with NULs
    char *interpreter;
    char *argv[]; // interpreter, argument if any, path of the script, the script's arguments
};

// Whether the file begins with "#!".
bool script_is(const struct program_file *file);

// Reads the first line. STATUS_BAD_FORMAT: no interpreter in it. `*script` becomes the new innermost level.
enum status script_enter(const struct program_file *file, const char *path, char **argv, struct script **script);
void script_leave(struct script *innermost);

// ---- exec_image.c: segments into a space ----

struct program {
    struct elf_image image;
    uint64_t base; // added to the image's addresses
};

// Reads and checks the headers. `reason` may be nullptr. STATUS_BAD_FORMAT unless reading itself failed.
enum status program_parse(const struct program_file *file, struct elf_image *image, enum elf_error *reason);

// Maps the segments at program->base and clears what is zero.
enum status program_map(struct space *space, const struct program_file *file, const struct program *program);

// ---- exec.c: where things lie ----

struct exec_random {
    uint8_t bytes[16];
    uint32_t image, heap, stack, map;
};

struct exec_places {
    uint64_t image;     // of position-independent programs
    uint64_t stack_top; // one past it
    uint64_t map_top;   // mappings below
};

// For a user half that ends at `user_end`, 2³⁷ or more, and a stack limit in bytes. All multiples of PAGE_SIZE.
void exec_choose_places(uint64_t user_end, uint64_t stack_limit, const struct exec_random *random, struct exec_places *places);

// ---- exec_stack.c: arguments, environment and auxiliary vector ----

// Notes what programs are told about the machine. Once, before the first is loaded.
void exec_init(void);

struct stack_plan {
    const struct program *program;
    const char *path; // AT_EXECFN
    char **argv, **envp;
    uint64_t top;       // page-aligned end of the stack
    uint8_t random[16]; // AT_RANDOM
};

// Maps the stack and writes it. *sp: where the program starts. STATUS_TOO_BIG: more arguments than a stack may hold.
enum status stack_build(struct space *space, const struct stack_plan *plan, uint64_t *sp);
