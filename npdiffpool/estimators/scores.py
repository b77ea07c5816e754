"""The score of a regressor: R^2 of each target."""

from __future__ import annotations

import numpy as np

from npdiffpool._support.types import Floats


def r_squared(
    targets: Floats, predicted: Floats, weights: Floats | None = None
) -> Floats:
    """Return R^2 of each target, (T,): 1 - squared error / variance.

    If all values of a target are equal, it is 1 for exact predictions, otherwise 0.

    Parameters
    ----------
    targets, predicted : (G,) or (G, T) arrays
        A (G,) array is one target.
    weights : (G,) array, optional
        Not negative.

    Examples
    --------
    >>> t = np.array([[0.0, 3.0], [1.0, 3.0], [2.0, 3.0]])
    >>> r_squared(t, t + [[0.5, 0.0]])
    array([0.625, 1.   ])
    """
    pairs = zip(_columns(targets), _columns(predicted))
    return np.array([_of_one(t, y, weights) for t, y in pairs])


def _columns(values: Floats) -> Floats:
    columns: Floats = values.reshape(len(values), -1).T
    return columns


def _of_one(targets: Floats, predicted: Floats, weights: Floats | None) -> float:
    if weights is not None:
        counted = weights > 0
        targets, predicted = targets[counted], predicted[counted]
        weights = weights[counted]
    largest = max(np.max(np.abs(targets)), np.max(np.abs(predicted)), 1e-300)
    targets, predicted = targets / largest, predicted / largest  # no overflow
    error = float(np.average((targets - predicted) ** 2, weights=weights))
    if np.min(targets) == np.max(targets):
        return float(error == 0)
    mean = np.average(targets, weights=weights)
    return 1 - error / float(np.average((targets - mean) ** 2, weights=weights))
