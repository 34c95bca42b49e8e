// SPDX-License-Identifier: MIT
// isa.h: what the boot hart says of its instruction set.
#pragma once

// "rv64imafdc_zicsr…" as the device tree has it; "rv64ima" without a word there. The tree has been read.
const char *isa_text(void);

// Whether it has an extension of one letter.
bool isa_letter(char letter);
