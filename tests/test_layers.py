"""Layers upon layers, with norms: in no order, and no NaN.

Of one layer these are laws G1 to G6.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import close, one_graph

from npdiffpool import layers
from npdiffpool.testing.strategies import graphs, permutations

seeds = st.integers(0, 2**32 - 1)
KINDS = pytest.mark.parametrize("kind", ["gcn", "sage", "s2v"])
NORMS = pytest.mark.parametrize("normalize", [False, True], ids=["plain", "normed"])


def random_gnn(seed, kind, n_features, norm, n_layers=2):
    """Draw a GNN with no zero bias and no gamma of one, width 3."""
    rng = np.random.default_rng(seed)
    params = layers.init_gnn(rng, kind, [n_features] + [3] * n_layers, norm, "float64")
    for layer in params["layers"]:
        layer["b"] = rng.normal(size=3)
    moved = {"gamma": rng.normal(size=3), "beta": rng.normal(size=3)}
    return {**params, "norms": [moved if norm else {}] * n_layers}


def run(params, kind, A, X, normalize=False, running=None):
    P = one_graph(A, X).operator(kind)
    flags = dict(normalize_rows=normalize, running=running)
    return layers.gnn(params, kind, P, X, **flags)[0]


@KINDS
@NORMS
@given(graph=graphs(directed=True), seed=seeds, data=st.data())
def test_a_gnn_follows_node_order(kind, normalize, graph, seed, data):
    """Law G3: convolutions and l2, batch norm with given moments."""
    order = data.draw(permutations(graph.n_nodes))
    A, X = graph.adjacency.toarray(), graph.features
    params = random_gnn(seed, kind, graph.n_features, normalize)
    running = [(np.ones(3), np.full(3, 2.0))] * 2
    expected = run(params, kind, A, X, normalize, running)
    actual = run(params, kind, A[np.ix_(order, order)], X[order], normalize, running)
    for H, H_permuted in zip(expected, actual):
        close(H_permuted, H[order], scale=np.max(np.abs(H), initial=0.0))


@KINDS
@NORMS
@given(graph=graphs(directed=True), seed=seeds)
def test_no_layer_makes_a_nan(kind, normalize, graph, seed):
    """Law G4: nodes without edges, rows of zeros, graphs without nodes."""
    params = random_gnn(seed, kind, graph.n_features, normalize)
    A, X = graph.adjacency.toarray(), graph.features
    for H in run(params, kind, A, X, normalize):
        assert H.shape == (len(X), 3) and np.all(np.isfinite(H))


def test_glorot_draws_uniformly_up_to_its_bound():
    bound = np.sqrt(2) * np.sqrt(6 / (300 + 100))  # of ReLU, times Glorot and Bengio's
    W = layers.glorot(np.random.default_rng(0), 300, 100, "float64")
    assert W.shape == (300, 100)
    assert -bound <= W.min() < -0.999 * bound and 0.999 * bound < W.max() <= bound
    # 30,000 draws: the mean is within five of its standard deviations.
    assert abs(W.mean()) < 5 * bound / np.sqrt(3 * W.size)
