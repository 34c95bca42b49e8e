// SPDX-License-Identifier: MIT
// sbi.h: calls to the machine-mode firmware (RISC-V Supervisor Binary Interface 2.0).
//
// Every call is one trap into the firmware and back; all are safe at any time, in a panic too.
#pragma once

#include <lib/types.h>

// Extension numbers (SBI 2.0, chapters 4 to 12).
enum sbi_extension : uint64_t {
    SBI_TIME = 0x54494d45,
    SBI_IPI = 0x735049,
    SBI_FENCE = 0x52464e43,
    SBI_RESET = 0x53525354,
    SBI_CONSOLE = 0x4442434e,
};

// Whether the firmware has the extension (SBI 2.0, 4.4).
bool sbi_has(enum sbi_extension extension);

// What the machine's own registers say it is: function 4 mvendorid, 5 marchid, 6 mimpid; 0: nothing.
uint64_t sbi_machine(uint64_t function);

// Interrupts this hart when the time counter reaches `at`; UINT64_MAX: never. A timer interrupt that is pending is taken back.
void sbi_timer_set(uint64_t at);

// Makes the software interrupt of hart `hart` pending.
void sbi_ipi_send(uint64_t hart);

// Every hart that runs forgets what it fetched of code before (fence.i); done on return.
void sbi_remote_fence_i(void);

// One byte to the firmware's console: by the debug console extension, or as firmware of before 2.0 does it. The first waits
// until the byte has gone.
void sbi_console_write_byte(uint8_t byte);
void sbi_console_write_byte_old(uint8_t byte);

// Both return only when the firmware cannot.
void sbi_power_off(void);
void sbi_reboot(void);
