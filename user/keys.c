// SPDX-License-Identifier: MIT
// keys.c: protection keys: pkey_alloc, pkey_free and pkey_mprotect, and what a thread's rights mean to it, to the kernel that works for it
// and to those it makes. Where the machine has none, all are refused.
#define _GNU_SOURCE
#include "handlers.h"
#include "machine.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>

#include MACHINE_KEYS

enum {
    PAGE = 4096,
    KEYS = 16,
    NO_ACCESS = 1,
    NO_WRITE = 2,
    CODE_KEY = 4, // SEGV_PKUERR
    RIGHTS_DEFAULT = 0x55555554,
    KEY_IN_INFO = 32, // of si_pkey, which not every C library knows
    LARGE = 2 * 1024 * 1024,
};

static int key_alloc(unsigned long flags, unsigned long rights)
{
    return (int)syscall(SYS_pkey_alloc, flags, rights);
}

static int key_free(int key)
{
    return (int)syscall(SYS_pkey_free, key);
}

static int key_protect(void *at, size_t size, int protection, int key)
{
    return (int)syscall(SYS_pkey_mprotect, at, size, protection, key);
}

static void rights_set(int key, unsigned rights)
{
    machine_set_rights((machine_rights() & ~(3u << 2 * key)) | rights << 2 * key);
}

static unsigned rights_of(int key)
{
    return machine_rights() >> 2 * key & 3;
}

// A key with all rights.
static int key_new(void)
{
    int key = key_alloc(0, 0);
    if (key < 0 && !machine_has_keys())
        CHECK_SKIP("no protection keys");
    CHECK(key > 0);
    return key;
}

static char *map(size_t size, int flags, int file)
{
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

static char *map_with_key(size_t size, int key)
{
    char *at = map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    CHECK_EQUAL(key_protect(at, size, PROT_READ | PROT_WRITE, key), 0);
    return at;
}

// ---- touching what may be forbidden ----

static sigjmp_buf back;
static volatile siginfo_t seen;

static void jump_back(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    memcpy((void *)&seen, info, sizeof *info);
    siglongjmp(back, 1);
}

// 0, or the code of the SIGSEGV that it was. The thread's rights are the same after it.
static int touch(volatile char *at, bool write)
{
    volatile unsigned rights = machine_rights();
    install_info(SIGSEGV, jump_back, SA_NODEFER);
    if (sigsetjmp(back, 0)) {
        machine_set_rights(rights);
        return seen.si_code;
    }
    if (write)
        *at = 1;
    else
        (void)*at;
    return 0;
}

static int key_seen(void)
{
    int key;
    memcpy(&key, (const char *)&seen + KEY_IN_INFO, sizeof key);
    return key;
}

#define CHECK_FORBIDDEN(at_, write_, key_)                    \
    do {                                                      \
        CHECK_EQUAL(touch(at_, write_), CODE_KEY);            \
        CHECK_EQUAL((intptr_t)seen.si_addr, (intptr_t)(at_)); \
        CHECK_EQUAL(key_seen(), key_);                        \
    } while (0)

// ---- the calls ----

static void a_machine_without_keys_has_none(void)
{
    if (machine_has_keys())
        CHECK_SKIP("this one has keys");
    char *at = map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    int key = key_alloc(0, 0);
    CHECK_EQUAL(key, -1);
    if (errno == ENOSYS && !check_on_helix())
        CHECK_SKIP("no such calls");
    if (check_on_helix())
        CHECK_EQUAL(errno, ENOSPC);
    CHECK_ERROR(key_alloc(1, 0), EINVAL);
    CHECK_ERROR(key_free(0), EINVAL);
    CHECK_ERROR(key_free(1), EINVAL);
    CHECK_ERROR(key_protect(at, PAGE, PROT_READ, 1), EINVAL);
    CHECK_EQUAL(key_protect(at, PAGE, PROT_READ, -1), 0);
    CHECK_EQUAL(touch(at, true), SEGV_ACCERR);
}

static void a_machine_with_keys_gives_them(void)
{
    if (!machine_has_keys())
        CHECK_SKIP("no protection keys");
    int key = key_alloc(0, 0);
    CHECK(key > 0 && key < KEYS);
    CHECK_EQUAL(rights_of(key), 0);
    CHECK_EQUAL(key_free(key), 0);
}

static void the_processor_and_proc_say_that_there_are_keys(void)
{
    char text[32 * 1024];
    (void)key_new();
    int file = open("/proc/cpuinfo", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    CHECK(length > 0);
    text[length] = 0;
    CHECK(strstr(text, " pku ") && strstr(text, " ospke"));
}

static void fifteen_keys_are_given_and_no_more(void)
{
    unsigned given = 1 | 1u << key_new();
    for (int i = 0; i < KEYS - 2; i++) {
        int key = key_alloc(0, NO_ACCESS);
        CHECK(key > 0 && key < KEYS && !(given >> key & 1));
        given |= 1u << key;
    }
    CHECK_EQUAL(given, 0xffff);
    CHECK_ERROR(key_alloc(0, 0), ENOSPC);
    CHECK_EQUAL(key_free(7), 0);
    CHECK_EQUAL(key_alloc(0, NO_WRITE), 7);
    CHECK_EQUAL(rights_of(7), NO_WRITE);
    CHECK_ERROR(key_alloc(0, 0), ENOSPC);
}

static void alloc_refuses_what_it_does_not_know(void)
{
    int key = key_new();
    CHECK_ERROR(key_alloc(1, 0), EINVAL);
    CHECK_ERROR(key_alloc(1ul << 63, 0), EINVAL);
    CHECK_ERROR(key_alloc(0, 4), EINVAL);
    CHECK_ERROR(key_alloc(0, 1ul << 32), EINVAL);
    CHECK_ERROR(key_alloc(0, -1ul), EINVAL);
    CHECK_EQUAL(key_alloc(0, 0), key + 1); // none was lost
}

static void free_refuses_what_is_not_allocated(void)
{
    int key = key_new();
    CHECK_ERROR(key_free(-1), EINVAL);
    CHECK_ERROR(key_free(key + 1), EINVAL);
    CHECK_ERROR(key_free(KEYS), EINVAL);
    CHECK_ERROR(key_free(33), EINVAL);
    CHECK_ERROR(key_free(1 << 30), EINVAL);
    CHECK_EQUAL(key_free(key), 0);
    CHECK_ERROR(key_free(key), EINVAL);
}

static void protect_refuses_keys_that_are_not_allocated(void)
{
    int key = key_new();
    char *at = map(2 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    at[0] = 1;
    CHECK_ERROR(key_protect(at, PAGE, PROT_NONE, key + 1), EINVAL);
    CHECK_ERROR(key_protect(at, PAGE, PROT_NONE, KEYS), EINVAL);
    CHECK_ERROR(key_protect(at, PAGE, PROT_NONE, KEYS + key), EINVAL);
    CHECK_ERROR(key_protect(at, PAGE, PROT_NONE, 32 + key), EINVAL);
    CHECK_ERROR(key_protect(at, PAGE, PROT_NONE, -2), EINVAL);
    CHECK_EQUAL(touch(at, true), 0); // nothing has changed
    CHECK_ERROR(key_protect(at + 1, PAGE, PROT_READ, key), EINVAL);
    CHECK_ERROR(key_protect(at, PAGE, 0x40, key), EINVAL);
    CHECK_EQUAL(munmap(at + PAGE, PAGE), 0);
    CHECK_ERROR(key_protect(at, 2 * PAGE, PROT_NONE, key), ENOMEM);
    CHECK_ERROR(key_protect(at, -1ul, PROT_NONE, key), ENOMEM);
    CHECK_EQUAL(key_protect(at, PAGE, PROT_READ | PROT_WRITE, 0), 0); // what lies before a hole did change
    CHECK_EQUAL(key_protect(at, 0, PROT_NONE, key + 1), 0);           // as Linux: no bytes, no question
    CHECK_EQUAL(touch(at, true), 0);
    CHECK_EQUAL(key_free(key), 0);
    CHECK_ERROR(key_protect(at, PAGE, PROT_NONE, key), EINVAL);
}

static void pages_keep_a_key_that_was_freed(void)
{
    int key = key_new();
    char *at = map_with_key(PAGE, key);
    rights_set(key, NO_ACCESS);
    CHECK_EQUAL(key_free(key), 0);
    CHECK_FORBIDDEN(at, false, key);
    CHECK_EQUAL(key_protect(at, PAGE, PROT_READ, 0), 0);
    CHECK_EQUAL(touch(at, false), 0);
}

// ---- rights ----

static void the_rights_asked_for_are_in_force(void)
{
    (void)key_new();
    int locked = key_alloc(0, NO_ACCESS), constant = key_alloc(0, NO_WRITE);
    char *none = map_with_key(PAGE, locked), *reads = map_with_key(PAGE, constant);
    CHECK_FORBIDDEN(none + 8, false, locked); // never touched before
    CHECK_FORBIDDEN(none + 9, true, locked);
    CHECK_EQUAL(touch(reads, false), 0);
    CHECK_FORBIDDEN(reads + 7, true, constant);
}

static void rights_change_without_the_kernel(void)
{
    int key = key_new();
    char *at = map_with_key(2 * PAGE, key), *other = map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    at[0] = at[PAGE] = 1;
    for (int i = 0; i < 100; i++) {
        rights_set(key, NO_ACCESS);
        CHECK_FORBIDDEN(at + PAGE, false, key);
        CHECK_EQUAL(touch(other, true), 0);
        rights_set(key, NO_WRITE);
        CHECK_EQUAL(touch(at, false), 0);
        CHECK_FORBIDDEN(at, true, key);
        rights_set(key, 0);
        CHECK_EQUAL(touch(at, true), 0);
    }
}

static void rights_of_pages_count_as_well(void)
{
    int key = key_new();
    char *at = map_with_key(PAGE, key);
    at[0] = 1;
    CHECK_EQUAL(key_protect(at, PAGE, PROT_READ, key), 0);
    CHECK_EQUAL(touch(at, true), SEGV_ACCERR);
    CHECK_EQUAL(key_protect(at, PAGE, PROT_NONE, key), 0);
    CHECK_EQUAL(touch(at, false), SEGV_ACCERR);
    CHECK_EQUAL(key_protect(at, PAGE, PROT_READ | PROT_WRITE, key), 0);
    CHECK_EQUAL(at[0], 1);
    rights_set(key, NO_ACCESS);
    CHECK_FORBIDDEN(at, false, key);
}

static void code_runs_whatever_its_key(void)
{
    int key = key_new();
    uint8_t *code = (uint8_t *)map_with_key(PAGE, key);
    machine_write_return(code);
    machine_code_written(code, PAGE);
    CHECK_EQUAL(key_protect(code, PAGE, PROT_READ | PROT_EXEC, key), 0);
    rights_set(key, NO_ACCESS);
    CHECK_FORBIDDEN((char *)code, false, key);
    void (*function)(void);
    memcpy(&function, &code, sizeof function);
    function();
}

static void mprotect_keeps_the_key(void)
{
    int key = key_new(), second = key_new();
    char *at = map_with_key(3 * PAGE, key);
    CHECK_EQUAL(key_protect(at + PAGE, PAGE, PROT_READ | PROT_WRITE, second), 0);
    memset(at, 1, 3 * PAGE);
    rights_set(key, NO_ACCESS);
    rights_set(second, NO_ACCESS);
    CHECK_EQUAL(mprotect(at, 3 * PAGE, PROT_READ), 0);
    CHECK_FORBIDDEN(at, false, key);
    CHECK_FORBIDDEN(at + PAGE, false, second);
    CHECK_EQUAL(key_protect(at, 3 * PAGE, PROT_READ | PROT_WRITE, -1), 0);
    CHECK_FORBIDDEN(at + 2 * PAGE, true, key);
    CHECK_FORBIDDEN(at + PAGE, true, second);
    CHECK_EQUAL(key_protect(at, 3 * PAGE, PROT_READ | PROT_WRITE, 0), 0);
    CHECK_EQUAL(touch(at + PAGE, true), 0);
    CHECK_EQUAL(touch(at, true), 0);
}

// ---- what mappings go through ----

static void a_new_mapping_has_no_key(void)
{
    int key = key_new();
    char *at = map_with_key(PAGE, key);
    at[0] = 1;
    rights_set(key, NO_ACCESS);
    CHECK_FORBIDDEN(at, false, key);
    CHECK(mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
    CHECK_EQUAL(touch(at, true), 0);
}

static void neighbours_with_other_keys_stay_apart(void)
{
    int key = key_new();
    char *at = map(5 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    memset(at, 1, 5 * PAGE);
    for (int i = 1; i < 5; i += 2)
        CHECK_EQUAL(key_protect(at + i * PAGE, PAGE, PROT_READ | PROT_WRITE, key), 0);
    rights_set(key, NO_ACCESS);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(touch(at + i * PAGE, true), i & 1 ? CODE_KEY : 0);
    CHECK_EQUAL(key_protect(at, 5 * PAGE, PROT_READ | PROT_WRITE, key), 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(touch(at + i * PAGE, true), CODE_KEY);
    CHECK_EQUAL(key_protect(at + PAGE, 3 * PAGE, PROT_READ | PROT_WRITE, 0), 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(touch(at + i * PAGE, true), i == 0 || i == 4 ? CODE_KEY : 0);
}

static void smaps_tells_the_key(void)
{
    static char line[256];
    int key = key_new(), told = -1;
    char *at = map_with_key(PAGE, key), *end;
    FILE *smaps = fopen("/proc/self/smaps", "r");
    CHECK(smaps != NULL);
    for (bool found = false; told < 0 && fgets(line, sizeof line, smaps);) {
        unsigned long start = strtoul(line, &end, 16);
        if (*end == '-')
            found = start == (unsigned long)at;
        else if (found)
            (void)sscanf(line, "ProtectionKey: %d", &told);
    }
    fclose(smaps);
    CHECK_EQUAL(told, key);
}

static void a_mapping_that_moves_takes_its_key_along(void)
{
    int key = key_new();
    char *at = map_with_key(2 * PAGE, key);
    char *place = map(8 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    at[0] = 'm';
    char *moved = mremap(at, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    CHECK(moved == place);
    CHECK_EQUAL(moved[0], 'm');
    rights_set(key, NO_ACCESS);
    CHECK_FORBIDDEN(moved, false, key);
    CHECK_FORBIDDEN(moved + 3 * PAGE, false, key);
    CHECK_EQUAL(touch(place + 4 * PAGE, true), 0);
}

static void pages_given_up_come_back_with_the_key(void)
{
    int key = key_new();
    char *at = map_with_key(PAGE, key);
    at[0] = 1;
    CHECK_EQUAL(madvise(at, PAGE, MADV_DONTNEED), 0);
    CHECK_EQUAL(at[0], 0);
    rights_set(key, NO_WRITE);
    CHECK_FORBIDDEN(at, true, key);
}

static void large_pages_have_keys(void)
{
    int key = key_new();
    char *area = map(3 * LARGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    char *at = (char *)(((uintptr_t)area + LARGE - 1) & ~(uintptr_t)(LARGE - 1));
    CHECK_EQUAL(madvise(at, LARGE, MADV_HUGEPAGE), 0);
    memset(at, 1, LARGE);
    CHECK_EQUAL(key_protect(at, LARGE, PROT_READ | PROT_WRITE, key), 0);
    rights_set(key, NO_WRITE);
    CHECK_EQUAL(touch(at + LARGE / 2, false), 0);
    CHECK_FORBIDDEN(at + LARGE / 2, true, key);
    CHECK_FORBIDDEN(at + LARGE - 1, true, key);
    CHECK_EQUAL(key_protect(at + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE, 0), 0); // splits it
    CHECK_EQUAL(touch(at + 5 * PAGE, true), 0);
    CHECK_FORBIDDEN(at + 4 * PAGE, true, key);
    CHECK_FORBIDDEN(at + 6 * PAGE, true, key);
    CHECK_EQUAL(at[LARGE - PAGE], 1);
}

static void files_have_keys(void)
{
    int key = key_new();
    check_enter_scratch();
    int file = open("file", O_RDWR | O_CREAT, 0600);
    CHECK_EQUAL(ftruncate(file, 32 * PAGE), 0);
    char *shared = map(32 * PAGE, MAP_SHARED, file), *private = map(32 * PAGE, MAP_PRIVATE, file);
    CHECK_EQUAL(key_protect(shared, 32 * PAGE, PROT_READ | PROT_WRITE, key), 0);
    CHECK_EQUAL(key_protect(private, 32 * PAGE, PROT_READ | PROT_WRITE, key), 0);
    (void)*(volatile char *)(shared + 4 * PAGE);
    (void)*(volatile char *)(private + 4 * PAGE); // and those around it
    rights_set(key, NO_ACCESS);
    for (int i = 0; i < 32; i++) {
        CHECK_EQUAL(touch(shared + i * PAGE, false), CODE_KEY);
        CHECK_EQUAL(touch(private + i * PAGE, false), CODE_KEY);
    }
    rights_set(key, NO_WRITE);
    CHECK_FORBIDDEN(shared, true, key);
    CHECK_FORBIDDEN(private, true, key);
    rights_set(key, 0);
    private[0] = 'p';
    shared[0] = 's';
    rights_set(key, NO_WRITE);
    CHECK_EQUAL(private[0], 'p');
    CHECK_FORBIDDEN(private, true, key);
}

// ---- the kernel on the thread's behalf ----

static void calls_obey_the_rights(void)
{
    int key = key_new(), ends[2];
    char *at = map_with_key(PAGE, key);
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(write(ends[1], "0123456789", 10), 10);
    at[0] = 'x';
    rights_set(key, NO_WRITE);
    CHECK_ERROR(read(ends[0], at, 4), EFAULT);
    CHECK_EQUAL(write(ends[1], at, 1), 1);
    rights_set(key, NO_ACCESS);
    CHECK_ERROR(read(ends[0], at, 4), EFAULT);
    CHECK_ERROR(write(ends[1], at, 1), EFAULT);
    CHECK_ERROR(open(at, O_RDONLY), EFAULT);
    rights_set(key, 0);
    CHECK(read(ends[0], at, 4) > 0);
}

static void calls_obey_the_rights_on_key_0(void)
{
    int ends[2];
    static char buffer[64];
    (void)key_new();
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(write(ends[1], "01", 2), 2);
    CHECK_EQUAL(machine_read_with_rights(machine_rights() | NO_WRITE, ends[0], buffer, 1), -EFAULT);
    CHECK_EQUAL(machine_read_with_rights(machine_rights(), ends[0], buffer, 1), 1);
}

// Long enough that bytes go from one space straight into the other.
static void a_pipe_that_others_write_to_obeys_the_rights(void)
{
    enum { SIZE = 16 * PAGE };
    int key = key_new(), ends[2];
    char *locked = map_with_key(SIZE, key), *plain = map(SIZE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    memset(locked, 'a', SIZE);
    memset(plain, 'a', SIZE);
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        memset(plain, 'b', SIZE);
        for (int i = 0; i < 3; i++) {
            usleep(20'000); // the reader waits by now
            if (write(ends[1], plain, SIZE) < 0)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    rights_set(key, NO_WRITE);
    CHECK_ERROR(read(ends[0], locked, SIZE), EFAULT);
    CHECK_EQUAL(machine_read_with_rights(machine_rights() | NO_WRITE, ends[0], plain, SIZE), -EFAULT);
    CHECK_EQUAL(locked[SIZE - 1], 'a');
    CHECK_EQUAL(plain[0], 'a');
    char sink[PAGE];
    while (read(ends[0], sink, sizeof sink) > 0) {
    }
    CHECK_EQUAL(check_wait(child), 0);
}

// ---- threads and processes ----

static int thread_key;
static char *thread_page;
static volatile int stage;

static void *without_rights(void *argument)
{
    (void)argument;
    while (stage == 0)
        sched_yield();
    CHECK_EQUAL(rights_of(thread_key), NO_ACCESS); // the default, whatever another thread was given
    CHECK_FORBIDDEN(thread_page, true, thread_key);
    stage = 2;
    return NULL;
}

static void rights_are_each_threads_own(void)
{
    pthread_t thread;
    int first = key_new();
    CHECK_EQUAL(pthread_create(&thread, NULL, without_rights, NULL), 0);
    thread_key = key_alloc(0, 0);
    CHECK(thread_key > first);
    thread_page = map_with_key(PAGE, thread_key);
    stage = 1;
    while (stage == 1)
        thread_page[0]++;
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(touch(thread_page, true), 0);
}

static void *inherits(void *argument)
{
    CHECK_EQUAL(machine_rights(), *(unsigned *)argument);
    machine_set_rights(RIGHTS_DEFAULT);
    return NULL;
}

static void threads_inherit_the_rights_of_their_maker(void)
{
    pthread_t thread;
    int key = key_new();
    rights_set(key, NO_WRITE);
    unsigned mine = machine_rights();
    CHECK_EQUAL(pthread_create(&thread, NULL, inherits, &mine), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(machine_rights(), mine);
}

static void a_child_inherits_keys_rights_and_pages(void)
{
    int key = key_new();
    char *at = map_with_key(64 * PAGE, key);
    memset(at, 'p', 64 * PAGE);
    rights_set(key, NO_WRITE);
    unsigned rights = machine_rights();
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(machine_rights(), rights);
        CHECK_EQUAL(at[PAGE], 'p');
        CHECK_FORBIDDEN(at, true, key);
        CHECK_EQUAL(key_alloc(0, 0), key + 1);
        CHECK_EQUAL(key_free(key), 0);
        rights_set(key, 0);
        for (int i = 0; i < 64; i++)
            at[i * PAGE] = 'c'; // copies
        rights_set(key, NO_ACCESS);
        for (int i = 0; i < 64; i++)
            CHECK_EQUAL(touch(at + i * PAGE, false), CODE_KEY);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_EQUAL(machine_rights(), rights);
    CHECK_EQUAL(at[5 * PAGE], 'p');
    CHECK_FORBIDDEN(at + PAGE, true, key);
    CHECK_EQUAL(key_alloc(0, 0), key + 1); // the child's were its own
}

// Two processes and two threads in each, which give way to each other all the time.
static void *hold_rights(void *argument)
{
    unsigned rights = RIGHTS_DEFAULT & ~(3u << (uintptr_t)argument);
    machine_set_rights(rights);
    for (int i = 0; i < 2000; i++) {
        CHECK_EQUAL(machine_rights(), rights);
        sched_yield();
        if (i % 256 == 0)
            usleep(100);
    }
    return NULL;
}

static void rights_survive_switches(void)
{
    pthread_t thread;
    (void)key_new();
    pid_t child = fork();
    CHECK_EQUAL(pthread_create(&thread, NULL, hold_rights, (void *)(uintptr_t)(child ? 4 : 10)), 0);
    hold_rights((void *)(uintptr_t)(child ? 6 : 12));
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    if (!child)
        _exit(0);
    CHECK_EQUAL(check_wait(child), 0);
}

static void a_new_program_starts_with_the_default(void)
{
    int key = key_new();
    machine_set_rights(0);
    pid_t child = fork();
    if (child == 0) {
        execl(check_program, check_program, "new_program", NULL);
        _exit(1);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_EQUAL(machine_rights(), 0);
    CHECK_EQUAL(key_free(key), 0);
}

// What that program does, in a main of its own: a row would be forked off first.
static int new_program(void)
{
    bool good = machine_rights() == RIGHTS_DEFAULT && key_free(1) < 0 && errno == EINVAL && key_alloc(0, 0) == 1;
    return good ? 0 : 1;
}

// ---- signals ----

static volatile unsigned rights_in_handler, rights_in_frame;
static volatile bool frame_has_rights;
static unsigned rights_to_give;
static char *handler_page;

static void look(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    rights_in_handler = machine_rights();
    unsigned *shown = machine_frame_rights(context);
    frame_has_rights = shown;
    rights_in_frame = shown ? *shown : 0;
    machine_set_rights(0); // of the handler alone
}

static void handlers_start_with_the_default(void)
{
    int key = key_new();
    rights_set(key, NO_WRITE);
    unsigned rights = machine_rights();
    install_info(SIGUSR1, look, 0);
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(raise(SIGUSR1), 0);
        CHECK_EQUAL(rights_in_handler, RIGHTS_DEFAULT);
        CHECK(frame_has_rights);
        CHECK_EQUAL(rights_in_frame, rights);
        CHECK_EQUAL(machine_rights(), rights);
    }
    machine_set_rights(0); // XSAVE's initial state
    CHECK_EQUAL(raise(SIGUSR1), 0);
    CHECK_EQUAL(rights_in_handler, RIGHTS_DEFAULT);
    CHECK_EQUAL(machine_rights(), 0);
}

static void give(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    unsigned *shown = machine_frame_rights(context);
    if (!shown)
        _exit(3);
    *shown = rights_to_give;
    caught++;
}

static void a_handler_gives_rights_by_its_frame(void)
{
    int key = key_new();
    char *at = map_with_key(PAGE, key);
    rights_to_give = machine_rights();
    install_info(SIGSEGV, give, 0);
    machine_set_rights(RIGHTS_DEFAULT);
    *(volatile char *)at = 1; // again, with the rights
    CHECK_EQUAL(caught, 1);
    CHECK_EQUAL(machine_rights(), rights_to_give);
}

static void touch_stack(int number)
{
    (void)number;
    volatile char local[64];
    memset((char *)local, 1, sizeof local);
    caught++;
}

static void a_stack_for_signals_may_be_locked_away(void)
{
    if (!check_on_helix())
        CHECK_SKIP("Linux only from 6.12 on");
    int key = key_new();
    size_t size = 64 * 1024;
    handler_page = map_with_key(size, key);
    stack_t stack = { .ss_sp = handler_page, .ss_size = size };
    CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
    rights_set(key, NO_ACCESS);
    pid_t child = fork();
    if (child == 0) { // the frame can be written; the handler itself has no right on it
        install(SIGUSR1, touch_stack, SA_ONSTACK);
        raise(SIGUSR1);
        _exit(0);
    }
    int status = check_wait(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static const struct check_row rows[] = {
    CHECK_ROW(a_machine_without_keys_has_none),
    CHECK_ROW(a_machine_with_keys_gives_them),
    CHECK_ROW(the_processor_and_proc_say_that_there_are_keys),
    CHECK_ROW(fifteen_keys_are_given_and_no_more),
    CHECK_ROW(alloc_refuses_what_it_does_not_know),
    CHECK_ROW(free_refuses_what_is_not_allocated),
    CHECK_ROW(protect_refuses_keys_that_are_not_allocated),
    CHECK_ROW(pages_keep_a_key_that_was_freed),
    CHECK_ROW(the_rights_asked_for_are_in_force),
    CHECK_ROW(rights_change_without_the_kernel),
    CHECK_ROW(rights_of_pages_count_as_well),
    CHECK_ROW(code_runs_whatever_its_key),
    CHECK_ROW(mprotect_keeps_the_key),
    CHECK_ROW(a_new_mapping_has_no_key),
    CHECK_ROW(neighbours_with_other_keys_stay_apart),
    CHECK_ROW(smaps_tells_the_key),
    CHECK_ROW(a_mapping_that_moves_takes_its_key_along),
    CHECK_ROW(pages_given_up_come_back_with_the_key),
    CHECK_ROW(large_pages_have_keys),
    CHECK_ROW(files_have_keys),
    CHECK_ROW(calls_obey_the_rights),
    CHECK_ROW(calls_obey_the_rights_on_key_0),
    CHECK_ROW(a_pipe_that_others_write_to_obeys_the_rights),
    CHECK_ROW(rights_are_each_threads_own),
    CHECK_ROW(threads_inherit_the_rights_of_their_maker),
    CHECK_ROW(a_child_inherits_keys_rights_and_pages),
    CHECK_ROW(rights_survive_switches),
    CHECK_ROW(a_new_program_starts_with_the_default),
    CHECK_ROW(handlers_start_with_the_default),
    CHECK_ROW(a_handler_gives_rights_by_its_frame),
    CHECK_ROW(a_stack_for_signals_may_be_locked_away),
};

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "new_program") == 0)
        return new_program();
    size_t all = sizeof rows / sizeof *rows; // the first alone says what is where there are none
    return check_main(count, arguments, rows, machine_has_keys() ? all : 1);
}
