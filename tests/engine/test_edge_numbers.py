"""Extreme numbers give a finite result, or an error that names argument and value.

They never give NaN, infinity, a warning or another exception. The largest number that
is accepted is a millionth of the square root of the largest floating-point number,
because squares are summed.
"""

import re
from functools import partial

import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st

from npdiffpool import DiffPoolClassifier, Graph, GraphBatch, GraphError, paper
from npdiffpool._support.contracts import OverflowedError, largest_allowed
from npdiffpool.engine.autodiff import leaves, value_and_grad
from npdiffpool.engine.config import GNNS, Config
from npdiffpool.engine.layers import (
    CONVOLUTIONS,
    OPERATORS,
    Terms,
    batch_norm,
    gnn,
    init_batch_norm,
    init_gnn,
    init_linear,
    linear,
    s2v,
)
from npdiffpool.engine.losses import (
    LINK_SCALES,
    cross_entropy,
    entropy_loss,
    link_loss,
    squared_error,
)
from npdiffpool.engine.model import Output, forward, init_model, total_loss
from npdiffpool.engine.pooling import Level, assign, coarsen, next_level
from npdiffpool.engine.readouts import READOUTS, init_readout, readout
from npdiffpool.engine.segments import segment_sum

DTYPES = ("float32", "float64")
RING = [(0, 1), (1, 2), (2, 3), (3, 0)]
both = pytest.mark.parametrize("dtype", DTYPES)
every = pytest.mark.parametrize("kind", GNNS)
LABELS = np.array([0, 1, 0, 1])


def graphs(weight=1.0, feature=1.0):
    """Return a ring with an isolated node, a pair, and graphs with one and no node."""
    X = feature * np.linspace(-1, 1, 10).reshape(5, 2)
    return [
        Graph.from_edges(RING, 5, X, [weight] * 4),
        Graph.from_edges([(0, 1)], 2, feature * np.ones((2, 2)), [weight]),
        Graph(np.zeros((1, 1)), [[feature, 0.0]]),
        Graph(np.zeros((0, 0)), np.zeros((0, 2))),
    ]


def config(kind="sage", dtype="float64", **changed):
    small = dict(hidden=3, n_layers=2, clusters=(3, 9), classifier_hidden=3)  # K > n
    return Config(2, 2, gnn=kind, dtype=dtype, **{**small, **changed})


def parts(tree):
    return [np.asarray(leaf) for leaf in leaves(tree)]


def all_finite(*trees):
    return all(np.all(np.isfinite(part)) for tree in trees for part in parts(tree))


def results(chosen, graphs):
    """Return all arrays of a forward pass, the loss and its gradients."""
    params = init_model(np.random.default_rng(0), chosen)
    batch = GraphBatch.from_graphs(graphs, chosen.dtype)
    output = forward(params, batch, chosen)
    function = value_and_grad(partial(total_loss, config=chosen))
    loss, _, gradients = function(params, batch, LABELS[: batch.n_graphs])
    found = [output.logits, output.embeddings, loss, gradients]
    for step in output.steps:
        found += [step.L_link, step.L_ent, step.S, step.pooled.A, step.pooled.X]
    return found


# Logits

EXTREME = {
    "high": [[1e30, 1e30, 1e30], [1e30, 1e30, 0]],
    "low": [[-1e30, -1e30, -1e30], [-1e30, 0, -1e30]],
    "mixed": [[1e30, -1e30, 0], [-1e30, 1e-30, 1e30]],
}


@both
@pytest.mark.parametrize("R", EXTREME.values(), ids=EXTREME)
def test_logits_of_1e30_give_finite_losses_and_gradients(R, dtype):
    R, offsets = np.array(R, dtype), np.array([0, 2])
    level = Level.of(GraphBatch.from_graphs([graphs()[1]], dtype))

    def losses(params):
        S, entropies = assign(params["R"])
        A_pooled, X_pooled = coarsen(level, level.X, S)
        total = segment_sum(X_pooled[0], np.array([0, 3])).sum() + A_pooled.sum()
        link = link_loss(level, S, A_pooled)
        return total + link.sum() + entropy_loss(entropies, offsets).sum(), S

    loss, S, gradients = value_and_grad(losses)({"R": R})
    assert all_finite([loss], gradients)
    np.testing.assert_allclose(S._value.sum(axis=1), 1, rtol=1e-6)  # float32
    assert all_finite([paper.assign(R), paper.entropy_loss(paper.assign(R))])
    assert np.isfinite(paper.cross_entropy(R[1], 0))


# Weights and features of a model

TINY = [(1e-300, 1.0), (1.0, 1e-300), (1e-300, 1e-300), (1e-160, 1e-160)]
TINY += [(1e-25, 1.0), (1e-30, 1.0), (1e-37, 1.0), (1e-290, 1.0), (1e-30, 1e-18)]


@both
@every
@pytest.mark.parametrize("weight, feature", TINY)
@pytest.mark.parametrize("plain", [False, True])
def test_tiny_numbers_give_finite_results_and_gradients(
    weight, feature, kind, dtype, plain
):
    chosen = config(kind, dtype, normalize_rows=not plain, batch_norm=plain)
    assert all_finite(results(chosen, graphs(weight, feature)))


HUGE = [
    ("float32", 1e300, 1.0, "edge weight"),
    ("float32", 1e38, 1.0, "edge weight"),
    ("float32", 1.0, 1e300, "feature"),
    ("float32", 1.0, 1e38, "feature"),
    ("float64", 1e300, 1.0, "edge weight"),
    ("float64", 1.0, 1e300, "feature"),
]


@pytest.mark.parametrize("dtype, weight, feature, name", HUGE)
def test_numbers_whose_squares_overflow_raise(dtype, weight, feature, name):
    value = re.escape(f"{max(weight, feature):g}")
    with pytest.raises(
        GraphError, match=f"every {name} must fit into {dtype}.* got {value}"
    ):
        GraphBatch.from_graphs(graphs(weight, feature), dtype)


@every
def test_float64_accepts_1e38(kind):
    assert all_finite(results(config(kind), graphs(1e38, 1e38)))


@both
@every
@pytest.mark.parametrize("normalize_rows", [True, False])
def test_the_largest_accepted_numbers_give_finite_results_or_raise(
    kind, dtype, normalize_rows
):
    top = largest_allowed(dtype)
    chosen = config(kind, dtype, normalize_rows=normalize_rows)
    for batch in (graphs(1.0, top), graphs(top, 1.0), graphs(top, top)):
        try:
            assert all_finite(results(chosen, batch))
        except OverflowedError as error:
            assert "must be finite and at most" in str(error) and "; got" in str(error)


@both
@every
def test_the_largest_accepted_features_give_finite_results_with_normalized_rows(
    kind, dtype
):
    assert all_finite(results(config(kind, dtype), graphs(1.0, largest_allowed(dtype))))


@both
def test_an_overflowing_loss_raises(dtype):
    top = largest_allowed(dtype) / 1e3
    chosen = config("s2v", dtype, normalize_rows=False, n_layers=4)
    params = init_model(np.random.default_rng(0), chosen)
    batch = GraphBatch.from_graphs(graphs(top, top), dtype)
    with pytest.raises(OverflowedError, match="P mu must be finite and at most"):
        forward(params, batch, chosen)
    with pytest.raises(OverflowedError, match="the loss and its gradients must be"):
        value_and_grad(partial(total_loss, config=chosen))(params, batch, LABELS)


@both
@every
@pytest.mark.parametrize("weight, feature", [*TINY, (1e12, 1e12)])
def test_layers_of_extreme_numbers_are_finite(kind, dtype, weight, feature):
    level = Level.of(GraphBatch.from_graphs(graphs(weight, feature), dtype))
    params = init_gnn(np.random.default_rng(0), kind, [2, 3, 3], False, dtype)
    P = OPERATORS[kind](level.A) if kind != "mlp" else level.A
    outputs, _ = gnn(params, kind, P, level.X)
    assert all_finite(outputs)


# Numbers that are too large together

SHARES = st.floats(-14, -2).map(lambda e: 10**e)  # of the largest number accepted


def layer_calls(level, dtype):
    """Yield calls of the layers: functions, arguments and options."""
    rng, X = np.random.default_rng(0), level.X
    yield linear, (init_linear(rng, [2, 2], 3, dtype), X, X), {}
    norm, moments = init_batch_norm(rng, 2, dtype), tuple(np.ones((2, 2), dtype))
    yield batch_norm, (norm, X), {}
    yield batch_norm, (norm, X, moments), {}
    for kind in GNNS:
        P = OPERATORS[kind](level.A) if kind in OPERATORS else level.A
        params = init_gnn(rng, kind, [2, 2, 2], True, dtype)
        layer = {**CONVOLUTIONS, "s2v": s2v}[kind]
        yield layer, (params["layers"][0], P, X, X), {}
        for options in ({}, {"normalize_rows": False}, {"running": [moments] * 2}):
            yield gnn, (params, kind, P, X), options


def calls(level, dtype):
    """Yield calls of the layers, pooling steps, losses and readouts."""
    yield from layer_calls(level, dtype)
    rng, X, offsets = np.random.default_rng(0), level.X, level.offsets
    S, entropies = assign(np.eye(len(X), 3, dtype=dtype))
    yield assign, (X,), {}
    yield coarsen, (level, X, S), {}
    for scale in LINK_SCALES:
        yield link_loss, (level, S, coarsen(level, X, S)[0], scale), {}
    yield entropy_loss, (entropies, offsets), {}
    yield cross_entropy, (X, np.zeros(len(X), int)), {}
    yield squared_error, (X, -X), {}
    for kind in READOUTS:
        yield readout, (init_readout(rng, kind, 2, dtype), kind, X, offsets), {}


def model_calls(batch, dtype):
    """Yield calls of the forward pass and of the loss of models."""
    for kind in GNNS:
        for options in ({}, dict(normalize_rows=False)):
            chosen = config(kind, dtype, **options)
            params = init_model(np.random.default_rng(0), chosen)
            yield forward, (params, batch, chosen), {}
            yield total_loss, (params, batch, LABELS, chosen), {}


def is_finite(result):
    if isinstance(result, (list, tuple)):
        result = [result.sum()] if isinstance(result, Terms) else result
        if isinstance(result, Output):
            steps = [value for step in result.steps for value in step[1:5]]
            result = [*result[:2], *steps]  # Z, S and both losses of each step
        return all(map(is_finite, result))
    return bool(np.all(np.isfinite(result)))


def finite_or_blamed_on_arguments(function, args, options):
    try:
        result = function(*args, **options)
    except OverflowedError as error:
        return str(error).startswith(f"numbers given to {function.__name__} are too l")
    return is_finite(result)


@both
@given(weight=SHARES, feature=SHARES, stacked=st.booleans())
def test_accepted_arguments_give_finite_results_or_an_error_about_the_arguments(
    dtype, weight, feature, stacked
):
    """No error is only about an array that the caller did not give."""
    top = largest_allowed(dtype)
    batch = GraphBatch.from_graphs(graphs(weight * top, feature * top), dtype)
    level = Level.of(batch)
    if stacked:
        level = next_level(level.A.toarray()[None], level.X[None])
    for function, args, options in [*calls(level, dtype), *model_calls(batch, dtype)]:
        assert finite_or_blamed_on_arguments(function, args, options), function


S2V = {"W": [np.ones((2, 2), "float32")] * 2, "b": np.zeros(2, "float32")}
LOOP = np.full((1, 1, 1), 1e12, "float32")


@pytest.mark.parametrize("name", ["s2v", "gnn"])
def test_an_error_about_a_computed_array_names_the_function_that_was_called(name):
    """Neither 1e12 nor 100 is too large in float32, but their product is."""
    X, params = np.full((1, 2), 100, "float32"), {"layers": [S2V], "norms": [{}, {}]}
    text = f"^numbers given to {name} are too large or not finite: P mu must be"
    with pytest.raises(OverflowedError, match=f"{text} .* at most 1.8e.* got"):
        if name == "s2v":
            s2v(S2V, LOOP, X, X)
        else:
            gnn(params, "s2v", LOOP, X, normalize_rows=False)


def test_an_array_that_was_given_is_named():
    one, large = np.ones((1, 2), "float32"), np.full((1, 2), 1e20, "float32")
    with pytest.raises(OverflowedError, match="^X must be finite"):
        s2v(S2V, LOOP, large, one)
    with pytest.raises(OverflowedError, match="^mu must be finite"):
        s2v(S2V, LOOP, one, large)


# The paper's forward pass

WEIGHTS = {
    "levels": [{"embed": [np.ones((2, 3))], "pool": [np.eye(2, 9)]}],
    "embed": [np.ones((3, 3))],
    "classify": np.eye(3, 2),
}


@both
@pytest.mark.parametrize("weight, feature", [*TINY, (1.0, 1e12), (1e12, 1.0)])
def test_the_papers_forward_pass_is_finite(weight, feature, dtype):
    cast = {
        "levels": [
            {k: [W.astype(dtype) for W in v] for k, v in lv.items()}
            for lv in WEIGHTS["levels"]
        ],
        "embed": [WEIGHTS["embed"][0].astype(dtype)],
        "classify": WEIGHTS["classify"].astype(dtype),
    }
    for graph in graphs(weight, feature):
        A = graph.adjacency.toarray().astype(dtype)
        assert all_finite(list(paper.forward(cast, A, graph.features.astype(dtype))))


@pytest.mark.parametrize("of_A", ["float32", "float64", "int64"])
def test_the_losses_of_a_model_without_levels_are_arrays_of_floats(of_A):
    dtype = "float32" if of_A == "float32" else "float64"
    A, W = np.ones((3, 3), of_A), np.ones((1, 2), dtype)
    params = {"levels": [], "embed": [W], "classify": np.eye(2, dtype=dtype)}
    logits, *losses = paper.forward(params, A, np.ones((3, 1), dtype))
    assert [loss.shape for loss in losses] == [(), ()] and losses == [0, 0]
    assert {part.dtype.name for part in (logits, *losses)} == {dtype}


@pytest.mark.parametrize(
    "weight, feature, name", [(1e300, 1.0, "A"), (1.0, 1e300, "X"), (1.0, 1e38, "X")]
)
def test_the_papers_forward_pass_raises_on_numbers_that_would_overflow(
    weight, feature, name
):
    graph = graphs(weight, feature)[1]
    with pytest.raises(ValueError, match=f"{name} must be >= .* got 1e"):
        paper.forward(WEIGHTS, graph.adjacency.toarray(), graph.features)


def test_an_error_of_the_paper_says_that_the_number_may_be_a_computed_one():
    A, X = np.full((20, 20), 9e15), np.ones((20, 2))  # A' has larger entries
    with pytest.raises(
        ValueError, match=r"A must be .* got \S+e\+17 \(an argument, or"
    ):
        paper.forward(WEIGHTS, A, X)


def test_an_error_of_the_paper_shows_the_number_that_autograd_traces():
    def first(A):
        return paper.normalize_adjacency(A)[0, 0]

    for derive in (grad, lambda f: grad(grad(f))):
        with pytest.raises(ValueError, match=r"A must be >= 0 .* got -1.0$"):
            derive(first)(-np.eye(2))
    with pytest.raises(ValueError, match=r"A must be \(N, N\); got \(\)"):
        grad(first)(1.0)


# The estimator


def classifier(**changed):
    small = dict(hidden=3, n_layers=2, clusters=(3, 9), classifier_hidden=3, epochs=2)
    return DiffPoolClassifier(**{**small, **changed})


def all_outputs(clf, graphs):
    """Return the results of all methods of a fitted model."""
    pooled = [level for graph in graphs for level in clf.hierarchy(graph)]
    return [
        clf.predict(graphs),
        clf.predict_proba(graphs),
        clf.transform(graphs),
        [clf.assignments(graph) for graph in graphs],
        [[level.adjacency.data, level.features] for level in pooled],
    ]


@both
@every
@pytest.mark.parametrize("weight, feature", [*TINY, (1.0, 1e38), (1.0, 1e100)])
def test_a_model_fitted_to_extreme_numbers_is_finite(weight, feature, kind, dtype):
    train = graphs(weight, feature)
    clf = classifier(gnn=kind, dtype=dtype).fit(train, LABELS)
    assert all_finite(all_outputs(clf, train))


@both
@pytest.mark.parametrize(
    "weight, feature, name", [(1e300, 1, "edge weight"), (1, 1e300, "feature")]
)
def test_a_model_raises_on_numbers_that_would_overflow(weight, feature, name, dtype):
    clf = classifier(dtype=dtype)
    with pytest.raises(GraphError, match=rf"every {name} must fit .* got 1e\+300"):
        clf.fit(graphs(weight, feature), LABELS)
    clf.fit(graphs(), LABELS)
    for method in (clf.predict, clf.predict_proba, clf.transform):
        with pytest.raises(GraphError, match=rf"every {name} must fit .* got 1e\+300"):
            method(graphs(weight, feature))
    for method in (clf.assignments, clf.hierarchy):
        with pytest.raises(GraphError, match=rf"every {name} must fit .* got 1e\+300"):
            method(graphs(weight, feature)[0])


@both
@every
def test_a_graph_of_a_million_isolated_nodes_in_a_batch_is_finite(kind, dtype):
    many = Graph.from_edges([], 10**6, np.ones((10**6, 2), "float32"))
    chosen = config(kind, dtype, clusters=(2,), n_layers=1, hidden=2)
    params = init_model(np.random.default_rng(0), chosen)
    batch = GraphBatch.from_graphs([many, *graphs()], dtype)
    output = forward(params, batch, chosen)
    losses = [[step.L_link, step.L_ent] for step in output.steps]
    assert all_finite([output.logits, output.embeddings, losses])


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_whose_squared_length_overflows_are_refused_and_not_set_to_zero(dtype):
    rng, most = np.random.default_rng(0), float(np.finfo(dtype).max) ** 0.5
    params = init_gnn(rng, "mlp", [2, 2], False, dtype)
    params["layers"][0]["W"] = [np.eye(2, dtype=dtype) * most]
    X = np.full((3, 2), largest_allowed(np.dtype(dtype)), dtype)
    with pytest.raises(OverflowedError, match="squared lengths of rows must be"):
        gnn(params, "mlp", np.zeros((3, 3), dtype), X)
