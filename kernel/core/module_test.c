// SPDX-License-Identifier: MIT
#include <helix/test.h>

#include "core.h"

static const struct module modules[] = {
    { .name = "fast", .provides = "toaster", .abi = 1 },
    { .name = "fast", .provides = "kettle", .abi = 2 },
    { .name = "old", .provides = "kettle", .abi = 1 },
};

static enum status fill(struct slot *slot, const char *name)
{
    return slot_fill_from(slot, modules, modules + ARRAY_LENGTH(modules), name);
}

TEST(slot, takes_the_module_of_its_interface)
{
    struct slot slot = { .name = "kitchen", .interface = "kettle", .abi = 2 };
    CHECK(fill(&slot, "fast") == STATUS_OK);
    CHECK(slot.module == &modules[1]);
}

TEST(slot, refuses_an_unknown_name_another_interface_and_another_abi)
{
    struct slot slot = { .name = "kitchen", .interface = "kettle", .abi = 2 };
    CHECK(fill(&slot, "slow") == STATUS_NOT_FOUND);
    CHECK(fill(&slot, "old") == STATUS_UNSUPPORTED);
    slot.interface = "oven";
    CHECK(fill(&slot, "fast") == STATUS_NOT_FOUND);
    CHECK(slot.module == nullptr);
}

TEST(slot, refuses_a_second_module)
{
    struct slot slot = { .name = "kitchen", .interface = "toaster", .abi = 1 };
    CHECK(fill(&slot, "fast") == STATUS_OK);
    CHECK(fill(&slot, "fast") == STATUS_BUSY);
}

TEST(module, is_not_found_under_a_name_nobody_has)
{
    CHECK(module_find("scheduler_policy", "no such module") == nullptr);
    CHECK(module_find("no such interface", "round_robin") == nullptr);
}
