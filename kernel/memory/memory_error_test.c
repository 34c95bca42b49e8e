// SPDX-License-Identifier: MIT
// memory_error_test.c: each error of memory, brought about by a public interface, and what its recovery makes of it.
#include <helix/memory_error.h>

#include <lib/string.h>

#include <arch/interrupt.h>
#include <arch/layout.h>

#include <helix/memory.h>
#include <helix/protection.h>
#include <helix/region_manager.h>
#include <helix/virtual_mapper.h>

#include "space/space_test.h"

static const struct virtual_mapper kernel = { nullptr };

static struct page page_at(uint64_t at)
{
    return (struct page){ { at }, PAGE_SIZE_4K };
}

static uint64_t kernel_at(void)
{
    return DEVICES_END - 8 * MIB;
}

#define CHECK_ERROR(call_, error_) CHECK_EQUAL(memory_error_of(call_), error_)

TEST(memory_error, has_ten_names)
{
    static const char *const names[] = { "Ok",        "OutOfMemory",      "InvalidAddress", "InvalidSize",    "NotAligned", "AlreadyMapped",
                                         "NotMapped", "PermissionDenied", "InvalidRegion",  "NotInitialized", "Internal" };
    CHECK_EQUAL(ARRAY_LENGTH(names), MEMORY_ERRORS);
    for (enum memory_error error = MEMORY_OK; error < MEMORY_ERRORS; error++)
        CHECK(string_equal(memory_error_name(error), names[error]));
    CHECK_EQUAL(memory_error_recovery(MEMORY_OUT_OF_MEMORY), RECOVER_RELIEVE);
    CHECK_EQUAL(memory_error_recovery(MEMORY_INVALID_ADDRESS), RECOVER_REPORT);
    CHECK_EQUAL(memory_error_recovery(MEMORY_NOT_ALIGNED), RECOVER_ALIGN);
    CHECK_EQUAL(memory_error_recovery(MEMORY_ALREADY_MAPPED), RECOVER_UNMAP);
    CHECK_EQUAL(memory_error_recovery(MEMORY_NOT_MAPPED), RECOVER_FAULT_IN);
    CHECK_EQUAL(memory_error_recovery(MEMORY_PERMISSION_DENIED), RECOVER_REFUSE);
}

// More frames than there are; what the caches give back is enough for less.
TEST(memory_error, out_of_memory_asks_the_caches)
{
    struct frame_statistics statistics;
    phys_t first = { 1 };
    frames_statistics(&statistics);
    CHECK_ERROR(frame_alloc((size_t)statistics.total + 1, 0, &first), MEMORY_OUT_OF_MEMORY);
    CHECK_EQUAL(first.raw, 1);
    memory_trim();
    CHECK_ERROR(frame_alloc(1, 0, &first), MEMORY_OK);
    frame_free(first, 1);
}

TEST(memory_error, invalid_address_and_size_and_alignment_are_the_callers)
{
    phys_t frame;
    CHECK(frame_alloc(1, 0, &frame) == STATUS_OK);
    CHECK_ERROR(virtual_map(&kernel, page_at(AT), frame, PAGE_FLAGS_KERNEL_WRITE), MEMORY_INVALID_ADDRESS);
    CHECK_ERROR(virtual_map(&kernel, (struct page){ { kernel_at() }, PAGE_SIZE_1G + 1 }, frame, PAGE_FLAGS_KERNEL_WRITE),
                MEMORY_INVALID_SIZE);
    uint64_t crooked = kernel_at() + 40;
    CHECK_ERROR(virtual_map(&kernel, page_at(crooked), frame, PAGE_FLAGS_KERNEL_WRITE), MEMORY_NOT_ALIGNED);
    CHECK_ERROR(virtual_map(&kernel, page_at(align_down(crooked, PAGE_SIZE)), frame, PAGE_FLAGS_KERNEL_WRITE),
                MEMORY_OK); // aligned, it works
    CHECK_ERROR(virtual_unmap(&kernel, page_at(kernel_at()), &frame), MEMORY_OK);
    frame_free(frame, 1);
}

TEST(memory_error, already_mapped_goes_away_by_unmapping)
{
    phys_t frame, found;
    CHECK(frame_alloc(1, 0, &frame) == STATUS_OK);
    CHECK(virtual_map(&kernel, page_at(kernel_at()), frame, PAGE_FLAGS_KERNEL_WRITE) == STATUS_OK);
    CHECK_ERROR(virtual_map(&kernel, page_at(kernel_at()), frame, PAGE_FLAGS_KERNEL_READ), MEMORY_ALREADY_MAPPED);
    CHECK(virtual_unmap(&kernel, page_at(kernel_at()), &found) == STATUS_OK);
    CHECK_ERROR(virtual_map(&kernel, page_at(kernel_at()), frame, PAGE_FLAGS_KERNEL_READ), MEMORY_OK);
    CHECK(virtual_unmap(&kernel, page_at(kernel_at()), &found) == STATUS_OK);
    frame_free(frame, 1);
}

TEST(memory_error, not_mapped_is_what_the_fault_handler_serves)
{
    struct space *space = space_new();
    const struct virtual_mapper mapper = { space };
    phys_t found;
    CHECK(map_at(space, AT, 1, READ_WRITE, nullptr, 0) == STATUS_OK);
    CHECK_ERROR(virtual_unmap(&mapper, page_at(AT), &found), MEMORY_NOT_MAPPED); // promised, and not there yet
    CHECK(!virtual_translate(&mapper, (virt_t){ AT }, &found));
    CHECK_ERROR(space_fault(space, AT, FAULT_WRITE), MEMORY_OK);
    CHECK(virtual_translate(&mapper, (virt_t){ AT }, &found));
    CHECK_ERROR(space_fault(space, AT + PAGE_SIZE, FAULT_WRITE), MEMORY_NOT_MAPPED); // nothing was promised there
    space_release(space);
}

TEST(memory_error, permission_denied_stays_so)
{
    struct space *space = space_new();
    phys_t frame;
    CHECK(map_at(space, AT, 1, READ, nullptr, 0) == STATUS_OK);
    CHECK_ERROR(space_fault(space, AT, FAULT_WRITE), MEMORY_PERMISSION_DENIED);
    CHECK_ERROR(space_fault(space, AT, FAULT_WRITE), MEMORY_PERMISSION_DENIED);
    CHECK_ERROR(space_fault(space, AT, 0), MEMORY_OK);
    CHECK(frame_alloc(1, 0, &frame) == STATUS_OK);
    CHECK_ERROR(virtual_map(&kernel, page_at(kernel_at()), frame, PAGE_FLAG_PRESENT | PAGE_FLAG_WRITABLE), MEMORY_PERMISSION_DENIED); // W^X
    frame_free(frame, 1);
    space_release(space);
}

TEST(memory_error, invalid_region_is_one_that_is_not_there)
{
    const uint64_t nowhere = UINT64_MAX - 16 * MIB;
    CHECK_ERROR(region_manager_remove(nowhere, PAGE_SIZE), MEMORY_INVALID_REGION);
    CHECK_ERROR(region_manager_reserve(nowhere, PAGE_SIZE, "test"), MEMORY_INVALID_REGION);
}

TEST(memory_error, not_initialized_is_what_was_not_set_up)
{
    struct guard_page guard = { .address = kernel_at(), .size = PAGE_SIZE, .owner = "test" };
    const struct protection_domain never = { { 3 }, PROTECTION_READ };
    CHECK_ERROR(guard_page_remove(&guard), MEMORY_NOT_INITIALIZED);
    CHECK_ERROR(protection_domain_apply(nullptr, &never, kernel_at(), PAGE_SIZE), MEMORY_NOT_INITIALIZED);
    CHECK_ERROR(guard_page_install(&guard), MEMORY_OK);
    CHECK_ERROR(guard_page_remove(&guard), MEMORY_OK);
}

// ---- a source that fails ----

static enum status broken_get(struct page_source *source, uint64_t index, bool for_write, phys_t *frame)
{
    return STATUS_IO_ERROR;
}

static size_t broken_get_resident(struct page_source *source, uint64_t index, size_t count, phys_t *frames)
{
    return 0;
}

static void broken_keep(struct page_source *source)
{
}

static const struct page_source_ops broken_ops = {
    .get = broken_get, .get_resident = broken_get_resident, .retain = broken_keep, .release = broken_keep
};

TEST(memory_error, internal_is_what_others_do_wrong)
{
    struct page_source broken = { .ops = &broken_ops };
    struct space *space = space_new();
    CHECK(map_at(space, AT, 1, READ, &broken, 0) == STATUS_OK);
    CHECK_ERROR(space_fault(space, AT, 0), MEMORY_INTERNAL);
    space_release(space);
}

// ---- frames that are given back wrongly ----

TEST(memory_error, bad_frees_are_told_where_they_are_looked_at)
{
    phys_t pair, table;
    CHECK(frame_alloc(2, 0, &pair) == STATUS_OK);
    CHECK_ERROR(frame_free_checked((phys_t){ pair.raw + 8 }, 1), MEMORY_NOT_ALIGNED);
    CHECK_ERROR(frame_free_checked(pair, 0), MEMORY_INVALID_SIZE);
    CHECK_ERROR(frame_free_checked((phys_t){ frame_map.limit << PAGE_SHIFT }, 1), MEMORY_INVALID_ADDRESS);
    frame_retain(pair);
    CHECK_ERROR(frame_free_checked(pair, 2), MEMORY_INVALID_REGION); // shared
    frame_release(pair);
    frame_free((phys_t){ pair.raw + PAGE_SIZE }, 1);
    CHECK_ERROR(frame_free_checked(pair, 2), MEMORY_NOT_MAPPED); // the second is free, so the first stays
    CHECK_EQUAL(frame_of(pair)->state, FRAME_USED);
    CHECK_ERROR(frame_free_checked(pair, 1), MEMORY_OK);
    CHECK_ERROR(frame_free_checked(pair, 1), MEMORY_NOT_MAPPED); // twice
    struct space *space = space_new();
    table = space->arch.root;
    CHECK_ERROR(frame_free_checked(table, 1), MEMORY_PERMISSION_DENIED);
    space_release(space);
}
