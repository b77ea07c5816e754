"""Splits of a data set into parts that hold the classes in equal shares."""
from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from npdiffpool.checks import require, require_int
from npdiffpool.graphs import Ints


def stratified_folds(labels: Any, n_folds: int, seed: int = 0) -> list[Ints]:
    """Divide examples into folds, each class spread over them as evenly as it goes.

    Parameters
    ----------
    labels : (G,) array
    n_folds : int
        At least 2, at most G.
    seed : int

    Returns
    -------
    list of int arrays
        The sorted indices of each fold; together every index once. The folds'
        sizes differ by at most one.

    Raises
    ------
    ValueError
        If `n_folds` or `seed` is out of range.

    Examples
    --------
    >>> [fold.tolist() for fold in stratified_folds(["a", "a", "b", "b"], 2)]
    [[0, 2], [1, 3]]
    """
    labels = np.asarray(labels)
    require_int("n_folds", n_folds, 2)
    require_int("seed", seed, 0)
    require(n_folds <= len(labels), "n_folds", f"at most {len(labels)}", n_folds)
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    # Dealing out the examples class by class, like cards, keeps all shares equal.
    dealt = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return [np.sort(dealt[first::n_folds]) for first in range(n_folds)]


def stratified_split(labels: Any, shares: Sequence[float], seed: int = 0) -> list[Ints]:
    """Divide examples into parts of given shares, the classes equal in each.

    Parameters
    ----------
    labels : (G,) array
    shares : sequence of float
        Positive, of sum one; the parts are as large as rounding allows.
    seed : int

    Returns
    -------
    list of int arrays
        The sorted indices of each part; together every index once.

    Raises
    ------
    ValueError
        If the shares are not positive or do not add up to one, a part would be
        empty, or `seed` is negative.

    Examples
    --------
    >>> [len(part) for part in stratified_split(list("ab") * 50, (0.8, 0.1, 0.1))]
    [80, 10, 10]
    """
    labels = np.asarray(labels)
    require_int("seed", seed, 0)
    usable = len(shares) > 0 and min(shares) > 0 and abs(sum(shares) - 1) < 1e-9
    require(usable, "shares", "positive, of sum 1", shares)
    bounds = np.rint(np.cumsum(shares) * len(labels)).astype(int)
    sizes = np.diff(bounds, prepend=0)
    require(sizes.min() > 0, "labels", "enough for every part", f"{len(labels)} labels")
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    dealt = shuffled[np.argsort(labels[shuffled], kind="stable")]
    parts = _spread(sizes)
    return [np.sort(dealt[parts == part]) for part in range(len(sizes))]


def _spread(sizes: Ints) -> Ints:
    """Return part numbers, part p `sizes[p]` times, each spread evenly along."""
    positions = [(np.arange(size) + 0.5) / size for size in sizes]
    parts = np.repeat(np.arange(len(sizes)), sizes)
    return parts[np.argsort(np.concatenate(positions), kind="stable")]
