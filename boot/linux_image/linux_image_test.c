// SPDX-License-Identifier: MIT
// linux_image_test.c: a tree where the loader says that it is, and where it is not.

#include "linux_image.h"

#include <lib/device_tree_test.h>

#include <helix/boot_info.h>
#include <helix/test.h>

enum : uint64_t { BASE = 0x82200000 };

static struct tree_test blob;
static struct boot_info boot;

static struct physical_view view_of(uint64_t size)
{
    return (struct physical_view){ .at = physical_buffer_at, .bytes = blob.bytes, .base = BASE, .size = size };
}

static void begin(void)
{
    boot = (struct boot_info){};
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    tree_test_node(&blob, "memory");
    TREE_TEST_TEXT(&blob, "device_type", "memory");
    TREE_TEST_CELLS(&blob, "reg", 0, 0x80000000, 128 * MIB);
    tree_test_end(&blob);
    tree_test_end(&blob);
    tree_test_seal(&blob);
}

TEST(linux_image, reads_the_tree_that_the_loader_passes)
{
    begin();
    const struct physical_view view = view_of(blob.size);
    CHECK(linux_image_parse(&view, BASE, &boot) == STATUS_OK);
    CHECK(string_equal(boot.protocol, "linux_image"));
    CHECK_EQUAL(boot.device_tree.raw, BASE);
    CHECK_EQUAL(boot.memory_count, 2);
    CHECK_EQUAL(boot.memory[0].start.raw, 0x80000000);
    CHECK_EQUAL(boot.memory[0].size, 128 * MIB);
}

TEST(linux_image, refuses_what_is_no_tree_or_not_all_there)
{
    begin();
    for (uint32_t size = 0; size < blob.size; size++) {
        const struct physical_view view = view_of(size);
        CHECK(linux_image_parse(&view, BASE, &boot) == STATUS_BAD_FORMAT);
    }
    const struct physical_view view = view_of(blob.size);
    CHECK(linux_image_parse(&view, 0, &boot) == STATUS_BAD_FORMAT);
    CHECK(linux_image_parse(&view, BASE + 4, &boot) == STATUS_BAD_FORMAT);
    CHECK(linux_image_parse(&view, UINT64_MAX - 8, &boot) == STATUS_BAD_FORMAT);
    CHECK(!boot.protocol && !boot.memory_count);
}
