// SPDX-License-Identifier: MIT
// page_cache.h: pages of files that can be read again: kept while there is memory, dropped when there is not.
//
// A file system that has its bytes somewhere else gives each file a page_cache and a way to fill a page. Reads and mappings go through the
// cache; a page that nobody has mapped or changed may go at any time and is filled anew at the next use. Files whose pages are the only
// copy (ramfs) have no page_cache.
#pragma once

#include <abi/status.h>
#include <lib/list.h>
#include <lib/tree.h>
#include <lib/types.h>

#include <helix/spinlock.h>
#include <helix/wait.h>

struct io_vector;
struct page_cache;

struct page_cache_ops {
    // Writes all of page `index` into `frame`, zeros behind the end of the file. Thread context, may sleep; nothing of the cache is held,
    // but faults hold their region: it must not touch user memory nor take the node's lock. Any failure leaves the page absent.
    enum status (*fill)(struct page_cache *cache, uint64_t index, phys_t frame);
};

struct page_cache {
    const struct page_cache_ops *ops;        // [const]
    struct spinlock lock;                    // RANK_PAGES
    struct tree pages GUARDED_BY(lock);      // struct cached_page by index
    struct list_node order GUARDED_BY(lock); // filled pages, those to be looked at first in front
    uint64_t count GUARDED_BY(lock);         // of `order`
    uint64_t hits GUARDED_BY(lock);
    uint64_t next_expected GUARDED_BY(lock); // where a reader that goes straight on will miss
    struct wait_queue filled;                // those who want a page that somebody else fills
    struct list_node link;                   // among the caches that have had a page
    bool linked;
};

void page_cache_init(struct page_cache *cache, const struct page_cache_ops *ops);

// Drops every page, dirty ones too; nobody uses the cache any more. Frames that are still mapped live as long as their mappings.
void page_cache_destroy(struct page_cache *cache);

// The frame of page `index` of `end`, with a reference for the caller; filled if need be, some pages ahead of a reader that goes straight
// on with it. `for_write`: the page is dirty from now on, and never dropped. STATUS_OUT_OF_RANGE: not below `end`; STATUS_NO_MEMORY; else
// what fill said. Sleeps.
enum status page_cache_get(struct page_cache *cache, uint64_t index, uint64_t end, bool for_write, phys_t *frame);

// Up to `count` frames from `index` on that are there, each with a reference; returns how many stand there without a gap.
size_t page_cache_get_resident(struct page_cache *cache, uint64_t index, size_t count, phys_t *frames);

// As node_ops.read_vector of a file of `size` bytes.
enum status page_cache_read(struct page_cache *cache, uint64_t size, uint64_t offset, struct io_vector *to, size_t *done);

// Pages from `first` on are the file's no longer. Waits for those that are being filled.
void page_cache_drop_from(struct page_cache *cache, uint64_t first);

// Drops up to `pages` pages that are clean and that nobody has mapped, those used longest ago first: a page used since it was last looked
// at gets a second chance. Returns how many went. Thread context; nothing held behind RANK_REGION.
size_t page_cache_reclaim(size_t pages);

struct page_cache_statistics {
    uint64_t cached, dirty;     // pages now
    uint64_t hits, misses;      // page_cache_get found it there, or had to fill it
    uint64_t ahead;             // filled before anybody asked
    uint64_t reclaimed, failed; // pages dropped for memory; fills that failed
};
void page_cache_statistics(struct page_cache_statistics *statistics);
