"""Assignments that are fixed, or hard: what they are, and that models keep to them."""

import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from npdiffpool import DiffPoolClassifier, Graph, GraphBatch
from npdiffpool.engine.config import ASSIGNMENTS, FIXED, Config
from npdiffpool.engine.fixed_assignments import harden, share, with_clusters
from npdiffpool.engine.graclus import graclus
from npdiffpool.engine.model import forward, init_model
from npdiffpool.engine.preparation import prepare
from npdiffpool.engine.wl_colours import colours_of_features, merge_colours, wl_colours
from npdiffpool.testing.strategies import assignments

each_kind = pytest.mark.parametrize("kind", [k for k in ASSIGNMENTS if k != "learned"])
each_fixed = pytest.mark.parametrize("kind", FIXED)


def random_graph(n, seed):
    rng = np.random.default_rng(seed)
    A = np.triu(rng.random((n, n)) < 0.3, 1).astype(float)
    return Graph(A + A.T, rng.normal(size=(n, 2)))


GRAPHS = [random_graph(n, seed) for seed, n in enumerate((12, 1, 7, 0, 9, 5))]


def config_of(kind, **changes):
    sizes = dict(hidden=4, n_layers=2, clusters=(5, 3), dtype="float64", largest=12)
    return Config(2, 3, **{**sizes, "assignment": kind, **changes})


def run(config, graphs=GRAPHS):
    """Return the pass of a model drawn by seed 0."""
    batch = GraphBatch.from_graphs(graphs, config.dtype)
    batch = prepare(batch, config)
    return forward(init_model(np.random.default_rng(0), config), batch, config)


@each_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_sum_to_one_and_are_one_hot_but_where_uniform(kind, dtype):
    output = run(config_of(kind, dtype=dtype))
    for S, K in zip([step.S for step in output.steps], (5, 3)):
        assert S.dtype == output.logits.dtype == dtype
        expected = [1 / K] * K if kind == "uniform" else [0] * (K - 1) + [1]
        assert_allclose(np.sort(S, axis=1), [expected] * len(S), rtol=1e-6)


@each_kind
def test_a_graph_is_assigned_in_a_batch_as_it_is_alone(kind):
    config = config_of(kind)
    together, row = [step.S for step in run(config).steps], 0
    for g, graph in enumerate(GRAPHS):
        alone = [step.S for step in run(config, [graph]).steps]
        assert_array_equal(together[0][row : row + graph.n_nodes], alone[0])
        assert_array_equal(together[1][5 * g : 5 * g + 5], alone[1])
        row += graph.n_nodes


@each_kind
def test_the_order_of_nodes_changes_no_output(kind):
    config, rng = config_of(kind), np.random.default_rng(0)
    permuted = [g.permute(rng.permutation(g.n_nodes)) for g in GRAPHS]
    assert_allclose(run(config, permuted).logits, run(config).logits, rtol=1e-9)


@each_fixed
def test_minibatches_are_cut_out_with_their_clusters(kind):
    config, order = config_of(kind), np.array([4, 0, 3])
    whole = with_clusters(GraphBatch.from_graphs(GRAPHS), config)
    part = with_clusters(GraphBatch.from_graphs([GRAPHS[i] for i in order]), config)
    for cut, made in zip(whole.take(order).clusters, part.clusters, strict=True):
        assert_array_equal(cut, made)


@each_fixed
def test_training_moves_no_fixed_assignment(kind):
    clf = DiffPoolClassifier(assignment=kind, clusters=(4,), hidden=4, epochs=3)
    labels = [0, 1, 0, 1, 0, 1]
    before = clf.set_params(epochs=1).fit(GRAPHS, labels).assignments(GRAPHS[0])
    after = clf.set_params(epochs=5, seed=3).fit(GRAPHS, labels).assignments(GRAPHS[0])
    assert_array_equal(before, after)
    assert clf.params_["levels"][0]["pool"]["gnn"] == {"layers": [], "norms": []}


def test_graclus_cuts_each_graph_into_its_share_and_then_the_coarsened_graph():
    output = run(config_of("graclus", clusters=(6, 2)), GRAPHS[:1])
    graph, ROUNDS = GRAPHS[0], 3
    colours = wl_colours(graph.adjacency, colours_of_features(graph.features), ROUNDS)
    first = graclus(graph.adjacency, 6, colours[-1])
    assert_array_equal(np.argmax(output.steps[0].S, axis=1), first)
    S = sparse.csr_array(np.eye(6)[first])
    merged = merge_colours(colours[-1], first)
    second = graclus(sparse.csr_array(S.T @ graph.adjacency @ S), 2, merged)
    assert_array_equal(np.argmax(output.steps[1].S, axis=1), second)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_clusters_are_numbered_by_what_is_in_them_not_by_the_order_of_nodes(order):
    """Found by law M5: beside the last cluster stands one that the graph has not."""
    unlike = Graph(np.zeros((2, 2)), np.array([[0.5, 1.0], [-2.0, 0.3]]))
    config = config_of("graclus", clusters=(3, 2), largest=0)
    pair = [run(config, [g]).steps for g in (unlike, unlike.permute(order))]
    both = [[step.S for step in steps] for steps in pair]
    first, again = (S @ S_next for S, S_next in both)
    assert_array_equal(again, first[order])


@pytest.mark.parametrize(
    "n, expected", [(0, 1), (1, 1), (2, 1), (3, 2), (12, 5), (99, 5)]
)
def test_the_share_of_a_graph_is_rounded_up(n, expected):
    assert share(5, n, config_of("graclus")) == expected


def test_random_clusters_are_equally_large_up_to_chance():
    graph = random_graph(400, 0)
    S = run(config_of("random", clusters=(4,)), [graph]).steps[0].S
    sizes = S.sum(axis=0)
    assert np.sum((sizes - 100) ** 2 / 100) < 16.3  # chi^2 of 3, one in a thousand


def test_uniform_rows_have_the_entropy_log_k():
    output = run(config_of("uniform"))
    expected = [np.log(5) * (graph.n_nodes > 0) for graph in GRAPHS]
    assert_allclose(output.steps[0].L_ent, expected, rtol=1e-14)  # sums of up to 12


@given(S=assignments(4, 3))
def test_a_hard_assignment_is_exactly_one_hot_and_passes_its_gradient_on(S):
    weights = np.arange(12.0).reshape(4, 3)
    hard = harden(S)
    assert_array_equal(hard, np.eye(3)[np.argmax(S, axis=1)])
    slope = grad(lambda S: (harden(S) * weights).sum())(S)
    assert_array_equal(slope, weights)


def test_hard_coarsened_graphs_stay_sparse():
    """No edge of A' that no edge of A made."""
    graph = random_graph(60, 0)
    output = run(config_of("hard", clusters=(40,)), [graph])
    A_pooled = output.steps[0].pooled.A[0]
    S = output.steps[0].S
    linked = (S.T @ (graph.adjacency.toarray() != 0) @ S) > 0
    assert_array_equal(A_pooled != 0, linked)
    assert np.count_nonzero(A_pooled) <= graph.adjacency.nnz


def test_what_is_learned_is_what_no_clusters_are_made_for():
    batch = GraphBatch.from_graphs(GRAPHS)
    assert with_clusters(batch, config_of("learned")) is batch


@each_kind
def test_models_train_with_every_assignment(kind):
    labels = [0, 1, 0, 1, 0, 1]
    clf = DiffPoolClassifier(assignment=kind, hidden=8, clusters=(3, 2), epochs=60)
    clf.set_params(learning_rate=1e-2).fit(GRAPHS, labels)
    losses = [row["cross_entropy"] for row in clf.history_]
    assert losses[-1] < 0.5 * losses[0]
