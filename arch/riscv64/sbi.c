// SPDX-License-Identifier: MIT
// sbi.c: calls to the machine-mode firmware. An extension that it lacks answers with an error, so that callers may just try.

#include "sbi.h"

// The calls of before version 0.2 have an extension number each and no function number (SBI 2.0, chapter 5).
enum : uint64_t { OLD_TIMER = 0, OLD_PUT = 1, OLD_POWER_OFF = 8, BASE = 0x10 };
enum : uint64_t { BASE_PROBE = 3, TIME_SET = 0, IPI_SEND = 0, FENCE_I = 0, CONSOLE_WRITE_BYTE = 2, RESET = 0 };
enum : uint64_t { RESET_POWER_OFF = 0, RESET_COLD = 1, RESET_NO_REASON = 0 };

struct answer {
    int64_t error; // 0: none
    uint64_t value;
};

// The firmware preserves every register but a0 and a1 (SBI 2.0, chapter 3).
static struct answer call(uint64_t extension, uint64_t function, uint64_t first, uint64_t second)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    return (struct answer){ .error = (int64_t)a0, .value = a1 };
}

bool sbi_has(enum sbi_extension extension)
{
    struct answer answer = call(BASE, BASE_PROBE, extension, 0);
    return !answer.error && answer.value;
}

uint64_t sbi_machine(uint64_t function)
{
    struct answer answer = call(BASE, function, 0, 0);
    return answer.error ? 0 : answer.value;
}

void sbi_timer_set(uint64_t at)
{
    if (call(SBI_TIME, TIME_SET, at, 0).error)
        (void)call(OLD_TIMER, 0, at, 0);
}

// A mask of one hart that begins with it (SBI 2.0, chapter 3.1).
void sbi_ipi_send(uint64_t hart)
{
    (void)call(SBI_IPI, IPI_SEND, 1, hart);
}

// A mask that begins at no hart means all of them.
void sbi_remote_fence_i(void)
{
    (void)call(SBI_FENCE, FENCE_I, 0, UINT64_MAX);
}

void sbi_console_write_byte(uint8_t byte)
{
    (void)call(SBI_CONSOLE, CONSOLE_WRITE_BYTE, byte, 0);
}

void sbi_console_write_byte_old(uint8_t byte)
{
    (void)call(OLD_PUT, 0, byte, 0);
}

void sbi_power_off(void)
{
    (void)call(SBI_RESET, RESET, RESET_POWER_OFF, RESET_NO_REASON);
    (void)call(OLD_POWER_OFF, 0, 0, 0);
}

void sbi_reboot(void)
{
    (void)call(SBI_RESET, RESET, RESET_COLD, RESET_NO_REASON);
}
