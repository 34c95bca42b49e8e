// SPDX-License-Identifier: MIT
// init.h: what the files of this folder share and nobody else sees.
#pragma once

// Carries out the boot option panic_test, if it is there, on a thread of its own; then does not return.
void panic_test_run(void);
