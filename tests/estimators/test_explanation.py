"""What an explanation claims about nodes and clusters is what the model does."""

from functools import lru_cache

import numpy as np
import pytest
import scipy
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from reference import random_params
from samples import one_hot_graphs

from npdiffpool import DiffPoolClassifier, DiffPoolRegressor, Graph
from npdiffpool.engine import model as engine
from npdiffpool.engine.autodiff import leaves, value_and_grad
from npdiffpool.engine.dropout import NO_DROPOUT
from npdiffpool.engine.pooling import next_level
from npdiffpool.engine.preparation import layer_kinds
from npdiffpool.engine.readouts import readout
from npdiffpool.estimators import explanation
from npdiffpool.testing.strategies import graphs, permutations

WARNING = "ignore:the training was never better:UserWarning"
pytestmark = pytest.mark.filterwarnings(WARNING)

# Without huge weights: their sums, squared at the next level, leave no exact digits.
mild = dict(weights=("ones", "equal", "unlike"), exponents=(-2, 1), n_features=2)
drawn = graphs(max_nodes=7, **mild)
seeds = st.integers(0, 3)
each_method = pytest.mark.parametrize("method", explanation.METHODS)
OPTIONS = {
    "flat": dict(clusters=()),
    "one level": dict(clusters=(3,)),
    "batch norm": dict(clusters=(2,), gnn="gcn", batch_norm=True),
    "two levels": dict(clusters=(4, 2), gnn="s2v", readout="mean"),
    "random": dict(clusters=(4, 3, 2), assignment="random", classifier_hidden=0),
    "set2set": dict(clusters=(3, 2), readout="set2set", concat_layers=False),
}
each_model = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
models = st.sampled_from([*OPTIONS.values()])
gnns = st.sampled_from(["gcn", "sage", "s2v", "mlp"])
NEAR = dict(rtol=1e-7, atol=1e-8)  # sums of some hundred terms of different sizes
STEPS = (-1e-5, 1e-5)
SLOPES = dict(rtol=1e-4, atol=1e-5)  # of central differences
ADDITIVE = dict(clusters=(), readout="sum", classifier_hidden=0)
HOMOGENEOUS = dict(clusters=(), normalize_rows=False)


@lru_cache(maxsize=None)
def fitted(kind, n_classes, items):
    rng = np.random.default_rng(0)
    data = [Graph(np.ones((n, n)), rng.normal(size=(n, 2))) for n in (1, 2, 3, 4, 5, 6)]
    labels = np.arange(6) % n_classes
    return kind(**{"epochs": 1, "hidden": 4, "dtype": "float64", **dict(items)}).fit(
        data, labels
    )


def model_of(options, seed=0, n_classes=2, kind=DiffPoolClassifier):
    """Return an estimator with random parameters, also where they begin as 0."""
    model = fitted(kind, n_classes, tuple(options.items()))
    model.params_ = random_params(seed, model.config_)
    return model


def without(graph, nodes):
    kept = np.delete(np.arange(graph.n_nodes), nodes)
    return Graph(graph.adjacency[kept][:, kept], graph.features[kept])


def log_odds(model, graphs, label):
    p, chosen = model.predict_proba(graphs), model.classes_ == label
    return np.log(p[:, chosen].sum(axis=1) / p[:, ~chosen].sum(axis=1))


def subsets(graph):
    nodes = st.integers(0, graph.n_nodes - 1) if graph.n_nodes else st.nothing()
    return st.lists(nodes, unique=True, max_size=graph.n_nodes)


def run_from(model, level, start, below):
    """Return the logits of the model from a pooling level on, step by step."""
    params, config, running = model.params_, model.config_, model.running_
    level, parts = level.with_propagation_matrices(layer_kinds(config)), []
    known = zip(params["levels"], config.clusters, running["levels"])
    for block, K, moments in list(known)[start:]:
        step, _ = engine._pool(block, level, K, config, moments, NO_DROPOUT)
        parts.append((step.Z, level))
        level = step.pooled
    given = {"running": running["embed"], "dropout": NO_DROPOUT}
    Z, _ = engine._embed(params["embed"], level, config, **given)
    reads = zip(params["read"][start:], [*parts, (Z, level)])
    rows = [readout(w, config.readout, Z, of.offsets) for w, (Z, of) in reads]
    below = np.broadcast_to(below, (len(rows[0]), below.shape[1]))
    embeddings = np.concatenate([below, *rows], axis=1)
    return engine._classify(params["classify"], embeddings, NO_DROPOUT)


def pooled_levels(model, graph):
    """Return each pooled level, its number and the readouts below it."""
    batch, _ = model._prepare([graph])
    output = engine.forward(model.params_, batch, model.config_, model.running_)
    width = output.embeddings.shape[1] // (1 + len(output.steps))
    below = [output.embeddings[:, : n * width] for n in (1, 2, 3)]
    return zip((1, 2, 3), (step.pooled for step in output.steps), below)


def odds_of(logits, index=1):
    others = np.delete(logits, index, axis=1)
    return logits[:, index] - np.log(np.sum(np.exp(others), axis=1))


# Occlusion


@given(options=models, graph=drawn, seed=seeds, data=st.data())
def test_what_is_taken_away_changes_the_logit_by_what_is_claimed(
    options, graph, seed, data
):
    model = model_of(options, seed, n_classes=3)
    label, group = data.draw(st.sampled_from(model.classes_)), data.draw(subsets(graph))
    found = model.explain(graph, label, groups=[group])
    taken = [[], *([i] for i in range(graph.n_nodes)), group]
    rest = log_odds(model, [without(graph, nodes) for nodes in taken], label)
    claimed = np.concatenate([[0], found.nodes, found.groups])
    assert_allclose(found.output - claimed, rest, **NEAR)


@given(options=models, graph=drawn, seed=seeds)
def test_a_cluster_taken_from_its_level_changes_the_logit_by_what_is_claimed(
    options, graph, seed
):
    model = model_of(options, seed, n_classes=3)
    found = model.explain(graph, label=1)
    assert [len(c) for c in found.clusters] == list(model.config_.clusters)
    for number, level, below in pooled_levels(model, graph):
        for k, claimed in enumerate(found.clusters[number - 1]):
            kept = np.delete(np.arange(level.n_nodes), k)
            first, *others = level.fixed_clusters or [np.zeros((1, level.n_nodes), int)]
            clusters = (first[:, kept], *others) if level.fixed_clusters else ()
            A, X = level.A[:, kept][:, :, kept], level.X[None, kept]
            smaller = next_level(A, X, clusters, level.symmetric)
            rest = odds_of(run_from(model, smaller, number, below))
            assert_allclose(found.output - claimed, rest, **NEAR)


@pytest.mark.parametrize("pool", ["sum", "mean", "max"])
def test_without_its_only_cluster_a_level_reads_zero(pool):
    model, graph = model_of(dict(clusters=(1,), readout=pool)), Graph(
        np.ones((3, 3)), np.eye(3, 2)
    )
    found = model.explain(graph, label=1)
    embeddings = model.transform([graph])
    embeddings[:, embeddings.shape[1] // 2 :] = 0
    parts = model.params_["classify"], embeddings, NO_DROPOUT
    rest = odds_of(engine._classify(*parts))
    assert_allclose(found.output - found.clusters[0], rest, **NEAR)


@pytest.mark.parametrize("kind", [DiffPoolClassifier, DiffPoolRegressor])
@given(gnn=gnns, parts=st.lists(drawn, min_size=3, max_size=3), seed=seeds)
def test_contributions_of_components_add_up_in_an_additive_model(
    kind, gnn, parts, seed
):
    model = model_of(dict(ADDITIVE, gnn=gnn, batch_norm=True), seed, kind=kind)
    whole, (one, two, three) = union(parts)
    found = model.explain(whole, groups=[one, two, three, one + two, one + two + three])
    first, second, third, both, everything = found.groups
    assert_allclose(first + second, both, **NEAR)
    assert_allclose(first + second + third, everything, **NEAR)
    nothing = model.explain(without(whole, one + two + three), found.label).output
    assert_allclose(everything, found.output - nothing, **NEAR)


@pytest.mark.parametrize(
    "change, n_classes",
    [
        (dict(clusters=(2,)), 2),
        (dict(readout="mean"), 2),
        (dict(readout="max"), 2),
        (dict(classifier_hidden=5), 2),
        ({}, 3),
    ],
)
def test_every_condition_of_an_additive_model_is_needed(change, n_classes):
    rng = np.random.default_rng(0)
    pieces = [Graph(np.ones((n, n)), rng.normal(size=(n, 2))) for n in (2, 3, 1)]
    whole, (one, two, _) = union(pieces)
    model = model_of({**ADDITIVE, **change}, n_classes=n_classes)
    first, second, both = model.explain(whole, groups=[one, two, one + two]).groups
    assert abs(first + second - both) > 1e-3


def union(parts):
    """Return graphs as components of one graph, and the nodes of each."""
    ends = np.cumsum([0, *(part.n_nodes for part in parts)])
    A = np.zeros((ends[-1], ends[-1]))
    for start, end, part in zip(ends, ends[1:], parts):
        A[start:end, start:end] = part.adjacency.toarray()
    nodes = [list(range(start, end)) for start, end in zip(ends, ends[1:])]
    return Graph(A, np.concatenate([part.features for part in parts])), nodes


@pytest.mark.parametrize("chunk", [200, 1])  # a graph of 90: three together, or one
def test_large_graphs_are_taken_apart_in_several_batches(chunk, monkeypatch):
    model, graph = model_of(OPTIONS["two levels"]), Graph(np.ones((9, 9)), np.eye(9, 2))
    at_once = model.explain(graph)
    monkeypatch.setattr(explanation, "_CHUNK", chunk)
    in_turn = model.explain(graph)
    assert_allclose(in_turn.nodes, at_once.nodes, rtol=1e-9)
    assert_allclose(in_turn.clusters[0], at_once.clusters[0], rtol=1e-9)


def test_graclus_breaks_ties_as_in_the_graph_without_the_node():
    model = model_of(dict(clusters=(4, 2), assignment="graclus"))
    wheel = [(i, (i + 1) % 6) for i in range(6)] + [(i, 6) for i in range(6)]
    graph = Graph.from_edges(wheel, 7, np.ones((7, 2)))
    found = model.explain(graph, label=1)
    rest = log_odds(model, [without(graph, [i]) for i in range(7)], 1)
    assert_allclose(found.output - found.nodes, rest, **NEAR)


def test_the_nodes_are_put_in_canonical_order_once(monkeypatch):
    model, graph = model_of(OPTIONS["two levels"]), Graph(np.ones((9, 9)), np.eye(9, 2))
    sorted_graphs = []
    sort = explanation.in_canonical_order
    monkeypatch.setattr(
        explanation,
        "in_canonical_order",
        lambda graphs: sorted_graphs.extend(graphs) or sort(graphs),
    )
    model.explain(graph, 1)
    assert len(sorted_graphs) == 1  # not also the nine smaller ones


# Gradient times input


@given(
    options=models.filter(lambda options: "assignment" not in options),
    graph=graphs(min_nodes=1, max_nodes=4, **mild),
    seed=seeds,
)
def test_the_gradient_is_the_slope_when_the_features_of_a_node_grow(
    options, graph, seed
):
    model = model_of({**options, "standardize": False}, seed, n_classes=3)
    rng = np.random.default_rng(seed)  # no ties, where a maximum has two slopes
    X = rng.normal(size=graph.features.shape)
    found = model.explain(Graph(graph.adjacency, X), 1, "gradient")
    rows = np.eye(len(X))[:, :, None]
    steps = [STEPS[0], 0, STEPS[1]]
    moved = [Graph(graph.adjacency, X * (1 + s * row)) for s in steps for row in rows]
    low, middle, high = log_odds(model, moved, 1).reshape(3, -1)
    assume(np.allclose(high - middle, middle - low, rtol=1e-4, atol=1e-9))  # no kink
    assert_allclose(found.nodes, (high - low) / (STEPS[1] - STEPS[0]), **SLOPES)


def test_features_that_are_stored_sparse_have_the_same_gradient():
    data, labels = one_hot_graphs(), [0, 1, 0]
    options = dict(epochs=1, hidden=4, standardize=False, dtype="float64")
    model = DiffPoolClassifier(**options).fit(data, labels)
    (A, X), found = (data[0].adjacency, data[0].features), model.explain(
        data[0], 1, "gradient"
    )
    assert scipy.sparse.issparse(model._prepare(data[:1])[0].features)
    low, high = log_odds(model, [Graph(A, X * (1 + step)) for step in STEPS], 1)
    assert_allclose(found.nodes.sum(), (high - low) / (STEPS[1] - STEPS[0]), **SLOPES)


@each_model
def test_the_gradient_of_a_cluster_is_the_slope_when_its_row_grows(options):
    model, rng = model_of(options, n_classes=3), np.random.default_rng(1)
    graph = Graph(np.eye(5, k=1) + np.eye(5, k=-1), rng.normal(size=(5, 2)))
    found = model.explain(graph, 1, "gradient")
    for number, level, below in pooled_levels(model, graph):
        for k, claimed in enumerate(found.clusters[number - 1]):
            row = (np.arange(level.n_nodes) == k)[:, None]
            moved = [level._replace(X=level.X * (1 + step * row)) for step in STEPS]
            odds = [odds_of(run_from(model, of, number, below))[0] for of in moved]
            slope = (odds[1] - odds[0]) / (STEPS[1] - STEPS[0])
            assert_allclose(claimed, slope, **SLOPES)


@given(gnns, st.sampled_from(["sum", "mean", "max"]), drawn, seeds)
def test_gradients_times_inputs_and_biases_add_up_to_the_output(
    gnn, readout, graph, seed
):
    """Euler's theorem: the model scales with its input and its biases together."""
    model = model_of(dict(HOMOGENEOUS, gnn=gnn, readout=readout), seed)
    found = model.explain(graph, label=1, method="gradient")
    batch, _ = model._prepare([graph])

    def odds(params):
        logits = engine.forward(params, batch, model.config_, model.running_).logits
        return logits[0, 1] - logits[0, 0], None

    _, _, slopes = value_and_grad(odds)(model.params_)
    pairs = zip(leaves(model.params_), leaves(slopes))
    of_biases = sum(np.sum(b * slope) for b, slope in pairs if b.ndim == 1)
    assert_allclose(found.nodes.sum() + of_biases, found.output, **NEAR)


@given(graph=drawn, seed=seeds)
def test_with_row_normalisation_and_no_biases_gradients_times_inputs_cancel(
    graph, seed
):
    model = model_of(dict(clusters=()), seed)
    for bias in leaves(model.params_["embed"]):
        bias *= bias.ndim > 1
    assert_allclose(model.explain(graph, method="gradient").nodes.sum(), 0, atol=1e-8)


# Both


@each_method
@given(options=models, graph=drawn, seed=seeds, data=st.data())
def test_an_explanation_follows_the_order_of_the_nodes(
    options, method, graph, seed, data
):
    model, order = model_of(options, seed), data.draw(permutations(graph.n_nodes))
    found = model.explain(graph, 1, method)
    moved = model.explain(graph.permute(order), 1, method)
    assert_allclose(moved.output, found.output, **NEAR)
    assert_allclose(moved.nodes, found.nodes[order], **NEAR)
    for one, two in zip(moved.clusters, found.clusters, strict=True):
        assert_allclose(one, two, **NEAR)


@each_method
@each_model
def test_the_last_node_and_a_graph_without_nodes_have_an_explanation(options, method):
    model = model_of(options)
    nothing = Graph(np.zeros((0, 0)), np.zeros((0, 2)))
    empty = model.explain(nothing, 1, method)
    assert empty.nodes.shape == (0,) and np.isfinite(empty.output)
    single = model.explain(Graph([[0]], [[1.0, 2.0]]), 1, method, [[], [0]])
    assert_allclose(single.groups, [0, single.nodes[0]], rtol=1e-9, atol=1e-14)
    if method == "occlusion":
        assert_allclose(single.nodes[0], single.output - empty.output, rtol=1e-9)


@each_method
def test_the_predicted_class_is_explained_and_the_other_one_is_its_negative(method):
    model, graph = model_of(OPTIONS["one level"]), Graph(np.ones((4, 4)), np.eye(4, 2))
    found, (label,) = model.explain(graph, method=method), model.predict([graph])
    other = model.explain(graph, 1 - label, method)
    assert (found.label, other.label, found.method) == (label, 1 - label, method)
    assert found.output > 0
    for one, two in zip([found.nodes, *found.clusters], [other.nodes, *other.clusters]):
        assert_allclose(one, -two, rtol=1e-9)


@each_method
def test_contributions_to_a_regression_are_in_the_units_of_the_target(method):
    options = dict(OPTIONS["one level"], standardize=False)
    model = model_of(options, kind=DiffPoolRegressor)
    graph = Graph(np.ones((3, 3)), [[1.0, 2.0], [3.0, 5.0], [7.0, 4.0]])
    found = model.explain(graph, method=method, groups=[[0, 1]])
    assert found.label is None
    assert_allclose(found.output, model.predict([graph])[0], rtol=1e-12)
    if method == "occlusion":
        rest = model.predict([without(graph, [0, 1])])[0]
        assert_allclose(found.output - found.groups[0], rest, rtol=1e-9)
    else:
        moved = [Graph(graph.adjacency, graph.features * (1 + s)) for s in STEPS]
        low, high = model.predict(moved)
        slope = (high - low) / (STEPS[1] - STEPS[0])
        assert_allclose(found.nodes.sum(), slope, **SLOPES)
        assert_allclose(found.groups[0], found.nodes[:2].sum(), rtol=1e-12)


# Several targets, hard assignments, repeated nodes


def of_targets(n_targets, **options):
    rng = np.random.default_rng(0)
    data = [Graph(np.ones((n, n)), rng.normal(size=(n, 2))) for n in (2, 3, 4, 5)]
    small = {"epochs": 1, "hidden": 4, "dtype": "float64", "clusters": (2,), **options}
    targets = 100.0 * rng.normal(size=(4, n_targets)) + 7
    return DiffPoolRegressor(**small).fit(data, targets), data[3]


@each_method
@pytest.mark.parametrize("n_targets", [1, 3])
def test_each_target_of_a_regressor_is_explained(method, n_targets):
    model, graph = of_targets(n_targets)
    numbers = [None] if n_targets == 1 else range(n_targets)
    for column, number in enumerate(numbers):
        found = model.explain(graph, number, method)
        assert found.label == number
        assert_allclose(found.output, model.predict([graph])[0, column], rtol=1e-12)
        if method == "occlusion":
            left = model.predict([without(graph, [1])])[0, column]
            assert_allclose(found.nodes[1], found.output - left, **NEAR)
    assert model.explain(graph, None, method).label == numbers[0]


def test_the_gradient_of_a_target_is_the_slope_when_features_grow():
    model, graph = of_targets(3, standardize=False)
    found, X = model.explain(graph, 2, "gradient"), graph.features
    for node in range(graph.n_nodes):
        rows = np.arange(graph.n_nodes)[:, None] == node
        grown = [Graph(graph.adjacency, X * (1 + h * rows)) for h in STEPS]
        low, high = model.predict(grown)[:, 2]
        slope = (high - low) / (STEPS[1] - STEPS[0])
        assert_allclose(found.nodes[node], slope, rtol=1e-4, atol=1e-3)


def test_the_gradient_of_a_hard_assignment_is_refused():
    model = model_of(dict(clusters=(3,), assignment="hard"))
    graph = Graph(np.ones((3, 3)), np.eye(3)[:, :2])
    assert len(model.explain(graph).nodes) == 3
    with pytest.raises(ValueError, match='method must be "occlusion" for assignment'):
        model.explain(graph, method="gradient")


@each_method
def test_a_node_that_is_named_twice_is_in_the_group_once(method):
    model, graph = model_of(OPTIONS["one level"]), Graph(
        np.ones((3, 3)), np.eye(3)[:, :2]
    )
    twice, once = model.explain(graph, method=method, groups=[[0, 0, 1], [1, 0]]).groups
    assert twice == once


@pytest.mark.parametrize(
    "label, says",
    [
        (5, "label must be one of 0, 1, 2; got 5"),
        ([0, 1], r"label must be one of 0, 1, 2; got \[0, 1\]"),
        ("gradient", "label must be one of 0, 1, 2; got 'gradient'"),
        (True, "label must be one of 0, 1, 2; got True"),
    ],
)
def test_a_label_that_is_no_class_is_one_error(label, says):
    graph = Graph(np.ones((3, 3)), np.eye(3)[:, :2])
    with pytest.raises(ValueError, match=says):
        model_of(OPTIONS["flat"], n_classes=3).explain(graph, label)


def test_a_number_that_is_no_target_is_one_error():
    model, graph = of_targets(2)
    with pytest.raises(ValueError, match="label must be one of 0, 1; got 2"):
        model.explain(graph, 2)
    model, graph = of_targets(1)
    with pytest.raises(ValueError, match="None for a regressor of one target; got 0"):
        model.explain(graph, 0)
