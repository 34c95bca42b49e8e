# SPDX-License-Identifier: MIT
"""helix: the command people type. One noun a file; main.py has the verbs."""
