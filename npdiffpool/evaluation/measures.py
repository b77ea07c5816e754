"""Measures of an assignment: how sharp it is, and how its clusters fit the graph.

`normalized_entropy`, `effective_clusters`, `certainty` and `clusters_used` take an
assignment S of shape (N, K); `used_clusters` defines which clusters of a hierarchy are
used, for every picture, report and table. `edges_inside` and `modularity` take the
adjacency A of shape (N, N) of an undirected graph and the cluster of each node, such as
``S.argmax(axis=1)``.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import scipy

from npdiffpool._support.arguments import require
from npdiffpool._support.contracts import (
    Shape,
    as_dense_or_sparse,
    require_symmetric,
    requires,
)
from npdiffpool._support.types import Array, Ints


@requires(S=Shape("N K", nonnegative=True))
def normalized_entropy(S: Array) -> float:
    """Return the mean entropy of the rows divided by log K.

    Parameters
    ----------
    S : (N, K) array
        Assignment; its rows need not sum to 1.

    Returns
    -------
    float
        From 0 (one-hot rows) to 1 (uniform rows); 0 if K = 1 or N = 0.

    Raises
    ------
    ValueError
        If `S` is not a matrix of finite numbers >= 0, or a row is all 0.

    Examples
    --------
    >>> normalized_entropy(np.array([[0.5, 0.5], [1.0, 0.0]]))
    0.5
    """
    _require_mass(S)
    n, K = S.shape
    if K == 1 or n == 0:
        return 0.0
    return float(np.mean(_entropy(S)) / np.log(K))


@requires(S=Shape("N K", nonnegative=True))
def effective_clusters(S: Array) -> float:
    """Return the exponential of the entropy of the mean row.

    It is the number of equally large clusters that have the same entropy.

    Parameters
    ----------
    S : (N, K) array
        Assignment; its rows need not sum to 1.

    Returns
    -------
    float
        From 1 to K; 0 if N = 0.

    Raises
    ------
    ValueError
        If `S` is not a matrix of finite numbers >= 0, or a row is all 0.

    Examples
    --------
    >>> S = np.eye(4)[[0, 0, 0, 0, 1, 1, 2, 2]]
    >>> round(effective_clusters(S), 4)
    2.8284
    """
    _require_mass(S)
    return float(np.exp(_entropy(np.mean(S, axis=0)))) if len(S) else 0.0


@requires(S=Shape("N K", nonnegative=True))
def certainty(S: Array) -> float:
    """Return the mean over rows of the largest entry.

    Parameters
    ----------
    S : (N, K) array
        Assignment.

    Returns
    -------
    float
        From 1 / K (uniform rows) to 1 (one-hot rows); NaN if N = 0.

    Raises
    ------
    ValueError
        If `S` is not a matrix of finite numbers >= 0.

    Examples
    --------
    >>> certainty(np.array([[0.5, 0.5], [1.0, 0.0]]))
    0.75
    """
    return float(np.mean(np.max(S, axis=1))) if len(S) else float("nan")


def used_clusters(clusters: Sequence[Array]) -> list[Ints]:
    """Return the clusters that a node of the graph belongs to, level by level.

    A node belongs to the cluster of its largest share and, at the next level, to the
    cluster of that cluster. The other clusters are not used, however many small shares
    they add up.

    Parameters
    ----------
    clusters : sequence of (N,), (K_1,), (K_2,), ... ints
        The cluster of each node, then of each cluster of the level below: of each S the
        argmax of its rows, ``S.argmax(axis=1)`` (the first of equal shares).

    Returns
    -------
    list of arrays of ints
        For each level the numbers of the used clusters, in increasing order.

    Raises
    ------
    ValueError
        If `clusters` is not a list, a level is not a vector of whole numbers >= 0, or
        has no entry for a used cluster of the level below.

    Examples
    --------
    >>> used_clusters([np.array([0, 0, 2]), np.array([1, 0, 1])])
    [array([0, 2]), array([1])]
    """
    is_list = isinstance(clusters, (list, tuple))
    require(is_list, "clusters", "a list of arrays", type(clusters).__name__)
    used: list[Ints] = []
    for level, own in enumerate(clusters):
        own = as_dense_or_sparse(own)
        Shape("N", whole=True).check(f"clusters[{level}]", own, {})
        n_below = 1 + int(used[-1].max(initial=-1)) if used else 0
        text = f"an array of at least {n_below} clusters"
        require(len(own) >= n_below, f"clusters[{level}]", text, len(own))
        used.append(np.unique(own[used[-1]] if used else own))
    return used


@requires(S=Shape("N K", nonnegative=True))
def clusters_used(S: Array) -> int:
    """Count the clusters that are the argmax of at least one row.

    Parameters
    ----------
    S : (N, K) array
        Assignment. Each row counts as a node: `used_clusters` is for a second level.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `S` is not a matrix of finite numbers >= 0.

    Examples
    --------
    >>> clusters_used(np.array([[0.6, 0.4, 0.0], [0.9, 0.0, 0.1]]))
    1
    """
    return len(used_clusters([np.argmax(S, axis=1)])[0])


def edges_inside(A: Any, clusters: Array) -> float:
    """Return the share of the edge weight that is inside clusters.

    Parameters
    ----------
    A : (N, N) array or sparse
        Adjacency.
    clusters : (N,) ints
        The cluster of each node.

    Returns
    -------
    float
        From 0 to 1; NaN without edges.

    Raises
    ------
    ValueError
        If `A` is not a square matrix of finite numbers >= 0, or `clusters` are not one
        whole number >= 0 per node.

    Examples
    --------
    >>> path = np.eye(4, k=1) + np.eye(4, k=-1)
    >>> round(edges_inside(path, [0, 0, 1, 1]), 4)
    0.6667
    """
    A, clusters = _check(A, clusters)
    A = scipy.sparse.coo_array(A)
    total = A.data.sum()
    inside = A.data[clusters[A.row] == clusters[A.col]].sum()
    return float(inside / total) if total else float("nan")


def modularity(A: Any, clusters: Array) -> float:
    """Return Newman's modularity of clusters; a self-loop counts once.

    Parameters
    ----------
    A : (N, N) array or sparse
        Adjacency, symmetric.
    clusters : (N,) ints
        The cluster of each node.

    Returns
    -------
    float
        Below 1; 0 for a single cluster, NaN without edges.

    Raises
    ------
    ValueError
        If `A` is not a symmetric matrix of finite numbers >= 0, or `clusters` are not
        one whole number >= 0 per node.

    Examples
    --------
    >>> two_triangles = np.kron(np.eye(2), np.ones((3, 3)) - np.eye(3))
    >>> modularity(two_triangles, [0, 0, 0, 1, 1, 1])
    0.5
    """
    A, clusters = _check(A, clusters)
    require_symmetric("A", A)
    A = scipy.sparse.csr_array(A)
    total = A.sum()
    if not total:
        return float("nan")
    degrees = np.bincount(clusters, A.sum(axis=1))
    return edges_inside(A, clusters) - float(np.sum((degrees / total) ** 2))


def _entropy(S: Array) -> Array:
    """Return the entropy in nats of each row divided by its sum.

    scipy.stats.entropy does the same, but its import takes longer than a training run.
    """
    P = S / np.sum(S, axis=-1, keepdims=True)
    return np.sum(scipy.special.entr(P), axis=-1)


def _require_mass(S: Array) -> None:
    least = float(np.min(np.sum(S, axis=1), initial=1))
    require(least > 0, "S", "an array with a positive sum in each row", least)


def _check(A: Any, clusters: Any) -> tuple[Any, Any]:
    """Validate an adjacency and clusters; return arrays, `A` dense or sparse."""
    sizes: dict[str, int] = {}
    A, clusters = as_dense_or_sparse(A), as_dense_or_sparse(clusters)
    Shape("N N", nonnegative=True).check("A", A, sizes)
    Shape("N", whole=True).check("clusters", clusters, sizes)
    return A, clusters
