"""What a change needed for a moment goes back to the system: daemons are idle most of their lives."""

from __future__ import annotations

import ctypes


def trim_heap() -> None:
    """Return every free page of the heap, not only those at its end (malloc_trim(3)); takes a millisecond."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # glibc has it, other C libraries need not
        trim(0)
