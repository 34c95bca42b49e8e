// SPDX-License-Identifier: MIT
// row.c: how a row ends without a figure.
#include "bench.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// One write for the whole line, so that nothing comes between.
static void end_row(const char *word, const char *format, va_list arguments, int error)
{
    char line[256];
    int length = snprintf(line, sizeof line, "bench-%s ", word);
    length += vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    if (length > (int)sizeof line - 64)
        length = (int)sizeof line - 64;
    length += snprintf(line + length, sizeof line - (size_t)length, error ? ": %s\n" : "\n", strerror(error));
    (void)!write(STDOUT_FILENO, line, (size_t)length);
    _exit(1);
}

void give_up(const char *format, ...)
{
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    end_row(error == ENOSYS || error == EAFNOSUPPORT ? "skip" : "fail", format, arguments, error);
    __builtin_unreachable();
}

void leave_out(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end_row("skip", format, arguments, 0);
    __builtin_unreachable();
}
