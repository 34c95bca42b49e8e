#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""main.py: where ./helix enters Python."""
import sys

from helix.main import main

sys.exit(main(sys.argv[1:]))
