// SPDX-License-Identifier: MIT
// tty_file.c: terminals as open files: /dev/console, /dev/tty, /dev/ttyS0, and what ioctl does to them.
#include "tty_local.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/poll.h>
#include <abi/linux/signal.h>
#include <lib/format.h>

#include <arch/user.h>

#include <helix/heap.h>

enum { ALTERNATE_MAJOR = 5, TTY_MINOR = 0, CONSOLE_MINOR = 1, LINE_DISCIPLINE = 0 };

static bool is_nonblocking(const struct open_file *file)
{
    return atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_NONBLOCK;
}

static enum status file_read_tty(struct open_file *file, struct io_vector *to, size_t *done)
{
    return tty_read_vector(file->data, to, is_nonblocking(file), UINT64_MAX, done);
}

static enum status file_write_tty(struct open_file *file, struct io_vector *from, size_t *done)
{
    struct tty *tty = file->data;
    if (UNLIKELY(tty_local(tty, LINUX_TOSTOP)))
        TRY(tty_check_foreground(tty, LINUX_SIGTTOU));
    return tty_write_vector(tty, from, is_nonblocking(file), done);
}

static uint32_t file_poll_tty(struct open_file *file, struct poll_request *request)
{
    struct tty *tty = file->data;
    poll_wait(request, &tty->readable);
    poll_wait(request, &tty->writable);
    uint32_t ready = tty_can_read(tty) ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
    return ready | (atomic_load(&tty->stopped) ? 0 : LINUX_POLLOUT | LINUX_POLLWRNORM);
}

// ---- ioctl ----

static enum status ioctl_set_attributes(struct tty *tty, uint64_t request, uint64_t argument)
{
    struct linux_termios wanted;
    TRY(tty_check_foreground(tty, LINUX_SIGTTOU));
    TRY(arch_copy_from_user(&wanted, argument, sizeof wanted));
    if (request == LINUX_TCSETSF) {
        bool on = spinlock_acquire_irq(&tty->lock);
        tty_flush_input(tty);
        spinlock_release_irq(&tty->lock, on);
    }
    tty_set_attributes(tty, &wanted);
    return STATUS_OK;
}

static enum status ioctl_flow(struct tty *tty, uint64_t argument)
{
    struct tty_effects effects = {};
    const uint8_t *characters = tty->attributes.characters;
    TRY(tty_check_foreground(tty, LINUX_SIGTTOU));
    switch (argument) {
    case LINUX_TCOOFF:
        tty_stop(tty);
        return STATUS_OK;
    case LINUX_TCOON:
        tty_go(tty, &effects);
        tty_effects_finish(tty, &effects);
        return STATUS_OK;
    case LINUX_TCIOFF:
    case LINUX_TCION:
        tty->device->write((const char *)&characters[argument == LINUX_TCIOFF ? LINUX_VSTOP : LINUX_VSTART], 1);
        return STATUS_OK;
    default:
        return STATUS_BAD_ARGUMENT;
    }
}

static enum status ioctl_flush(struct tty *tty, uint64_t argument)
{
    TRY(tty_check_foreground(tty, LINUX_SIGTTOU));
    if (argument > LINUX_TCIOFLUSH)
        return STATUS_BAD_ARGUMENT;
    if (argument == LINUX_TCOFLUSH) // output is not kept
        return STATUS_OK;
    bool on = spinlock_acquire_irq(&tty->lock);
    tty_flush_input(tty);
    spinlock_release_irq(&tty->lock, on);
    return STATUS_OK;
}

static enum status put_number(uint64_t to, int64_t number)
{
    int32_t value = (int32_t)number;
    return arch_copy_to_user(to, &value, sizeof value);
}

static enum status ioctl_set_group(struct tty *tty, uint64_t argument)
{
    int32_t group;
    if (tty_controlling() != tty)
        return STATUS_NOT_TERMINAL;
    TRY(tty_check_foreground(tty, LINUX_SIGTTOU));
    TRY(arch_copy_from_user(&group, argument, sizeof group));
    if (group < 0)
        return STATUS_BAD_ARGUMENT;
    uint64_t session = tty_session(tty);
    if (!tty_hooks()->group_in_session((uint64_t)group, session))
        return STATUS_NOT_PERMITTED;
    tty_set_foreground(tty, session, (uint64_t)group);
    return STATUS_OK;
}

static enum status ioctl_owner(struct tty *tty, uint64_t request, uint64_t argument)
{
    switch (request) {
    case LINUX_TIOCGPGRP:
        return tty_controlling() == tty ? put_number(argument, (int64_t)tty_foreground(tty)) : STATUS_NOT_TERMINAL;
    case LINUX_TIOCGSID:
        return tty_controlling() == tty ? put_number(argument, (int64_t)tty_session(tty)) : STATUS_NOT_TERMINAL;
    case LINUX_TIOCSPGRP:
        return ioctl_set_group(tty, argument);
    case LINUX_TIOCSCTTY:
        return tty_take(tty, argument == 1);
    case LINUX_TIOCNOTTY:
        return tty_give_up(tty);
    default:
        return STATUS_NOT_TERMINAL;
    }
}

static enum status ioctl_window(struct tty *tty, uint64_t request, uint64_t argument)
{
    struct linux_winsize window;
    if (request == LINUX_TIOCSWINSZ) {
        TRY(arch_copy_from_user(&window, argument, sizeof window));
        tty_set_window_full(tty, &window);
        return STATUS_OK;
    }
    bool on = spinlock_acquire_irq(&tty->lock);
    window = tty->window;
    spinlock_release_irq(&tty->lock, on);
    return arch_copy_to_user(argument, &window, sizeof window);
}

static enum status ioctl_count_input(struct tty *tty, uint64_t argument)
{
    bool on = spinlock_acquire_irq(&tty->lock);
    uint32_t count = tty_available(tty);
    spinlock_release_irq(&tty->lock, on);
    return put_number(argument, count);
}

static enum status ioctl_discipline(uint64_t argument)
{
    int32_t wanted;
    TRY(arch_copy_from_user(&wanted, argument, sizeof wanted));
    return wanted == LINE_DISCIPLINE ? STATUS_OK : STATUS_BAD_ARGUMENT;
}

static enum status file_ioctl_tty(struct open_file *file, uint64_t request, uint64_t argument, int64_t *result)
{
    struct tty *tty = file->data;
    struct linux_termios attributes;
    switch (request) {
    case LINUX_TCGETS:
        tty_get_attributes(tty, &attributes);
        return arch_copy_to_user(argument, &attributes, sizeof attributes);
    case LINUX_TCSETS:
    case LINUX_TCSETSW:
    case LINUX_TCSETSF:
        return ioctl_set_attributes(tty, request, argument);
    case LINUX_TIOCGWINSZ:
    case LINUX_TIOCSWINSZ:
        return ioctl_window(tty, request, argument);
    case LINUX_TIOCINQ:
        return ioctl_count_input(tty, argument);
    case LINUX_TIOCOUTQ:
        return put_number(argument, 0);
    case LINUX_TCFLSH:
        return ioctl_flush(tty, argument);
    case LINUX_TCXONC:
        return ioctl_flow(tty, argument);
    case LINUX_TCSBRK: // output has left when write returns, and the device sends no breaks, which Linux passes over too
    case LINUX_TCSBRKP:
        return tty_check_foreground(tty, LINUX_SIGTTOU);
    case LINUX_TIOCGETD:
        return put_number(argument, LINE_DISCIPLINE);
    case LINUX_TIOCSETD:
        return ioctl_discipline(argument);
    default:
        return ioctl_owner(tty, request, argument);
    }
}

const struct file_ops tty_file_ops = {
    .read = file_read_tty,
    .write = file_write_tty,
    .poll = file_poll_tty,
    .ioctl = file_ioctl_tty,
};

// ---- opening ----

static enum status open_console(struct node *node, struct open_file *file)
{
    file->data = tty_console();
    return file->data ? STATUS_OK : STATUS_NO_DEVICE;
}

static enum status open_controlling(struct node *node, struct open_file *file)
{
    file->data = tty_controlling();
    return file->data ? STATUS_OK : STATUS_NO_SUCH_DEVICE;
}

// A terminal's own device file stands behind it, so that its number is enough to find it.
struct tty_node {
    struct device_file file;
    struct tty *tty;
};

static enum status open_own(struct node *node, struct open_file *file)
{
    const struct tty_node *own = container_of(device_file_find(node->device), struct tty_node, file);
    file->data = own->tty;
    if (!(atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_NOCTTY))
        tty_adopt(own->tty);
    return STATUS_OK;
}

static const struct device_file console_file = {
    .name = "console",
    .number = LINUX_DEVICE(ALTERNATE_MAJOR, CONSOLE_MINOR),
    .mode = 0600,
    .ops = &tty_file_ops,
    .open = open_console,
};
static const struct device_file controlling_file = {
    .name = "tty",
    .number = LINUX_DEVICE(ALTERNATE_MAJOR, TTY_MINOR),
    .mode = 0666,
    .ops = &tty_file_ops,
    .open = open_controlling,
};

enum status tty_register_files(struct tty *tty)
{
    struct tty_node *own = heap_alloc_zeroed(1, sizeof(*own));
    if (!own)
        return STATUS_NO_MEMORY;
    own->tty = tty;
    own->file =
        (struct device_file){ .name = tty->device->name, .number = tty->number, .mode = 0660, .ops = &tty_file_ops, .open = open_own };
    enum status status = device_file_register(&own->file);
    if (status != STATUS_OK) {
        heap_free(own);
        return status;
    }
    if (tty != tty_console())
        return STATUS_OK;
    // From here on the terminal stays: its row is in the table.
    (void)device_file_register(&console_file);
    (void)device_file_register(&controlling_file);
    return STATUS_OK;
}

enum status tty_open(struct tty *tty, struct open_file **file)
{
    if (tty == tty_console() &&
        vfs_open(vfs_kernel_context(), nullptr, "/dev/console", LINUX_O_RDWR | LINUX_O_NOCTTY, 0, file) == STATUS_OK)
        return STATUS_OK;
    return file_create(&tty_file_ops, LINUX_O_RDWR, tty, file);
}
