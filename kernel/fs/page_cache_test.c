// SPDX-License-Identifier: MIT
// page_cache_test.c: pages are filled once, come back as they were after they have gone, and go only when nobody needs them.
#include <helix/page_cache.h>

#include <arch/interrupt.h>

#include <helix/frames.h>
#include <helix/memory_watch.h>
#include <helix/preempt.h>
#include <helix/space.h>
#include <helix/test.h>
#include <helix/thread.h>
#include <helix/vfs.h>

enum : uint64_t { PAGES = 64, MANY = 4096, AT = 0x1000'0000, NONE = UINT64_MAX };

// A file whose page n is full of n + 1.
static struct backed {
    struct page_source source; // first
    struct page_cache cache;
    uint32_t filled[PAGES]; // how often
    uint64_t failing;       // page that cannot be read
    uint64_t slow;          // page that others ask for while it is filled
} file;

static enum status backed_fill(struct page_cache *cache, uint64_t index, phys_t frame)
{
    struct backed *backed = container_of(cache, struct backed, cache);
    backed->filled[index % PAGES]++;
    for (int i = 0; i < 20 && index == backed->slow; i++)
        thread_yield();
    if (index == backed->failing)
        return STATUS_IO_ERROR;
    uint64_t *words = direct_map(frame);
    for (size_t i = 0; i < PAGE_SIZE / sizeof *words; i++)
        words[i] = index + 1;
    return STATUS_OK;
}

static const struct page_cache_ops backed_ops = { .fill = backed_fill };

static enum status backed_get(struct page_source *source, uint64_t index, bool for_write, phys_t *frame)
{
    return page_cache_get(&container_of(source, struct backed, source)->cache, index, PAGES, for_write, frame);
}

static size_t backed_get_resident(struct page_source *source, uint64_t index, size_t count, phys_t *frames)
{
    return page_cache_get_resident(&container_of(source, struct backed, source)->cache, index, count, frames);
}

static void backed_reference(struct page_source *source)
{
}

static const struct page_source_ops backed_source_ops = {
    .get = backed_get, .get_resident = backed_get_resident, .retain = backed_reference, .release = backed_reference
};

static struct page_cache_statistics before;

static void backed_begin(void)
{
    file = (struct backed){ .source.ops = &backed_source_ops, .failing = NONE, .slow = NONE };
    page_cache_init(&file.cache, &backed_ops);
    page_cache_statistics(&before);
}

static void backed_end(void)
{
    page_cache_destroy(&file.cache);
    struct page_cache_statistics after;
    page_cache_statistics(&after);
    CHECK_EQUAL(after.cached, before.cached);
    CHECK_EQUAL(after.dirty, before.dirty);
}

// The first word of a page, 0: not to be had.
static uint64_t word_of(uint64_t index, bool for_write)
{
    phys_t frame;
    if (page_cache_get(&file.cache, index, PAGES, for_write, &frame) != STATUS_OK)
        return 0;
    uint64_t word = *(uint64_t *)direct_map(frame);
    frame_release(frame);
    return word;
}

static bool resident(uint64_t index)
{
    phys_t frame;
    if (!page_cache_get_resident(&file.cache, index, 1, &frame))
        return false;
    frame_release(frame);
    return true;
}

// Gets every page out of the way that may go.
static void reclaim_all(void)
{
    CHECK(page_cache_reclaim(SIZE_MAX) <= PAGES + before.cached);
}

TEST(page_cache, fills_a_page_once_and_again_after_it_was_reclaimed)
{
    backed_begin();
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(word_of(40, false), 41);
    CHECK_EQUAL(file.filled[40], 1);
    reclaim_all();
    CHECK(!resident(40));
    CHECK_EQUAL(word_of(40, false), 41);
    CHECK_EQUAL(file.filled[40], 2);
    CHECK_EQUAL(word_of(PAGES, false), 0); // behind the end
    struct page_cache_statistics now;
    page_cache_statistics(&now);
    CHECK_EQUAL(now.misses - before.misses, 2);
    CHECK_EQUAL(now.hits - before.hits, 2);
    CHECK(now.reclaimed > before.reclaimed);
    backed_end();
}

TEST(page_cache, reads_ahead_of_who_goes_straight_on_and_of_nobody_else)
{
    backed_begin();
    CHECK_EQUAL(word_of(0, false), 1);
    CHECK(resident(1) && resident(8) && !resident(9));
    CHECK_EQUAL(word_of(9, false), 10);
    CHECK(resident(17) && !resident(18));
    CHECK_EQUAL(word_of(50, false), 51);
    CHECK(!resident(49) && !resident(51));
    CHECK_EQUAL(word_of(62, false), 63);
    CHECK_EQUAL(word_of(63, false), 64); // and not behind the end
    backed_end();
}

TEST(page_cache, reads_bytes_across_pages_and_stops_at_the_end)
{
    backed_begin();
    uint64_t words[4] = {};
    size_t done = 0;
    struct io_vector to = { .address = virt_of(words).raw, .left = sizeof words };
    CHECK(page_cache_read(&file.cache, PAGES * PAGE_SIZE, 3 * PAGE_SIZE - 16, &to, &done) == STATUS_OK);
    CHECK_EQUAL(done, sizeof words);
    CHECK(words[0] == 3 && words[1] == 3 && words[2] == 4 && words[3] == 4);
    to = (struct io_vector){ .address = virt_of(words).raw, .left = sizeof words };
    done = 0;
    CHECK(page_cache_read(&file.cache, 5 * PAGE_SIZE + 8, 5 * PAGE_SIZE, &to, &done) == STATUS_OK);
    CHECK_EQUAL(done, 8);
    file.failing = 30;
    to = (struct io_vector){ .address = virt_of(words).raw, .left = sizeof words };
    done = 0;
    CHECK(page_cache_read(&file.cache, PAGES * PAGE_SIZE, 30 * PAGE_SIZE - 8, &to, &done) == STATUS_OK); // what came before
    CHECK_EQUAL(done, 8);
    done = 0;
    CHECK(page_cache_read(&file.cache, PAGES * PAGE_SIZE, 30 * PAGE_SIZE, &to, &done) == STATUS_IO_ERROR);
    backed_end();
}

TEST(page_cache, never_drops_what_is_dirty)
{
    backed_begin();
    phys_t frame;
    CHECK(page_cache_get(&file.cache, 5, PAGES, true, &frame) == STATUS_OK);
    *(uint64_t *)direct_map(frame) = 555;
    frame_release(frame);
    CHECK_EQUAL(word_of(20, false), 21);
    struct page_cache_statistics now;
    page_cache_statistics(&now);
    CHECK_EQUAL(now.dirty - before.dirty, 1);
    reclaim_all();
    CHECK(resident(5) && !resident(20));
    CHECK_EQUAL(word_of(5, false), 555);
    CHECK_EQUAL(file.filled[5], 1);
    page_cache_drop_from(&file.cache, 5); // the file was cut off
    CHECK(!resident(5));
    backed_end();
}

TEST(page_cache, gives_a_page_that_was_used_a_second_chance)
{
    backed_begin();
    for (uint64_t i = 63; i > 55; i--) // backwards: nothing is read ahead
        CHECK_EQUAL(word_of(i, false), i + 1);
    CHECK_EQUAL(page_cache_reclaim(1) + before.cached, 1 + before.cached); // all were used: each is passed over, the first one goes
    CHECK(!resident(63));
    CHECK_EQUAL(word_of(62, false), 63);
    CHECK_EQUAL(page_cache_reclaim(1), 1); // 62 is the oldest and was used since
    phys_t frame;
    CHECK(page_cache_get_resident(&file.cache, 62, 1, &frame) == 1);
    frame_release(frame);
    CHECK(!resident(61));
    backed_end();
}

TEST(page_cache, keeps_a_page_while_it_is_mapped)
{
    backed_begin();
    struct space *space;
    uint64_t where;
    const struct map_request request = {
        .hint = AT, .size = PAGES * PAGE_SIZE, .access = PAGE_READ, .flags = MAP_AT | MAP_SHARED_PAGES, .source = &file.source
    };
    if (!CHECK(space_create(&space) == STATUS_OK))
        return;
    CHECK(space_map(space, &request, &where) == STATUS_OK);
    uint64_t word = 0;
    CHECK_EQUAL(space_read(space, AT + 40 * PAGE_SIZE, &word, sizeof word), sizeof word);
    CHECK_EQUAL(word, 41);
    CHECK_EQUAL(word_of(20, false), 21);
    reclaim_all();
    CHECK(resident(40) && !resident(20));
    CHECK(space_unmap(space, AT, PAGES * PAGE_SIZE) == STATUS_OK);
    reclaim_all();
    CHECK(!resident(40));
    file.failing = 7;
    CHECK(space_map(space, &request, &where) == STATUS_OK);
    CHECK(space_fault(space, AT + 7 * PAGE_SIZE, FAULT_USER) == STATUS_IO_ERROR); // SIGBUS
    CHECK(!resident(7));
    file.failing = NONE;
    CHECK(space_fault(space, AT + 7 * PAGE_SIZE, FAULT_USER) == STATUS_OK); // a failure is not remembered
    space_release(space);
    backed_end();
}

static _Atomic uint32_t right;

static void asker_main(void *unused)
{
    if (word_of(33, false) == 34)
        right++;
    thread_exit(0);
}

static void many_ask(uint32_t good)
{
    right = 0;
    for (int i = 0; i < 4; i++)
        CHECK(thread_spawn("asker", asker_main, nullptr, nullptr) == STATUS_OK);
    for (int i = 0; i < 1000 && right < 4; i++)
        thread_yield();
    CHECK_EQUAL(right, good);
}

TEST(page_cache, fills_once_however_many_want_it_at_once)
{
    backed_begin();
    file.slow = 33;
    many_ask(4);
    CHECK_EQUAL(file.filled[33], 1);
    reclaim_all();
    file.failing = 33; // each finds out for itself
    many_ask(0);
    CHECK_EQUAL(file.filled[33], 5);
    backed_end();
}

#ifndef HELIX_HOST
// Takes all memory that programs may have, before the watcher runs; frames are chained by their first word.
static uint64_t hoard(void)
{
    uint64_t chain = 0;
    phys_t frame;
    preempt_disable();
    while (frames_pressure() != PRESSURE_OUT_OF_MEMORY && frame_alloc(1, 0, &frame) == STATUS_OK) {
        *(uint64_t *)direct_map(frame) = chain;
        chain = frame.raw;
    }
    bool kept = resident(MANY - 1);
    preempt_enable();
    CHECK(kept);
    return chain;
}

static void hoard_free(uint64_t chain)
{
    while (chain) {
        phys_t frame = { chain };
        chain = *(uint64_t *)direct_map(frame);
        frame_release(frame);
    }
}

TEST(page_cache, gives_way_before_anybody_must_end)
{
    backed_begin();
    struct memory_watch_statistics ended, now;
    memory_watch_statistics(&ended);
    for (uint64_t i = 0; i < MANY; i++) {
        phys_t frame;
        if (!CHECK(page_cache_get(&file.cache, i, MANY, false, &frame) == STATUS_OK))
            break;
        frame_release(frame);
    }
    uint64_t chain = hoard();
    CHECK(memory_relieve(MEMORY_FOR_FAULT));
    CHECK(frames_pressure() < PRESSURE_OUT_OF_MEMORY);
    CHECK(!resident(MANY - 1));
    hoard_free(chain);
    memory_watch_statistics(&now);
    CHECK_EQUAL(now.ended, ended.ended);
    CHECK_EQUAL(word_of(3, false), 4);
    backed_end();
}
#endif
