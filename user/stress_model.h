// SPDX-License-Identifier: MIT
// stress_model.h: one process of stress_memory: a window of its address space, what every page of it must hold, and operations at random on both.
//
// The model is the simplest there is: an array with a row a page: how it is mapped, its rights, and a tag that names its content. A page's
// content follows from its tag alone, whatever maps it; 0 is a page of zeros. Tags of shared pages and of the file stand in shared memory, where
// children leave theirs: UNKNOWN while a page is being changed, so that one who is killed in between leaves no lie.
#pragma once

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, WINDOW_PAGES = 1024, FILE_PAGES = 64, CELLS = 256, CHILDREN_MAX = 3, STRIDE = 64 };
static const uint32_t ZEROS = 0, UNKNOWN = UINT32_MAX, FROM_FILE = UINT32_MAX - 1; // no page's tag is one of the latter
static char *const window = (char *)(16UL << 30);

enum mapping { UNMAPPED, PRIVATE, SHARED, FILE_SHARED, FILE_PRIVATE };

struct page {
    uint8_t mapping;  // enum mapping
    uint8_t rights;   // PROT_*
    uint16_t place;   // SHARED: its cell; of a file: the page in it
    uint32_t content; // PRIVATE, FILE_PRIVATE: the tag, or FROM_FILE
};

// What a worker shares with its children; itself a shared mapping.
struct notes {
    volatile uint32_t file[FILE_PAGES], cell[CELLS];
};

// What all processes share.
struct board {
    volatile uint64_t operations, refused, killed, forks;
    volatile bool go, stop, failed, scarce; // scarce: memory may run out, so any call may be refused for it
    char report[200];                       // of the first that failed
};

static struct board *board;
static struct worker {
    struct page page[WINDOW_PAGES];
    uint32_t pages; // of the window that are used
    bool cell_used[CELLS];
    struct notes *notes;
    int file;
    uint64_t random;
    bool child, alone; // alone: nobody changes what is shared meanwhile
    pid_t children[CHILDREN_MAX];
} me;
static sigjmp_buf after_fault;
static volatile sig_atomic_t fault_expected;

static uint64_t draw(uint64_t below)
{
    me.random ^= me.random << 13;
    me.random ^= me.random >> 7;
    me.random ^= me.random << 17;
    return (me.random * 0x2545f4914f6cdd1d >> 32) % below;
}

[[gnu::noreturn]] static void worker_fail(const char *what, uint64_t page, uint64_t got, uint64_t wanted)
{
    if (!__atomic_exchange_n(&board->failed, true, __ATOMIC_SEQ_CST))
        (void)snprintf(board->report, sizeof board->report, "%s: page %llu (mapping %d, rights %d, %s), got %#llx, wanted %#llx, errno %d",
                       what, (unsigned long long)page, page < WINDOW_PAGES ? me.page[page].mapping : -1,
                       page < WINDOW_PAGES ? me.page[page].rights : -1, me.child ? "child" : "worker", (unsigned long long)got,
                       (unsigned long long)wanted, errno);
    board->stop = true;
    _exit(1);
}

// A call was refused; that is right only for want of memory.
static void refused(const char *what, uint64_t page)
{
    if (errno != ENOMEM && errno != EAGAIN && errno != ENOSPC && !(errno == EFAULT && board->scarce))
        worker_fail(what, page, 0, 0);
    __atomic_fetch_add(&board->refused, 1, __ATOMIC_RELAXED);
}

static char *address_of(uint64_t page)
{
    return window + page * PAGE;
}

// ---- contents

static uint64_t word_of(uint32_t tag, uint32_t offset)
{
    return tag == ZEROS ? 0 : (uint64_t)tag * 0x9e3779b97f4a7c15 + offset;
}

static void fill(char *at, uint32_t tag)
{
    for (uint32_t offset = 0; offset < PAGE; offset += STRIDE)
        *(volatile uint64_t *)(at + offset) = word_of(tag, offset);
}

static void compare(const char *at, uint32_t tag, uint64_t page, const char *what)
{
    for (uint32_t offset = 0; offset < PAGE; offset += STRIDE) {
        uint64_t got = *(volatile const uint64_t *)(at + offset);
        if (got != word_of(tag, offset))
            worker_fail(what, page, got, word_of(tag, offset));
    }
}

static uint32_t new_tag(void)
{
    return 1 + (uint32_t)draw(1U << 31);
}

// Where the tag stands of what many may see; null for what is this process's own.
static volatile uint32_t *shared_tag(const struct page *page)
{
    if (page->mapping == SHARED)
        return &me.notes->cell[page->place];
    if (page->mapping == FILE_SHARED || (page->mapping == FILE_PRIVATE && page->content == FROM_FILE))
        return &me.notes->file[page->place];
    return NULL;
}

static void check_page(uint64_t index)
{
    const struct page *page = &me.page[index];
    if (page->mapping == UNMAPPED || !(page->rights & PROT_READ))
        return;
    const volatile uint32_t *shared = shared_tag(page);
    uint32_t tag = shared ? *shared : page->content;
    if (tag != UNKNOWN && (!shared || me.alone))
        compare(address_of(index), tag, index, "content");
}

static void write_page(uint64_t index)
{
    struct page *page = &me.page[index];
    if (page->mapping == UNMAPPED || !(page->rights & PROT_WRITE))
        return;
    uint32_t tag = new_tag();
    if (page->mapping == SHARED || page->mapping == FILE_SHARED) {
        if (!me.alone)
            return;
        volatile uint32_t *shared = shared_tag(page);
        *shared = UNKNOWN;
        fill(address_of(index), tag);
        *shared = tag;
        return;
    }
    page->content = UNKNOWN;
    fill(address_of(index), tag);
    page->content = tag;
}

static void on_fault(int number)
{
    (void)number;
    if (!fault_expected)
        worker_fail("unexpected fault", WINDOW_PAGES, (uint64_t)number, 0);
    fault_expected = false;
    siglongjmp(after_fault, 1);
}

static bool faults(volatile char *at, bool write)
{
    if (sigsetjmp(after_fault, 1))
        return true;
    fault_expected = true;
    if (write)
        *at = 1;
    else
        (void)*at;
    fault_expected = false;
    return false;
}

// A page without the right, or without anything, must fault.
static void touch_what_is_not_mine(uint64_t index)
{
    const struct page *page = &me.page[index];
    int rights = page->mapping == UNMAPPED ? PROT_NONE : page->rights;
    if (!(rights & PROT_WRITE) && !faults(address_of(index), rights & PROT_READ))
        worker_fail("a fault did not come", index, 0, 0);
}

// ---- mapping

struct range {
    uint64_t first, count;
};

// Mostly short, sometimes a good part of the window, and then often whole 2 MiB.
static struct range any_range(void)
{
    uint64_t most = draw(16) ? 24 : me.pages;
    struct range range = { draw(me.pages), 1 + draw(most) };
    if (most == me.pages && draw(2))
        range.first = range.first / 512 * 512;
    if (range.count > me.pages - range.first)
        range.count = me.pages - range.first;
    return range;
}

// The part of it from its beginning on without a hole; perhaps nothing.
static struct range mapped_range(void)
{
    struct range range = any_range();
    uint64_t count = 0;
    while (count < range.count && me.page[range.first + count].mapping != UNMAPPED)
        count++;
    range.count = count;
    return range;
}

static void forget(struct range range)
{
    for (uint64_t i = range.first; i < range.first + range.count; i++) {
        if (me.page[i].mapping == SHARED && !me.child)
            me.cell_used[me.page[i].place] = false;
        me.page[i] = (struct page){ 0 };
    }
}

static bool take_cells(uint16_t *cells, uint64_t count)
{
    uint64_t found = 0;
    for (uint32_t cell = 0; cell < CELLS && found < count; cell++)
        if (!me.cell_used[cell])
            cells[found++] = (uint16_t)cell;
    return found == count;
}

static uint8_t any_rights(void)
{
    static const uint8_t rights[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE };
    return rights[draw(sizeof rights)];
}

static void map_some(void)
{
    struct range range = any_range();
    struct page page = { .mapping = (uint8_t)(draw(2) ? PRIVATE : SHARED + draw(3)), .rights = any_rights() };
    bool of_file = page.mapping == FILE_SHARED || page.mapping == FILE_PRIVATE;
    uint16_t cells[CELLS];
    if (page.mapping == SHARED) {
        if (!me.alone)
            return; // its cells would be those that the parent takes next
        if (range.count > 16)
            range.count = 16;
        if (!take_cells(cells, range.count))
            return;
    }
    if (of_file) {
        page.place = (uint16_t)draw(FILE_PAGES);
        if (range.count > (uint64_t)(FILE_PAGES - page.place))
            range.count = (uint64_t)(FILE_PAGES - page.place);
    }
    int flags =
        MAP_FIXED | (page.mapping == PRIVATE || page.mapping == FILE_PRIVATE ? MAP_PRIVATE : MAP_SHARED) | (of_file ? 0 : MAP_ANONYMOUS);
    // A mapping put in place of others may be refused after these have gone: so they go first.
    if (munmap(address_of(range.first), range.count * PAGE) != 0) {
        refused("munmap", range.first);
        return;
    }
    forget(range);
    if (mmap(address_of(range.first), range.count * PAGE, page.rights, flags, of_file ? me.file : -1, of_file ? page.place * PAGE : 0) ==
        MAP_FAILED) {
        refused("mmap", range.first);
        return;
    }
    for (uint64_t i = 0; i < range.count; i++) {
        struct page *row = &me.page[range.first + i];
        *row = page;
        row->content = page.mapping == FILE_PRIVATE ? FROM_FILE : ZEROS;
        if (of_file)
            row->place = (uint16_t)(page.place + i);
        if (page.mapping == SHARED) {
            row->place = cells[i];
            me.cell_used[cells[i]] = true;
            me.notes->cell[cells[i]] = ZEROS;
        }
    }
}

static void unmap_some(void)
{
    struct range range = any_range();
    if (munmap(address_of(range.first), range.count * PAGE) != 0)
        refused("munmap", range.first);
    else
        forget(range);
}

static void protect_some(void)
{
    struct range range = mapped_range();
    uint8_t rights = any_rights();
    if (!range.count)
        return;
    if (mprotect(address_of(range.first), range.count * PAGE, rights) != 0) {
        refused("mprotect", range.first); // the beginning of the range may have changed: it is made whole
        for (uint64_t i = range.first; i < range.first + range.count; i++)
            if (mprotect(address_of(i), PAGE, me.page[i].rights) != 0) {
                (void)munmap(address_of(i), PAGE);
                forget((struct range){ i, 1 });
            }
        return;
    }
    for (uint64_t i = range.first; i < range.first + range.count; i++)
        me.page[i].rights = rights;
}

static void discard_some(void)
{
    struct range range = mapped_range();
    if (!range.count)
        return;
    if (madvise(address_of(range.first), range.count * PAGE, MADV_DONTNEED) != 0) {
        refused("madvise", range.first);
        for (uint64_t i = range.first; i < range.first + range.count; i++)
            if (me.page[i].mapping == PRIVATE || me.page[i].mapping == FILE_PRIVATE)
                me.page[i].content = UNKNOWN;
        return;
    }
    for (uint64_t i = range.first; i < range.first + range.count; i++)
        me.page[i].content = me.page[i].mapping == FILE_PRIVATE ? FROM_FILE : ZEROS;
}

// Moves, and lets private memory grow or shrink on the way. What spans two mappings is refused with EFAULT, and nothing has moved.
static void move_some(void)
{
    struct range from = mapped_range(), to = any_range();
    if (!from.count)
        return;
    bool may_grow = true;
    for (uint64_t i = from.first; i < from.first + from.count; i++)
        may_grow &= me.page[i].mapping == PRIVATE;
    if (to.count > from.count && !may_grow)
        to.count = from.count;
    if (to.first < from.first + from.count && from.first < to.first + to.count)
        return;
    if (munmap(address_of(to.first), to.count * PAGE) != 0) {
        refused("munmap", to.first);
        return;
    }
    forget(to);
    struct page old[WINDOW_PAGES];
    memcpy(old, &me.page[from.first], from.count * sizeof *old);
    if (mremap(address_of(from.first), from.count * PAGE, to.count * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, address_of(to.first)) ==
        MAP_FAILED) {
        if (errno != EFAULT)
            refused("mremap", from.first);
        // A mapping to be shortened may have been cut before the move was refused.
        if (to.count < from.count) {
            struct range cut = { from.first + to.count, from.count - to.count };
            (void)munmap(address_of(cut.first), cut.count * PAGE);
            forget(cut);
        }
        return;
    }
    for (uint64_t i = 0; i < to.count; i++)
        me.page[to.first + i] = i < from.count ? old[i] : (struct page){ .mapping = PRIVATE, .rights = old[0].rights };
    for (uint64_t i = 0; i < from.count; i++) {
        if (i >= to.count && old[i].mapping == SHARED && !me.child)
            me.cell_used[old[i].place] = false;
        me.page[from.first + i] = (struct page){ 0 };
    }
}

// A mapping where the kernel likes, larger than the window, sparsely used.
static void map_elsewhere(void)
{
    size_t size = (1 + draw(16)) << (14 + draw(8)), larger = size + ((1 + draw(64)) << 12);
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        refused("mmap elsewhere", WINDOW_PAGES);
        return;
    }
    uint32_t tag = new_tag();
    size_t first = draw(size / PAGE) * PAGE, second = draw(size / PAGE) * PAGE;
    fill(at + first, tag);
    fill(at + second, tag);
    char *moved = mremap(at, size, larger, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
        refused("mremap elsewhere", WINDOW_PAGES);
        moved = at;
        larger = size;
    }
    compare(moved + first, tag, WINDOW_PAGES, "content elsewhere");
    compare(moved + second, tag, WINDOW_PAGES, "content elsewhere");
    if (larger > size)
        compare(moved + larger - PAGE, ZEROS, WINDOW_PAGES, "content of what grew");
    if (munmap(moved, larger) != 0)
        refused("munmap elsewhere", WINDOW_PAGES);
}

// ---- the file

static void write_file(void)
{
    if (!me.alone)
        return;
    static _Alignas(8) char block[PAGE];
    uint64_t place = draw(FILE_PAGES);
    uint32_t tag = new_tag();
    fill(block, tag);
    me.notes->file[place] = UNKNOWN;
    ssize_t written = pwrite(me.file, block, PAGE, (off_t)place * PAGE);
    if (written == PAGE)
        me.notes->file[place] = tag;
    else if (written < 0)
        refused("pwrite", WINDOW_PAGES);
}

// Reads a page of the file right into a page of the window.
static void read_file(void)
{
    uint64_t index = draw(me.pages), place = draw(FILE_PAGES);
    struct page *page = &me.page[index];
    if (!me.alone || page->mapping != PRIVATE || page->rights != (PROT_READ | PROT_WRITE))
        return;
    page->content = UNKNOWN;
    ssize_t got = pread(me.file, address_of(index), PAGE, (off_t)place * PAGE);
    if (got == PAGE)
        page->content = me.notes->file[place];
    else if (got < 0)
        refused("pread", index);
    else if (!board->scarce)
        worker_fail("pread fell short", index, (uint64_t)got, PAGE);
}

// ---- processes

static void one_operation(void);

[[gnu::noreturn]] static void live_as_child(bool alone)
{
    me.child = true;
    me.alone = me.alone && alone;
    memset(me.children, 0, sizeof me.children);
    for (uint64_t i = 0; i < me.pages; i++)
        check_page(i);
    for (uint64_t count = draw(40); count-- > 0 && !board->stop;)
        one_operation();
    for (uint64_t i = 0; i < me.pages; i += 1 + draw(4))
        check_page(i);
    _exit(0);
}

static void judge(int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        __atomic_fetch_add(&board->killed, 1, __ATOMIC_RELAXED);
    else if (status != 0 && !board->failed)
        worker_fail("a child died", WINDOW_PAGES, (uint64_t)status, 0);
}

static void reap(bool all)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        int status;
        if (me.children[i] && waitpid(me.children[i], &status, all ? 0 : WNOHANG) == me.children[i]) {
            me.children[i] = 0;
            judge(status);
        }
    }
}

static void fork_some(void)
{
    int slot = (int)draw(CHILDREN_MAX);
    bool wait = draw(2);
    reap(false);
    if (me.child ? draw(4) || !wait : !wait && me.children[slot])
        return;
    uint64_t seed = me.random ^ draw(1U << 31) << 20;
    pid_t child = fork();
    if (child == 0) {
        me.random = seed | 1;
        live_as_child(wait);
    }
    if (child < 0) {
        refused("fork", WINDOW_PAGES);
        return;
    }
    __atomic_fetch_add(&board->forks, 1, __ATOMIC_RELAXED);
    if (!wait) {
        me.children[slot] = child;
        return;
    }
    int status;
    if (waitpid(child, &status, 0) != child)
        worker_fail("waitpid", WINDOW_PAGES, 0, 0);
    judge(status);
}

// A new program in a child made by vfork; this one with an argument that makes it end at once.
static void execute_some(void)
{
    static char *const arguments[] = { "stress_memory", "leaf", NULL };
    pid_t child = vfork();
    if (child == 0) {
        execve("/proc/self/exe", arguments, NULL);
        _exit(errno == ENOMEM || errno == EAGAIN ? 0 : 3);
    }
    if (child < 0) {
        refused("vfork", WINDOW_PAGES);
        return;
    }
    int status;
    if (waitpid(child, &status, 0) != child)
        worker_fail("waitpid", WINDOW_PAGES, 0, 0);
    judge(status);
}

static void one_operation(void)
{
    uint64_t kind = draw(100), index = draw(me.pages);
    __atomic_fetch_add(&board->operations, 1, __ATOMIC_RELAXED);
    if (kind < 40)
        for (uint64_t i = index, end = index + 1 + draw(8); i < end && i < me.pages; i++)
            kind < 20 ? write_page(i) : check_page(i);
    else if (kind < 44)
        touch_what_is_not_mine(index);
    else if (kind < 56)
        map_some();
    else if (kind < 66)
        unmap_some();
    else if (kind < 76)
        protect_some();
    else if (kind < 81)
        discard_some();
    else if (kind < 87)
        move_some();
    else if (kind < 90)
        map_elsewhere();
    else if (kind < 94)
        read_file();
    else if (kind < 97)
        write_file();
    else if (kind < 99 || me.child)
        fork_some();
    else
        execute_some();
}

// The life of a worker, until the board says stop; `pause_ms` between some operations and the next.
[[gnu::noreturn]] static void live_as_worker(uint64_t seed, uint32_t pages, uint32_t pause_ms)
{
    struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
    char name[40];
    me.random = seed * 0x9e3779b97f4a7c15 | 1;
    me.pages = pages;
    me.alone = true;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    (void)snprintf(name, sizeof name, "/tmp/stress.%d", (int)getpid());
    me.notes = mmap(NULL, sizeof *me.notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    me.file = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    (void)unlink(name);
    if (me.notes == MAP_FAILED || me.file < 0 || ftruncate(me.file, FILE_PAGES * PAGE) != 0) {
        refused("the worker's file", WINDOW_PAGES);
        _exit(0);
    }
    while (!board->stop) {
        for (uint64_t count = 1 + draw(20); count-- > 0 && !board->stop;)
            one_operation();
        if (pause_ms)
            nanosleep(&(struct timespec){ .tv_nsec = (long)draw(pause_ms) * 1'000'000 }, NULL);
    }
    reap(true);
    for (uint64_t i = 0; i < me.pages; i++)
        check_page(i);
    _exit(0);
}
