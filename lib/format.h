// SPDX-License-Identifier: MIT
// format.h: printf-style formatting without a C library, without floating point, without allocation.
//
// Conversions: %d %i %u %x %X %o %c %s %p %% with flags - 0 + space #, width, precision, * and the sizes hh h l ll z t.
// `%s` of nullptr prints (null). Nothing else is recognised: an unknown conversion is printed as it stands.
#pragma once

#include <stdarg.h>

#include <lib/types.h>

#define PRINTF_LIKE(format_, first_) [[gnu::format(printf, format_, first_)]]

// Writes at most size-1 characters and a terminator; returns the length the whole text has (as snprintf).
PRINTF_LIKE(3, 4) size_t format_text(char *to, size_t size, const char *format, ...);
size_t format_text_list(char *to, size_t size, const char *format, va_list arguments);

// Receives formatted text piece by piece.
typedef void format_sink(void *context, const char *text, size_t length);
PRINTF_LIKE(3, 4) void format_to(format_sink *sink, void *context, const char *format, ...);
void format_to_list(format_sink *sink, void *context, const char *format, va_list arguments);

// A growing text in a fixed buffer. Overflow is remembered, never written.
struct text {
    char *bytes;
    size_t size;   // of the buffer
    size_t length; // that the whole text has; beyond size-1 it is cut
};
PRINTF_LIKE(2, 3) void text_add(struct text *text, const char *format, ...);
