// SPDX-License-Identifier: MIT
// tty.h: terminals: a line discipline between a device and the programs (and the kernel shell) that use it.
#pragma once

#include <abi/linux/termios.h>
#include <abi/status.h>
#include <lib/types.h>

#include <helix/vfs.h>

struct tty;

// What a character device under a terminal does.
struct tty_device {
    const char *name;                               // "ttyS0"
    void (*write)(const char *text, size_t length); // any context, may poll; the terminal's lock may be held
    uint32_t speed;                                 // bits a second; 0: it has none
};

// Registers the terminal of the machine's console; the first one is /dev/console. The driver then calls tty_input for what arrives.
enum status tty_register(const struct tty_device *device, struct tty **tty);

// Bytes from the device. Interrupt context. Handles ^C, ^\, ^Z, echo and line editing as the termios say.
void tty_input(struct tty *tty, const char *bytes, size_t length);

// The console's terminal; nullptr before one is registered.
struct tty *tty_console(void);

// For the kernel shell: raw access on the calling kernel thread, which ignores signals.
enum status tty_read(struct tty *tty, char *to, size_t size, uint64_t deadline_ns, size_t *done);
void tty_write(struct tty *tty, const char *text, size_t length);
void tty_get_attributes(struct tty *tty, struct linux_termios *attributes);
void tty_set_attributes(struct tty *tty, const struct linux_termios *attributes);
void tty_get_window(struct tty *tty, uint16_t *rows, uint16_t *columns);
void tty_set_window(struct tty *tty, uint16_t rows, uint16_t columns);

// Job control: the session that owns the terminal and its foreground process group (0: none).
void tty_set_foreground(struct tty *tty, uint64_t session, uint64_t group);
uint64_t tty_foreground(struct tty *tty);

// The session whose controlling terminal it is; 0: none.
uint64_t tty_session(struct tty *tty);

// LINUX_DEVICE of the terminal, as /proc/PID/stat shows it.
uint64_t tty_number(const struct tty *tty);

// An open file on the terminal, as /dev/console gives it.
enum status tty_open(struct tty *tty, struct open_file **file);

// How the terminal reaches processes: set once by kernel/userspace, which knows signals.
struct tty_hooks {
    void (*signal_group)(uint64_t group, int signal); // interrupt context
    // For a background process's read or write: STATUS_OK go on, STATUS_RESTART a stop signal was sent, STATUS_IO_ERROR.
    enum status (*background_access)(uint64_t group, int signal);
    uint64_t (*current_group)(void); // of the running process; 0: kernel thread
    uint64_t (*current_session)(void);
    bool (*group_in_session)(uint64_t group, uint64_t session);
};
void tty_set_hooks(const struct tty_hooks *hooks);
