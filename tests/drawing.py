"""Helpers of the tests of strategies: finding examples, and properties of graphs."""

import numpy as np
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

SHRUNK = settings(max_examples=300, database=None, derandomize=True)
FIRST = settings(SHRUNK, max_examples=2000, phases=[Phase.generate])


def reaches(strategy, corner, settings=FIRST):
    """Find an example at a corner, or raise hypothesis.errors.NoSuchExample."""
    return find(strategy, corner, settings=settings)


def dense(graph):
    return graph.adjacency.toarray()


def degrees(A):
    return np.count_nonzero(A, axis=1)


def reach(A):
    """Return which nodes are connected by a path, in either direction."""
    hops = np.eye(len(A)) + A + A.T > 0
    return np.linalg.matrix_power(hops.astype(float), max(len(A), 1)) > 0


def simple(A):
    return A - np.diag(np.diag(A))


def within(labels):
    """Return which pairs of different nodes are in one cluster."""
    return simple((labels[:, None] == labels).astype(float)) > 0


def of_any_size(strategy, **kinds):
    """Return a strategy for 0 to 6 nodes."""
    return st.integers(0, 6).flatmap(lambda n: strategy(n, **kinds))


def linked(N, *edges):
    """Return an undirected adjacency from its edges: 12 is the edge 1 - 2."""
    A = np.zeros((N, N))
    for i, j in (divmod(edge, 10) for edge in edges):
        A[i, j] = A[j, i] = 1.0
    return A
