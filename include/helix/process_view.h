// SPDX-License-Identifier: MIT
// process_view.h: looking at a process from outside while it may end (for /proc). The caller holds a reference on the process.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct descriptor_table;
struct open_file;
struct process;
struct space;

// Its address space with a reference of the caller's; nullptr: it has none (any more).
struct space *process_view_space(struct process *process);

// Effective ids; 0 for what is no Linux process.
void process_view_owner(struct process *process, uint32_t *user, uint32_t *group);

enum process_path { PROCESS_EXECUTABLE, PROCESS_CURRENT, PROCESS_ROOT };
// As the kernel's context sees it. STATUS_NOT_FOUND: it has ended.
enum status process_view_path(struct process *process, enum process_path which, char *path, size_t size);

// An open file of it, with a reference. STATUS_NOT_FOUND.
enum status process_view_file(struct process *process, int number, struct open_file **file);
// The first descriptor in use from `number` on; −1: none.
int process_view_next_file(struct process *process, int number);
// Places in its descriptor table.
uint32_t process_view_file_slots(struct process *process);

// Ids of its threads from `from` on in ascending order, at most `limit`.
size_t process_view_threads(struct process *process, uint64_t from, uint64_t *ids, size_t limit);
