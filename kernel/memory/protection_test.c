// SPDX-License-Identifier: MIT
// protection_test.c: domains over a program's pages and the kernel's, and guard pages.
#include <helix/protection.h>

#include <lib/string.h>

#include <arch/keys.h>
#include <arch/layout.h>
#include <arch/space.h>

#include <helix/kernel_map.h>
#include <helix/virtual_mapper.h>

#include "space/space_test.h"

static const struct virtual_mapper kernel = { nullptr };

// Two pages in the kernel's area that nobody else has.
static uint64_t kernel_at(void)
{
    return DEVICES_END - 8 * MIB;
}

static struct page page_of(uint64_t at)
{
    return (struct page){ { at }, PAGE_SIZE_4K };
}

static void map_two(phys_t frames[2])
{
    for (size_t i = 0; i < 2; i++) {
        CHECK(frame_alloc(1, FRAME_ZEROED, &frames[i]) == STATUS_OK);
        CHECK(virtual_map(&kernel, page_of(kernel_at() + i * PAGE_SIZE), frames[i], PAGE_FLAGS_KERNEL_WRITE) == STATUS_OK);
    }
}

static void unmap_two(const phys_t frames[2])
{
    for (size_t i = 0; i < 2; i++) {
        phys_t found = {};
        CHECK(virtual_unmap(&kernel, page_of(kernel_at() + i * PAGE_SIZE), &found) == STATUS_OK);
        CHECK_EQUAL(found.raw, frames[i].raw);
        frame_free(frames[i], 1);
    }
}

static uint32_t kernel_rights(uint64_t at)
{
    uint32_t access = 0;
    (void)arch_space_query(arch_space_kernel(), (virt_t){ at }, nullptr, &access);
    return access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE);
}

TEST(protection, keys_are_numbers_from_0_to_15)
{
    CHECK_EQUAL(protection_key(15).number, 15);
    CHECK_EQUAL(protection_key(16).number, 0);
    CHECK_EQUAL(protection_key(UINT32_MAX).number, 15);
    CHECK_EQUAL(PROTECTION_RW | PROTECTION_EXECUTE, PROTECTION_RWX);
    CHECK_EQUAL(PROTECTION_READ | PROTECTION_EXECUTE, PROTECTION_RX);
}

TEST(protection, domains_of_a_program_have_keys_where_the_cpu_has)
{
    struct space *space = space_new();
    struct protection_domain domain = { { 7 }, PROTECTION_NONE }, other;
    CHECK(map_at(space, AT, 4, READ_WRITE, nullptr, 0) == STATUS_OK);
    enum status opened = protection_domain_open(space, PROTECTION_USER | PROTECTION_READ, &domain);
    if (arch_keys() == 1) {
        CHECK(opened == STATUS_UNSUPPORTED);
        CHECK_EQUAL(domain.key.number, 7); // untouched
        space_release(space);
        return;
    }
    CHECK(opened == STATUS_OK);
    CHECK(domain.key.number > 0);
    CHECK_EQUAL(arch_key_get(domain.key.number), KEY_NO_WRITE);
    CHECK(protection_domain_apply(space, &domain, AT + PAGE_SIZE, 2 * PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(space_key_at(space, AT), 0);
    CHECK_EQUAL(space_key_at(space, AT + PAGE_SIZE), domain.key.number);
    CHECK(!write_byte(space, AT + PAGE_SIZE, 1)); // its flags forbid it, too
    CHECK(protection_domain_apply(space, &domain, AT + 3 * PAGE_SIZE, 2 * PAGE_SIZE) == STATUS_NO_MEMORY);
    CHECK(protection_domain_apply(space, &domain, AT + 1, PAGE_SIZE) == STATUS_BAD_ALIGNMENT);
    CHECK(protection_domain_apply(space, &domain, AT, 0) == STATUS_BAD_ARGUMENT);
    CHECK(protection_domain_apply(nullptr, &domain, AT, PAGE_SIZE) == STATUS_BAD_STATE); // of another space
    for (uint32_t i = 2; i < KEYS_MOST; i++)
        CHECK(protection_domain_open(space, PROTECTION_USER, &other) == STATUS_OK);
    CHECK(protection_domain_open(space, PROTECTION_USER, &other) == STATUS_NO_SPACE);
    CHECK(protection_domain_close(space, &domain) == STATUS_OK);
    CHECK(protection_domain_close(space, &domain) == STATUS_BAD_STATE);
    CHECK(protection_domain_apply(space, &domain, AT, PAGE_SIZE) == STATUS_BAD_STATE);
    space_release(space);
}

TEST(protection, domains_refuse_flags_that_do_not_fit)
{
    struct space *space = space_new();
    struct protection_domain domain;
    CHECK(protection_domain_open(space, PROTECTION_READ, &domain) == STATUS_BAD_ARGUMENT);
    CHECK(protection_domain_open(nullptr, PROTECTION_USER, &domain) == STATUS_BAD_ARGUMENT);
    CHECK(protection_domain_open(space, PROTECTION_USER | 16, &domain) == STATUS_BAD_ARGUMENT);
    CHECK(protection_domain_open(nullptr, PROTECTION_RWX, &domain) == STATUS_DENIED);
    space_release(space);
}

TEST(protection, domains_of_the_kernel_set_the_rights_of_its_pages)
{
    phys_t frames[2];
    struct protection_domain constant, hidden;
    [[maybe_unused]] virt_t stack;
    map_two(frames);
    CHECK(protection_domain_open(nullptr, PROTECTION_READ, &constant) == STATUS_OK);
    CHECK(protection_domain_open(nullptr, PROTECTION_NONE, &hidden) == STATUS_OK);
    CHECK_EQUAL(constant.key.number, 0);
    CHECK(protection_domain_apply(nullptr, &constant, kernel_at(), 2 * PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(kernel_rights(kernel_at()), PAGE_READ);
    CHECK_EQUAL(kernel_rights(kernel_at() + PAGE_SIZE), PAGE_READ);
    CHECK(protection_domain_apply(nullptr, &hidden, kernel_at() + PAGE_SIZE, PAGE_SIZE) == STATUS_OK);
    CHECK_EQUAL(kernel_rights(kernel_at() + PAGE_SIZE), 0);
    CHECK(protection_domain_apply(nullptr, &constant, kernel_at(), 3 * PAGE_SIZE) == STATUS_NOT_MAPPED);
    CHECK_EQUAL(kernel_rights(kernel_at() + PAGE_SIZE), 0); // nothing changed
    CHECK(protection_domain_apply(nullptr, &constant, AT, PAGE_SIZE) == STATUS_BAD_ADDRESS);
    CHECK(protection_domain_apply(nullptr, &constant, UINT64_MAX - PAGE_MASK, PAGE_SIZE) == STATUS_BAD_ADDRESS);
#ifndef HELIX_HOST // whose stacks the tables do not know
    CHECK(kernel_stack_alloc(&stack) == STATUS_OK);
    CHECK(protection_domain_apply(nullptr, &constant, stack.raw, PAGE_SIZE) == STATUS_DENIED); // not mapped by hand
    kernel_stack_free(stack);
#endif
    unmap_two(frames);
}

// ---- guard pages ----

TEST(guard_page, takes_pages_away_and_gives_them_back)
{
    phys_t frames[2], found;
    struct guard_page hit, guard = { .address = kernel_at(), .size = 2 * PAGE_SIZE, .owner = "guard test" };
    map_two(frames);
    *(uint8_t *)direct_map(frames[1]) = 42;
    CHECK(!guard_page_hit(kernel_at(), &hit));
    CHECK(guard_page_install(&guard) == STATUS_OK);
    CHECK(!virtual_translate(&kernel, (virt_t){ kernel_at() }, &found));
    CHECK(!virtual_translate(&kernel, (virt_t){ kernel_at() + PAGE_SIZE }, &found));
    CHECK(guard_page_hit(kernel_at() + 2 * PAGE_SIZE - 1, &hit));
    CHECK(hit.owner == guard.owner && hit.address == guard.address && hit.size == guard.size);
    CHECK(!guard_page_hit(kernel_at() + 2 * PAGE_SIZE, &hit) && !guard_page_hit(kernel_at() - 1, &hit));
    CHECK(guard_page_remove(&guard) == STATUS_OK);
    CHECK(!guard_page_hit(kernel_at(), &hit));
    CHECK(virtual_translate(&kernel, (virt_t){ kernel_at() + PAGE_SIZE }, &found) && found.raw == frames[1].raw);
    CHECK_EQUAL(kernel_rights(kernel_at()), PAGE_READ | PAGE_WRITE);
#ifndef HELIX_HOST
    CHECK_EQUAL(*(uint8_t *)virt_pointer((virt_t){ kernel_at() + PAGE_SIZE }), 42);
#endif
    CHECK(guard_page_remove(&guard) == STATUS_BAD_STATE);
    unmap_two(frames);
}

TEST(guard_page, refuses_what_cannot_be_one)
{
    phys_t frames[2];
    struct guard_page guard = { .address = kernel_at(), .size = PAGE_SIZE, .owner = "guard test" }, second = guard, hit;
    struct guard_page all[GUARD_PAGES_MOST];
    [[maybe_unused]] virt_t stack;
    second.size = 0;
    CHECK(guard_page_install(&second) == STATUS_BAD_ARGUMENT);
    second = (struct guard_page){ .address = kernel_at(), .size = PAGE_SIZE };
    CHECK(guard_page_install(&second) == STATUS_BAD_ARGUMENT);
    second = (struct guard_page){ .address = kernel_at() + 8, .size = PAGE_SIZE, .owner = "x" };
    CHECK(guard_page_install(&second) == STATUS_BAD_ALIGNMENT);
    second = (struct guard_page){ .address = AT, .size = PAGE_SIZE, .owner = "x" };
    CHECK(guard_page_install(&second) == STATUS_BAD_ADDRESS);
#ifndef HELIX_HOST // whose stacks the tables do not know
    CHECK(kernel_stack_alloc(&stack) == STATUS_OK);
    second.address = stack.raw;
    CHECK(guard_page_install(&second) == STATUS_DENIED);
    kernel_stack_free(stack);
#endif
    map_two(frames);
    CHECK(virtual_update_flags(&kernel, page_of(kernel_at() + PAGE_SIZE), PAGE_FLAGS_KERNEL_READ) == STATUS_OK);
    second = (struct guard_page){ .address = kernel_at(), .size = 2 * PAGE_SIZE, .owner = "x" };
    CHECK(guard_page_install(&second) == STATUS_BAD_ARGUMENT); // two that differ
    CHECK(!guard_page_hit(kernel_at(), &hit));
    unmap_two(frames);
    CHECK(guard_page_install(&guard) == STATUS_OK); // over nothing at all
    CHECK(guard_page_install(&second) == STATUS_EXISTS);
    CHECK(guard_page_remove(&guard) == STATUS_OK);
    for (size_t i = 0; i < GUARD_PAGES_MOST; i++) {
        all[i] = (struct guard_page){ .address = kernel_at() + i * PAGE_SIZE, .size = PAGE_SIZE, .owner = "x" };
        CHECK(guard_page_install(&all[i]) == STATUS_OK);
    }
    guard.address -= PAGE_SIZE;
    CHECK(guard_page_install(&guard) == STATUS_NO_SPACE);
    for (size_t i = 0; i < GUARD_PAGES_MOST; i++)
        CHECK(guard_page_remove(&all[i]) == STATUS_OK);
}

TEST(guard_page, of_a_kernel_stack_is_known_without_being_installed)
{
    [[maybe_unused]] virt_t stack;
    struct guard_page hit = {};
    CHECK(kernel_stack_alloc(&stack) == STATUS_OK);
    CHECK(guard_page_hit(stack.raw - 1, &hit));
    CHECK(hit.address == stack.raw - PAGE_SIZE && string_equal(hit.owner, "kernel stack"));
    CHECK(!guard_page_hit(stack.raw, &hit));
    kernel_stack_free(stack);
}
