"""Values equal hand-computed numbers, loops, SciPy and a dense model."""

import numpy as np
import pytest
import reference
import scipy.stats
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from reference import (
    BOTH,
    close,
    exact_squared_link,
    random_moments,
    random_params,
    with_normal_features,
)

from npdiffpool import paper
from npdiffpool.engine import autodiff, layers, losses, model, pooling, primitives
from npdiffpool.engine.config import LINK_SCALES
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Graph
from npdiffpool.testing.strategies import (
    adjacencies,
    assignments,
    batches,
    features,
    graphs,
    logits,
    poolings,
)

seeds = st.integers(0, 2**32 - 1)
small = dict(n_features=2, exponents=(-3, 0), max_nodes=8)
mild = dict(**small, weights=("ones", "equal", "unlike", "tiny"))


# By hand: one edge, with its two nodes in one cluster or halved between two


@BOTH
def test_one_edge_in_one_cluster(implementation):
    """Equations 3 and 4, and both losses."""
    A, Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0], [3.0]])
    S = np.ones((2, 1))
    A_pooled, X_pooled = implementation.coarsen(A, Z, S)
    assert A_pooled == [[2.0]] and X_pooled == [[4.0]]
    assert implementation.entropy(0.0 * S) == 0.0
    close(implementation.link(A, S), np.sqrt(2))


@BOTH
def test_one_edge_halved_between_two_clusters(implementation):
    """Equations 3, 4 and 6, and both losses."""
    A, Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0], [3.0]])
    S = implementation.assign(np.zeros((2, 2)))
    A_pooled, X_pooled = implementation.coarsen(A, Z, S)
    close(A_pooled, np.full((2, 2), 0.5))
    close(X_pooled, np.full((2, 1), 2.0))
    close(implementation.entropy(np.zeros((2, 2))), np.log(2))
    close(implementation.link(A, S), 1.0)


# Loops


@BOTH
@given(case=poolings(directed=True))
def test_coarsening_matches_the_loops(implementation, case):
    """Equations 3 and 4."""
    expected, actual = reference.coarsen_loop(*case), implementation.coarsen(*case)
    close(actual[0], expected[0])
    close(actual[1], expected[1], scale=np.sum(np.abs(case.Z)))


@BOTH
@given(case=poolings(directed=True))
def test_the_link_loss_is_the_norm_of_the_residual(implementation, case):
    """Law L1: its square has an error of 1e-12 (||A||^2 + ||S S^T||^2)."""
    A, _, S = case
    size = np.sum(A**2) + np.sum((S @ S.T) ** 2)
    error = implementation.link(A, S) ** 2 - exact_squared_link(A, S)
    assert abs(error) <= 1e-12 * size


@BOTH
@given(R=st.integers(1, 12).flatmap(logits))
def test_the_entropy_loss_is_the_mean_entropy_of_rows_by_scipy(implementation, R):
    """Law E7, in nats; sums of terms p log p are accurate to 1e-15."""
    S = paper.assign(R)
    expected = np.mean(scipy.stats.entropy(S, axis=1))
    np.testing.assert_allclose(
        implementation.entropy(R), expected, rtol=1e-9, atol=1e-14
    )


@st.composite
def layer_cases(draw):
    """Draw A, H, mu, W, W_neighbours and b of a layer with widths 2 and 3."""
    A = draw(adjacencies(directed=True))
    H, rng = draw(features(len(A), 2)), np.random.default_rng(draw(seeds))
    mu, weights = rng.normal(size=(len(A), 3)), rng.normal(size=(2, 2, 3))
    return A, H, mu, *weights, rng.normal(size=3)


def operator(kind, A, H):
    return layers.OPERATORS[kind](reference.one_graph(A, H).A)


@given(case=layer_cases())
def test_gcn_matches_the_loop(case):
    """Equation 2 with a bias, before its ReLU."""
    A, H, _, W, _, b = case
    actual = layers.gcn({"W": [W], "b": b}, operator("gcn", A, H), H).sum()
    close(actual, reference.gcn_loop(A, H, W, b), 1 + np.sum(np.abs(H)))


@given(case=layer_cases())
def test_the_gcn_layer_of_the_paper_matches_the_loop(case):
    """Equation 2."""
    A, H, _, W, _, b = case
    actual = paper.gcn_layer(W, paper.normalize_adjacency(A), H)
    expected = np.maximum(reference.gcn_loop(A, H, W, 0 * b), 0)
    close(actual, expected, np.sum(np.abs(H)))


@given(case=layer_cases())
def test_sage_matches_the_loop(case):
    """GraphSAGE with the mean."""
    A, H, _, W, W_neighbours, b = case
    params = {"W": [W, W_neighbours], "b": b}
    P = operator("sage", A, H)
    expected = reference.sage_loop(A, H, W, W_neighbours, b)
    for PH in (None, layers.propagate(P, H)):
        actual = layers.sage(params, P, H, PH).sum()
        close(actual, expected, 1 + np.sum(np.abs(H)))


@given(case=layer_cases())
def test_sage_with_fewer_outputs_than_inputs_matches_the_loop(case):
    """GraphSAGE "mean", multiplied by the weights before the mean over neighbours."""
    A, _, H, W, W_neighbours, b = case
    params = {"W": [W.T, W_neighbours.T], "b": b[:2]}
    actual = layers.sage(params, operator("sage", A, H), H).sum()
    expected = reference.sage_loop(A, H, W.T, W_neighbours.T, b[:2])
    close(actual, expected, 1 + np.sum(np.abs(H)))


@given(case=layer_cases(), seed=seeds)
def test_s2v_matches_the_loop(case, seed):
    """structure2vec: the first iteration starts from mu = 0."""
    A, X, mu, W, _, b = case
    U = np.random.default_rng(seed).normal(size=(3, 3))
    params, scale = {"W": [W, U], "b": b}, 1 + np.sum(np.abs(X)) + np.sum(A)
    actual = layers.s2v(params, operator("s2v", A, X), X, mu).sum()
    close(actual, reference.s2v_loop(A, X, mu, W, U, b), scale)
    first = reference.s2v_loop(A, X, 0 * mu, W, U, b)
    close(layers.s2v(params, None, X, None).sum(), first, scale)


@given(H=st.integers(0, 12).flatmap(features))
def test_l2_normalisation_matches_the_loop(H):
    """Each row is divided by its length; a row of zeros stays."""
    expected = reference.l2_loop(H).reshape(H.shape)
    close(primitives.l2_normalize(H), expected)


@given(H=st.integers(0, 12).flatmap(features), seed=seeds)
def test_batch_norm_at_evaluation_matches_the_loop(H, seed):
    """It uses given moments."""
    rng = np.random.default_rng(seed)
    gamma, beta, mean = rng.normal(size=(3, H.shape[1]))
    variance = rng.uniform(0.5, 1.5, size=H.shape[1])
    params = {"gamma": gamma, "beta": beta}
    actual, _ = layers.batch_norm(params, H, (mean, variance))
    expected = reference.batch_norm_loop(H, gamma, beta, mean, variance)
    close(actual, expected, 1 + np.max(np.abs(H), initial=0.0))


# The whole model, with options that paper.py does not have


@st.composite
def configs(draw, **fixed):
    """Draw a small configuration with two features and three classes.

    Two levels have normalised rows. Otherwise logits reach 1e4 at the second level, and
    their softmax is less accurate by this factor.
    """
    choices = dict(
        gnn=["gcn", "sage", "s2v"],
        n_layers=[1, 2],
        clusters=[(), (3,), (1,), (4, 2)],
        readout=["sum", "mean", "max"],
        concat_layers=[False, True],
        batch_norm=[False, True],
        normalize_rows=[False, True],
        classifier_hidden=[0, 4],
        link_weight=[0.0, 0.7],
        entropy_weight=[0.0, 1.3],
        link_scale=["frobenius", "nodes", "entries", "relative"],
    )
    drawn = {name: draw(st.sampled_from(choices[name])) for name in choices}
    if not drawn["normalize_rows"]:
        drawn["clusters"] = drawn["clusters"][:1]
    sizes = dict(n_features=2, n_outputs=3, hidden=3, dtype="float64")
    return model.Config(**{**drawn, **sizes, **fixed})


@given(config=configs(), batch=batches(**mild, max_graphs=4), seed=seeds)
def test_the_engine_matches_the_dense_model_graph_by_graph(config, batch, seed):
    """Law M3 for all options, at evaluation: logits, losses, assignments."""
    params, running = random_params(seed, config), random_moments(seed, config)
    joined = GraphBatch.from_graphs(batch)
    output = model.forward(params, joined, config, running)
    for g, graph in enumerate(batch):
        A, X = graph.adjacency.toarray(), graph.features
        expected = reference.forward(params, A, X, config, running)
        close(output.logits[g], expected[0], np.max(np.abs(expected[0])))
        for step, L_dense, S in zip(output.steps, expected[1], expected[3]):
            is_relative = config.link_scale == "relative"
            c = reference.mean_weight(A) if is_relative else 1.0
            unscaled = c * max(len(S), 1) ** LINK_SCALES[config.link_scale]
            square, actual = (L_dense * unscaled) ** 2, (step.L_link[g] * unscaled) ** 2
            error = reference.link_error(A, np.sqrt(c) * S)
            assert abs(actual - square) <= 1e-9 * square + error
            A = S.T @ A @ S
        close([step.L_ent[g] for step in output.steps], expected[2], scale=1.0)
        for step, S_dense in zip(output.steps, expected[3], strict=True):
            S = step.S[slice(*step.level.offsets[g : g + 2])]
            close(S, S_dense, scale=1.0)


def mean_loss(params, batch, labels, config):
    """Return the mean loss of the graphs of a batch, by the dense model."""
    dense = [(graph.adjacency.toarray(), graph.features) for graph in batch]
    pairs = zip(dense, labels)
    losses = [reference.loss(params, A, X, y, config) for (A, X), y in pairs]
    return sum(losses) / len(batch)


def assert_same_gradient(config, batch, seed, rtol=1e-9):
    params, labels = random_params(seed, config), np.arange(len(batch)) % 3
    loss = autodiff.value_and_grad(model.total_loss)
    value, _, gradient = loss(params, GraphBatch.from_graphs(batch), labels, config)
    expected = autodiff.to_vector(grad(mean_loss)(params, batch, labels, config))
    close(value, mean_loss(params, batch, labels, config), 1.0, rtol)
    close(autodiff.to_vector(gradient), expected, np.max(np.abs(expected)), rtol)


@given(
    config=configs(batch_norm=False), batch=batches(**mild, max_graphs=3), seed=seeds
)
def test_gradients_of_the_engine_match_the_dense_model(config, batch, seed):
    """Law M3 for all options: the total loss, by every parameter."""
    assert_same_gradient(config, batch, seed)


@given(config=configs(batch_norm=True), graph=graphs(**mild), seed=seeds)
def test_gradients_of_the_engine_match_the_dense_model_with_batch_norm(
    config, graph, seed
):
    """Law M3 for one graph with its own batch-norm moments, to 1e-7."""
    graph = with_normal_features(graph, seed)
    assert_same_gradient(config, [graph], seed, rtol=1e-7)


@pytest.mark.parametrize("concat_layers", [False, True])
def test_s2v_without_batch_norm_runs_all_layers(concat_layers):
    """The weights do not show the number of layers, because layers share them."""
    config = model.Config(
        n_features=2, n_outputs=3, gnn="s2v", hidden=3, n_layers=2, clusters=(),
        concat_layers=concat_layers, batch_norm=False, dtype="float64",
    )  # fmt: skip
    graph = Graph.from_edges([(0, 1)], 2, features=np.eye(2))
    assert_same_gradient(config, [graph], seed=0)


def outputs(config, batch, seed, dtype):
    """Return logits, embeddings, losses and assignments in a given precision."""
    config = model.Config(**{**vars(config), "dtype": dtype})
    params, running = random_params(seed, config), random_moments(seed, config)
    joined = GraphBatch.from_graphs(batch, dtype)
    output = model.forward(params, joined, config, running)
    steps = [[step.L_link, step.L_ent, step.S] for step in output.steps]
    return autodiff.leaves([output.logits, output.embeddings, steps])


@given(config=configs(), batch=batches(**mild, max_graphs=3), seed=seeds)
def test_float32_is_within_1e_4_of_float64(config, batch, seed):
    """Law M4, relative to the larger of 1 and the output's largest number."""
    wide = outputs(config, batch, seed, "float64")
    narrow = outputs(config, batch, seed, "float32")
    for value, rounded in zip(wide, narrow):
        atol = 1e-4 * np.max(np.abs(value), initial=1.0)
        assert rounded.dtype == np.float32
        np.testing.assert_allclose(rounded, value, rtol=1e-4, atol=atol)


@given(S=st.integers(0, 6).flatmap(assignments))
def test_the_rational_reference_matches_plain_numpy(S):
    """With A = 0 nothing cancels."""
    close(exact_squared_link(np.zeros((len(S), len(S))), S), np.sum((S @ S.T) ** 2))


def test_the_relative_link_loss_ignores_the_unit_of_the_weights():
    """Also where squares of weights underflow in float32, it is finite."""
    A, R = np.ones((4, 4)) - np.eye(4), np.random.default_rng(0).normal(size=(4, 2))
    for dtype, unit in (("float64", 1e-120), ("float32", 1e-15), ("float32", 1e12)):
        S = pooling.assign(R.astype(dtype))[0]
        found = []
        for scale in (1.0, unit):
            batch = GraphBatch.from_graphs([Graph(scale * A, R)], dtype)
            level = pooling.Level.of(batch)
            A_pooled, _ = pooling.coarsen(level, level.X, S)
            found.append(losses.link_loss(level, S, A_pooled, "relative")[0])
        np.testing.assert_allclose(found[1], found[0], rtol=1e-5)
    tiny = pooling.Level.of(GraphBatch.from_graphs([Graph(1e-30 * A, R)], "float32"))
    S = pooling.assign(R.astype("float32"))[0]
    A_pooled, _ = pooling.coarsen(tiny, tiny.X, S)
    loss = losses.link_loss(tiny, S, A_pooled, "relative")[0]
    np.testing.assert_allclose(loss, np.linalg.norm(S @ S.T), rtol=1e-5)
