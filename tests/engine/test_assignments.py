"""Fixed and hard assignments: their values, and models that use them."""

import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from npdiffpool import DiffPoolClassifier, Graph, GraphBatch
from npdiffpool.engine.config import ASSIGNMENTS, FIXED, Config
from npdiffpool.engine.fixed_assignments import (
    harden,
    n_clusters_of,
    with_fixed_clusters,
)
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
    """Return the forward pass of a model drawn with seed 0."""
    batch = GraphBatch.from_graphs(graphs, config.dtype)
    batch = prepare(batch, config)
    return forward(init_model(np.random.default_rng(0), config), batch, config)


@each_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_of_s_are_one_hot_or_uniform(kind, dtype):
    output = run(config_of(kind, dtype=dtype))
    for S, K in zip([step.S for step in output.steps], (5, 3)):
        assert S.dtype == output.logits.dtype == dtype
        expected = [1 / K] * K if kind == "uniform" else [0] * (K - 1) + [1]
        assert_allclose(np.sort(S, axis=1), [expected] * len(S), rtol=1e-6)


@each_kind
def test_an_assignment_does_not_depend_on_the_batch(kind):
    config = config_of(kind)
    together, row = [step.S for step in run(config).steps], 0
    for g, graph in enumerate(GRAPHS):
        alone = [step.S for step in run(config, [graph]).steps]
        assert_array_equal(together[0][row : row + graph.n_nodes], alone[0])
        assert_array_equal(together[1][5 * g : 5 * g + 5], alone[1])
        row += graph.n_nodes


@each_kind
def test_the_logits_do_not_depend_on_the_order_of_nodes(kind):
    config, rng = config_of(kind), np.random.default_rng(0)
    permuted = [g.permute(rng.permutation(g.n_nodes)) for g in GRAPHS]
    assert_allclose(run(config, permuted).logits, run(config).logits, rtol=1e-9)


@each_fixed
def test_take_selects_the_clusters_of_a_minibatch(kind):
    config, order = config_of(kind), np.array([4, 0, 3])
    whole = with_fixed_clusters(GraphBatch.from_graphs(GRAPHS), config)
    part = with_fixed_clusters(
        GraphBatch.from_graphs([GRAPHS[i] for i in order]), config
    )
    for taken, expected in zip(
        whole.take(order).fixed_clusters, part.fixed_clusters, strict=True
    ):
        assert_array_equal(taken, expected)


@each_fixed
def test_training_does_not_change_a_fixed_assignment(kind):
    clf = DiffPoolClassifier(assignment=kind, clusters=(4,), hidden=4, epochs=3)
    labels = [0, 1, 0, 1, 0, 1]
    before = clf.set_params(epochs=1).fit(GRAPHS, labels).assignments(GRAPHS[0])
    after = clf.set_params(epochs=5, seed=3).fit(GRAPHS, labels).assignments(GRAPHS[0])
    assert_array_equal(before, after)
    assert clf.params_["levels"][0]["pool"]["gnn"] == {"layers": [], "norms": []}


def test_graclus_clusters_the_graph_and_then_the_coarsened_graph():
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
def test_cluster_numbers_do_not_depend_on_the_order_of_nodes(order):
    """Two nodes in three clusters, one of them empty: law M5 found this case."""
    graph = Graph(np.zeros((2, 2)), np.array([[0.5, 1.0], [-2.0, 0.3]]))
    config = config_of("graclus", clusters=(3, 2), largest=0)
    pair = [run(config, [g]).steps for g in (graph, graph.permute(order))]
    both = [[step.S for step in steps] for steps in pair]
    expected, permuted = (S @ S_next for S, S_next in both)
    assert_array_equal(permuted, expected[order])


@pytest.mark.parametrize(
    "n, expected", [(0, 1), (1, 1), (2, 1), (3, 2), (12, 5), (99, 5)]
)
def test_the_number_of_clusters_of_a_small_graph_is_rounded_up(n, expected):
    assert n_clusters_of(5, n, config_of("graclus")) == expected


def test_without_a_largest_graph_each_graph_has_all_clusters():
    for n in (0, 1, 99):
        assert n_clusters_of(5, n, config_of("graclus", largest=0)) == (5 if n else 1)


def test_clusters_that_a_graph_does_not_have_are_put_into_the_last_one():
    config = config_of("graclus", clusters=(5, 4, 3), largest=10)
    path = Graph.from_edges([(0, 1), (1, 2), (2, 3)], 4, "ones")
    batch = with_fixed_clusters(
        GraphBatch.from_graphs([path] * 2, config.dtype), config
    )
    nodes, pairs, rest = batch.fixed_clusters  # 4 / 10 of the clusters, rounded up
    assert_array_equal(nodes, [0, 0, 1, 1] * 2)
    assert_array_equal(np.sort(pairs), [[0, 1, 3, 3, 3]] * 2)
    assert_array_equal(np.sort(rest), [[0, 1, 2, 2]] * 2)


def test_nodes_alike_in_three_rounds_of_1wl_have_the_same_random_cluster():
    path = Graph.from_edges([(i, i + 1) for i in range(10)], 11, "ones")
    batch = GraphBatch.from_graphs([path])
    found = with_fixed_clusters(
        batch, config_of("random", clusters=(8192,))
    ).fixed_clusters[0]
    numbers = np.unique(found, return_inverse=True)[1]
    from_end = [0, 1, 2, 3, 3, 3, 3, 3, 2, 1, 0]  # the ends are seen from 3 nodes
    assert len({*zip(numbers, from_end)}) == len({*numbers}) == 4


def splitmix64(x):
    """Hash a number by the finaliser of splitmix64, in Python's integers."""
    z = (x + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def test_random_clusters_of_clusters_are_a_hash_of_their_numbers():
    """Predictions of saved models depend on it."""
    config = config_of("random", clusters=(5, 7, 3))
    _, *upper = with_fixed_clusters(
        GraphBatch.from_graphs(GRAPHS), config
    ).fixed_clusters
    for found, below, K in zip(upper, (5, 7), (7, 3), strict=True):
        expected = [splitmix64(splitmix64(k)) % K for k in range(1, below + 1)]
        assert_array_equal(found, [expected] * len(GRAPHS))


def test_sizes_of_random_clusters_pass_a_chi_squared_test():
    graph = random_graph(400, 0)
    S = run(config_of("random", clusters=(4,)), [graph]).steps[0].S
    sizes = S.sum(axis=0)
    assert np.sum((sizes - 100) ** 2 / 100) < 16.3  # 99.9 % of chi^2 with 3 dof


def test_uniform_rows_have_entropy_log_k():
    output = run(config_of("uniform"))
    expected = [np.log(5) * (graph.n_nodes > 0) for graph in GRAPHS]
    assert_allclose(output.steps[0].L_ent, expected, rtol=1e-14)  # sums of 12 terms


@given(S=assignments(4, 3))
def test_harden_returns_one_hot_rows_with_a_straight_through_gradient(S):
    weights = np.arange(12.0).reshape(4, 3)
    hard = harden(S)
    assert_array_equal(hard, np.eye(3)[np.argmax(S, axis=1)])
    slope = grad(lambda S: (harden(S) * weights).sum())(S)
    assert_array_equal(slope, weights)


def test_hard_assignments_keep_coarsened_graphs_sparse():
    """A' has an edge only between clusters that an edge of A links."""
    graph = random_graph(60, 0)
    output = run(config_of("hard", clusters=(40,)), [graph])
    A_pooled = output.steps[0].pooled.A[0]
    S = output.steps[0].S
    linked = (S.T @ (graph.adjacency.toarray() != 0) @ S) > 0
    assert_array_equal(A_pooled != 0, linked)
    assert np.count_nonzero(A_pooled) <= graph.adjacency.nnz


def test_a_learned_assignment_needs_no_clusters_in_the_batch():
    batch = GraphBatch.from_graphs(GRAPHS)
    assert with_fixed_clusters(batch, config_of("learned")) is batch


@each_kind
def test_training_halves_the_loss_with_every_assignment(kind):
    labels = [0, 1, 0, 1, 0, 1]
    clf = DiffPoolClassifier(assignment=kind, hidden=8, clusters=(3, 2), epochs=60)
    clf.set_params(learning_rate=1e-2).fit(GRAPHS, labels)
    losses = [row["cross_entropy"] for row in clf.history_]
    assert losses[-1] < 0.5 * losses[0]
