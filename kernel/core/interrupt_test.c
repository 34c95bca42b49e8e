// SPDX-License-Identifier: MIT
#include <arch/interrupt.h>
#include <helix/interrupt.h>
#include <helix/test.h>

// A vector that the port gives to no device line in a freshly booted machine.
enum { VECTOR = 238 };

static uint32_t calls;

static enum interrupt_action handle(uint32_t vector, struct arch_frame *frame, void *context)
{
    calls += *(uint32_t *)context;
    return INTERRUPT_HANDLED;
}

static uint32_t one = 1, ten = 10;

KERNEL_TEST(interrupt, calls_every_handler_of_a_shared_vector_and_counts)
{
    uint64_t before = interrupt_count(VECTOR);
    calls = 0;
    CHECK(interrupt_register(VECTOR, "test one", handle, &one, true) == STATUS_OK);
    CHECK(interrupt_register(VECTOR, "test ten", handle, &ten, true) == STATUS_OK);
    kernel_interrupt(VECTOR, nullptr);
    CHECK_EQUAL(calls, 11);
    CHECK(interrupt_unregister(VECTOR, "test one") == STATUS_OK);
    kernel_interrupt(VECTOR, nullptr);
    CHECK_EQUAL(calls, 21);
    CHECK(interrupt_unregister(VECTOR, "test ten") == STATUS_OK);
    CHECK_EQUAL(interrupt_count(VECTOR), before + 2);
    CHECK(interrupt_name(VECTOR) == nullptr);
}

KERNEL_TEST(interrupt, keeps_an_exclusive_vector_to_its_handler)
{
    CHECK(interrupt_register(VECTOR, "alone", handle, &one, false) == STATUS_OK);
    CHECK(interrupt_register(VECTOR, "second", handle, &one, true) == STATUS_EXISTS);
    CHECK(interrupt_unregister(VECTOR, "alone") == STATUS_OK);
    CHECK(interrupt_register(VECTOR, "sharing", handle, &one, true) == STATUS_OK);
    CHECK(interrupt_register(VECTOR, "alone", handle, &one, false) == STATUS_EXISTS);
    CHECK(interrupt_register(VECTOR, "sharing", handle, &one, true) == STATUS_EXISTS);
    CHECK(interrupt_unregister(VECTOR, "sharing") == STATUS_OK);
}

KERNEL_TEST(interrupt, refuses_vectors_and_names_that_are_not_there)
{
    CHECK(interrupt_register(ARCH_VECTORS, "beyond", handle, &one, true) == STATUS_BAD_ARGUMENT);
    CHECK(interrupt_register(VECTOR, "nothing", nullptr, nullptr, true) == STATUS_BAD_ARGUMENT);
    CHECK(interrupt_unregister(VECTOR, "nobody") == STATUS_NOT_FOUND);
    CHECK(interrupt_unregister(ARCH_VECTORS, "nobody") == STATUS_NOT_FOUND);
    CHECK_EQUAL(interrupt_count(ARCH_VECTORS), 0);
}

KERNEL_TEST(interrupt, gives_records_back)
{
    for (int i = 0; i < 200; i++) {
        CHECK(interrupt_register(VECTOR, "again", handle, &one, false) == STATUS_OK);
        CHECK(interrupt_unregister(VECTOR, "again") == STATUS_OK);
    }
}
