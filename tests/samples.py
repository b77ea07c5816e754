"""Graphs that the engine stores in a special format."""

import numpy as np

from npdiffpool import Graph


def one_hot_graphs(n_features=60):
    """Return graphs whose features are stored as CSR: 1 of 60 entries is not 0."""
    rng, graphs = np.random.default_rng(0), []
    for n in (30, 0, 45):
        A = np.triu(rng.random((n, n)) < 0.1, 1)
        X = np.eye(n_features)[rng.integers(0, n_features, n)] * rng.random((n, 1))
        graphs.append(Graph(A + A.T, X))
    return graphs


def dense_and_sparse_graphs():
    """Return directed graphs; the second, with 20 nodes, is stored dense."""
    rng, graphs = np.random.default_rng(1), []
    for n, density in ((30, 0.1), (20, 0.9), (0, 0.0), (8, 1.0)):
        A = rng.random((n, n)) * (rng.random((n, n)) < density)
        graphs.append(Graph(A, rng.normal(size=(n, 2))))
    return graphs
