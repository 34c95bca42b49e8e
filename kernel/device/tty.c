// SPDX-License-Identifier: MIT
// tty.c: terminals: what stands between a device that moves bytes and programs that read lines.
//
// Purpose     Gives programs and the kernel shell a terminal that behaves as Linux's does: line editing, echo, signals from keys,
//             job control, raw reading, window size.
// How         The device hands what arrives to tty_input in interrupt context; tty_input.c edits the line, echoes through
//             tty_output.c and leaves complete lines in a ring, from which tty_read.c serves. tty_file.c is the open file and its
//             ioctls, tty_session.c the question whose terminal it is. Signals and wake-ups happen after the lock is released.
// Invariants  What has been read cannot be edited. At most TTY_INPUT_SIZE bytes wait; more go to a backlog and are looked at when there
//             is room, so a pasted text is not lost; characters that signal are obeyed at once all the same.
// Locks       The output mutex keeps writers' bytes together. The terminal's spinlock, interrupts off, guards input and attributes; the
//             echo is written to the device under it. Neither is held while user memory is copied.
// Cost        Output goes to the device in whole buffers; a run of plain characters is copied, not looked at one by one twice.
// Not here    Who may signal whom (kernel/userspace, through tty_hooks); the device (drivers/console).
#include "tty_local.h"

#include <abi/linux/signal.h>
#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/heap.h>

enum { ROWS_DEFAULT = 24, COLUMNS_DEFAULT = 80, SERIAL_MAJOR = 4, SERIAL_MINOR = 64 };

static struct tty *console;
static _Atomic(const struct tty_hooks *) hooks;

BOOT_OPTION(tty_rows, "tty.rows", "rows of the console's window, 24 if not given");
BOOT_OPTION(tty_columns, "tty.columns", "columns of the console's window, 80 if not given");

void tty_set_hooks(const struct tty_hooks *wanted)
{
    atomic_store_explicit(&hooks, wanted, memory_order_release);
}

const struct tty_hooks *tty_hooks(void)
{
    return atomic_load_explicit(&hooks, memory_order_acquire);
}

struct tty *tty_console(void)
{
    return console;
}

// Linux's code of a speed; the default one for a speed without.
static uint32_t speed_code(uint32_t speed)
{
    static const struct {
        uint32_t speed, code;
    } codes[] = { { 300, 07 },    { 600, 010 },      { 1200, 011 },
                  { 2400, 013 },  { 4800, 014 },     { 9600, 015 },
                  { 19200, 016 }, { 57600, 010001 }, { 115200, LINUX_B115200 } };
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
        if (codes[i].speed == speed)
            return codes[i].code;
    }
    return LINUX_B38400;
}

void tty_init(struct tty *tty, const struct tty_device *device, uint64_t number)
{
    tty->device = device;
    tty->number = number;
    spinlock_init(&tty->lock, RANK_DRIVER);
    wait_queue_init(&tty->readable);
    wait_queue_init(&tty->writable);
    mutex_init(&tty->output, RANK_TERMINAL);
    tty->window = (struct linux_winsize){ .rows = ROWS_DEFAULT, .columns = COLUMNS_DEFAULT };
    tty->attributes = (struct linux_termios){
        .input = LINUX_ICRNL | LINUX_IXON | LINUX_IUTF8,
        .output = LINUX_OPOST | LINUX_ONLCR,
        .control = LINUX_CS8 | LINUX_CREAD | LINUX_HUPCL | LINUX_CLOCAL | speed_code(device->speed),
        .local = LINUX_ISIG | LINUX_ICANON | LINUX_ECHO | LINUX_ECHOE | LINUX_ECHOK | LINUX_ECHOCTL | LINUX_ECHOKE | LINUX_IEXTEN,
        .characters = {
            [LINUX_VINTR] = 'C' & 0x1f, [LINUX_VQUIT] = '\\' & 0x1f, [LINUX_VERASE] = 0x7f, [LINUX_VKILL] = 'U' & 0x1f,
            [LINUX_VEOF] = 'D' & 0x1f, [LINUX_VMIN] = 1, [LINUX_VSTART] = 'Q' & 0x1f, [LINUX_VSTOP] = 'S' & 0x1f,
            [LINUX_VSUSP] = 'Z' & 0x1f, [LINUX_VREPRINT] = 'R' & 0x1f, [LINUX_VDISCARD] = 'O' & 0x1f,
            [LINUX_VWERASE] = 'W' & 0x1f, [LINUX_VLNEXT] = 'V' & 0x1f,
        },
    };
}

static void option_size(const char *key, uint16_t *value)
{
    char text[8];
    uint64_t number;
    if (boot_option(key, text, sizeof text) && string_number(text, &number) && number > 0 && number <= UINT16_MAX)
        *value = (uint16_t)number;
}

enum status tty_register(const struct tty_device *device, struct tty **made)
{
    static uint32_t count;
    char token[64];
    struct tty *tty = heap_alloc_zeroed(1, sizeof(*tty));
    if (!tty)
        return STATUS_NO_MEMORY;
    tty_init(tty, device, LINUX_DEVICE(SERIAL_MAJOR, SERIAL_MINOR + count));
    option_size("tty.rows", &tty->window.rows);
    option_size("tty.columns", &tty->window.columns);
    // Whoever started this boot with lines to execute reads the console as a file: bytes come out as they went in.
    if (boot_option("exec.token", token, sizeof token) && token[0])
        tty->attributes.output &= ~(LINUX_OPOST | LINUX_ONLCR);
    if (!console)
        console = tty;
    enum status status = tty_register_files(tty);
    if (status != STATUS_OK) {
        if (console == tty)
            console = nullptr;
        heap_free(tty);
        return status;
    }
    count++;
    *made = tty;
    return STATUS_OK;
}

void tty_effects_finish(struct tty *tty, const struct tty_effects *effects)
{
    const struct tty_hooks *to = tty_hooks();
    uint64_t group = atomic_load(&tty->foreground);
    for (uint64_t left = effects->signals; left; left &= left - 1) {
        if (group && to)
            to->signal_group(group, __builtin_ctzll(left));
    }
    if (effects->readable)
        wait_wake_all(&tty->readable);
    if (effects->writable)
        wait_wake_all(&tty->writable);
}

void tty_input(struct tty *tty, const char *bytes, size_t length)
{
    struct tty_effects effects = {};
    bool on = spinlock_acquire_irq(&tty->lock);
    tty_receive(tty, bytes, length, &effects);
    tty_echo_flush(tty, &effects);
    spinlock_release_irq(&tty->lock, on);
    tty_effects_finish(tty, &effects);
}

// ---- attributes and window ----

void tty_get_attributes(struct tty *tty, struct linux_termios *attributes)
{
    bool on = spinlock_acquire_irq(&tty->lock);
    *attributes = tty->attributes;
    spinlock_release_irq(&tty->lock, on);
}

void tty_set_attributes(struct tty *tty, const struct linux_termios *attributes)
{
    struct tty_effects effects = { .readable = true }; // what a read waits for may have changed
    bool on = spinlock_acquire_irq(&tty->lock);
    bool was_line_mode = tty_line_mode(tty), was_echoed = tty_local(tty, LINUX_ECHO);
    tty->attributes = *attributes;
    if (!(attributes->input & LINUX_IXON))
        tty_go(tty, &effects);
    tty_change_mode(tty, was_line_mode, was_echoed, &effects);
    tty_echo_flush(tty, &effects);
    spinlock_release_irq(&tty->lock, on);
    tty_effects_finish(tty, &effects);
}

void tty_get_window(struct tty *tty, uint16_t *rows, uint16_t *columns)
{
    bool on = spinlock_acquire_irq(&tty->lock);
    *rows = tty->window.rows;
    *columns = tty->window.columns;
    spinlock_release_irq(&tty->lock, on);
}

void tty_set_window_full(struct tty *tty, const struct linux_winsize *window)
{
    struct tty_effects effects = {};
    bool on = spinlock_acquire_irq(&tty->lock);
    if (memcmp(&tty->window, window, sizeof *window) != 0)
        effects.signals = 1ull << LINUX_SIGWINCH;
    tty->window = *window;
    spinlock_release_irq(&tty->lock, on);
    tty_effects_finish(tty, &effects);
}

void tty_set_window(struct tty *tty, uint16_t rows, uint16_t columns)
{
    const struct linux_winsize window = { .rows = rows, .columns = columns };
    tty_set_window_full(tty, &window);
}

// ---- job control ----

void tty_set_foreground(struct tty *tty, uint64_t session, uint64_t group)
{
    atomic_store(&tty->session, session);
    atomic_store(&tty->foreground, group);
}

uint64_t tty_foreground(struct tty *tty)
{
    return atomic_load(&tty->foreground);
}

uint64_t tty_session(struct tty *tty)
{
    return atomic_load(&tty->session);
}

uint64_t tty_number(const struct tty *tty)
{
    return tty->number;
}

enum status tty_check_foreground(struct tty *tty, int signal)
{
    const struct tty_hooks *asked = tty_hooks();
    uint64_t session = atomic_load(&tty->session), foreground = atomic_load(&tty->foreground);
    if (!asked || !session || session != asked->current_session())
        return STATUS_OK;
    uint64_t group = asked->current_group();
    return !foreground || group == foreground ? STATUS_OK : asked->background_access(group, signal);
}
