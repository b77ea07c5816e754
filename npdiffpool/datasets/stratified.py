"""Stratified folds and splits: every part has about the same share of each class."""

from __future__ import annotations

from numbers import Real
from typing import Any, Sequence

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import require, require_int, require_labels
from npdiffpool._support.types import Ints


def stratified_folds(labels: Any, n_folds: int, seed: int = 0) -> list[Ints]:
    """Divide examples into folds of equal size with equal shares of each class.

    Parameters
    ----------
    labels : (G,) array
        The class of each example.
    n_folds : int
        From 2 to G.
    seed : int
        Seed of the shuffling.

    Returns
    -------
    list of int arrays
        The sorted indices of each fold. Every index is in one fold. The sizes of the
        folds, and their numbers of examples of a class, differ by at most one.

    Raises
    ------
    ValueError
        If `labels` are not one-dimensional, or `n_folds` or `seed` is out of range.

    Examples
    --------
    >>> [fold.tolist() for fold in stratified_folds(["a", "a", "b", "b"], 2)]
    [[0, 2], [1, 3]]
    """
    labels = check_labels(labels)
    require_int("n_folds", n_folds, 2)
    require_int("seed", seed, 0)
    require(n_folds <= len(labels), "n_folds", f"at most {len(labels)}", n_folds)
    order = _shuffle_by_class(labels, seed)
    # Like dealing cards that are sorted by class.
    return [np.sort(order[first::n_folds]) for first in range(n_folds)]


def stratified_split(labels: Any, shares: Sequence[float], seed: int = 0) -> list[Ints]:
    """Divide examples into parts of given sizes with equal shares of each class.

    Parameters
    ----------
    labels : (G,) array
        The class of each example.
    shares : sequence of float
        The size of each part as a share of all examples: positive, with sum 1.
    seed : int
        Seed of the shuffling.

    Returns
    -------
    list of int arrays
        The sorted indices of each part. Every index is in one part.

    Raises
    ------
    ValueError
        If `labels` are not one-dimensional, the shares are not positive or their sum is
        not 1, a part would be empty, or `seed` is negative.

    Examples
    --------
    >>> [len(part) for part in stratified_split(list("ab") * 50, (0.8, 0.1, 0.1))]
    [80, 10, 10]
    """
    labels = check_labels(labels)
    require_int("seed", seed, 0)
    shares = shares.tolist() if isinstance(shares, np.ndarray) else shares
    numbers = isinstance(shares, (tuple, list)) and len(shares) > 0
    numbers = numbers and all(isinstance(share, Real) for share in shares)
    usable = numbers and min(shares) > 0 and abs(sum(shares) - 1) < 1e-9
    require(usable, "shares", "positive, with sum 1", shares)
    bounds = np.rint(np.cumsum(shares) * len(labels)).astype(int)
    sizes = np.diff(bounds, prepend=0)
    enough = f"enough for parts with the shares {tuple(shares)}"
    require(sizes.min() > 0, "labels", enough, len(labels))
    order, parts = _shuffle_by_class(labels, seed), _interleave(sizes)
    return [np.sort(order[parts == part]) for part in range(len(sizes))]


def check_labels(labels: Any) -> npt.NDArray[Any]:
    """Return labels as a one-dimensional array that can be sorted."""
    try:
        array = np.asarray(labels)
    except ValueError:  # ragged
        array = np.asarray(None)
    require(array.ndim == 1, "labels", "one per graph, of shape (G,)", array.shape)
    require_labels("labels", labels, len(array))
    kinds = {type(label) for label in array} if array.dtype == object else set()
    require(type(None) not in kinds, "labels", "given, none missing", labels)
    require(len(kinds) <= 1, "labels", "all numbers or all strings", labels)
    return array


def _shuffle_by_class(labels: npt.NDArray[Any], seed: int) -> Ints:
    """Return all indices, sorted by class and shuffled within each class."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    return shuffled[np.argsort(labels[shuffled], kind="stable")]


def _interleave(sizes: Ints) -> Ints:
    """Return part numbers: `sizes[p]` times p, evenly spaced for every p."""
    positions = [(np.arange(size) + 0.5) / size for size in sizes]
    parts = np.repeat(np.arange(len(sizes)), sizes)
    return parts[np.argsort(np.concatenate(positions), kind="stable")]
