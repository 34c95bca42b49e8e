// SPDX-License-Identifier: MIT
// execution.h: what the files of this folder share and nobody else sees.
#pragma once

#include <lib/types.h>

#include <helix/thread.h>

// Sets the hardware timer if `deadline_ns` comes before what it is set to. Interrupts off.
void timer_hardware_set(uint64_t deadline_ns);

// The thread that runs when nothing else does; made by thread.c, never in a policy's queue.
enum status thread_create_idle(struct thread **thread);

// Enters a thread into / takes it out of the table that thread_find and thread_each read.
void thread_table_add(struct thread *thread);
void thread_table_remove(struct thread *thread);

// The next free id for a thread or process.
uint64_t thread_id_new(void);

// Fills in a thread that exists already: the one boot code runs on.
void thread_adopt(struct thread *thread, const char *name);

// The policy learns of a thread / forgets it.
enum status scheduler_add(struct thread *thread);
void scheduler_remove(struct thread *thread);
