"""BLAS threads by size: a second one pays for large batches and harms small ones."""
from __future__ import annotations

from contextlib import nullcontext
from typing import Any

LARGE = 2000  # rows of a product from which on more than one thread pays


def can_limit() -> bool:
    """Tell whether threadpoolctl, which reaches a BLAS that is loaded, is there."""
    try:
        import threadpoolctl  # noqa: F401
    except ImportError:
        return False
    return True


def blas_threads(rows: float) -> Any:
    """Return a context with one BLAS thread where products have few rows.

    Where they have many, and where threadpoolctl is not installed, the number of
    threads stays what the BLAS was started with (``OPENBLAS_NUM_THREADS``).
    """
    if rows >= LARGE or not can_limit():
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")
