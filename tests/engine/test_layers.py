"""GNNs of several layers are equivariant and finite; details of single layers.

Laws G1 to G6 check single layers.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reference import close, one_graph
from scipy import sparse

from npdiffpool.engine import layers
from npdiffpool.engine.config import GNNS
from npdiffpool.testing.strategies import graphs, permutations

seeds = st.integers(0, 2**32 - 1)
KINDS = pytest.mark.parametrize("kind", GNNS)
NORMS = pytest.mark.parametrize("normalize", [False, True], ids=["plain", "normed"])


def random_gnn(seed, kind, n_features, norm, n_layers=2):
    """Draw a GNN of width 3; no bias is 0 and no gamma is 1."""
    rng = np.random.default_rng(seed)
    params = layers.init_gnn(rng, kind, [n_features] + [3] * n_layers, norm, "float64")
    for layer in params["layers"]:
        layer["b"] = rng.normal(size=3)
    moved = {"gamma": rng.normal(size=3), "beta": rng.normal(size=3)}
    return {**params, "norms": [moved if norm else {}] * n_layers}


def run(params, kind, A, X, normalize=False, running=None):
    level = one_graph(A, X).with_propagation_matrices([kind])
    P = level.operators.get(kind, level.A)
    flags = dict(normalize_rows=normalize, running=running)
    return layers.gnn(params, kind, P, X, **flags)[0]


@KINDS
@NORMS
@given(graph=graphs(directed=True), seed=seeds, data=st.data())
def test_a_gnn_is_equivariant_to_the_order_of_nodes(kind, normalize, graph, seed, data):
    """Law G3 for two layers, with l2 normalisation and given batch-norm moments."""
    order = data.draw(permutations(graph.n_nodes))
    A, X = graph.adjacency.toarray(), graph.features
    params = random_gnn(seed, kind, graph.n_features, normalize)
    running = [(np.ones(3), np.full(3, 2.0))] * 2 if normalize else []
    expected = run(params, kind, A, X, normalize, running)
    actual = run(params, kind, A[np.ix_(order, order)], X[order], normalize, running)
    for H, H_permuted in zip(expected, actual):
        close(H_permuted, H[order], scale=np.max(np.abs(H), initial=0.0))


@KINDS
@NORMS
@given(graph=graphs(directed=True), seed=seeds)
def test_layers_are_finite_on_any_graph(kind, normalize, graph, seed):
    """Law G4: with isolated nodes, rows of zeros and graphs without nodes."""
    params = random_gnn(seed, kind, graph.n_features, normalize)
    A, X = graph.adjacency.toarray(), graph.features
    for H in run(params, kind, A, X, normalize):
        assert H.shape == (len(X), 3) and np.all(np.isfinite(H))


@pytest.mark.parametrize("shape", [(3,), (4, 3)])
def test_terms_sum_to_the_bias_plus_all_products(shape):
    rng = np.random.default_rng(0)
    bias, H, W = (rng.normal(size=size) for size in (shape, (4, 2), (2, 3)))
    terms = layers.Terms(bias, [(H, W), (2 * H, W)])
    for actual, expected in zip(terms.arguments, [bias, H, W, 2 * H, W], strict=True):
        assert_array_equal(actual, expected)
    assert_allclose(terms.sum(), bias + 3 * H @ W, rtol=0, atol=1e-14)
    assert_array_equal(layers.Terms(None, [(H, W)]).sum(), H @ W)


@pytest.mark.parametrize("n_out", [1, 2])
@pytest.mark.parametrize("is_given", [False, True])
def test_the_magnitudes_of_a_layer_are_those_of_its_input(n_out, is_given):
    """Means may be much smaller than the numbers that they are computed from."""
    params = layers.init_linear(np.random.default_rng(0), [2, 2], n_out, "float64")
    P, H = np.full((1, 2, 2), 0.5), np.array([[1.0, 2.0], [-1.0, -2.0]])
    terms = layers.sage(params, P, H, PH=P[0] @ H if is_given else None)
    ((found, matrices),) = terms.magnitudes
    assert_array_equal(found, H)
    for W, expected in zip(matrices, params["W"], strict=True):
        assert_array_equal(W, expected)


def test_glorot_draws_numbers_up_to_its_bound():
    bound = np.sqrt(2) * np.sqrt(6 / (300 + 100))  # ReLU's gain times Glorot's bound
    W = layers.glorot(np.random.default_rng(0), 300, 100, "float64")
    assert W.shape == (300, 100)
    assert -bound <= W.min() < -0.999 * bound and 0.999 * bound < W.max() <= bound
    # 30,000 draws: the mean is within five of its standard deviations.
    assert abs(W.mean()) < 5 * bound / np.sqrt(3 * W.size)


@pytest.mark.parametrize("kind", ["gcn", "sage"])
def test_operators_keep_the_precision(kind):
    A = np.ones((2, 2), np.float32)
    for form in (sparse.csr_array(A), A[None]):
        assert layers.OPERATORS[kind](form).dtype == np.float32


def test_degrees_are_summed_in_float64():
    weights = np.array([2**24, 1, 1, 1], np.float32)  # float32 cannot hold 2**24 + 1
    mean = layers.mean_operator(sparse.csr_array(np.tile(weights, (4, 1))))
    expected = (weights.astype(float) / (2**24 + 3)).astype(np.float32)
    assert_array_equal(mean.toarray()[0], expected)


def means(A):
    """Return D^-1 A, computed of a sparse graph and of a stack."""
    sparse_form = layers.mean_operator(sparse.csr_array(A)).toarray()
    return [sparse_form, layers.mean_operator(A[None])[0]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_degree_up_to_the_bound_counts_as_zero(dtype):
    deg = np.finfo(dtype).tiny / np.finfo(dtype).eps  # a power of two
    A = np.array([[deg, 0], [0, np.nextafter(deg, deg + deg)]], dtype)
    for P in means(A):
        assert_array_equal(P, [[0, 0], [0, 1]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_neighbours_are_averaged_by_weights_of_1e_25(dtype):
    A = np.array([[0, 1, 3], [1, 0, 0], [0, 0, 0]]) * 1e-25
    for P in means(A.astype(dtype)):
        assert_allclose(P, [[0, 0.25, 0.75], [1, 0, 0], [0, 0, 0]], rtol=1e-6)


def test_linear_equals_one_layer_of_the_concatenated_inputs():
    rng = np.random.default_rng(0)
    params = layers.init_linear(rng, [1, 2, 3], 2, "float64")
    inputs = [rng.normal(size=(4, width)) for width in (1, 2, 3)]
    expected = params["b"] + np.hstack(inputs) @ np.vstack(params["W"])
    # Sums of six terms of order 1.
    assert_allclose(layers.linear(params, *inputs), expected, rtol=0, atol=1e-14)


def test_running_moments_are_those_of_the_layers_with_a_batch_norm():
    params = random_gnn(0, "gcn", 2, True, n_layers=3)
    params["norms"][1] = {}
    A, X = np.eye(3)[None], np.random.default_rng(1).normal(size=(3, 2))
    outputs, moments = layers.gnn(params, "gcn", A, X)
    again, used = layers.gnn(params, "gcn", A, X, running=moments)
    assert len(moments) == len(used) == len(params["norms"]) - 1
    # Batch norm by given moments rounds differently from that by its own.
    for one, other in zip(outputs, again, strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-12)


def test_a_gnn_normalises_rows_by_default():
    params, (A, X) = random_gnn(0, "gcn", 2, False), (np.eye(3)[None], np.ones((3, 2)))
    outputs, _ = layers.gnn(params, "gcn", A, X)
    expected, _ = layers.gnn(params, "gcn", A, X, normalize_rows=True)
    assert_array_equal(outputs, expected)
