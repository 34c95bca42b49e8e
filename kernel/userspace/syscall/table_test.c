// SPDX-License-Identifier: MIT
// table_test.c: every call stands under this port's number, and nothing else does.

#include <lib/string.h>

#include <arch/syscall.h>

#include <helix/test.h>
#include <helix/user.h>

#include "calls.h"

static const struct {
    uint32_t number;
    const char *name;
} rows[] = {
#define ROW(number_, name_, count_)               { number_, #name_ },
#define SYSCALL(x86_64_, generic_, name_, count_) ROW(SYSCALL_NUMBER(x86_64_, generic_), name_, count_)
#define SYSCALL_LEGACY(number_, name_, count_)    SYSCALL_IF_LEGACY(ROW(number_, name_, count_))
#include <abi/syscalls.def>
    SYSCALL_PORT_ROWS(ROW)
#undef SYSCALL
#undef SYSCALL_LEGACY
#undef ROW
};

static const char *const legacy_names[] = {
#define SYSCALL(x86_64_, generic_, name_, count_)
#define SYSCALL_LEGACY(number_, name_, count_) #name_,
#include <abi/syscalls.def>
#undef SYSCALL
#undef SYSCALL_LEGACY
};

static bool table_has(const char *name)
{
    for (uint32_t number = 0; number < SYSCALL_SLOTS; number++) {
        if (syscall_name(number) && string_equal(syscall_name(number), name))
            return true;
    }
    return false;
}

TEST(syscall, has_every_call_under_the_number_of_this_port)
{
    size_t held = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        CHECK(syscall_name(rows[i].number) && string_equal(syscall_name(rows[i].number), rows[i].name));
    for (uint32_t number = 0; number < SYSCALL_SLOTS; number++)
        held += syscall_name(number) != nullptr;
    CHECK_EQUAL(held, ARRAY_LENGTH(rows));
    CHECK(!syscall_name(SYSCALL_SLOTS));
}

// A port may have one or the other legacy call of its own, but all or few.
TEST(syscall, has_legacy_calls_only_where_the_port_takes_them)
{
    const char *const taken[] = { SYSCALL_IF_LEGACY("all", ) nullptr };
    size_t found = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(legacy_names); i++)
        found += table_has(legacy_names[i]);
    CHECK(taken[0] ? found == ARRAY_LENGTH(legacy_names) : found <= 1);
}

// Entry code jumps to whatever stands there.
KERNEL_TEST(syscall, has_a_handler_in_every_slot)
{
    for (uint32_t number = 0; number <= SYSCALL_SLOTS; number++) {
        CHECK(syscall_handlers[number]);
        CHECK((syscall_handlers[number] == syscall_handlers[SYSCALL_SLOTS]) == !syscall_name(number));
    }
}

static bool copies_its_frame(const char *name)
{
    return string_equal(name, "clone") || string_equal(name, "fork") || string_equal(name, "vfork");
}

KERNEL_TEST(syscall, completes_the_frame_for_those_who_copy_it)
{
    static syscall_handler *const plain[] = { sys_clone, sys_fork, sys_vfork };
    size_t found = 0;
    for (uint32_t number = 0; number < SYSCALL_SLOTS; number++) {
        if (!syscall_name(number) || !copies_its_frame(syscall_name(number)))
            continue;
        found++;
        for (size_t i = 0; i < ARRAY_LENGTH(plain); i++)
            CHECK(syscall_handlers[number] != plain[i]);
    }
    CHECK(found >= 1);
}
