// SPDX-License-Identifier: MIT
// reach.c: `reach MEBIBYTES` takes that much memory, writes its own address into every page, and reads all of it back.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int count, char **arguments)
{
    size_t size = (size_t)(count > 1 ? atol(arguments[1]) : 64) << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    for (size_t i = 0; i < size; i += 4096)
        *(volatile uint64_t *)(memory + i) = (uint64_t)(memory + i);
    for (size_t i = 0; i < size; i += 4096)
        if (*(volatile uint64_t *)(memory + i) != (uint64_t)(memory + i)) {
            printf("FAIL page %zu lost its content\n", i / 4096);
            return 1;
        }
    printf("ok touched %zu\n", size >> 20);
    return 0;
}
