// SPDX-License-Identifier: MIT
// region_manager_test.c: regions far above any machine's memory come, go, split and merge; what the machine has stays as it is.

#include <helix/region_manager.h>

#include <lib/string.h>

#include <helix/test.h>

enum : uint64_t { HIGH = 1ull << 56, PART = 0x1000 };

static size_t before;

// Regions from HIGH on.
static size_t high_regions(struct physical_region *regions, size_t limit)
{
    static struct physical_region all[PHYSICAL_REGIONS_MAX];
    size_t count = region_manager_all(all, PHYSICAL_REGIONS_MAX), found = 0;
    for (size_t i = 0; i < count && found < limit; i++) {
        if (all[i].start >= HIGH)
            regions[found++] = all[i];
    }
    return found;
}

static void begin(void)
{
    before = region_manager_all(nullptr, 0);
}

static void end(uint64_t start, uint64_t size)
{
    CHECK(region_manager_remove(start, size) == STATUS_OK);
    CHECK_EQUAL(region_manager_all(nullptr, 0), before);
}

TEST(region_manager, refuses_what_overlaps_or_is_no_range)
{
    begin();
    CHECK(region_manager_add(HIGH + PART, PART, PHYSICAL_DEVICE, "a") == STATUS_OK);
    CHECK(region_manager_add(HIGH + PART, PART, PHYSICAL_DEVICE, "a") == STATUS_EXISTS);
    CHECK(region_manager_add(HIGH, PART + 1, PHYSICAL_ROM, "b") == STATUS_EXISTS);
    CHECK(region_manager_add(HIGH + 2 * PART - 1, 1, PHYSICAL_ROM, "b") == STATUS_EXISTS);
    CHECK(region_manager_add(HIGH, 4 * PART, PHYSICAL_ROM, "b") == STATUS_EXISTS);
    CHECK(region_manager_add(HIGH, 0, PHYSICAL_ROM, "b") == STATUS_BAD_ARGUMENT);
    CHECK(region_manager_add(UINT64_MAX - PART + 2, PART, PHYSICAL_ROM, "b") == STATUS_BAD_ARGUMENT);
    CHECK(region_manager_add(HIGH, PART, PHYSICAL_TYPES, "b") == STATUS_BAD_ARGUMENT);
    CHECK(region_manager_add(HIGH, PART, PHYSICAL_ROM, nullptr) == STATUS_BAD_ARGUMENT);
    end(HIGH + PART, PART);
}

TEST(region_manager, joins_neighbours_that_are_alike_and_no_others)
{
    struct physical_region found[8];
    begin();
    CHECK(region_manager_add(HIGH, PART, PHYSICAL_DEVICE, "a") == STATUS_OK);
    CHECK(region_manager_add(HIGH + 2 * PART, PART, PHYSICAL_DEVICE, "a") == STATUS_OK);
    CHECK(region_manager_add(HIGH + 3 * PART, PART, PHYSICAL_DEVICE, "b") == STATUS_OK);
    CHECK(region_manager_add(HIGH + 4 * PART, PART, PHYSICAL_ROM, "b") == STATUS_OK);
    CHECK_EQUAL(high_regions(found, 8), 4);
    CHECK(region_manager_add(HIGH + PART, PART, PHYSICAL_DEVICE, "a") == STATUS_OK);
    CHECK_EQUAL(high_regions(found, 8), 3);
    CHECK(found[0].start == HIGH && found[0].size == 3 * PART);
    CHECK(region_manager_remove(HIGH, 4 * PART) == STATUS_NOT_FOUND); // more than one region
    CHECK(region_manager_remove(HIGH + 4 * PART, PART) == STATUS_OK);
    CHECK(region_manager_remove(HIGH + 3 * PART, PART) == STATUS_OK);
    end(HIGH, 3 * PART);
}

TEST(region_manager, splits_what_a_part_is_taken_from)
{
    struct physical_region found[8];
    begin();
    CHECK(region_manager_add(HIGH, 4 * PART, PHYSICAL_DEVICE, "a") == STATUS_OK);
    CHECK(region_manager_remove(HIGH + PART, PART) == STATUS_OK);
    CHECK_EQUAL(high_regions(found, 8), 2);
    CHECK(found[0].start == HIGH && found[0].size == PART);
    CHECK(found[1].start == HIGH + 2 * PART && found[1].size == 2 * PART);
    CHECK(region_manager_remove(HIGH + PART, PART) == STATUS_NOT_FOUND);
    CHECK(region_manager_add(HIGH + PART, PART, PHYSICAL_DEVICE, "a") == STATUS_OK);
    CHECK_EQUAL(high_regions(found, 8), 1);
    end(HIGH, 4 * PART);
}

TEST(region_manager, reserves_parts_of_memory_once)
{
    struct physical_region found[8];
    begin();
    uint64_t usable = region_manager_usable_ram(), total = region_manager_total_ram();
    CHECK(region_manager_add(HIGH, 4 * PART, PHYSICAL_RAM, "System RAM") == STATUS_OK);
    CHECK_EQUAL(region_manager_usable_ram(), usable + 4 * PART);
    CHECK(region_manager_reserve(HIGH + PART, PART, "mine") == STATUS_OK);
    CHECK_EQUAL(region_manager_usable_ram(), usable + 3 * PART);
    CHECK_EQUAL(region_manager_total_ram(), total + 4 * PART);
    CHECK(region_manager_reserve(HIGH + PART, PART, "mine") == STATUS_BUSY);
    CHECK(region_manager_reserve(HIGH, 2 * PART, "yours") == STATUS_BUSY);
    CHECK(region_manager_reserve(HIGH + 3 * PART, 2 * PART, "beyond") == STATUS_NOT_FOUND);
    CHECK(region_manager_reserve(HIGH, 0, "nothing") == STATUS_BAD_ARGUMENT);
    CHECK(region_manager_reserve(HIGH, PART, nullptr) == STATUS_BAD_ARGUMENT);
    CHECK_EQUAL(high_regions(found, 8), 3);
    CHECK(found[1].reserved && strcmp(found[1].name, "mine") == 0 && found[1].type == PHYSICAL_RAM);
    CHECK(region_manager_remove(HIGH, PART) == STATUS_OK);
    CHECK(region_manager_add(HIGH, PART, PHYSICAL_RAM, "mine") == STATUS_OK);
    CHECK_EQUAL(high_regions(found, 8), 3); // alike but for the reservation
    CHECK(region_manager_remove(HIGH, PART) == STATUS_OK);
    CHECK(region_manager_remove(HIGH + PART, PART) == STATUS_OK);
    CHECK(region_manager_add(HIGH + PART, PART, PHYSICAL_DEVICE, "a") == STATUS_OK);
    CHECK(region_manager_reserve(HIGH + PART, PART, "registers") == STATUS_NOT_FOUND); // no memory
    CHECK(region_manager_remove(HIGH + PART, PART) == STATUS_OK);
    end(HIGH + 2 * PART, 2 * PART);
    CHECK_EQUAL(region_manager_total_ram(), total);
}

TEST(region_manager, refuses_more_than_it_has_room_for)
{
    uint64_t added = 0;
    begin();
    while (region_manager_add(HIGH + added * 2 * PART, PART, PHYSICAL_DEVICE, "a") == STATUS_OK)
        added++;
    CHECK_EQUAL(before + added, PHYSICAL_REGIONS_MAX);
    CHECK(region_manager_add(HIGH + added * 2 * PART, PART, PHYSICAL_DEVICE, "a") == STATUS_NO_SPACE);
    CHECK(region_manager_remove(HIGH + 1, 1) == STATUS_NO_SPACE); // would be one more
    CHECK(region_manager_remove(HIGH, 1) == STATUS_OK);
    CHECK(region_manager_remove(HIGH + 1, PART - 1) == STATUS_OK);
    for (uint64_t i = 1; i + 1 < added; i++)
        CHECK(region_manager_remove(HIGH + i * 2 * PART, PART) == STATUS_OK);
    end(HIGH + (added - 1) * 2 * PART, PART);
}

TEST(region_manager, tells_regions_by_type)
{
    struct physical_region found[2];
    begin();
    size_t roms = region_manager_by_type(PHYSICAL_ROM, nullptr, 0);
    CHECK(region_manager_add(HIGH, PART, PHYSICAL_ROM, "a") == STATUS_OK);
    CHECK(region_manager_add(HIGH + PART, PART, PHYSICAL_DEVICE, "a") == STATUS_OK);
    CHECK_EQUAL(region_manager_by_type(PHYSICAL_ROM, found, 2), roms + 1);
    struct physical_region kept[2] = { { .start = 42 }, { .start = 42 } };
    CHECK_EQUAL(region_manager_by_type(PHYSICAL_ROM, kept, 0), roms + 1);
    CHECK_EQUAL(region_manager_all(kept, 1), before + 2);
    CHECK_EQUAL(kept[1].start, 42); // no more than there is room for
    CHECK(region_manager_remove(HIGH + PART, PART) == STATUS_OK);
    end(HIGH, PART);
}
