"""Checks of what is to be drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from npdiffpool.graphs.graph import Floats


def require_fitted(clf: Any, attribute: str) -> None:
    """Require a model that has an attribute, which `fit` gives it.

    Raises
    ------
    ValueError
    """
    if not hasattr(clf, attribute):
        kind = type(clf).__name__
        raise ValueError(f"clf must be a fitted model, with {attribute}; got {kind}")


def check_assignment(given: Any, name: str, shape: str, n_rows: int | None) -> Floats:
    """Return an assignment, (N, K) float64, or say why it is none.

    Parameters
    ----------
    given : (N, K) array
    name, shape : str
        What the error calls it, and the shape it says it must have.
    n_rows : int or None
        N; where None, any but 0.

    Raises
    ------
    ValueError
        If it is not a matrix of N rows and at least one column, of numbers, each row
        of them a distribution.
    """
    try:
        S = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        kind = type(given).__name__
        raise ValueError(f"{name} must be a matrix of numbers; got {kind}") from None
    fits = S.ndim == 2 and S.shape[1] > 0
    if not fits or len(S) != n_rows and (n_rows is not None or len(S) == 0):
        raise ValueError(f"{name} must have shape {shape}; got {S.shape}")
    sums = S.sum(axis=1)
    # 1e-3: float32 rows of 1000 clusters sum to 1 within 1e-4.
    if not (np.all(S >= 0) and np.all(np.abs(sums - 1) < 1e-3)):
        raise ValueError(
            f"{name} must have rows >= 0 that sum to 1; got a least entry of "
            f"{S.min()} and sums from {sums.min()} to {sums.max()}"
        )
    return S
