"""BLAS threads: one for training, for the products of a minibatch are small.

A second thread makes an epoch faster by a quarter in one process and slower by a
sixth in the next (benchmarks/NOTES.md). Two cores pay as two processes.
"""
from __future__ import annotations

import os
from contextlib import nullcontext
from typing import Any

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


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
