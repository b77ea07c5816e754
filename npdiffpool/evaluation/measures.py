"""Measures of an assignment: how sharp it is, and how it sits in the graph.

S is (N, K), A (N, N) of one graph; a cluster "by argmax" holds the nodes whose row is
largest there. Those of the second kind want an undirected graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from npdiffpool._support.arguments import require
from npdiffpool._support.contracts import (
    Shape,
    as_dense_or_sparse,
    require_symmetric,
    requires,
)

Array = Any


@requires(S=Shape("N K", nonnegative=True))
def relative_entropy(S: Array) -> float:
    """Return the rows' mean entropy over log K: 0 is one-hot, 1 uniform.

    Parameters
    ----------
    S : (N, K) array

    Returns
    -------
    float
        0 if K = 1, and without nodes.

    Raises
    ------
    ValueError
        If `S` is not such a matrix of finite numbers, none below 0, or a row is all 0.

    Examples
    --------
    >>> relative_entropy(np.array([[0.5, 0.5], [1.0, 0.0]]))
    0.5
    """
    _require_mass(S)
    n, K = S.shape
    if K == 1 or n == 0:
        return 0.0
    return float(np.mean(_entropy(S)) / np.log(K))


@requires(S=Shape("N K", nonnegative=True))
def effective_clusters(S: Array) -> float:
    """Return exp(H(mean row of S)): how many clusters of equal size that is.

    Parameters
    ----------
    S : (N, K) array

    Returns
    -------
    float
        From 1 to K; 0 without nodes.

    Raises
    ------
    ValueError
        If `S` is not such a matrix of finite numbers, none below 0, or a row is all 0.

    Examples
    --------
    >>> S = np.eye(4)[[0, 0, 0, 0, 1, 1, 2, 2]]
    >>> round(effective_clusters(S), 4)
    2.8284
    """
    _require_mass(S)
    return float(np.exp(_entropy(np.mean(S, axis=0)))) if len(S) else 0.0


@requires(S=Shape("N K", nonnegative=True))
def clusters_used(S: Array) -> int:
    """Count the clusters that are the largest of some node's row.

    Parameters
    ----------
    S : (N, K) array

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `S` is not such a matrix of finite numbers, none below 0.

    Examples
    --------
    >>> clusters_used(np.array([[0.6, 0.4, 0.0], [0.9, 0.0, 0.1]]))
    1
    """
    return len(np.unique(np.argmax(S, axis=1))) if len(S) else 0


def edges_inside(A: Any, clusters: Array) -> float:
    """Return the share of the edges' weight that is inside clusters.

    Parameters
    ----------
    A : (N, N) array or sparse
    clusters : (N,) ints
        The cluster of each node.

    Returns
    -------
    float
        From 0 to 1; NaN without edges.

    Raises
    ------
    ValueError
        If `A` is not square, finite and not negative, or
        `clusters` are not whole numbers from 0, one a node.

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
    """Return Newman's modularity of clusters; a loop counts once.

    Parameters
    ----------
    A : (N, N) array or sparse
        Symmetric.
    clusters : (N,) ints
        The cluster of each node.

    Returns
    -------
    float
        Below 1; 0 of a single cluster, NaN without edges.

    Raises
    ------
    ValueError
        If `A` is not square, finite, not negative and symmetric, or
        `clusters` are not whole numbers from 0, one a node.

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
    """Return the entropy of each row over its sum, in nats.

    As scipy.stats.entropy does, whose import would take longer than a short training.
    """
    P = S / np.sum(S, axis=-1, keepdims=True)
    return np.sum(scipy.special.entr(P), axis=-1)


def _require_mass(S: Array) -> None:
    least = float(np.min(np.sum(S, axis=1), initial=1))
    require(least > 0, "S", "in each row of a sum above 0", least)


def _check(A: Any, clusters: Any) -> tuple[Any, Any]:
    """Return the two as arrays, or A sparse; say what is wrong."""
    sizes: dict[str, int] = {}
    A, clusters = as_dense_or_sparse(A), as_dense_or_sparse(clusters)
    Shape("N N", nonnegative=True).check("A", A, sizes)
    Shape("N", whole=True).check("clusters", clusters, sizes)
    return A, clusters
