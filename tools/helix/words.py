# SPDX-License-Identifier: MIT
"""words.py: the nearest valid name, for messages."""
import difflib


def nearest(word, names):
    """'; did you mean "…"?', or the list of what there is, or nothing."""
    names = [str(name) for name in names]
    close = difflib.get_close_matches(str(word), names, n=1, cutoff=0.55)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; there is: {', '.join(names)}" if names else ""
