// SPDX-License-Identifier: MIT
// keys.h: protection keys: a number in the entry of each user page, and rights per key that every thread has for itself and changes
// without the kernel. Ports whose CPUs have none take arch/common/keys_none.c.
//
// Keys are obeyed from the first arch_keys_enable() on, and cost nothing until then: pages of all spaces carry key 0, which no
// thread can have lost the rights on before. The rights go with the thread (arch/context.h): a clone inherits them, a new program and
// a signal handler start with the default, key 0 alone.
#pragma once

#include <stdint.h>

// As Linux's PKEY_DISABLE_ACCESS and PKEY_DISABLE_WRITE. Instructions are fetched whatever they say.
enum key_rights : uint32_t { KEY_NO_ACCESS = 1, KEY_NO_WRITE = 2, KEY_RIGHTS = 3 };

enum { KEYS_MOST = 16 };

// How many keys the CPUs have: KEYS_MOST, or 1 when there is key 0 alone and nothing else here but arch_keys_plain may be called.
uint32_t arch_keys(void);

// Has them obeyed for good; all threads have the default rights if that is new. Thread context.
void arch_keys_enable(void);

// The running thread's rights on one key. Keys are enabled.
void arch_key_set(uint32_t key, uint32_t rights);
uint32_t arch_key_get(uint32_t key);

// Whether the running thread has all rights on pages of key 0, so that whoever knows a page to have that key may copy on the thread's behalf
// without its rights. Any port.
bool arch_keys_plain(void);
