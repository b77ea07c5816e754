"""What the C library does with the memory that a training step frees."""
from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def keep_freed_memory() -> None:
    """Have glibc keep freed memory for the next step.

    By default it gives large blocks back to the system, which then has to clear
    every page of the next one: up to two thirds of a step on large graphs. It
    holds for the process, whose memory does not shrink any more. With another C
    library nothing happens.
    """
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, -1)  # never
    except (AttributeError, OSError, TypeError):
        pass
