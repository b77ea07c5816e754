"""Settings of the process: one BLAS thread, and memory that is kept.

The matrix products of a minibatch are small: a second BLAS thread makes an epoch a
quarter faster in one process and a sixth slower in the next (benchmarks/NOTES.md). A
second core is better used by independent work (threads.py), or by another process.
"""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import contextmanager, nullcontext, suppress
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, ContextManager, Iterator

from npdiffpool._support.arguments import warn_caller

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # of the BLAS alone
_LOCK, _OPEN, _LIMITS = threading.Lock(), list[None](), list[Any]()
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # from glibc's malloc.h


def has_chosen_threads() -> bool:
    """Return whether an environment variable sets the number of BLAS threads."""
    one_for_all = os.environ.get("OMP_NUM_THREADS") == "1"
    return one_for_all or any(name in os.environ for name in VARIABLES)


def can_limit_threads() -> bool:
    """Return whether threadpoolctl, which limits a loaded BLAS, is installed."""
    return find_spec("threadpoolctl") is not None


def one_blas_thread() -> ContextManager[Any]:
    """Return a context with one BLAS thread.

    It changes nothing if an environment variable sets the number of threads. If
    threadpoolctl is not installed, it changes nothing either, and a warning says once
    what to do.
    """
    if has_chosen_threads():
        return nullcontext()
    if not can_limit_threads():
        _warn_of_threads()
        return nullcontext()
    return _limit()


@contextmanager
def _limit() -> Iterator[None]:
    """Limit the BLAS, which all threads of the process share, until the last exit."""
    from threadpoolctl import threadpool_limits

    with _LOCK:
        _OPEN.append(None)
        _LIMITS.append(threadpool_limits(1, user_api="blas"))
    try:
        yield
    finally:
        with _LOCK:
            _OPEN.pop()
            while _LIMITS and not _OPEN:
                _LIMITS.pop().restore_original_limits()


def count_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@lru_cache  # once in a process
def _warn_of_threads() -> None:
    if count_cpus() > 1:
        text = (
            "npdiffpool uses every thread of the BLAS, which is many times slower on a "
            f"busy machine: set {VARIABLES[0]}=1 before NumPy is imported, or install "
            "threadpoolctl"
        )
        warn_caller(text)


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next training step.

    By default glibc returns large blocks to the operating system, which then has to
    clear every page of the next block: up to two thirds of a step on large graphs. The
    setting is permanent: the memory of the process no longer shrinks. With another C
    library this function does nothing.
    """
    with suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, -1)  # never
