"""The clusterer: scikit-learn's conventions, and what its losses find."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_clusterer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from npdiffpool import Dataset, DiffPoolClusterer, Graph, paper

SMALL = dict(n_clusters=2, hidden=8, n_layers=2, n_init=1, epochs=40)
CLIQUE = np.ones((4, 4)) - np.eye(4)
APART = np.kron(np.eye(2), CLIQUE)  # two cliques without an edge between them
SIDES = np.repeat([0, 1], 4)
TWO = Graph(APART, np.eye(8))


def clusterer(**changes):
    return DiffPoolClusterer(**{**SMALL, **changes})


def joined(n, m):
    """Return two cliques with an edge between them; the features are the sides."""
    A = np.zeros((n + m, n + m))
    A[:n, :n], A[n:, n:], A[n - 1, n], A[n, n - 1] = 1, 1, 1, 1
    np.fill_diagonal(A, 0)
    return Graph(A, np.eye(2)[[0] * n + [1] * m])


def test_a_clone_has_the_same_parameters_and_finds_the_same_clusters():
    model = clusterer(seed=np.int64(3)).fit(TWO)
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    assert not vars(copied).keys() - model.get_params().keys()
    assert_array_equal(copied.fit(TWO).assignments_, model.assignments_)


def test_scikit_learn_recognises_a_clusterer_and_whether_it_is_fitted():
    model = clusterer()
    assert is_clusterer(model) and not model.__sklearn_tags__().target_tags.required
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    with pytest.raises(NotFittedError, match="the clusterer is not fitted; call fit"):
        model.predict(TWO)
    check_is_fitted(model.fit(TWO))


def test_a_pipeline_can_transform_the_graph_first():
    numbered = FunctionTransformer(lambda graph: Graph(graph.adjacency, np.eye(8)))
    pipe = Pipeline([("numbers", numbered), ("pool", clusterer())])
    labels = pipe.fit_predict(Graph(APART))
    assert_array_equal(labels, clusterer().fit(TWO).labels_)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fit_predict_returns_the_labels_and_predict_repeats_them(dtype):
    model = clusterer(dtype=dtype)
    labels = model.fit_predict(TWO)
    assert labels is model.labels_ and labels.dtype.kind == "i"
    assert_array_equal(labels, model.assignments_.argmax(axis=1))
    assert_array_equal(model.predict(TWO), labels)
    assert_array_equal(model.predict_proba(TWO), model.assignments_)
    assert model.assignments_.dtype == dtype


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not():
    one, two, other = (clusterer(seed=seed).fit(TWO) for seed in (1, 1, 2))
    assert one.assignments_.tobytes() == two.assignments_.tobytes()
    assert one.history_ == two.history_ != other.history_
    again = pickle.loads(pickle.dumps(one))
    assert again.predict_proba(TWO).tobytes() == one.assignments_.tobytes()


def test_the_order_of_nodes_does_not_change_the_clusters():
    graph, order = joined(4, 7), np.random.default_rng(0).permutation(11)
    one, two = (clusterer().fit(g) for g in (graph, graph.permute(order)))
    assert one.history_ == two.history_
    assert_array_equal(two.labels_, one.labels_[order])
    # Rows of equal nodes may differ in the last bits, by their place in a product.
    assert_allclose(two.assignments_, one.assignments_[order], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("gnn", ["gcn", "sage", "mlp"])
def test_cliques_apart_are_separated_if_the_features_distinguish_nodes(gnn, seed):
    labels = clusterer(gnn=gnn, seed=seed, epochs=100).fit_predict(TWO)
    assert_array_equal(labels != labels[0], SIDES == 1)


@pytest.mark.parametrize("features", ["degree", "ones"])
def test_cliques_apart_with_equal_features_are_one_cluster_with_a_warning(features):
    with pytest.warns(
        UserWarning, match="all nodes are in one cluster; use features .*np.eye"
    ):
        labels = clusterer().fit_predict(Graph(APART, features))
    assert len(set(labels)) == 1


@pytest.mark.parametrize("graph, K", [(TWO, 1), (Graph([[0]], [[1.0]]), 2)])
def test_one_cluster_that_was_asked_for_or_of_one_node_is_no_warning(graph, K):
    assert len(set(clusterer(n_clusters=K).fit_predict(graph))) == 1


def test_a_cluster_is_the_same_in_all_graphs_and_in_new_ones():
    model = clusterer().fit([joined(4, 4), joined(3, 6)])
    of_first, of_second = model.labels_
    assert_array_equal(of_first != of_first[0], SIDES == 1)
    assert_array_equal(of_second, np.repeat(of_first[[0, -1]], [3, 6]))
    new = model.predict([joined(5, 3), joined(4, 4)])
    assert_array_equal(new[0], np.repeat(of_first[[0, -1]], [5, 3]))
    assert_array_equal(new[1], model.predict(joined(4, 4)))


def test_a_list_of_one_graph_gives_a_list_of_one_array():
    alone, listed = clusterer().fit(TWO), clusterer().fit([TWO])
    (labels,), (S,) = listed.labels_, listed.assignments_
    assert_array_equal(labels, alone.labels_)
    assert S.tobytes() == alone.assignments_.tobytes()


@pytest.mark.parametrize("scale, power", [("frobenius", 0), ("nodes", 1)])
def test_the_loss_is_that_of_the_paper_for_the_assignments(scale, power):
    graphs, weights = [joined(4, 4), joined(3, 6)], dict(entropy_weight=2.0)
    model = clusterer(dtype="float64", link_scale=scale, link_weight=0.5, **weights)
    losses = []
    for graph, S in zip(graphs, model.fit(graphs).assignments_):
        L_link = paper.link_loss(graph.adjacency.toarray(), S) / len(S) ** power
        losses.append(0.5 * L_link + 2.0 * paper.entropy_loss(S))
    # Rounding: the engine sums the squares in another order.
    assert_allclose(model.loss_, np.mean(losses), rtol=1e-12)


@pytest.mark.filterwarnings("ignore:all nodes are in one cluster")
def test_the_least_values_of_the_parameters_are_allowed():
    least = dict(n_clusters=1, hidden=1, n_layers=1, n_init=1, epochs=1)
    for weight in ("link_weight", "entropy_weight"):  # one of them must be above 0
        model = DiffPoolClusterer(**least, **{weight: 0.0}).fit(TWO)
        assert_array_equal(model.labels_, np.zeros(8))
        assert len(model.history_) == 1


@pytest.mark.filterwarnings("ignore:all nodes are in one cluster")
def test_the_lowest_loss_of_all_epochs_and_trainings_is_kept():
    one, three = (clusterer(n_init=n, learning_rate=1.0).fit(TWO) for n in (1, 3))
    for model in (one, three):
        losses = [row["loss"] for row in model.history_]
        assert model.loss_ == min(losses) < losses[-1]
        assert [row["epoch"] for row in model.history_] == list(range(1, 41))
    assert three.loss_ < one.loss_


def test_a_heavier_entropy_loss_makes_the_assignment_harder():
    light, heavy = (clusterer(entropy_weight=w).fit(TWO) for w in (0.0, 2.0))
    assert heavy.history_[-1]["entropy_loss"] < light.history_[-1]["entropy_loss"]


EMPTY = Graph(np.zeros((0, 0)), np.zeros((0, 8)))
ODD = {
    "more clusters than nodes": (TWO, {"n_clusters": 20}),
    "no edges": (Graph(np.zeros((8, 8)), np.eye(8)), {}),
    "one node": (Graph([[0]], [[1.0]]), {}),
    "no nodes": (EMPTY, {}),
    "no nodes in one graph": ([EMPTY, TWO], {}),
    "one way": (Graph(np.triu(APART), np.eye(8)), {}),
    "large weights": (Graph(1e6 * APART, np.eye(8)), {}),
    "S fits A": (Graph(np.kron(np.eye(2), np.ones((4, 4))), np.eye(8)), {}),
    "no features": (Graph(np.eye(1), np.zeros((1, 0))), {}),
}


@pytest.mark.filterwarnings("ignore:all nodes are in one cluster")
@pytest.mark.parametrize("case", ODD)
def test_no_result_is_nan(case):
    graph, changes = ODD[case]
    model = clusterer(**changes).fit(graph)
    S = model.assignments_ if isinstance(graph, Graph) else model.assignments_[1]
    assert_allclose(S.sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite([list(row.values()) for row in model.history_]).all()


def test_a_diverging_training_is_an_error_and_leaves_the_clusterer_unchanged():
    model = clusterer().fit(TWO)
    before = model.predict_proba(TWO)
    model.set_params(learning_rate=1e38)
    with pytest.raises(ValueError, match="training diverged in epoch 2: .*; use a low"):
        model.fit([TWO])
    assert_array_equal(model.assignments_, before)
    assert_array_equal(model.predict_proba(TWO), before)


def test_a_data_set_with_other_columns_is_refused():
    names = [f"node {i}" for i in range(8)]
    one, two = (Dataset([TWO], None, "some", n, "") for n in (names, names[::-1]))
    model = clusterer().fit(one)
    assert model.feature_names_in_ == names and model.n_features_in_ == 8
    with pytest.raises(ValueError, match="feature columns .* in another order"):
        model.predict(two)


def test_progress_counts_the_epochs_of_all_trainings(capsys):
    clusterer(n_init=2, epochs=5, verbose=True).fit(TWO)
    shown = capsys.readouterr().err
    assert "epoch    1/10  loss " in shown and "epoch   10/10  loss " in shown
