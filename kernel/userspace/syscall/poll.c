// SPDX-License-Identifier: MIT
// poll.c: poll, select and their variants with a signal mask.
#include <abi/linux/poll.h>
#include <abi/linux/resource.h>
#include <lib/string.h>

#include <arch/user.h>

#include <helix/heap.h>
#include <helix/timer.h>

#include "arguments.h"
#include "calls.h"
#include "path_argument.h"

enum { ITEMS_IN_PLACE = 16 };

// The files of one call. `rows` and `items` are in_place or on the heap.
struct poll_call {
    struct poll_item *items;
    struct linux_pollfd *rows;
    size_t count;
    bool counted; // the items hold references
    struct poll_item items_in_place[ITEMS_IN_PLACE];
    struct linux_pollfd rows_in_place[ITEMS_IN_PLACE];
};

static enum status poll_call_init(struct poll_call *call, size_t count)
{
    call->count = count;
    call->items = call->items_in_place;
    call->rows = call->rows_in_place;
    if (count <= ITEMS_IN_PLACE)
        return STATUS_OK;
    call->items = heap_alloc(count * sizeof(*call->items));
    call->rows = heap_alloc(count * sizeof(*call->rows));
    if (call->items && call->rows)
        return STATUS_OK;
    heap_free(call->items);
    heap_free(call->rows);
    return STATUS_NO_MEMORY;
}

static void poll_call_end(struct poll_call *call)
{
    if (call->items == call->items_in_place)
        return;
    heap_free(call->items);
    heap_free(call->rows);
}

static void release_files(struct poll_call *call)
{
    for (size_t i = 0; call->counted && i < call->count; i++) {
        if (call->items[i].file)
            file_release(call->items[i].file);
    }
}

// Borrows the file of every row (descriptor_borrow). A number that is not open becomes an item that is ready with POLLNVAL.
static void take_files(struct thread *self, struct poll_call *call)
{
    struct descriptor_table *table = user_process(self)->files;
    call->counted = !descriptors_are_own(self, table);
    for (size_t i = 0; i < call->count; i++) {
        int number = call->rows[i].file;
        struct open_file *file = nullptr;
        if (UNLIKELY(call->counted))
            (void)!descriptor_get(table, number, &file);
        else if ((uint32_t)number < table->capacity)
            file = table->files[number];
        uint32_t ready = !file && number >= 0 ? LINUX_POLLNVAL : 0;
        call->items[i] = (struct poll_item){ .file = file, .wanted = (uint16_t)call->rows[i].events, .ready = ready };
    }
}

// ---- time and signal mask ----

static uint64_t deadline_after(uint64_t ns)
{
    if (ns == 0)
        return 0;
    uint64_t now = time_ns();
    return ns > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + ns;
}

static uint64_t time_left(uint64_t deadline_ns)
{
    uint64_t now = deadline_ns ? time_ns() : 0;
    return deadline_ns > now ? deadline_ns - now : 0;
}

// Waits with another signal mask in force if there is one. An interrupted wait leaves that mask until the signal has been
// delivered, as sigsuspend does.
static enum status poll_masked(struct thread *self, struct poll_call *call, uint64_t deadline_ns, const uint64_t *mask, size_t *ready)
{
    struct user_thread *user = self->user;
    uint64_t before = user->blocked;
    if (mask)
        signal_set_blocked(self, *mask);
    enum status status = poll_files(call->items, call->count, deadline_ns, ready);
    if (mask && status == STATUS_INTERRUPTED) {
        user->saved_blocked = before;
        user->restore_blocked = true;
    } else if (mask) {
        signal_set_blocked(self, before);
    }
    return status;
}

static int64_t poll_result(enum status status, size_t ready)
{
    if (status == STATUS_INTERRUPTED)
        return syscall_interrupted(SYSCALL_RESTART_NOHANDLER);
    return status == STATUS_OK ? (int64_t)ready : syscall_result(status);
}

// ---- looking once ----
// A call looks at its files one by one first. Only one that finds nothing and may wait takes them all and enters their queues.

struct look {
    struct descriptor_table *table;
    bool own; // as descriptor_borrow: no references
};

static inline struct look look_begin(struct thread *self)
{
    struct descriptor_table *table = user_process(self)->files;
    return (struct look){ .table = table, .own = descriptors_are_own(self, table) };
}

[[gnu::noinline]] static uint32_t look_at_shared(struct descriptor_table *table, int number)
{
    struct open_file *file;
    if (descriptor_get(table, number, &file) != STATUS_OK)
        return LINUX_POLLNVAL;
    uint32_t seen = file_poll(file, nullptr);
    file_release(file);
    return seen;
}

// What is ready of a descriptor, POLLNVAL for a number that is not open.
static inline uint32_t look_at(struct look look, uint32_t number)
{
    if (UNLIKELY(!look.own))
        return look_at_shared(look.table, (int)number);
    struct open_file *file = number < look.table->capacity ? look.table->files[number] : nullptr;
    return LIKELY(file != nullptr) ? file_poll(file, nullptr) : LINUX_POLLNVAL;
}

// ---- poll ----

static enum status rows_get(struct thread *self, struct poll_call *call, uint64_t address, uint64_t count)
{
    if ((uint32_t)count > MIN(user_process(self)->limits[LINUX_RLIMIT_NOFILE].current, (uint64_t)DESCRIPTORS_MAX))
        return STATUS_BAD_ARGUMENT;
    TRY(poll_call_init(call, (uint32_t)count));
    enum status status = arch_copy_from_user(call->rows, address, call->count * sizeof(*call->rows));
    if (status != STATUS_OK)
        poll_call_end(call);
    return status;
}

static size_t rows_look(struct thread *self, struct linux_pollfd *rows, size_t count)
{
    struct look look = look_begin(self);
    size_t ready = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t wanted = (uint16_t)rows[i].events | LINUX_POLLERR | LINUX_POLLHUP | LINUX_POLLNVAL;
        uint32_t seen = rows[i].file >= 0 ? look_at(look, (uint32_t)rows[i].file) & wanted : 0;
        rows[i].revents = (int16_t)seen;
        ready += seen != 0;
    }
    return ready;
}

static enum status rows_wait(struct thread *self, struct poll_call *call, uint64_t deadline_ns, const uint64_t *mask, size_t *ready)
{
    take_files(self, call);
    enum status status = poll_masked(self, call, deadline_ns, mask, ready);
    release_files(call);
    for (size_t i = 0; i < call->count; i++)
        call->rows[i].revents = (int16_t)call->items[i].ready;
    return status;
}

static int64_t poll_rows(struct thread *self, uint64_t address, uint64_t count, uint64_t deadline_ns, const uint64_t *mask)
{
    struct poll_call call __attribute__((uninitialized));
    enum status status = rows_get(self, &call, address, count);
    if (status != STATUS_OK)
        return syscall_result(status);
    size_t ready = rows_look(self, call.rows, call.count);
    if (ready == 0 && deadline_ns)
        status = rows_wait(self, &call, deadline_ns, mask, &ready);
    if (status == STATUS_OK)
        status = arch_copy_to_user(address, call.rows, call.count * sizeof(*call.rows));
    poll_call_end(&call);
    return poll_result(status, ready);
}

int64_t sys_poll(struct thread *self, const struct syscall_arguments *arguments)
{
    int32_t milliseconds = (int32_t)arguments->value[2];
    uint64_t deadline_ns = milliseconds < 0 ? UINT64_MAX : deadline_after((uint64_t)milliseconds * NS_PER_MS);
    return poll_rows(self, arguments->value[0], arguments->value[1], deadline_ns, nullptr);
}

// A mask by address; *given stays nullptr without one.
static enum status mask_get(uint64_t address, uint64_t size, uint64_t *mask, const uint64_t **given)
{
    *given = nullptr;
    if (address == 0)
        return STATUS_OK;
    if (size != sizeof(*mask))
        return STATUS_BAD_ARGUMENT;
    TRY(arch_copy_from_user(mask, address, sizeof(*mask)));
    *given = mask;
    return STATUS_OK;
}

static enum status timespec_deadline(uint64_t address, uint64_t *deadline_ns)
{
    uint64_t ns;
    *deadline_ns = UINT64_MAX;
    if (address == 0)
        return STATUS_OK;
    TRY(timespec_copy(address, &ns));
    *deadline_ns = deadline_after(ns);
    return STATUS_OK;
}

// Linux writes the time that is left back; a timeout in read-only memory is no error.
static void timespec_left(uint64_t address, uint64_t deadline_ns)
{
    if (address && deadline_ns != UINT64_MAX)
        (void)!timespec_store(address, time_left(deadline_ns));
}

int64_t sys_ppoll(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t mask, deadline_ns;
    const uint64_t *given;
    enum status status = timespec_deadline(arguments->value[2], &deadline_ns);
    if (status == STATUS_OK)
        status = mask_get(arguments->value[3], arguments->value[4], &mask, &given);
    if (status != STATUS_OK)
        return syscall_result(status);
    int64_t result = poll_rows(self, arguments->value[0], arguments->value[1], deadline_ns, given);
    timespec_left(arguments->value[2], deadline_ns);
    return result;
}

// ---- select ----

enum { SELECT_SETS = 3, SELECT_WORDS = LINUX_FD_SETSIZE / 64 };

struct select_sets {
    uint64_t address[SELECT_SETS]; // of read, write and exceptional; 0: none
    size_t count;                  // descriptors looked at
    uint64_t bits[SELECT_SETS][SELECT_WORDS];
};

static const uint32_t select_wanted[SELECT_SETS] = {
    LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLRDBAND,
    LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND,
    LINUX_POLLPRI,
};
// What makes a descriptor ready in each set.
static const uint32_t select_ready[SELECT_SETS] = {
    LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLRDBAND | LINUX_POLLHUP | LINUX_POLLERR,
    LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND | LINUX_POLLERR,
    LINUX_POLLPRI,
};

static size_t sets_bytes(const struct select_sets *sets)
{
    return (sets->count + 63) / 64 * sizeof(uint64_t);
}

static enum status sets_get(struct select_sets *sets, const struct syscall_arguments *arguments)
{
    int32_t count = (int32_t)arguments->value[0];
    if (count < 0)
        return STATUS_BAD_ARGUMENT;
    sets->count = (size_t)MIN(count, LINUX_FD_SETSIZE);
    for (size_t set = 0; set < SELECT_SETS; set++) {
        sets->address[set] = arguments->value[1 + set];
        if (sets->address[set])
            TRY(arch_copy_from_user(sets->bits[set], sets->address[set], sets_bytes(sets)));
        else
            memset(sets->bits[set], 0, sets_bytes(sets));
    }
    return STATUS_OK;
}

// The numbers of one word of the sets that are in any of them.
static uint64_t sets_word(const struct select_sets *sets, size_t word)
{
    uint64_t bits = sets->bits[0][word] | sets->bits[1][word] | sets->bits[2][word];
    size_t left = sets->count - word * 64;
    return left < 64 ? bits & ((1ull << left) - 1) : bits;
}

static uint32_t sets_wanted(const struct select_sets *sets, size_t word, uint64_t bit)
{
    uint32_t wanted = sets->bits[0][word] & bit ? select_wanted[0] : 0;
    wanted |= sets->bits[1][word] & bit ? select_wanted[1] : 0;
    return wanted | (sets->bits[2][word] & bit ? select_wanted[2] : 0);
}

// One row for every descriptor that is in a set.
static enum status sets_to_rows(const struct select_sets *sets, struct poll_call *call)
{
    size_t count = 0, words = (sets->count + 63) / 64, row = 0;
    for (size_t word = 0; word < words; word++)
        count += (size_t)__builtin_popcountll(sets_word(sets, word));
    TRY(poll_call_init(call, count));
    for (size_t word = 0; word < words; word++) {
        for (uint64_t bits = sets_word(sets, word); bits; bits &= bits - 1) {
            uint32_t wanted = sets_wanted(sets, word, bits & -bits);
            call->rows[row++] = (struct linux_pollfd){ .file = (int32_t)(word * 64) + __builtin_ctzll(bits), .events = (int16_t)wanted };
        }
    }
    return STATUS_OK;
}

// Leaves only the ready ones in the sets; returns how many bits stay.
static size_t sets_from_items(struct select_sets *sets, const struct poll_call *call)
{
    size_t ready = 0;
    for (size_t row = 0; row < call->count; row++) {
        size_t word = (size_t)call->rows[row].file / 64;
        uint64_t bit = 1ull << (call->rows[row].file % 64);
        for (size_t set = 0; set < SELECT_SETS; set++) {
            if (!(sets->bits[set][word] & bit))
                continue;
            if (call->items[row].ready & select_ready[set])
                ready++;
            else
                sets->bits[set][word] &= ~bit;
        }
    }
    return ready;
}

static enum status sets_put(const struct select_sets *sets, const uint64_t bits[SELECT_SETS][SELECT_WORDS])
{
    for (size_t set = 0; set < SELECT_SETS; set++) {
        if (sets->address[set])
            TRY(arch_copy_to_user(sets->address[set], bits[set], sets_bytes(sets)));
    }
    return STATUS_OK;
}

// Fills `found` with what is ready; *ready: how many bits.
static enum status sets_look(struct thread *self, const struct select_sets *sets, uint64_t found[SELECT_SETS][SELECT_WORDS], size_t *ready)
{
    struct look look = look_begin(self);
    size_t words = (sets->count + 63) / 64, bits_found = 0;
    for (size_t word = 0; word < words; word++) {
        uint64_t seen_in[SELECT_SETS] = {};
        for (uint64_t bits = sets_word(sets, word); bits; bits &= bits - 1) {
            uint32_t seen = look_at(look, (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(bits));
            if (seen & LINUX_POLLNVAL)
                return STATUS_BAD_HANDLE;
            for (size_t set = 0; set < SELECT_SETS; set++)
                seen_in[set] |= seen & select_ready[set] ? bits & -bits : 0;
        }
        for (size_t set = 0; set < SELECT_SETS; set++) {
            found[set][word] = seen_in[set] & sets->bits[set][word];
            bits_found += found[set][word] ? (size_t)__builtin_popcountll(found[set][word]) : 0;
        }
    }
    *ready = bits_found;
    return STATUS_OK;
}

static bool any_invalid(const struct poll_call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        if (call->items[i].ready & LINUX_POLLNVAL)
            return true;
    }
    return false;
}

static enum status sets_wait(struct thread *self, struct select_sets *sets, uint64_t deadline_ns, const uint64_t *mask, size_t *ready)
{
    struct poll_call call __attribute__((uninitialized));
    TRY(sets_to_rows(sets, &call));
    take_files(self, &call);
    enum status status = any_invalid(&call) ? STATUS_BAD_HANDLE : poll_masked(self, &call, deadline_ns, mask, ready);
    release_files(&call);
    if (status == STATUS_OK) {
        *ready = sets_from_items(sets, &call);
        status = sets_put(sets, sets->bits);
    }
    poll_call_end(&call);
    return status;
}

static int64_t select_sets(struct thread *self, const struct syscall_arguments *arguments, uint64_t deadline_ns, const uint64_t *mask)
{
    struct select_sets sets __attribute__((uninitialized));
    uint64_t found[SELECT_SETS][SELECT_WORDS] __attribute__((uninitialized));
    size_t ready = 0;
    enum status status = sets_get(&sets, arguments);
    if (status == STATUS_OK)
        status = sets_look(self, &sets, found, &ready);
    if (status == STATUS_OK)
        status = ready || !deadline_ns ? sets_put(&sets, found) : sets_wait(self, &sets, deadline_ns, mask, &ready);
    return poll_result(status, ready);
}

static enum status timeval_deadline(uint64_t address, uint64_t *deadline_ns)
{
    struct linux_timeval time;
    enum : int64_t { SECONDS_MAX = 9'000'000'000 };
    *deadline_ns = UINT64_MAX;
    if (address == 0)
        return STATUS_OK;
    TRY(arch_copy_from_user(&time, address, sizeof(time)));
    if (time.seconds < 0 || time.microseconds < 0)
        return STATUS_BAD_ARGUMENT;
    uint64_t seconds = (uint64_t)MIN(time.seconds, SECONDS_MAX) + (uint64_t)time.microseconds / 1'000'000;
    *deadline_ns = deadline_after(MIN(seconds, (uint64_t)SECONDS_MAX) * NS_PER_S + (uint64_t)time.microseconds % 1'000'000 * NS_PER_US);
    return STATUS_OK;
}

int64_t sys_select(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t deadline_ns, address = arguments->value[4];
    enum status status = timeval_deadline(address, &deadline_ns);
    if (status != STATUS_OK)
        return syscall_result(status);
    int64_t result = select_sets(self, arguments, deadline_ns, nullptr);
    if (address) {
        uint64_t left = time_left(deadline_ns);
        struct linux_timeval time = { (int64_t)(left / NS_PER_S), (int64_t)(left % NS_PER_S / NS_PER_US) };
        (void)!arch_copy_to_user(address, &time, sizeof(time));
    }
    return result;
}

int64_t sys_pselect6(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t mask, deadline_ns, pack[2] = {}; // address and size of the mask
    const uint64_t *given = nullptr;
    enum status status = timespec_deadline(arguments->value[4], &deadline_ns);
    if (status == STATUS_OK && arguments->value[5])
        status = arch_copy_from_user(pack, arguments->value[5], sizeof(pack));
    if (status == STATUS_OK)
        status = mask_get(pack[0], pack[1], &mask, &given);
    if (status != STATUS_OK)
        return syscall_result(status);
    int64_t result = select_sets(self, arguments, deadline_ns, given);
    timespec_left(arguments->value[4], deadline_ns);
    return result;
}
