"""One-hot degrees: the features of a graph that has none."""

from __future__ import annotations

import numpy as np

from npdiffpool._support.types import CSR, Floats, Ints
from npdiffpool.graphs.checks import GraphError

DEGREE_CAP = 64  # degrees from this one share a column


def made_features(kind: str, adjacency: CSR) -> Floats:
    """Return the features "degree", (N, DEGREE_CAP + 1), or "ones", (N, 1).

    The degree of a node is the number of nodes that it has an edge to; a self-loop
    makes it a neighbour of itself. Column min(degree, DEGREE_CAP) is 1.

    Raises
    ------
    GraphError
        If `kind` is neither.
    """
    if kind == "ones":
        return np.ones((adjacency.shape[0], 1))
    if kind != "degree":
        required = 'features must be "degree", "ones" or an (N, F) array'
        raise GraphError(f"{required}; got {kind!r}")
    degrees = np.minimum(np.diff(adjacency.indptr), DEGREE_CAP)
    return one_hot(degrees, DEGREE_CAP + 1)


def degree_names(cap: int) -> list[str]:
    """Return the names of the columns of one-hot degrees.

    >>> degree_names(2)
    ['degree=0', 'degree=1', 'degree>=2']
    """
    return [*(f"degree={degree}" for degree in range(cap)), f"degree>={cap}"]


def is_one_hot(X: Floats) -> bool:
    """Return whether one entry of every row is 1 and all others are 0."""
    return bool(np.all((X == 0) | (X == 1)) and np.all(X.sum(axis=1) == 1))


def one_hot(codes: Ints, width: int) -> Floats:
    """Return rows of `width` columns, in which column ``codes[i]`` of row i is 1."""
    rows = np.zeros((len(codes), width))
    rows[np.arange(len(codes)), codes] = 1.0
    return rows
