// SPDX-License-Identifier: MIT
// large.c: a static program of 1 MiB that reads a little of itself and ends: what the row exec_1m executes.
#include <unistd.h>

enum { SIZE = 1 << 20, PAGE = 4096, STEP = 16 };

[[gnu::used]] static const char ballast[SIZE] = { [0] = 1, [SIZE - 1] = 1 };

int main(void)
{
    int sum = 0;
    for (int at = 0; at < SIZE; at += STEP * PAGE)
        sum += *(const volatile char *)(ballast + at);
    _exit(sum == 1 ? 0 : 1);
}
