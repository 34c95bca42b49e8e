// SPDX-License-Identifier: MIT
// memory.c: mappings, faults and what changes them. Where both kernels may differ in page size the row says which one it asks for.
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, KIB = 1024, MIB = 1024 * KIB, LARGE = 2 * MIB, FAULTS_MOST = 4096, FILE_PAGES = 512 };

static char *mapped;
static size_t mapped_size;

static char *map(size_t size)
{
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(at != MAP_FAILED, "mmap");
    return at;
}

// For rows that compare page by page. A kernel without such advice has no large pages to be advised about.
static char *map_small_pages(size_t size)
{
    char *at = map(size);
    (void)madvise(at, size, MADV_NOHUGEPAGE);
    return at;
}

static void touch(char *at, size_t size)
{
    for (size_t offset = 0; offset < size; offset += PAGE)
        *(volatile char *)(at + offset) = 1;
}

static void drop(long loops)
{
    (void)loops;
    NEED(munmap(mapped, mapped_size) == 0, "munmap");
}

static void map_and_unmap(size_t size, long loops)
{
    while (loops-- > 0) {
        void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (munmap(at, size) != 0)
            give_up("mmap or munmap");
    }
}

static void run_map_4k(long loops)
{
    map_and_unmap(PAGE, loops);
}

static void run_map_1m(long loops)
{
    map_and_unmap(MIB, loops);
}

static void run_map_64m(long loops)
{
    map_and_unmap(64 * (size_t)MIB, loops);
}

static void before_fault(long loops)
{
    mapped_size = (size_t)loops * PAGE;
    mapped = map_small_pages(mapped_size);
}

static void run_fault(long loops)
{
    for (char *at = mapped; loops-- > 0; at += PAGE)
        *(volatile char *)at = 1;
}

static void run_read_fault(long loops)
{
    for (char *at = mapped; loops-- > 0; at += PAGE)
        (void)*(volatile char *)at;
}

// A region of whole 2 MiB blocks at a 2 MiB boundary; each page of it is touched, so the figure is for 4 KiB in the cheapest way the kernel has.
static char *reserved;
static size_t reserved_size;

static void before_large_fault(long loops)
{
    mapped_size = (size_t)loops * PAGE;
    reserved_size = mapped_size + LARGE;
    reserved = map(reserved_size);
    mapped = (char *)(((uintptr_t)reserved + LARGE - 1) & ~(uintptr_t)(LARGE - 1));
    (void)madvise(mapped, mapped_size, MADV_HUGEPAGE);
}

static void after_large_fault(long loops)
{
    (void)loops;
    NEED(munmap(reserved, reserved_size) == 0, "munmap");
}

static int file;

static void make_file(void)
{
    static char page[PAGE];
    file = open("/tmp/bench.map", O_RDWR | O_CREAT | O_TRUNC, 0600);
    NEED(file >= 0, "open /tmp/bench.map");
    unlink("/tmp/bench.map");
    for (int i = 0; i < FILE_PAGES; i++) {
        page[0] = (char)i;
        NEED(write(file, page, PAGE) == PAGE, "write");
    }
}

static void before_file_fault(long loops)
{
    mapped_size = (size_t)loops * PAGE;
    mapped = mmap(NULL, mapped_size, PROT_READ, MAP_PRIVATE, file, 0);
    NEED(mapped != MAP_FAILED, "mmap of a file");
}

// The parent writes to pages that a child still shares: each is copied.
static pid_t sharer;

static void before_cow(long loops)
{
    before_fault(loops);
    touch(mapped, mapped_size);
    sharer = fork();
    NEED(sharer >= 0, "fork");
    if (sharer == 0)
        for (;;)
            pause();
}

static void after_cow(long loops)
{
    kill(sharer, SIGKILL);
    NEED(waitpid(sharer, NULL, 0) == sharer, "waitpid");
    drop(loops);
}

// One page, there and back: two calls a turn. It is a region of its own, or the middle of one that is cut and grows together again.
static char *page;

static void prepare_protect(void)
{
    char *room = map_small_pages(3 * PAGE);
    NEED(munmap(room, PAGE) == 0 && munmap(room + 2 * PAGE, PAGE) == 0, "munmap");
    page = room + PAGE;
    touch(page, PAGE);
}

static void prepare_protect_middle(void)
{
    char *region = map_small_pages(64 * PAGE);
    touch(region, 64 * PAGE);
    page = region + 32 * PAGE;
}

static void run_protect(long loops)
{
    while (loops-- > 0)
        if (mprotect(page, PAGE, PROT_READ) || mprotect(page, PAGE, PROT_READ | PROT_WRITE))
            give_up("mprotect");
}

static char *heap_end;

static void prepare_brk(void)
{
    heap_end = (char *)syscall(SYS_brk, 0);
}

// A page more, a page less: two calls a turn.
static void run_brk(long loops)
{
    while (loops-- > 0)
        if ((char *)syscall(SYS_brk, heap_end + PAGE) != heap_end + PAGE || (char *)syscall(SYS_brk, heap_end) != heap_end)
            give_up("brk");
}

// A page to two in place and back: two calls a turn.
static void prepare_resize(void)
{
    mapped = map_small_pages(2 * PAGE);
    touch(mapped, 2 * PAGE);
    NEED(munmap(mapped + PAGE, PAGE) == 0, "munmap");
}

static void run_resize(long loops)
{
    while (loops-- > 0)
        if (mremap(mapped, PAGE, 2 * PAGE, 0) != mapped || mremap(mapped, 2 * PAGE, PAGE, 0) != mapped)
            give_up("mremap");
}

// A touched page to another place and back: two calls a turn.
static char *places[2];

static void prepare_move(void)
{
    char *room = map_small_pages(8 * PAGE);
    places[0] = room + 2 * PAGE;
    places[1] = room + 5 * PAGE;
    touch(places[0], PAGE);
}

static void run_move(long loops)
{
    while (loops-- > 0)
        if (mremap(places[0], PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, places[1]) != places[1] ||
            mremap(places[1], PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, places[0]) != places[0])
            give_up("mremap");
}

// Faults beside so many other regions: every second page of a reservation is a region of its own that is faulted in.
static void prepare_among(long regions)
{
    char *room = mmap(NULL, (size_t)regions * 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(room != MAP_FAILED, "mmap");
    for (long i = 0; i < regions; i++)
        NEED(mprotect(room + i * 2 * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
    mapped = room;
}

// So many of them are touched in one sample, spread evenly; DONTNEED empties them again.
static long among_regions;

static void prepare_among_10(void)
{
    prepare_among(among_regions = 10);
}

static void prepare_among_10000(void)
{
    prepare_among(among_regions = 10000);
}

static void run_among(long loops)
{
    long step = among_regions / loops;
    for (long i = 0; i < loops; i++)
        *(volatile char *)(mapped + i * step * 2 * PAGE) = 1;
}

static void after_among(long loops)
{
    long step = among_regions / loops;
    for (long i = 0; i < loops; i++)
        NEED(madvise(mapped + i * step * 2 * PAGE, PAGE, MADV_DONTNEED) == 0, "madvise");
}

static const struct row rows[] = {
    { "mmap_munmap_4k", .run = run_map_4k },
    { "mmap_munmap_1m", .run = run_map_1m },
    { "mmap_munmap_64m", .run = run_map_64m },
    { "fault_anonymous", NULL, before_fault, run_fault, drop, .least = 256, .most = FAULTS_MOST },
    { "fault_read", NULL, before_fault, run_read_fault, drop, .least = 256, .most = FAULTS_MOST },
    { "fault_large", NULL, before_large_fault, run_fault, after_large_fault, .least = FAULTS_MOST, .most = FAULTS_MOST },
    { "fault_file", make_file, before_file_fault, run_read_fault, drop, .least = FILE_PAGES, .most = FILE_PAGES },
    { "fault_cow", NULL, before_cow, run_fault, after_cow, .least = 256, .most = FAULTS_MOST },
    { "fault_among_10", prepare_among_10, NULL, run_among, after_among, .least = 10, .most = 10 },
    { "fault_among_10000", prepare_among_10000, NULL, run_among, after_among, .least = 10, .most = 10 },
    { "mprotect_page", prepare_protect, .run = run_protect, .per = 2 },
    { "mprotect_split", prepare_protect_middle, .run = run_protect, .per = 2 },
    { "brk_page", prepare_brk, .run = run_brk, .per = 2 },
    { "mremap_resize", prepare_resize, .run = run_resize, .per = 2 },
    { "mremap_move", prepare_move, .run = run_move, .per = 2 },
};
GROUP(memory_group, "memory", rows);
