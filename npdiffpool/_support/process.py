"""What training asks of its process: one BLAS thread, and to keep freed memory.

The products of a minibatch are small: a second BLAS thread makes an epoch faster by a
quarter in one process and slower by a sixth in the next (benchmarks/NOTES.md). Two
cores pay as two processes.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import nullcontext
from typing import Any

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def is_chosen() -> bool:
    """Tell whether the user has chosen a number of threads by the environment."""
    return any(name in os.environ for name in VARIABLES)


def can_limit() -> bool:
    """Tell whether threadpoolctl, which reaches a BLAS that is loaded, is there."""
    try:
        import threadpoolctl  # noqa: F401
    except ImportError:
        return False
    return True


def one_blas_thread() -> Any:
    """Return a context with one BLAS thread, unless the user has chosen a number.

    Where threadpoolctl is not installed nothing is changed.
    """
    if is_chosen() or not can_limit():
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


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
