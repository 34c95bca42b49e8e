// SPDX-License-Identifier: MIT
// termios.h: terminal attributes as the kernel interface (TCGETS) has them, and the ioctl requests of terminals.
#pragma once

#include <stdint.h>

enum { LINUX_NCCS = 19 };

struct linux_termios {
    uint32_t input, output, control, local; // c_iflag c_oflag c_cflag c_lflag
    uint8_t line;
    uint8_t characters[LINUX_NCCS]; // c_cc
};
static_assert(sizeof(struct linux_termios) == 36);

struct linux_winsize {
    uint16_t rows, columns, width_pixels, height_pixels;
};
static_assert(sizeof(struct linux_winsize) == 8);

// Indices into `characters`. A character of 0 is switched off.
enum {
    LINUX_VINTR,
    LINUX_VQUIT,
    LINUX_VERASE,
    LINUX_VKILL,
    LINUX_VEOF,
    LINUX_VTIME,
    LINUX_VMIN,
    LINUX_VSWTC,
    LINUX_VSTART,
    LINUX_VSTOP,
    LINUX_VSUSP,
    LINUX_VEOL,
    LINUX_VREPRINT,
    LINUX_VDISCARD,
    LINUX_VWERASE,
    LINUX_VLNEXT,
    LINUX_VEOL2,
};

// input
enum : uint32_t {
    LINUX_IGNBRK = 01,
    LINUX_BRKINT = 02,
    LINUX_IGNPAR = 04,
    LINUX_PARMRK = 010,
    LINUX_INPCK = 020,
    LINUX_ISTRIP = 040,
    LINUX_INLCR = 0100,
    LINUX_IGNCR = 0200,
    LINUX_ICRNL = 0400,
    LINUX_IUCLC = 01000,
    LINUX_IXON = 02000,
    LINUX_IXANY = 04000,
    LINUX_IXOFF = 010000,
    LINUX_IMAXBEL = 020000,
    LINUX_IUTF8 = 040000,
};

// output
enum : uint32_t {
    LINUX_OPOST = 01,
    LINUX_OLCUC = 02,
    LINUX_ONLCR = 04,
    LINUX_OCRNL = 010,
    LINUX_ONOCR = 020,
    LINUX_ONLRET = 040,
    LINUX_TABDLY = 014000,
    LINUX_XTABS = 014000,
};

// control
enum : uint32_t {
    LINUX_B38400 = 017,
    LINUX_B115200 = 010002,
    LINUX_CS8 = 060,
    LINUX_CREAD = 0200,
    LINUX_HUPCL = 02000,
    LINUX_CLOCAL = 04000,
};

// local
enum : uint32_t {
    LINUX_ISIG = 01,
    LINUX_ICANON = 02,
    LINUX_ECHO = 010,
    LINUX_ECHOE = 020,
    LINUX_ECHOK = 040,
    LINUX_ECHONL = 0100,
    LINUX_NOFLSH = 0200,
    LINUX_TOSTOP = 0400,
    LINUX_ECHOCTL = 01000,
    LINUX_ECHOKE = 04000,
    LINUX_IEXTEN = 0100000,
};

enum : uint64_t {
    LINUX_TCGETS = 0x5401,
    LINUX_TCSETS,
    LINUX_TCSETSW,
    LINUX_TCSETSF,
    LINUX_TCSBRK = 0x5409,
    LINUX_TCXONC,
    LINUX_TCFLSH,
    LINUX_TIOCEXCL = 0x540c,
    LINUX_TIOCNXCL,
    LINUX_TIOCSCTTY,
    LINUX_TIOCGPGRP,
    LINUX_TIOCSPGRP,
    LINUX_TIOCOUTQ,
    LINUX_TIOCGWINSZ = 0x5413,
    LINUX_TIOCSWINSZ,
    LINUX_TIOCINQ = 0x541b,
    LINUX_TIOCNOTTY = 0x5422,
    LINUX_TIOCSETD,
    LINUX_TIOCGETD,
    LINUX_TCSBRKP,
    LINUX_TIOCGSID = 0x5429,
};

enum { LINUX_TCIFLUSH, LINUX_TCOFLUSH, LINUX_TCIOFLUSH };
enum { LINUX_TCOOFF, LINUX_TCOON, LINUX_TCIOFF, LINUX_TCION };
