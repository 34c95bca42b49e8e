// SPDX-License-Identifier: MIT
// user_test.c: every check in front of user memory, and every instruction that may fault there, by a pointer that only it refuses.

#include <arch/user.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/space.h>
#include <arch/user_copy.h>

#include <helix/frames.h>
#include <helix/space.h>
#include <helix/test.h>

enum : uint64_t {
    AREA = 0x40'0000,           // two pages that can be written
    WRITTEN = 2 * PAGE_SIZE,    // … so many bytes
    READ_ONLY = AREA + WRITTEN, // one page
    HOLE = READ_ONLY + PAGE_SIZE,
    KERNEL_HALF = 0xffff'8000'0000'0000,
};

static char kernel_bytes[2 * PAGE_SIZE];

static void map(struct space *space, uint64_t at, uint64_t size, uint32_t access)
{
    uint64_t mapped;
    const struct map_request request = { .hint = at, .size = size, .access = access, .flags = MAP_AT_FREE };
    CHECK(space_map(space, &request, &mapped) == STATUS_OK);
}

// The last page of the half belongs to nobody; here it is mapped behind the space's back, so that nothing but the range check
// refuses it.
static void map_beyond_end(struct space *space)
{
    phys_t frame;
    if (!CHECK(frame_alloc(1, FRAME_ZEROED, &frame) == STATUS_OK))
        return;
    CHECK(arch_space_map(&space->arch, (virt_t){ arch_user_end() }, frame, PAGE_READ | PAGE_WRITE | PAGE_USER) == STATUS_OK);
}

static void unmap_beyond_end(struct space *space)
{
    virt_t from = { arch_user_end() };
    arch_space_unmap(&space->arch, from, (virt_t){ from.raw + PAGE_SIZE });
}

static void prepare(struct space *space)
{
    map(space, AREA, WRITTEN, PAGE_READ | PAGE_WRITE);
    map(space, READ_ONLY, PAGE_SIZE, PAGE_READ);
    map(space, arch_user_end() - PAGE_SIZE, PAGE_SIZE, PAGE_READ | PAGE_WRITE);
    map_beyond_end(space);
    memset(kernel_bytes, 'k', sizeof kernel_bytes);
}

static uint64_t address_of(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

// ---- copying in ----

static void copies_in(struct space *space)
{
    char bytes[64];
    prepare(space);
    CHECK(arch_copy_to_user(AREA + PAGE_SIZE - 20, "abcdefghijklmnopqrstuvwxyz", 26) == STATUS_OK);
    CHECK(user_access_closed());
    for (size_t size = 0; size <= 26; size++) {
        memset(bytes, '-', sizeof bytes);
        CHECK(arch_copy_from_user(bytes, AREA + PAGE_SIZE - 20, size) == STATUS_OK);
        CHECK(!memcmp(bytes, "abcdefghijklmnopqrstuvwxyz", size) && bytes[size] == '-');
    }
    CHECK(user_access_closed());
    CHECK(arch_copy_from_user(bytes, READ_ONLY + 7, 9) == STATUS_OK); // demand zero, served inside the routine
    CHECK(!memcmp(bytes, "\0\0\0\0\0\0\0\0", 9));
    unmap_beyond_end(space);
}

static void refuses_to_copy_in(struct space *space)
{
    char bytes[256];
    uint64_t end = arch_user_end();
    prepare(space);
    CHECK(arch_copy_from_user(bytes, address_of(kernel_bytes), 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_from_user(bytes, KERNEL_HALF, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_from_user(bytes, address_of(kernel_bytes), 0) == STATUS_BAD_ADDRESS); // no probing with nothing to copy
    CHECK(arch_copy_from_user(bytes, end, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_from_user(bytes, end - 4, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_from_user(bytes, end - 8, 8) == STATUS_OK);
    CHECK(arch_copy_from_user(bytes, end, 0) == STATUS_OK);
    CHECK(arch_copy_from_user(bytes, UINT64_MAX - 3, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_from_user(bytes, 1ull << 62, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_from_user(bytes, 0, 1) == STATUS_BAD_ADDRESS);
    CHECK(user_access_closed());
    for (size_t inside = 0; inside < 20; inside++) // the fault in each of the words and of the odd bytes
        CHECK(arch_copy_from_user(bytes, HOLE - inside, 27) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_from_user(bytes, HOLE - 3, 5) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_from_user(bytes, HOLE - 8, 13) == STATUS_BAD_ADDRESS);
    CHECK(user_access_closed());
    unmap_beyond_end(space);
}

// A size that wraps round the end of memory must be refused before the first byte moves.
static void refuses_sizes_that_wrap(struct space *space)
{
    static const uint64_t sizes[] = { UINT64_MAX, UINT64_MAX - AREA + 1, UINT64_MAX - AREA + 9, 1ull << 63 };
    char byte = '-';
    prepare(space);
    CHECK(arch_copy_to_user(AREA, "s", 1) == STATUS_OK);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        CHECK(arch_copy_from_user(&byte, AREA, sizes[i]) == STATUS_BAD_ADDRESS);
        CHECK_EQUAL(byte, '-');
        CHECK(arch_clear_user(AREA, sizes[i]) == STATUS_BAD_ADDRESS);
        CHECK(arch_copy_to_user(AREA, kernel_bytes, sizes[i]) == STATUS_BAD_ADDRESS);
    }
    CHECK(arch_copy_from_user(&byte, AREA, 1) == STATUS_OK);
    CHECK_EQUAL(byte, 's');
    unmap_beyond_end(space);
}

// ---- copying out and clearing ----

static void refuses_to_copy_out(struct space *space)
{
    uint64_t end = arch_user_end(), word = 0;
    prepare(space);
    CHECK(arch_copy_to_user(address_of(kernel_bytes), "user", 4) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_to_user(KERNEL_HALF, "user", 0) == STATUS_BAD_ADDRESS);
    CHECK_EQUAL(kernel_bytes[0], 'k');
    CHECK(arch_copy_to_user(end, &word, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_to_user(end - 4, &word, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_to_user(end - 8, &word, 8) == STATUS_OK);
    CHECK(arch_copy_to_user(UINT64_MAX - 3, &word, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_to_user(READ_ONLY, &word, 8) == STATUS_BAD_ADDRESS);
    for (size_t inside = 0; inside < 20; inside++)
        CHECK(arch_copy_to_user(READ_ONLY - inside, kernel_bytes, 27) == STATUS_BAD_ADDRESS);
    CHECK(user_access_closed());
    unmap_beyond_end(space);
}

static void clears(struct space *space)
{
    uint64_t end = arch_user_end();
    char bytes[40];
    prepare(space);
    for (size_t size = 0; size < 30; size++) {
        CHECK(arch_copy_to_user(AREA + PAGE_SIZE - 8, kernel_bytes, sizeof bytes) == STATUS_OK);
        CHECK(arch_clear_user(AREA + PAGE_SIZE - 8, size) == STATUS_OK);
        CHECK(arch_copy_from_user(bytes, AREA + PAGE_SIZE - 8, sizeof bytes) == STATUS_OK);
        CHECK((!size || !bytes[size - 1]) && bytes[size] == 'k');
    }
    CHECK(arch_clear_user(address_of(kernel_bytes), 16) == STATUS_BAD_ADDRESS);
    CHECK_EQUAL(kernel_bytes[0], 'k');
    CHECK(arch_clear_user(end, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_clear_user(end - 4, 8) == STATUS_BAD_ADDRESS);
    CHECK(arch_clear_user(end - 4, 4) == STATUS_OK);
    CHECK(arch_clear_user(UINT64_MAX - 3, 8) == STATUS_BAD_ADDRESS);
    for (size_t inside = 0; inside < 20; inside++)
        CHECK(arch_clear_user(READ_ONLY - inside, 27) == STATUS_BAD_ADDRESS);
    CHECK(arch_clear_user(HOLE, 3) == STATUS_BAD_ADDRESS);
    CHECK(user_access_closed());
    unmap_beyond_end(space);
}

// ---- strings ----

static void copies_strings(struct space *space)
{
    uint64_t end = arch_user_end();
    char text[32];
    size_t length = 99;
    prepare(space);
    CHECK(arch_copy_to_user(AREA + PAGE_SIZE - 3, "string", sizeof "string") == STATUS_OK);
    CHECK(arch_copy_string_from_user(text, AREA + PAGE_SIZE - 3, sizeof text, &length) == STATUS_OK);
    CHECK(string_equal(text, "string") && length == 6);
    CHECK(arch_copy_string_from_user(text, AREA + PAGE_SIZE - 3, 7, &length) == STATUS_OK);
    CHECK(user_access_closed());
    length = 99;
    text[6] = '-';
    CHECK(arch_copy_string_from_user(text, AREA + PAGE_SIZE - 3, 6, &length) == STATUS_TOO_LONG);
    CHECK_EQUAL(text[6], '-');
    CHECK(arch_copy_string_from_user(text, AREA, 0, &length) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_string_from_user(text, address_of(kernel_bytes), sizeof text, &length) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_string_from_user(text, address_of("kernel"), sizeof text, &length) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_string_from_user(text, end, sizeof text, &length) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_to_user(end - 4, "four", 4) == STATUS_OK); // its end lies in the page beyond
    CHECK(arch_copy_string_from_user(text, end - 4, sizeof text, &length) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_string_from_user(text, end - 4, 4, &length) == STATUS_TOO_LONG);
    CHECK(arch_copy_to_user(end - 1, "", 1) == STATUS_OK);
    CHECK(arch_copy_string_from_user(text, HOLE, sizeof text, &length) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_string_from_user(text, UINT64_MAX, sizeof text, &length) == STATUS_BAD_ADDRESS);
    CHECK_EQUAL(length, 99);
    CHECK(arch_copy_string_from_user(text, end - 4, sizeof text, &length) == STATUS_OK);
    CHECK_EQUAL(length, 3);
    CHECK(user_access_closed());
    unmap_beyond_end(space);
}

static void refuses_strings_without_an_end(struct space *space)
{
    static char text[2 * PAGE_SIZE];
    size_t length;
    uint64_t last = AREA + WRITTEN - 100;
    prepare(space);
    CHECK(space_unmap(space, READ_ONLY, PAGE_SIZE) == STATUS_OK);
    CHECK(arch_copy_to_user(last, kernel_bytes, 100) == STATUS_OK);
    CHECK(arch_copy_string_from_user(text, last, sizeof text, &length) == STATUS_BAD_ADDRESS); // runs into the hole
    CHECK(arch_copy_string_from_user(text, last, 100, &length) == STATUS_TOO_LONG);
    CHECK(user_access_closed());
    unmap_beyond_end(space);
}

// ---- words for futexes ----

static void loads_words(struct space *space)
{
    uint64_t end = arch_user_end();
    uint32_t word = 7;
    prepare(space);
    CHECK(arch_copy_to_user(AREA, &word, sizeof word) == STATUS_OK);
    CHECK(arch_user_load32(AREA, &word) == STATUS_OK);
    CHECK_EQUAL(word, 7);
    CHECK(arch_user_load32(AREA + 1, &word) == STATUS_BAD_ARGUMENT);
    CHECK(arch_user_load32(AREA + 2, &word) == STATUS_BAD_ARGUMENT);
    CHECK(arch_user_load32(address_of(kernel_bytes) & ~3ull, &word) == STATUS_BAD_ADDRESS);
    CHECK(arch_user_load32(end, &word) == STATUS_BAD_ADDRESS);
    CHECK(arch_user_load32(UINT64_MAX - 3, &word) == STATUS_BAD_ADDRESS);
    CHECK(arch_user_load32(HOLE, &word) == STATUS_BAD_ADDRESS);
    CHECK(user_access_closed());
    CHECK_EQUAL(word, 7);
    CHECK(arch_user_load32(end - 4, &word) == STATUS_OK);
    unmap_beyond_end(space);
}

static void exchanges_words(struct space *space)
{
    static uint32_t kernel_word = 5;
    uint64_t end = arch_user_end();
    uint32_t found = 0;
    prepare(space);
    CHECK(arch_user_compare_exchange32(AREA, 0, 8, &found) == STATUS_OK);
    CHECK_EQUAL(found, 0);
    CHECK(arch_user_compare_exchange32(AREA, 0, 9, &found) == STATUS_OK);
    CHECK_EQUAL(found, 8);
    CHECK(arch_user_load32(AREA, &found) == STATUS_OK);
    CHECK_EQUAL(found, 8);
    found = 77;
    CHECK(arch_user_compare_exchange32(AREA + 2, 0, 1, &found) == STATUS_BAD_ARGUMENT);
    CHECK(arch_user_compare_exchange32(address_of(&kernel_word), 5, 6, &found) == STATUS_BAD_ADDRESS);
    CHECK_EQUAL(kernel_word, 5);
    CHECK(arch_user_compare_exchange32(end, 0, 1, &found) == STATUS_BAD_ADDRESS);
    CHECK(arch_user_compare_exchange32(READ_ONLY, 0, 1, &found) == STATUS_BAD_ADDRESS);
    CHECK(arch_user_compare_exchange32(HOLE, 0, 1, &found) == STATUS_BAD_ADDRESS);
    CHECK_EQUAL(found, 77);
    CHECK(user_access_closed());
    unmap_beyond_end(space);
}

KERNEL_TEST(user_memory, copies_in_any_size_across_pages)
{
    CHECK(test_in_process(copies_in));
}

KERNEL_TEST(user_memory, refuses_to_copy_in_from_anything_but_mapped_user_pages)
{
    CHECK(test_in_process(refuses_to_copy_in));
}

KERNEL_TEST(user_memory, refuses_sizes_that_wrap_round_the_end_of_memory)
{
    CHECK(test_in_process(refuses_sizes_that_wrap));
}

KERNEL_TEST(user_memory, refuses_to_copy_out_to_anything_but_writable_user_pages)
{
    CHECK(test_in_process(refuses_to_copy_out));
}

KERNEL_TEST(user_memory, clears_exactly_what_it_is_told)
{
    CHECK(test_in_process(clears));
}

KERNEL_TEST(user_memory, copies_strings_up_to_their_end_or_the_users)
{
    CHECK(test_in_process(copies_strings));
}

KERNEL_TEST(user_memory, refuses_strings_without_an_end)
{
    CHECK(test_in_process(refuses_strings_without_an_end));
}

KERNEL_TEST(user_memory, loads_aligned_words_of_mapped_pages_only)
{
    CHECK(test_in_process(loads_words));
}

KERNEL_TEST(user_memory, exchanges_aligned_words_of_writable_pages_only)
{
    CHECK(test_in_process(exchanges_words));
}
