// SPDX-License-Identifier: MIT
// paging.h: which page tables the kernel uses.
#pragma once

// "sv39", "sv48" or "sv57": what paging_choose takes, or has taken. The command line is known.
const char *paging_name(void);
