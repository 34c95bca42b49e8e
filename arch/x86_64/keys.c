// SPDX-License-Identifier: MIT
// keys.c: protection keys (Intel SDM volume 3, 4.6.2): CR4.PKE, and PKRU in threads and signal frames.
//
// How         Until the first program asks for a key CR4.PKE is off, the keys of all pages are 0 and PKRU means nothing. From then on
//             PKRU goes with the thread at every switch (context.c), since any program may write it without telling. It is no part
//             of the lazily switched FPU state, nor of XCR0: the image in a signal frame has it by hand.
// Invariants  While a user thread runs, PKRU holds its rights, in the kernel too: what is copied for it obeys them. Otherwise they are in
//             arch_thread.keys, 0 for KEYS_DEFAULT.
// Locks       None: own CPU, preemption off. Of several CPUs each that runs programs must set its CR4.PKE before arch_keys_enable returns;
//             one that is brought up later does so with its other protections (cpu.c).
// Cost        Nothing until keys are enabled; then one read of PKRU at a switch, a write where the threads' rights differ, and two MSRs.

#include "keys.h"

#include <lib/string.h>

#include <arch/fpu.h>
#include <arch/user.h>

#include <helix/cpu.h>
#include <helix/preempt.h>
#include <helix/process.h>
#include <helix/space.h>
#include <helix/thread.h>

#include "cpuid.h"
#include "msr.h"

enum { IMAGE_EXTENT = 464, IMAGE_HEADER = 512, COMPONENT = 9 };
enum : uint64_t { CR4_KEYS = 1 << 22 };

bool keys_enabled;

static size_t image_offset; // [const] after keys_probe: where the component lies in an image; 0: no keys

void keys_probe(void)
{
    bool saves = cpuid_read(1, 0).c >> 27 & 1, has = cpuid_checked(7, 0).c >> 3 & 1;
    image_offset = saves && has ? cpuid_checked(0xd, COMPONENT).b : 0;
}

uint32_t arch_keys(void)
{
    return image_offset ? KEYS_MOST : 1;
}

void arch_keys_enable(void)
{
    preempt_disable();
    if (!keys_enabled) {
        cr4_write(cr4_read() | CR4_KEYS);
        keys_write(KEYS_DEFAULT);
        cpu_local()->arch.base_owner = nullptr; // so that every switch comes by where rights are loaded
        keys_enabled = true;
    }
    preempt_enable();
}

void arch_key_set(uint32_t key, uint32_t rights)
{
    preempt_disable();
    keys_write((keys_read() & ~(KEY_RIGHTS << 2 * key)) | (rights & KEY_RIGHTS) << 2 * key);
    preempt_enable();
}

uint32_t arch_key_get(uint32_t key)
{
    return keys_read() >> 2 * key & KEY_RIGHTS;
}

bool arch_keys_plain(void)
{
    return !keys_enabled || !arch_key_get(0);
}

// ---- signal frames ----

bool keys_in_frame(void)
{
    return keys_read() != KEYS_DEFAULT || space_has_keys(process_current()->space);
}

size_t keys_image_size(size_t size)
{
    return image_offset ? MAX(size, image_offset + sizeof(uint64_t)) : size;
}

enum status keys_push(uint64_t at, uint32_t rights)
{
    uint64_t component = rights, header;
    TRY(arch_copy_to_user(at + image_offset, &component, sizeof component));
    TRY(arch_copy_from_user(&header, at + IMAGE_HEADER, sizeof header));
    header |= KEYS_FEATURE;
    return arch_copy_to_user(at + IMAGE_HEADER, &header, sizeof header);
}

enum status keys_pop(uint64_t at, void *copy, uint32_t *rights)
{
    uint64_t features, header;
    memcpy(&features, (uint8_t *)copy + IMAGE_EXTENT + 2 * sizeof(uint32_t), sizeof features);
    memcpy(&header, (uint8_t *)copy + IMAGE_HEADER, sizeof header);
    *rights = KEYS_DEFAULT;
    if (!(features & KEYS_FEATURE))
        return STATUS_OK;
    *rights = KEYS_ALL; // a component that is left out has its initial state
    if (!(header & KEYS_FEATURE))
        return STATUS_OK;
    header &= ~KEYS_FEATURE;
    memcpy((uint8_t *)copy + IMAGE_HEADER, &header, sizeof header);
    return arch_copy_from_user(rights, at + image_offset, sizeof *rights);
}
