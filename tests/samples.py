"""Graphs that the engine keeps in a form of their own."""

import numpy as np

from npdiffpool import Graph


def one_hot_graphs(n_features=60):
    """Make graphs whose features are kept as CSR: 1 of 60 entries is not 0."""
    rng, graphs = np.random.default_rng(0), []
    for n in (30, 0, 45):
        A = np.triu(rng.random((n, n)) < 0.1, 1)
        X = np.eye(n_features)[rng.integers(0, n_features, n)] * rng.random((n, 1))
        graphs.append(Graph(A + A.T, X))
    return graphs


def dense_and_sparse_graphs():
    """Make directed graphs of which the second, of 20 nodes, is a dense one."""
    rng, graphs = np.random.default_rng(1), []
    for n, density in ((30, 0.1), (20, 0.9), (0, 0.0), (8, 1.0)):
        A = rng.random((n, n)) * (rng.random((n, n)) < density)
        graphs.append(Graph(A, rng.normal(size=(n, 2))))
    return graphs
