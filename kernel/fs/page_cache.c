// SPDX-License-Identifier: MIT
// page_cache.c: pages of files that can be read again.
//
// Purpose     A file's bytes are read from where they are kept once, and used from memory until memory is wanted for something else.
// How         A record for each page, in a tree by index. Who misses a page puts a record that says FILLING, fills the frame with nothing
//             held, and wakes those who want the same page. Filled pages stand in the order in which they are looked at for reclaim:
//             one that was used since the last look goes to the end, one that is dirty or mapped as well; the others go.
// Invariants  A page is filled by one thread. The cache has a reference on each frame; no other is taken but under the lock, so a frame
//             with one reference is nobody else's while the lock is held. Dirty pages stay: there is no other copy.
// Locks       A cache's own (RANK_PAGES) for its tree and order. The list of caches (RANK_PAGE_CACHES) is held while pages are reclaimed
//             and when a cache enters or leaves it; filling holds neither.
// Cost        A hit: a lock and a search in the tree. Reclaim: some 60 instructions a page, RECLAIM_AT_ONCE with preemption off.
// Not here    Writing dirty pages back: no file system has anywhere to write them yet.
#include <helix/page_cache.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/memory.h>
#include <helix/mutex.h>
#include <helix/thread.h>
#include <helix/vfs.h>

enum { READ_AHEAD = 8, RECLAIM_AT_ONCE = 32, RECLAIM_FOR_FILL = 64 };

struct cached_page {
    struct tree_node node;  // by index
    struct list_node order; // once filled
    uint64_t index;         // [const]
    phys_t frame;           // [const] a reference
    bool filled, dirty;
    bool referenced; // used since it was last looked at
};

static struct mutex caches_lock = MUTEX(caches_lock, RANK_PAGE_CACHES);
static struct list_node caches GUARDED_BY(caches_lock) = LIST_HEAD(caches);
static uint64_t hits_before GUARDED_BY(caches_lock); // of caches that are no more

// Changed on ways that fill or drop a page.
static struct {
    _Atomic uint64_t cached, dirty, misses, ahead, reclaimed, failed;
} counts;

static void count_add(_Atomic uint64_t *count, int64_t by)
{
    atomic_fetch_add_explicit(count, (uint64_t)by, memory_order_relaxed);
}

void page_cache_init(struct page_cache *cache, const struct page_cache_ops *ops)
{
    *cache = (struct page_cache){ .ops = ops };
    spinlock_init(&cache->lock, RANK_PAGES);
    list_init(&cache->order);
    wait_queue_init(&cache->filled);
}

// ---- records ----

static struct cached_page *page_of(struct tree_node *node)
{
    return container_of(node, struct cached_page, node);
}

static int compare_index(const struct tree_node *a, const struct tree_node *b)
{
    uint64_t left = container_of(a, struct cached_page, node)->index, right = container_of(b, struct cached_page, node)->index;
    return left < right ? -1 : left > right;
}

// The first page from `index` on; nullptr: none.
static struct cached_page *page_from(const struct page_cache *cache, uint64_t index) MUST_HOLD(cache->lock)
{
    struct tree_node *at = cache->pages.root, *best = nullptr;
    while (at) {
        bool right = page_of(at)->index < index;
        best = right ? best : at;
        at = right ? at->right : at->left;
    }
    return best ? page_of(best) : nullptr;
}

static struct cached_page *page_find(const struct page_cache *cache, uint64_t index) MUST_HOLD(cache->lock)
{
    struct cached_page *page = page_from(cache, index);
    return page && page->index == index ? page : nullptr;
}

// A filled page leaves the cache; its record and the cache's reference go.
static void page_drop(struct page_cache *cache, struct cached_page *page) MUST_HOLD(cache->lock)
{
    tree_remove(&cache->pages, &page->node);
    list_remove(&page->order);
    cache->count--;
    count_add(&counts.cached, -1);
    if (page->dirty)
        count_add(&counts.dirty, -1);
    frame_release(page->frame);
    heap_free(page);
}

static void page_use(struct cached_page *page, bool for_write, phys_t *frame)
{
    page->referenced = true;
    if (for_write && !page->dirty) {
        page->dirty = true;
        count_add(&counts.dirty, 1);
    }
    frame_retain(page->frame);
    *frame = page->frame;
}

// ---- filling ----

static void cache_link(struct page_cache *cache)
{
    mutex_acquire(&caches_lock);
    if (!cache->linked)
        list_add_tail(&caches, &cache->link);
    cache->linked = true;
    mutex_release(&caches_lock);
}

// Memory for one more page, for which others may go.
static struct cached_page *page_new(uint64_t index)
{
    struct cached_page *page = heap_alloc(sizeof *page);
    if (!page)
        return nullptr;
    *page = (struct cached_page){ .index = index };
    if (frame_alloc(1, FRAME_USER, &page->frame) == STATUS_OK)
        return page;
    if (page_cache_reclaim(RECLAIM_FOR_FILL) && frame_alloc(1, FRAME_USER, &page->frame) == STATUS_OK)
        return page;
    heap_free(page);
    return nullptr;
}

static void page_free(struct cached_page *page)
{
    frame_release(page->frame);
    heap_free(page);
}

// False: there is one by now.
static bool page_begin(struct page_cache *cache, struct cached_page *page)
{
    spinlock_acquire(&cache->lock);
    bool absent = !page_find(cache, page->index);
    if (absent)
        tree_insert(&cache->pages, &page->node, compare_index);
    spinlock_release(&cache->lock);
    return absent;
}

// `frame` nullptr: nobody waits for it.
static void page_end(struct page_cache *cache, struct cached_page *page, bool good, bool for_write, phys_t *frame)
{
    spinlock_acquire(&cache->lock);
    if (good) {
        page->filled = true;
        list_add_tail(&cache->order, &page->order);
        cache->count++;
        count_add(&counts.cached, 1);
        if (frame)
            page_use(page, for_write, frame);
    } else {
        tree_remove(&cache->pages, &page->node);
    }
    spinlock_release(&cache->lock);
    wait_wake_all(&cache->filled);
    if (!good)
        page_free(page);
}

// STATUS_EXISTS: somebody else has filled it, or does so.
static enum status page_fill(struct page_cache *cache, uint64_t index, bool for_write, phys_t *frame)
{
    struct cached_page *page = page_new(index);
    if (!page)
        return STATUS_NO_MEMORY;
    cache_link(cache);
    if (!page_begin(cache, page)) {
        page_free(page);
        return STATUS_EXISTS;
    }
    enum status status = cache->ops->fill(cache, index, page->frame);
    if (status != STATUS_OK)
        count_add(&counts.failed, 1);
    page_end(cache, page, status == STATUS_OK, for_write, frame);
    return status;
}

// Whether the reader that missed `index` goes straight on.
static bool miss_goes_on(struct page_cache *cache, uint64_t index)
{
    spinlock_acquire(&cache->lock);
    bool straight = index == cache->next_expected;
    cache->next_expected = index + 1;
    spinlock_release(&cache->lock);
    return straight;
}

static void fill_ahead(struct page_cache *cache, uint64_t index, uint64_t end)
{
    uint64_t last = MIN(index + READ_AHEAD, end);
    while (index < last && frames_pressure() == PRESSURE_NORMAL && page_fill(cache, index, false, nullptr) == STATUS_OK) {
        count_add(&counts.ahead, 1);
        index++;
    }
    spinlock_acquire(&cache->lock);
    cache->next_expected = index;
    spinlock_release(&cache->lock);
}

// Waits until a page that somebody fills is filled or gone. The lock is given up.
static void await_filled(struct page_cache *cache) RELEASES(cache->lock)
{
    struct waiter waiter;
    waiter_init(&waiter);
    wait_begin(&cache->filled, &waiter);
    spinlock_release(&cache->lock);
    (void)thread_block_uninterruptible(BLOCK_IO, UINT64_MAX);
    wait_end(&waiter);
}

// True: *frame has a reference. Waits while somebody fills it.
NO_LOCK_ANALYSIS static bool page_take(struct page_cache *cache, uint64_t index, bool for_write, phys_t *frame)
{
    for (;;) {
        spinlock_acquire(&cache->lock);
        struct cached_page *page = page_find(cache, index);
        if (page && !page->filled) {
            await_filled(cache);
            continue;
        }
        if (page) {
            page_use(page, for_write, frame);
            cache->hits++;
        }
        spinlock_release(&cache->lock);
        return page != nullptr;
    }
}

enum status page_cache_get(struct page_cache *cache, uint64_t index, uint64_t end, bool for_write, phys_t *frame)
{
    if (index >= end)
        return STATUS_OUT_OF_RANGE;
    for (;;) {
        if (page_take(cache, index, for_write, frame))
            return STATUS_OK;
        enum status status = page_fill(cache, index, for_write, frame);
        if (status == STATUS_EXISTS)
            continue;
        TRY(status);
        count_add(&counts.misses, 1);
        if (miss_goes_on(cache, index))
            fill_ahead(cache, index + 1, end);
        return STATUS_OK;
    }
}

size_t page_cache_get_resident(struct page_cache *cache, uint64_t index, size_t count, phys_t *frames)
{
    size_t found = 0;
    spinlock_acquire(&cache->lock);
    struct cached_page *page = page_find(cache, index);
    while (page && page->filled && page->index == index + found && found < count) {
        page_use(page, false, &frames[found++]);
        struct tree_node *next = tree_next(&page->node);
        page = next ? page_of(next) : nullptr;
    }
    spinlock_release(&cache->lock);
    return found;
}

enum status page_cache_read(struct page_cache *cache, uint64_t size, uint64_t offset, struct io_vector *to, size_t *done)
{
    uint64_t end = (size + PAGE_MASK) >> PAGE_SHIFT;
    while (offset < size && to->left > 0) {
        uint64_t inside = offset & PAGE_MASK;
        size_t part = (size_t)MIN(MIN(PAGE_SIZE - inside, size - offset), (uint64_t)to->left);
        phys_t frame;
        enum status status = page_cache_get(cache, offset >> PAGE_SHIFT, end, false, &frame);
        if (status == STATUS_OK) {
            status = io_copy_out(to, (const char *)direct_map(frame) + inside, part);
            frame_release(frame);
        }
        if (status != STATUS_OK)
            return *done > 0 ? STATUS_OK : status;
        *done += part;
        offset += part;
    }
    return STATUS_OK;
}

// ---- dropping ----

NO_LOCK_ANALYSIS void page_cache_drop_from(struct page_cache *cache, uint64_t first)
{
    spinlock_acquire(&cache->lock);
    struct cached_page *page;
    while ((page = page_from(cache, first))) {
        if (page->filled) {
            page_drop(cache, page);
            continue;
        }
        await_filled(cache);
        spinlock_acquire(&cache->lock);
    }
    cache->next_expected = MIN(cache->next_expected, first);
    spinlock_release(&cache->lock);
}

NO_LOCK_ANALYSIS void page_cache_destroy(struct page_cache *cache)
{
    page_cache_drop_from(cache, 0);
    mutex_acquire(&caches_lock);
    hits_before += cache->hits;
    if (cache->linked)
        list_remove(&cache->link);
    cache->linked = false;
    mutex_release(&caches_lock);
}

static bool page_may_go(const struct cached_page *page)
{
    return !page->dirty && atomic_load_explicit(&frame_of(page->frame)->references, memory_order_acquire) == 1;
}

// Looks at up to *looks pages of the cache; returns how many went, at most `wanted`.
static size_t cache_reclaim_some(struct page_cache *cache, size_t wanted, uint64_t *looks)
{
    size_t gone = 0;
    spinlock_acquire(&cache->lock);
    for (uint32_t i = 0; i < RECLAIM_AT_ONCE && *looks > 0 && gone < wanted && !list_empty(&cache->order); i++, --*looks) {
        struct cached_page *page = container_of(cache->order.next, struct cached_page, order);
        if (!page->referenced && page_may_go(page)) {
            page_drop(cache, page);
            gone++;
            continue;
        }
        page->referenced = false;
        list_remove(&page->order);
        list_add_tail(&cache->order, &page->order);
    }
    if (list_empty(&cache->order))
        *looks = 0;
    spinlock_release(&cache->lock);
    return gone;
}

static uint64_t cache_count(struct page_cache *cache)
{
    spinlock_acquire(&cache->lock);
    uint64_t count = cache->count;
    spinlock_release(&cache->lock);
    return count;
}

// Every page of every cache once, or until enough have gone. The cache that was looked at goes to the end.
static size_t caches_reclaim_round(size_t wanted) MUST_HOLD(caches_lock)
{
    size_t gone = 0, number = 0;
    list_for_each(node, &caches)
        number++;
    for (; number > 0 && gone < wanted; number--) {
        struct page_cache *cache = container_of(caches.next, struct page_cache, link);
        uint64_t looks = cache_count(cache);
        while (looks > 0 && gone < wanted)
            gone += cache_reclaim_some(cache, wanted - gone, &looks);
        list_remove(&cache->link);
        list_add_tail(&caches, &cache->link);
    }
    return gone;
}

size_t page_cache_reclaim(size_t pages)
{
    mutex_acquire(&caches_lock);
    size_t gone = caches_reclaim_round(pages);
    if (gone < pages) // those that had their second chance
        gone += caches_reclaim_round(pages - gone);
    mutex_release(&caches_lock);
    count_add(&counts.reclaimed, (int64_t)gone);
    return gone;
}

// The shorter memory is, the more goes; nothing while there is enough.
static void page_cache_trim(void)
{
    uint64_t cached = atomic_load_explicit(&counts.cached, memory_order_relaxed);
    static const uint8_t share[] = { [PRESSURE_LOW] = 8, [PRESSURE_CRITICAL] = 2, [PRESSURE_OUT_OF_MEMORY] = 1 };
    enum memory_pressure pressure = frames_pressure();
    if (cached && pressure != PRESSURE_NORMAL)
        (void)page_cache_reclaim((size_t)(cached + share[pressure] - 1) / share[pressure]);
}

MEMORY_TRIM(page_cache, page_cache_trim);

void page_cache_statistics(struct page_cache_statistics *statistics)
{
    *statistics = (struct page_cache_statistics){
        .cached = atomic_load_explicit(&counts.cached, memory_order_relaxed),
        .dirty = atomic_load_explicit(&counts.dirty, memory_order_relaxed),
        .misses = atomic_load_explicit(&counts.misses, memory_order_relaxed),
        .ahead = atomic_load_explicit(&counts.ahead, memory_order_relaxed),
        .reclaimed = atomic_load_explicit(&counts.reclaimed, memory_order_relaxed),
        .failed = atomic_load_explicit(&counts.failed, memory_order_relaxed),
    };
    mutex_acquire(&caches_lock);
    statistics->hits = hits_before;
    list_for_each(node, &caches) {
        struct page_cache *cache = container_of(node, struct page_cache, link);
        spinlock_acquire(&cache->lock);
        statistics->hits += cache->hits;
        spinlock_release(&cache->lock);
    }
    mutex_release(&caches_lock);
}
