"""Measures of an assignment: how sharp it is, and how it sits in the graph.

S is (N, K), A (N, N) of one graph; a cluster "by argmax" holds the nodes whose row is
largest there. Those of the second kind want an undirected graph.
"""
from __future__ import annotations

from typing import Any

import numpy as np
import scipy

Array = Any


def relative_entropy(S: Array) -> float:
    """Return the rows' mean entropy over log K: 0 is one-hot, 1 uniform; 0 if K = 1."""
    n, K = S.shape
    if K == 1 or n == 0:
        return 0.0
    return float(np.mean(scipy.stats.entropy(S, axis=1)) / np.log(K))


def effective_clusters(S: Array) -> float:
    """Return exp of the entropy of the mean row: as many clusters of equal size."""
    return float(np.exp(scipy.stats.entropy(np.mean(S, axis=0)))) if len(S) else 0.0


def clusters_used(S: Array) -> int:
    """Count the clusters that are the largest of some node's row."""
    return len(np.unique(np.argmax(S, axis=1))) if len(S) else 0


def edges_inside(A: Any, clusters: Array) -> float:
    """Return the share of the edges' weight inside clusters, NaN without edges."""
    A, clusters = scipy.sparse.coo_array(A), np.asarray(clusters)
    total = A.data.sum()
    inside = A.data[clusters[A.row] == clusters[A.col]].sum()
    return float(inside / total) if total else float("nan")


def modularity(A: Any, clusters: Array) -> float:
    """Return Newman's modularity of clusters, NaN without edges; a loop counts once."""
    A = scipy.sparse.csr_array(A)
    total = A.sum()
    if not total:
        return float("nan")
    degrees = np.bincount(clusters, A.sum(axis=1))
    return edges_inside(A, clusters) - float(np.sum((degrees / total) ** 2))
