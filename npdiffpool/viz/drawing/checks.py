"""Validation of the arguments that several pictures share."""

from __future__ import annotations

from typing import Any

import numpy as np

from npdiffpool._support.types import Floats


def require_fitted(clf: Any, attribute: str) -> None:
    """Require a model with an attribute that a fitted model has.

    Raises
    ------
    ValueError
        If `clf` lacks the attribute.
    """
    if not hasattr(clf, attribute):
        kind = type(clf).__name__
        raise ValueError(f"clf must be a fitted model, with {attribute}; got {kind}")


def check_assignment(value: Any, name: str, shape: str, n_rows: int | None) -> Floats:
    """Validate an assignment and return it as a float64 array.

    Parameters
    ----------
    value : (N, K) array
    name, shape : str
        The argument's name and the required shape, for the error message.
    n_rows : int or None
        The required N; None for any N >= 1.

    Returns
    -------
    (N, K) array

    Raises
    ------
    ValueError
        If `value` is not a matrix of numbers with N rows and at least one column, or
        if a row has a negative entry or does not sum to 1.
    """
    try:
        S = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        kind = type(value).__name__
        raise ValueError(f"{name} must be a matrix of numbers; got {kind}") from None
    is_matrix = S.ndim == 2 and S.shape[1] > 0
    if not is_matrix or (len(S) == 0 if n_rows is None else len(S) != n_rows):
        raise ValueError(f"{name} must have shape {shape}; got {S.shape}")
    sums = S.sum(axis=1)
    # 1e-3: float32 rows of 1000 clusters sum to 1 within 1e-4.
    if not (np.all(S >= 0) and np.all(np.abs(sums - 1) < 1e-3)):
        raise ValueError(
            f"{name} must have rows >= 0 that sum to 1; got a smallest entry of "
            f"{S.min()} and row sums from {sums.min()} to {sums.max()}"
        )
    return S
