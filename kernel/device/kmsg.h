// SPDX-License-Identifier: MIT
// kmsg.h: the format of /dev/kmsg, for its test.
#pragma once

#include <lib/types.h>

#include <helix/log.h>

// "priority,sequence,microseconds,-;text\n" of a log line with its time stamp; returns the length.
size_t kmsg_format(char *to, size_t size, uint64_t sequence, enum log_level level, const char *line, size_t length);
