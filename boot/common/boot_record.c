// SPDX-License-Identifier: MIT
// boot_record.c: the one boot_info of this boot.

#include <helix/boot_info.h>

static struct boot_info record;

struct boot_info *boot_info(void)
{
    return &record;
}
