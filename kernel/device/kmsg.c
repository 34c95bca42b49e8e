// SPDX-License-Identifier: MIT
// kmsg.c: /dev/kmsg: the kernel log, a record a read, in Linux's format; and lines of programs for it.
//
// An open file's offset is the sequence number of the record it reads next. The log may be written in any context, so it wakes
// nobody: a reader who waits looks again a few times a second.
#include <abi/linux/fcntl.h>
#include <abi/linux/poll.h>
#include <lib/format.h>
#include <lib/string.h>

#include <helix/log.h>
#include <helix/thread.h>
#include <helix/timer.h>
#include <helix/vfs.h>

#include "kmsg.h"
#include "local.h"

enum { KMSG_LINE = 384, KMSG_WRITE_MAX = 256 };
enum : uint64_t { KMSG_LOOK_NS = 250 * NS_PER_MS };

// syslog(3) priorities.
static const uint8_t priority_of[] = { [LOG_TRACE] = 7, [LOG_DEBUG] = 7, [LOG_INFO] = 6, [LOG_WARN] = 4, [LOG_ERROR] = 3, [LOG_FATAL] = 2 };

static uint64_t digits(const char **at, const char *end)
{
    uint64_t value = 0;
    while (*at < end && **at >= '0' && **at <= '9')
        value = value * 10 + (uint64_t)(*(*at)++ - '0');
    return value;
}

size_t kmsg_format(char *to, size_t size, uint64_t sequence, enum log_level level, const char *line, size_t length)
{
    const char *at = line, *end = line + length;
    uint64_t seconds = 0, microseconds = 0;
    if (at < end && *at == '[') {
        for (at++; at < end && *at == ' '; at++)
            ;
        seconds = digits(&at, end);
        at += at < end && *at == '.';
        microseconds = digits(&at, end);
        while (at < end && (*at == ']' || *at == ' '))
            at++;
    }
    return format_text(to, size, "%u,%llu,%llu,-;%.*s\n", level < ARRAY_LENGTH(priority_of) ? priority_of[level] : 6,
                       (unsigned long long)sequence, (unsigned long long)(seconds * 1'000'000 + microseconds), (int)(end - at), at);
}

// The next record, formatted; 0: none.
static size_t record_next(struct open_file *file, char *to, size_t size)
{
    char line[KMSG_LINE];
    enum log_level level;
    uint64_t lost = 0;
    mutex_acquire(&file->lock);
    size_t length = log_read_one(&file->offset, &level, line, sizeof line, &lost);
    uint64_t sequence = file->offset - 1;
    mutex_release(&file->lock);
    return length ? kmsg_format(to, size, sequence, level, line, length) : 0;
}

static enum status kmsg_read(struct open_file *file, struct io_vector *to, size_t *done)
{
    char record[KMSG_LINE + 64];
    size_t length;
    while (!(length = record_next(file, record, sizeof record))) {
        if (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_NONBLOCK)
            return STATUS_WOULD_BLOCK;
        if (thread_sleep_until(time_ns() + KMSG_LOOK_NS) != STATUS_OK)
            return STATUS_RESTART;
    }
    if (length > to->left)
        return STATUS_BAD_ARGUMENT;
    TRY(io_copy_out(to, record, length));
    *done = length;
    return STATUS_OK;
}

// "<N>" in front names the priority.
static enum log_level level_of(const char **text)
{
    const char *at = *text;
    if (at[0] != '<' || at[1] < '0' || at[1] > '7' || at[2] != '>')
        return LOG_INFO;
    *text += 3;
    return at[1] <= '3' ? LOG_ERROR : at[1] == '4' ? LOG_WARN : at[1] == '7' ? LOG_DEBUG : LOG_INFO;
}

static enum status kmsg_write(struct open_file *file, struct io_vector *from, size_t *done)
{
    char bytes[KMSG_WRITE_MAX];
    size_t size = from->left, length = MIN(size, sizeof bytes - 1);
    TRY(io_copy_in(from, bytes, length));
    bytes[length] = '\0';
    if (length && bytes[length - 1] == '\n')
        bytes[length - 1] = '\0';
    const char *text = bytes;
    enum log_level level = level_of(&text);
    log_write(level, "user", __FILE_NAME__, __LINE__, "%s", text);
    from->address += from->left;
    from->left = 0;
    *done = size;
    return STATUS_OK;
}

static enum status kmsg_seek(struct open_file *file, int64_t offset, int whence, uint64_t *position)
{
    char line[KMSG_LINE];
    enum log_level level;
    uint64_t lost = 0;
    if (offset != 0 || (whence != LINUX_SEEK_SET && whence != LINUX_SEEK_END && whence != LINUX_SEEK_DATA))
        return STATUS_BAD_ARGUMENT;
    mutex_acquire(&file->lock);
    if (whence != LINUX_SEEK_END)
        file->offset = 0;
    while (whence == LINUX_SEEK_END && log_read_one(&file->offset, &level, line, sizeof line, &lost))
        ;
    mutex_release(&file->lock);
    *position = 0;
    return STATUS_OK;
}

static uint32_t kmsg_poll(struct open_file *file, struct poll_request *request)
{
    char line[KMSG_LINE];
    enum log_level level;
    uint64_t lost = 0, position = file->offset;
    bool more = log_read_one(&position, &level, line, sizeof line, &lost) > 0;
    return (more ? LINUX_POLLIN | LINUX_POLLRDNORM : 0) | LINUX_POLLOUT | LINUX_POLLWRNORM;
}

static const struct file_ops kmsg_ops = { .read = kmsg_read, .write = kmsg_write, .seek = kmsg_seek, .poll = kmsg_poll };
static const struct device_file kmsg_file = { .name = "kmsg", .number = LINUX_DEVICE(1, 11), .mode = 0644, .ops = &kmsg_ops };

enum status kmsg_register(void)
{
    return device_file_register(&kmsg_file);
}
