// SPDX-License-Identifier: MIT
// descriptor.c: the table from numbers to open files.
//
// A spinlock guards the slots, held for a few instructions: looking a number up takes no lock that sleeps, and a close in another thread
// cannot free the file between the look and the reference. Files are released outside the lock. The arrays grow by doubling and
// never shrink; small tables live in the struct itself.
#include <abi/linux/resource.h>
#include <lib/bitmap.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/user.h>

static void table_init(struct descriptor_table *table)
{
    spinlock_init(&table->lock, RANK_DESCRIPTORS);
    table->files = table->inline_files;
    table->close_on_exec = &table->inline_close_on_exec;
    table->capacity = DESCRIPTORS_INLINE;
    table->references = 1;
}

enum status descriptor_table_create(struct descriptor_table **table)
{
    struct descriptor_table *made = heap_alloc_zeroed(1, sizeof(*made));
    if (!made)
        return STATUS_NO_MEMORY;
    table_init(made);
    *table = made;
    return STATUS_OK;
}

static void arrays_free(struct open_file **files, uint64_t *close_on_exec, const struct descriptor_table *table)
{
    if (files == table->inline_files)
        return;
    heap_free(files);
    heap_free(close_on_exec);
}

// Makes room for `capacity` numbers. Another thread may do the same meanwhile; the larger arrays win.
static enum status table_grow(struct descriptor_table *table, uint32_t capacity)
{
    struct open_file **files = heap_alloc_zeroed(capacity, sizeof(*files));
    uint64_t *close_on_exec = heap_alloc_zeroed(BITMAP_WORDS(capacity), sizeof(*close_on_exec));
    if (!files || !close_on_exec) {
        heap_free(files);
        heap_free(close_on_exec);
        return STATUS_NO_MEMORY;
    }
    spinlock_acquire(&table->lock);
    if (table->capacity < capacity) {
        memcpy(files, table->files, table->capacity * sizeof(*files));
        memcpy(close_on_exec, table->close_on_exec, BITMAP_WORDS(table->capacity) * sizeof(*close_on_exec));
        struct open_file **old_files = table->files;
        uint64_t *old_bits = table->close_on_exec;
        table->files = files;
        table->close_on_exec = close_on_exec;
        table->capacity = capacity;
        files = old_files;
        close_on_exec = old_bits;
    }
    spinlock_release(&table->lock);
    arrays_free(files, close_on_exec, table);
    return STATUS_OK;
}

static enum status table_reserve(struct descriptor_table *table, uint32_t number)
{
    uint32_t capacity = table->capacity;
    while (capacity <= number)
        capacity *= 2;
    return capacity > table->capacity ? table_grow(table, MIN(capacity, (uint32_t)DESCRIPTORS_MAX)) : STATUS_OK;
}

// Makes `made` large enough for the files of `from` and returns with the lock of `from`. Another thread may add some meanwhile.
NO_LOCK_ANALYSIS static enum status copy_begin(struct descriptor_table *made, struct descriptor_table *from)
{
    for (;;) {
        TRY(table_reserve(made, MAX(from->used_end, 1u) - 1));
        spinlock_acquire(&from->lock);
        if (from->used_end <= made->capacity)
            return STATUS_OK;
        spinlock_release(&from->lock);
    }
}

NO_LOCK_ANALYSIS enum status descriptor_table_copy(struct descriptor_table *from, struct descriptor_table **to)
{
    struct descriptor_table *made;
    TRY(descriptor_table_create(&made));
    enum status status = copy_begin(made, from);
    if (status != STATUS_OK) {
        descriptor_table_release(made);
        return status;
    }
    for (uint32_t i = 0; i < from->used_end; i++) {
        made->files[i] = from->files[i];
        if (made->files[i])
            file_retain(made->files[i]);
    }
    memcpy(made->close_on_exec, from->close_on_exec, BITMAP_WORDS(from->used_end) * sizeof(*made->close_on_exec));
    made->lowest_free = from->lowest_free;
    made->used_end = from->used_end;
    spinlock_release(&from->lock);
    *to = made;
    return STATUS_OK;
}

// A process that gives up a number gives up its record locks on that file (POSIX).
static void table_let_go(struct descriptor_table *table, struct open_file *file)
{
    if (file->node && file->node->locks)
        file_lock_drop(file->node, table);
    file_release(file);
}

void descriptor_table_release(struct descriptor_table *table)
{
    if (atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < table->used_end; i++) {
        if (table->files[i])
            table_let_go(table, table->files[i]);
    }
    arrays_free(table->files, table->close_on_exec, table);
    heap_free(table);
}

// One past the highest number that may be given out: RLIMIT_NOFILE of the running process, if the table is its own.
static uint32_t table_limit(const struct descriptor_table *table)
{
    struct thread *self = thread_current();
    struct user_process *user = self && self->process ? self->process->user : nullptr;
    if (!user || user->files != table)
        return DESCRIPTORS_MAX;
    return (uint32_t)MIN(user->limits[LINUX_RLIMIT_NOFILE].current, (uint64_t)DESCRIPTORS_MAX);
}

// The lowest free number from `minimum` on; `capacity` when the table is full.
static uint32_t table_find_free(const struct descriptor_table *table, uint32_t minimum) MUST_HOLD(table->lock)
{
    uint32_t number = MAX(minimum, table->lowest_free);
    while (number < table->capacity && table->files[number])
        number++;
    return number;
}

static void table_place(struct descriptor_table *table, uint32_t number, struct open_file *file, bool close_on_exec) MUST_HOLD(table->lock)
{
    table->files[number] = file;
    table->used_end = MAX(table->used_end, number + 1);
    if (close_on_exec)
        bitmap_set(table->close_on_exec, number);
    else
        bitmap_clear(table->close_on_exec, number);
    if (number == table->lowest_free)
        table->lowest_free = number + 1;
}

enum status descriptor_add(struct descriptor_table *table, struct open_file *file, int minimum, bool close_on_exec, int *number)
{
    uint32_t limit = table_limit(table);
    if (minimum < 0 || (uint32_t)minimum >= limit)
        return minimum != 0 ? STATUS_BAD_ARGUMENT : STATUS_TOO_MANY_FILES;
    for (;;) {
        spinlock_acquire(&table->lock);
        uint32_t free = table_find_free(table, (uint32_t)minimum);
        bool fits = free < table->capacity && free < limit;
        if (fits)
            table_place(table, free, file, close_on_exec);
        spinlock_release(&table->lock);
        if (fits) {
            *number = (int)free;
            return STATUS_OK;
        }
        if (free >= limit)
            return STATUS_TOO_MANY_FILES;
        TRY(table_reserve(table, free));
    }
}

[[gnu::noinline]] static int install_anywhere(struct descriptor_table *table, struct open_file *file, bool close_on_exec)
{
    int number;
    enum status status = descriptor_add(table, file, 0, close_on_exec, &number);
    if (status == STATUS_OK)
        return number;
    file_release(file);
    return (int)status;
}

// The usual case: the lowest number, and the arrays reach it.
int descriptor_install(struct user_process *user, struct open_file *file, bool close_on_exec)
{
    struct descriptor_table *table = user->files;
    uint64_t limit = user->limits[LINUX_RLIMIT_NOFILE].current;
    spinlock_acquire(&table->lock);
    uint32_t free = table->lowest_free, capacity = (uint32_t)MIN(limit, (uint64_t)table->capacity);
    struct open_file **slot = &table->files[free];
    for (; free < capacity && *slot; slot++)
        free++;
    if (LIKELY(free < capacity)) {
        *slot = file;
        table->lowest_free = free + 1;
        if (free + 1 > table->used_end)
            table->used_end = free + 1;
        if (UNLIKELY(close_on_exec)) // clear where nothing is open
            bitmap_set(table->close_on_exec, free);
    }
    spinlock_release(&table->lock);
    return LIKELY(free < capacity) ? (int)free : install_anywhere(table, file, close_on_exec);
}

enum status descriptor_get(struct descriptor_table *table, int number, struct open_file **file)
{
    spinlock_acquire(&table->lock);
    struct open_file *found = (uint32_t)number < table->capacity ? table->files[number] : nullptr;
    if (LIKELY(found != nullptr))
        file_retain(found);
    spinlock_release(&table->lock);
    *file = found;
    return LIKELY(found != nullptr) ? STATUS_OK : STATUS_BAD_HANDLE;
}

enum status descriptor_close(struct descriptor_table *table, int number)
{
    spinlock_acquire(&table->lock);
    struct open_file *file = (uint32_t)number < table->capacity ? table->files[number] : nullptr;
    if (file) {
        table->files[number] = nullptr;
        bitmap_clear(table->close_on_exec, (uint32_t)number);
        table->lowest_free = MIN(table->lowest_free, (uint32_t)number);
    }
    spinlock_release(&table->lock);
    if (!file)
        return STATUS_BAD_HANDLE;
    table_let_go(table, file);
    return STATUS_OK;
}

enum status descriptor_duplicate(struct descriptor_table *table, int from, int to, bool close_on_exec)
{
    if (to < 0 || (uint32_t)to >= table_limit(table))
        return STATUS_BAD_HANDLE;
    struct open_file *file;
    TRY(descriptor_get(table, from, &file));
    enum status status = table_reserve(table, (uint32_t)to);
    if (status != STATUS_OK) {
        file_release(file);
        return status;
    }
    spinlock_acquire(&table->lock);
    struct open_file *old = table->files[to];
    table_place(table, (uint32_t)to, file, close_on_exec);
    spinlock_release(&table->lock);
    if (old)
        table_let_go(table, old);
    return STATUS_OK;
}

void descriptor_close_on_exec(struct descriptor_table *table)
{
    for (uint32_t word = 0; word < BITMAP_WORDS(table->capacity); word++) {
        while (table->close_on_exec[word]) {
            int number = (int)(word * 64) + __builtin_ctzll(table->close_on_exec[word]);
            if (descriptor_close(table, number) != STATUS_OK)
                table->close_on_exec[word] &= table->close_on_exec[word] - 1;
        }
    }
}

enum status descriptor_get_flag(struct descriptor_table *table, int number, bool *close_on_exec)
{
    spinlock_acquire(&table->lock);
    bool there = (uint32_t)number < table->capacity && table->files[number];
    *close_on_exec = there && bitmap_get(table->close_on_exec, (uint32_t)number);
    spinlock_release(&table->lock);
    return there ? STATUS_OK : STATUS_BAD_HANDLE;
}

enum status descriptor_set_flag(struct descriptor_table *table, int number, bool close_on_exec)
{
    spinlock_acquire(&table->lock);
    bool there = (uint32_t)number < table->capacity && table->files[number];
    if (there && close_on_exec)
        bitmap_set(table->close_on_exec, (uint32_t)number);
    else if (there)
        bitmap_clear(table->close_on_exec, (uint32_t)number);
    spinlock_release(&table->lock);
    return there ? STATUS_OK : STATUS_BAD_HANDLE;
}
