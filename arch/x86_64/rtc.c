// SPDX-License-Identifier: MIT
// rtc.c: the battery-backed clock (MC146818), read once.

#include <arch/time.h>

#include "io.h"
#include "platform.h"

enum : uint16_t { CMOS_INDEX = 0x70, CMOS_DATA = 0x71 };
enum cmos : uint8_t {
    CMOS_SECOND = 0,
    CMOS_MINUTE = 2,
    CMOS_HOUR = 4,
    CMOS_DAY = 7,
    CMOS_MONTH = 8,
    CMOS_YEAR = 9,
    CMOS_STATUS_A = 10,
    CMOS_STATUS_B = 11
};
enum { UPDATE_POLLS = 100'000, READ_TRIES = 4 };
enum : uint8_t { A_UPDATING = 0x80, B_24_HOURS = 0x02, B_BINARY = 0x04, HOUR_PM = 0x80 };

struct moment {
    uint32_t second, minute, hour, day, month, year;
};

static uint8_t cmos_read(uint8_t index)
{
    port_write8(CMOS_INDEX, index | 0x80); // with NMI masked at the port for as long as the index is in use
    uint8_t value = port_read8(CMOS_DATA);
    port_write8(CMOS_INDEX, 0x0d);
    return value;
}

static uint32_t number_of(uint8_t raw, uint8_t status)
{
    return status & B_BINARY ? raw : (uint32_t)(raw >> 4) * 10 + (raw & 0xf);
}

static bool update_wait(void)
{
    for (int i = 0; i < UPDATE_POLLS; i++) {
        if (!(cmos_read(CMOS_STATUS_A) & A_UPDATING))
            return true;
    }
    return false; // nothing there: the port reads as all ones
}

static void moment_read(struct moment *moment)
{
    uint8_t status = cmos_read(CMOS_STATUS_B), hour = cmos_read(CMOS_HOUR), century = platform_acpi()->century;
    *moment = (struct moment){
        .second = number_of(cmos_read(CMOS_SECOND), status),
        .minute = number_of(cmos_read(CMOS_MINUTE), status),
        .hour = number_of(hour & (uint8_t)~HOUR_PM, status),
        .day = number_of(cmos_read(CMOS_DAY), status),
        .month = number_of(cmos_read(CMOS_MONTH), status),
        .year = number_of(cmos_read(CMOS_YEAR), status),
    };
    if (!(status & B_24_HOURS))
        moment->hour = moment->hour % 12 + (hour & HOUR_PM ? 12 : 0);
    uint32_t hundreds = century >= 0x10 && century < 0x80 ? number_of(cmos_read(century), status) : 0;
    moment->year += hundreds >= 19 && hundreds < 30 ? hundreds * 100 : 2000;
}

// Days from 1970-01-01, by counting March as the first month so that the leap day is a year's last.
static uint64_t days_of(const struct moment *moment)
{
    uint32_t year = moment->month <= 2 ? moment->year - 1 : moment->year;
    uint32_t month = (moment->month + 9) % 12;
    uint32_t in_year = (153 * month + 2) / 5 + moment->day - 1;
    return 365ull * year + year / 4 - year / 100 + year / 400 + in_year - 719'468;
}

static bool moment_plausible(const struct moment *moment)
{
    return moment->second < 61 && moment->minute < 60 && moment->hour < 24 && moment->day >= 1 && moment->day <= 31 && moment->month >= 1 &&
           moment->month <= 12 && moment->year >= 1970;
}

uint64_t arch_wall_clock_seconds(void)
{
    struct moment first = {}, second = {};
    for (int i = 0; i < READ_TRIES; i++) { // twice the same: no update went by in between
        if (!update_wait())
            return 0;
        moment_read(&first);
        moment_read(&second);
        if (first.second == second.second && first.minute == second.minute && first.hour == second.hour && first.day == second.day)
            break;
    }
    if (!moment_plausible(&second))
        return 0;
    return ((days_of(&second) * 24 + second.hour) * 60 + second.minute) * 60 + second.second;
}
