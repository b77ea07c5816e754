"""Layers see what they should: their neighbours, in no order, and no NaN."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import BOTH, close, one_graph

from npdiffpool import layers, paper
from npdiffpool.testing.strategies import adjacencies, features, graphs, permutations

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


@BOTH
@given(A=adjacencies(min_nodes=1))
def test_propagation_has_its_spectrum_within_minus_one_and_one(telling, A):
    """Law G1."""
    spectrum = np.linalg.eigvalsh(telling.propagation(A))
    assert np.all(np.abs(spectrum) <= 1 + 1e-13)  # eigvalsh errs by a few ulps


@BOTH
@given(A=adjacencies())
def test_propagation_keeps_the_root_of_the_degrees(telling, A):
    """Law G2: A_hat sqrt(deg) = sqrt(deg), deg with the self-loop."""
    root = np.sqrt(A.sum(axis=1) + 1)
    close(telling.propagation(A) @ root, root)


@given(A=adjacencies(directed=True))
def test_the_mean_over_neighbours_has_weights_that_sum_to_one(A):
    """Law G4 for sage: or to zero at a node without edges."""
    total = layers.mean_operator(one_graph(A, A).A).sum(axis=1)
    close(total, np.where(A.sum(axis=1) > 0, 1.0, 0.0))


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


@given(graph=graphs(directed=True), seed=seeds, data=st.data())
def test_the_papers_gnn_follows_node_order(graph, seed, data):
    """Law G3."""
    order, rng = data.draw(permutations(graph.n_nodes)), np.random.default_rng(seed)
    A, X = graph.adjacency.toarray(), graph.features
    params = [rng.normal(size=(graph.n_features, 4)), rng.normal(size=(4, 3))]
    H = paper.gnn(params, A, X)
    H_permuted = paper.gnn(params, A[np.ix_(order, order)], X[order])
    close(H_permuted, H[order], scale=np.max(np.abs(H), initial=0.0))


@given(H=st.integers(0, 12).flatmap(features), data=st.data())
def test_batch_norm_follows_node_order_with_its_own_moments(H, data):
    """Law G3: rounding of H, divided by sqrt(v + 1e-5), is 1e-13 of its size."""
    order, D = data.draw(permutations(len(H))), H.shape[1]
    params = {"gamma": np.arange(1.0, D + 1), "beta": np.ones(D)}
    Y, _ = layers.batch_norm(params, H)
    Y_permuted, _ = layers.batch_norm(params, H[order])
    atol = 1e-12 * (1 + np.max(np.abs(H), initial=0.0))
    np.testing.assert_allclose(Y_permuted, Y[order], rtol=1e-9, atol=atol)


@st.composite
def graphs_with_a_lone_node(draw):
    """Draw a graph and the number of a node that has no edge in it."""
    A = draw(adjacencies(min_nodes=1))
    lone = draw(st.integers(0, len(A) - 1))
    A[lone, :] = A[:, lone] = 0.0
    return A, draw(features(len(A), 2)), lone


@pytest.mark.parametrize("kind", ["gcn", "sage"])
@given(case=graphs_with_a_lone_node(), seed=seeds)
def test_a_node_without_edges_sees_only_itself(kind, case, seed):
    """Law G4: relu(X W + b), sage's second W meeting a mean of zero."""
    A, X, lone = case
    params = random_gnn(seed, kind, 2, norm=False, n_layers=1)
    layer = params["layers"][0]
    alone = np.maximum(X[lone] @ layer["W"][0] + layer["b"], 0)
    close(run(params, kind, A, X)[0][lone], alone, scale=1 + np.max(np.abs(X[lone])))


@given(case=graphs_with_a_lone_node(), seed=seeds)
def test_a_node_without_edges_sees_only_itself_in_paper(case, seed):
    """Law G4: relu(X W)."""
    A, X, lone = case
    W = np.random.default_rng(seed).normal(size=(2, 3))
    alone = np.maximum(X[lone] @ W, 0)
    close(paper.gnn([W], A, X)[lone], alone, scale=np.max(np.abs(X[lone])))


@KINDS
@NORMS
@given(graph=graphs(directed=True), seed=seeds)
def test_no_layer_makes_a_nan(kind, normalize, graph, seed):
    """Law G4: nodes without edges, rows of zeros, graphs without nodes."""
    params = random_gnn(seed, kind, graph.n_features, normalize)
    A, X = graph.adjacency.toarray(), graph.features
    for H in run(params, kind, A, X, normalize):
        assert H.shape == (len(X), 3) and np.all(np.isfinite(H))


@st.composite
def changed_graphs(draw):
    """Draw a graph, a number of layers, and new features of one of its nodes."""
    A = draw(adjacencies(min_nodes=1, directed=True))
    X = draw(features(len(A), 2))
    changed, X_new = draw(st.integers(0, len(A) - 1)), X.copy()
    X_new[changed] = draw(features(1, 2))[0]
    depth = draw(st.integers(1, 3))
    hops = (np.eye(len(A)) + A > 0).astype(float)
    seen = np.linalg.matrix_power(hops, depth)[:, changed] > 0
    return A, X, X_new, depth, seen


@KINDS
@given(case=changed_graphs(), seed=seeds)
def test_a_layer_sees_one_hop(kind, case, seed):
    """Law G5: a change of features stays within as many hops as there are layers."""
    A, X, X_new, depth, seen = case
    params = random_gnn(seed, kind, 2, norm=False, n_layers=depth)
    before = run(params, kind, A, X)[-1]
    after = run(params, kind, A, X_new)[-1]
    np.testing.assert_array_equal(before[~seen], after[~seen])


@given(case=changed_graphs(), seed=seeds)
def test_a_layer_sees_one_hop_in_paper(case, seed):
    """Law G5: as above."""
    A, X, X_new, depth, seen = case
    rng = np.random.default_rng(seed)
    params = [rng.normal(size=(2, 2)) for _ in range(depth)]
    before, after = paper.gnn(params, A, X), paper.gnn(params, A, X_new)
    np.testing.assert_array_equal(before[~seen], after[~seen])


@given(H=st.integers(1, 12).flatmap(features))
def test_batch_norm_standardises_each_feature_over_the_nodes(H):
    """Law G6: mean 0, variance v / (v + 1e-5), 1 but for the epsilon."""
    ones, zeros = np.ones(H.shape[1]), np.zeros(H.shape[1])
    Y, (mean, variance) = layers.batch_norm({"gamma": ones, "beta": zeros}, H)
    atol = 1e-12 * (1 + np.max(np.abs(H)))  # rounding of H over sqrt(1e-5)
    np.testing.assert_allclose(Y.mean(axis=0), 0.0, atol=atol)
    np.testing.assert_allclose(Y.var(axis=0), variance / (variance + 1e-5), atol=atol)
    close(mean, H.mean(axis=0), scale=np.max(np.abs(H)))
    close(variance, H.var(axis=0), scale=np.max(H**2) * 1e-6)


@given(data=st.data(), N=st.integers(0, 6), share=st.floats(0.0, 1.0), seed=seeds)
def test_batch_norm_at_evaluation_is_a_fixed_affine_map(data, N, share, seed):
    """Law G6: of each row by itself, whatever the other rows."""
    rng = np.random.default_rng(seed)
    params = {"gamma": rng.normal(size=2), "beta": rng.normal(size=2)}
    running = (rng.normal(size=2), rng.uniform(0.5, 1.5, size=2))
    H, H_new = data.draw(features(N, 2)), data.draw(features(N, 2))

    def evaluate(H):
        return layers.batch_norm(params, H, running)[0]

    mixed = share * evaluate(H) + (1 - share) * evaluate(H_new)
    scale = 10 + np.max(np.abs([H, H_new]), initial=0.0)
    close(evaluate(share * H + (1 - share) * H_new), mixed, scale)
    close(evaluate(H[:1]), evaluate(H)[:1])
