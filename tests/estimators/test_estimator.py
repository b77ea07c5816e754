"""DiffPoolClassifier: predictions, parameters, scaling, saving and progress."""

import inspect
import re
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from npdiffpool import DiffPoolClassifier, Graph, load_dataset, load_model
from npdiffpool.engine.autodiff import leaves
from npdiffpool.engine.graclus import normalized_cut
from npdiffpool.estimators.fitting.inputs import Scaling, count_clusters
from npdiffpool.evaluation.measures import modularity

rng = np.random.default_rng(0)


def random_graph(n):
    A = np.triu(rng.random((n, n)) < 0.5, 1).astype(float)
    return Graph(A + A.T, rng.normal(size=(n, 2)))


GRAPHS = [random_graph(n) for n in (8, 1, 3, 5, 0, 6)]
LABELS = np.array([0, 1, 0, 1, 0, 1])


def classifier(**changes):
    small = dict(hidden=4, n_layers=2, clusters=(3,), epochs=3, dtype="float64")
    return DiffPoolClassifier(**{**small, **changes})


@pytest.fixture(scope="module")
def fitted():
    return classifier(clusters=(3, 2)).fit(GRAPHS, LABELS)


# Predictions


def test_fit_returns_the_classifier_and_sets_its_attributes(fitted):
    clf = classifier()
    assert clf.fit(GRAPHS, LABELS) is clf
    assert_array_equal(clf.classes_, [0, 1])
    assert (clf.n_features_in_, clf.best_epoch_, len(clf.history_)) == (2, 3, 3)


def test_probabilities_are_distributions_over_the_classes(fitted):
    probabilities = fitted.predict_proba(GRAPHS)
    assert probabilities.shape == (6, 2)
    assert np.all(probabilities >= 0)
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-15)  # a rounding


def test_the_predicted_class_is_the_most_probable(fitted):
    expected = fitted.classes_[np.argmax(fitted.predict_proba(GRAPHS), axis=1)]
    assert_array_equal(fitted.predict(GRAPHS), expected)
    assert fitted.score(GRAPHS, LABELS) == np.mean(expected == LABELS)


def test_a_prediction_does_not_depend_on_the_other_graphs(fitted):
    alone = np.concatenate([fitted.predict_proba([graph]) for graph in GRAPHS])
    # The rounding of BLAS depends on the number of rows.
    assert_allclose(fitted.predict_proba(GRAPHS), alone, rtol=1e-12)


def test_predictions_are_invariant_to_the_order_of_nodes(fitted):
    order = np.random.default_rng(1).permutation
    permuted = [graph.permute(order(graph.n_nodes)) for graph in GRAPHS]
    found, expected = fitted.predict_proba(permuted), fitted.predict_proba(GRAPHS)
    assert_allclose(found, expected, rtol=1e-11)  # sums in another order


@pytest.mark.parametrize(
    "classes",
    [["b", "a"], [7, -1], [True, False], [0.5, 2.5], [b"b", b"a"], np.uint8([3, 200])],
)
def test_predictions_have_the_type_of_the_labels(classes):
    labels = np.array(classes)[LABELS]
    clf = classifier(epochs=1).fit(GRAPHS, list(labels))
    assert_array_equal(clf.classes_, np.unique(labels))
    assert clf.predict(GRAPHS).dtype == clf.classes_.dtype
    assert set(clf.predict(GRAPHS)) <= set(labels)


def test_more_than_two_classes_are_supported():
    clf = classifier().fit(GRAPHS, list("cabcab"))
    assert list(clf.classes_) == ["a", "b", "c"]
    assert clf.predict_proba(GRAPHS).shape == (6, 3)


def test_graphs_can_be_a_generator_and_labels_a_list():
    clf = classifier().fit((graph for graph in GRAPHS), LABELS.tolist())
    whole = classifier().fit(GRAPHS, LABELS)
    assert_array_equal(clf.predict_proba(iter(GRAPHS)), whole.predict_proba(GRAPHS))


def test_on_epoch_gets_the_model_after_each_epoch():
    seen = []
    clf = classifier().fit(GRAPHS, LABELS, on_epoch=seen.append)
    assert [len(model.history_) for model in seen] == [1, 2, 3]
    for epochs, model in enumerate(seen, start=1):
        stopped = classifier(epochs=epochs).fit(GRAPHS, LABELS)
        assert model.best_epoch_ == epochs and model is not clf
        assert_array_equal(model.predict_proba(GRAPHS), stopped.predict_proba(GRAPHS))


def test_on_epoch_gets_the_latest_parameters_not_the_best():
    seen = []
    clf = classifier(epochs=20, learning_rate=0.05)
    clf.fit(GRAPHS[:3], LABELS[:3], (GRAPHS[3:], LABELS[3:]), on_epoch=seen.append)
    assert clf.best_epoch_ < 20
    assert [model.best_epoch_ for model in seen] == list(range(1, 21))
    kept = seen[clf.best_epoch_ - 1].predict_proba(GRAPHS)
    assert_array_equal(kept, clf.predict_proba(GRAPHS))


def test_a_second_fit_does_not_depend_on_the_first(fitted):
    clf = classifier(clusters=(3, 2)).fit(GRAPHS, 1 - LABELS)
    clf.fit(GRAPHS, LABELS)
    assert_array_equal(clf.predict_proba(GRAPHS), fitted.predict_proba(GRAPHS))


def test_fit_and_predict_do_not_modify_graphs_and_labels():
    kept = [(g.adjacency.toarray(), g.features.copy()) for g in GRAPHS]
    labels = LABELS.copy()
    classifier(dtype="float32").fit(GRAPHS, labels).predict(GRAPHS)
    assert_array_equal(labels, LABELS)
    for graph, (A, X) in zip(GRAPHS, kept):
        assert_array_equal(graph.adjacency.toarray(), A)
        assert_array_equal(graph.features, X)


# Embeddings, assignments and hierarchies


@pytest.mark.parametrize("concat_layers, width", [(True, 8), (False, 4)])
@pytest.mark.parametrize("clusters", [(), (3,), (3, 2)])
def test_embeddings_have_a_readout_of_every_level(clusters, concat_layers, width):
    clf = classifier(clusters=clusters, concat_layers=concat_layers)
    embeddings = clf.fit(GRAPHS, LABELS).transform(GRAPHS)
    assert embeddings.shape == (6, width * (len(clusters) + 1))
    assert_array_equal(embeddings, clf.transform(GRAPHS))


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_assignments_of_each_node_are_a_distribution_over_clusters(fitted, graph):
    first, second = fitted.assignments(graph)
    assert (first.shape, second.shape) == ((graph.n_nodes, 3), (3, 2))
    for S in (first, second):
        assert np.all(S >= 0)
        assert_allclose(S.sum(axis=1), 1, rtol=1e-15)  # a rounding


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_the_adjacency_of_each_level_follows_from_the_assignments(fitted, graph):
    A, levels = graph.adjacency.toarray(), fitted.hierarchy(graph)
    assert [level.n_nodes for level in levels] == [3, 2]
    for S, level in zip(fitted.assignments(graph), levels, strict=True):
        A = S.T @ A @ S
        # Sums of at most 64 numbers, in a different order.
        assert_allclose(level.adjacency.toarray(), A, rtol=1e-13, atol=1e-13)
        assert level.label is graph.label


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_level_of_an_undirected_graph_is_an_undirected_graph(dtype):
    """MUTAG's levels were directed by rounding: 196 edges where there are 105."""
    mutag = load_dataset("MUTAG")
    clf = classifier(clusters=(14, 7), epochs=1, dtype=dtype)
    clf.fit(mutag[:40], mutag.labels[:40])
    for graph in mutag[::4]:
        levels, assignments = clf.hierarchy(graph), clf.assignments(graph)
        assert [level.n_edges for level in levels] == [14 * 15 // 2, 7 * 8 // 2]
        for level, S in zip(levels, [*assignments[1:], np.ones((7, 1))]):
            assert level.is_undirected and not level.to_networkx().is_directed()
            A, clusters = level.adjacency, S.argmax(axis=1)
            assert -1 <= modularity(A, clusters) < 1
            assert 0 <= normalized_cut(A, clusters) <= 14


def test_the_features_of_the_hierarchy_have_the_sum_of_the_node_embeddings():
    clf = classifier(readout="sum").fit(GRAPHS, LABELS)
    for graph in GRAPHS:
        (level,) = clf.hierarchy(graph)
        (embedding,) = clf.transform([graph])  # its first part is 1^T Z = 1^T S^T Z
        assert_allclose(level.features.sum(axis=0), embedding[:8], rtol=0, atol=1e-12)


def test_a_flat_classifier_has_no_hierarchy_and_computes_none(monkeypatch):
    clf = classifier(clusters=()).fit(GRAPHS, LABELS)
    monkeypatch.setattr("npdiffpool.estimators.fitted.evaluate", None)
    assert clf.assignments(GRAPHS[0]) == clf.hierarchy(GRAPHS[0]) == []
    assert clf.assignments_of(GRAPHS[:2]) == [[], []]


# Parameters


@pytest.mark.parametrize(
    "clusters, counts",
    [
        ((), ()),
        ((4,), (4,)),
        ([100], (100,)),
        ((0.25,), (2,)),
        ((0.3, 0.5), (3, 2)),
        ((0.01,), (1,)),
        ((5, 0.5), (5, 3)),
        ((np.int64(5), np.float32(0.5)), (5, 3)),
    ],
)
def test_ratios_refer_to_the_nodes_of_a_graph_then_to_the_previous_level(
    clusters, counts
):
    assert count_clusters(clusters, n_nodes=8) == counts
    options = {"clusters": clusters, "ratio_of": "largest", "epochs": 1}
    clf = classifier(**options).fit(GRAPHS, LABELS)
    assert clf.config_.clusters == counts
    assert len(clf.assignments(GRAPHS[0])) == len(counts)


@pytest.mark.parametrize("ratio_of, counts", [("mean", (3, 2)), ("largest", (6, 3))])
def test_a_ratio_is_of_the_mean_number_of_nodes_or_of_the_largest(ratio_of, counts):
    graphs = [Graph.from_edges([], n, np.ones((n, 1))) for n in (2, 3, 12, 6)]  # 5.75
    clf = DiffPoolClassifier(clusters=(0.5, 0.5), ratio_of=ratio_of)
    assert clf.check(graphs, [0, 1, 0, 1])[-1].clusters == counts
    assert clf.check(graphs, [0, 1, 0, 1])[-1].largest == 12


def test_by_default_a_ratio_is_of_the_mean_which_is_17_93_nodes_in_mutag():
    assert DiffPoolClassifier().ratio_of == "mean"
    mutag = load_dataset("MUTAG")
    *_, config = DiffPoolClassifier().check(mutag, mutag.labels)
    assert config.clusters == (5,)


def test_a_ratio_of_zero_nodes_is_one_cluster():
    assert count_clusters((0.5, 0.5), n_nodes=0) == (1, 1)


def test_a_ratio_with_a_whole_result_is_not_rounded_up():
    assert count_clusters((0.07,), n_nodes=100) == (7,)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_outputs_and_parameters_have_the_chosen_dtype(dtype):
    clf = classifier(dtype=dtype).fit(GRAPHS, LABELS)
    outputs = [
        clf.predict_proba(GRAPHS),
        clf.transform(GRAPHS),
        *clf.assignments(GRAPHS[0]),
        *leaves(clf.params_),
        *leaves(clf.running_),
    ]
    assert {array.dtype for array in outputs} == {np.dtype(dtype)}


@pytest.mark.parametrize("option", ["batch_norm", "normalize_rows", "concat_layers"])
def test_every_flag_changes_the_model(option, fitted):
    switched = {option: not getattr(fitted, option)}
    other = classifier(clusters=(3, 2), **switched).fit(GRAPHS, LABELS)
    difference = other.predict_proba(GRAPHS) - fitted.predict_proba(GRAPHS)
    assert np.max(np.abs(difference)) > 1e-3


def test_get_params_has_the_names_and_defaults_of_the_signature():
    signature = inspect.signature(DiffPoolClassifier).parameters
    defaults = {name: parameter.default for name, parameter in signature.items()}
    assert DiffPoolClassifier().get_params() == defaults
    clf = DiffPoolClassifier().set_params(hidden=7, clusters=(2,))
    assert clf.get_params() == {**defaults, "hidden": 7, "clusters": (2,)}


# Features


def test_the_units_of_the_features_do_not_matter():
    other = [Graph(g.adjacency, 1000 * g.features + 50) for g in GRAPHS]
    smooth = dict(readout="sum")  # the argmax of equal rows depends on rounding
    found = classifier(**smooth).fit(other, LABELS).predict_proba(other)
    expected = classifier(**smooth).fit(GRAPHS, LABELS).predict_proba(GRAPHS)
    # Three steps of Adam amplify rounding where a gradient is small.
    assert_allclose(found, expected, rtol=1e-8)


def test_the_units_of_the_features_matter_without_standardize():
    other = [Graph(g.adjacency, 1000 * g.features + 50) for g in GRAPHS]
    plain = classifier(standardize=False)
    expected = plain.fit(GRAPHS, LABELS).predict_proba(GRAPHS)
    found = plain.fit(other, LABELS).predict_proba(other)
    assert np.max(np.abs(found - expected)) > 0.01


def test_features_are_standardised_unless_they_are_zeros_and_ones():
    X = np.array([[0.0, 1.0, 4.0], [1.0, 3.0, 4.0]])
    scaling = Scaling.of([Graph(np.zeros((2, 2)), X)], standardize=True)
    assert_array_equal(scaling, [[0, 2, 0], [1, 1, 1]])
    assert_array_equal(Scaling.of([Graph(np.eye(2), X)], False), [[0] * 3, [1] * 3])


def test_scaling_does_not_depend_on_the_division_of_nodes_into_graphs():
    X = np.random.default_rng(0).normal(7.0, 3.0, size=(9, 3)).astype("float32")
    X[:, 1] = np.arange(9) % 3 == 0  # only 0 and 1: not scaled
    X[:8, 2] = np.arange(8) % 3 == 0  # only 0 and 1 except for the last node
    parts = np.split(X, [2, 2, 6])
    graphs = [Graph(np.zeros((len(part), len(part))), part) for part in parts]
    scaling, wide = Scaling.of(graphs, standardize=True), X.astype("float64")
    assert_allclose(scaling.mean, wide.mean(axis=0) * [1, 0, 1], rtol=1e-15)
    assert_allclose(scaling.scale, np.where([1, 0, 1], wide.std(axis=0), 1), rtol=1e-15)
    whole = Scaling.of([Graph(np.zeros((9, 9)), X)], standardize=True)
    assert_allclose(whole, scaling, rtol=1e-15)


def test_a_constant_feature_is_not_scaled():
    constant = Graph(np.zeros((3, 3)), [[0.1], [0.1], [0.1]])
    assert_array_equal(Scaling.of([constant], standardize=True), [[0.0], [1.0]])


def test_graphs_without_features_are_classified():
    bare = [Graph(g.adjacency, np.zeros((g.n_nodes, 0))) for g in GRAPHS]
    clf = classifier().fit(bare, LABELS)  # biases show the number of nodes
    assert np.all(np.isfinite(clf.predict_proba(bare)))


@pytest.mark.parametrize("gnn", ["gcn", "sage", "s2v"])
@pytest.mark.parametrize("readout", ["max", "mean", "sum"])
def test_graphs_without_edges_or_nodes_are_classified(gnn, readout):
    empty = [Graph(np.zeros((n, n)), np.ones((n, 2))) for n in (0, 1, 3, 0)]
    clf = classifier(gnn=gnn, readout=readout).fit(empty, [0, 1, 0, 1])
    assert np.all(np.isfinite(clf.predict_proba(empty)))


# Saving


@pytest.mark.parametrize(
    "changes",
    [
        dict(),
        dict(dtype="float32", gnn="s2v"),
        dict(batch_norm=False),
        dict(clusters=(), classifier_hidden=0),
        dict(clusters=(0.5, 2), concat_layers=False, seed=np.int64(3)),
        dict(patience=2),
        dict(verbose=True),
    ],
    ids=str,
)
def test_a_loaded_classifier_equals_the_saved_one(changes, tmp_path):
    clf = classifier(**changes)
    clf.fit(GRAPHS, list("baabba"), validation=(GRAPHS[:2], ["b", "a"]))
    clf.save(tmp_path / "model.npz")
    again = load_model(str(tmp_path / "model.npz"))
    assert vars(again).keys() == vars(clf).keys()
    for name in ("config_", "history_", "best_epoch_", "n_features_in_"):
        assert getattr(again, name) == getattr(clf, name)
    assert again.get_params() == clf.get_params()
    for name in ("params_", "running_", "scaling_", "classes_"):
        found, expected = (leaves(getattr(model, name)) for model in (again, clf))
        for array, other in zip(found, expected, strict=True):
            assert_array_equal(array, other, strict=True)
    assert_array_equal(again.predict_proba(GRAPHS), clf.predict_proba(GRAPHS))


def test_saving_a_loaded_model_writes_the_same_bytes(fitted, tmp_path):
    fitted.save(tmp_path / "first.npz")
    load_model(tmp_path / "first.npz").save(tmp_path / "second.npz")
    files = [tmp_path / name for name in ("first.npz", "second.npz")]
    assert files[0].read_bytes() == files[1].read_bytes()


# Progress


def progress_of(epochs, capsys, **arguments):
    """Fit with verbose=True; return what is printed on standard error."""
    classifier(epochs=epochs, verbose=True).fit(GRAPHS, LABELS, **arguments)
    out, err = capsys.readouterr()
    assert out == ""  # standard output is reserved for results
    return err


def test_progress_without_a_terminal_is_plain_lines(capsys):
    lines = progress_of(2, capsys).splitlines()
    starts = [line[:18] for line in lines]
    assert starts == ["epoch    1/2  loss", "epoch    2/2  loss"]
    assert all("train " in line and line.isprintable() for line in lines)


def test_a_long_training_prints_about_ten_lines(capsys):
    shown = [line.split("/")[0] for line in progress_of(31, capsys).splitlines()]
    assert shown == [f"epoch {epoch:>4}" for epoch in (1, *range(3, 31, 3), 31)]


def test_progress_shows_the_validation_accuracy(capsys):
    line = progress_of(1, capsys, validation=(GRAPHS, LABELS))
    assert re.search(r", train \d+\.\d%, validation \d+\.\d%$", line)


def test_progress_on_a_terminal_is_a_bar_or_lines_without_tqdm(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert "training: 100%" in progress_of(2, capsys)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert progress_of(2, capsys).startswith("epoch    1/2  loss ")


def test_fit_prints_nothing_by_default(capsys):
    classifier().fit(GRAPHS, LABELS)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "feature, message",
    [
        (3e38, "every feature must fit into float32"),
        (1e13, "^the numbers in graphs are too large: logits must be"),
    ],
)
def test_features_that_would_overflow_are_rejected(feature, message):
    wide = dict(n_layers=4, normalize_rows=False, readout="sum", clusters=())
    clf = DiffPoolClassifier(epochs=1, hidden=9, standardize=False, **wide)
    clf.fit([Graph([[0.0]], [[1.0]]), Graph([[0.0]], [[0.0]])], [0, 1])
    clf.params_["classify"][-1]["b"][:] = 1e15
    with pytest.raises(ValueError, match=message):
        clf.predict([Graph([[0.0]], [[feature]])])


@pytest.mark.parametrize("mean, scale", [(0, 1), (0, 4), (0.5, 4)])
def test_sparse_and_dense_features_are_scaled_alike(mean, scale):
    X = np.diag([1.0, 2.0, 3.0])
    scaling = Scaling(np.full(3, float(mean)), np.full(3, float(scale)))
    scaled = scaling.apply(sparse.csr_array(X))
    assert sparse.issparse(scaled) == (mean == 0)
    scaled = scaled.toarray() if mean == 0 else scaled
    assert_array_equal(scaled, scaling.apply(X))


def test_fit_resumes_only_from_a_checkpoint_of_the_same_model():
    states = []
    uninterrupted = classifier(epochs=3).fit(
        GRAPHS, LABELS, on_checkpoint=states.append
    )
    assert [state.epoch for state in states] == [1, 2, 3]
    again = classifier(epochs=3).fit(GRAPHS, LABELS, resume=states[0])
    assert again.history_ == uninterrupted.history_
    wider = classifier(epochs=3, hidden=9)
    required = r"resume must be a checkpoint of a model with \d+ float64 parameters; "
    with pytest.raises(ValueError, match=required + r"got \d+ float64 parameters$"):
        wider.fit(GRAPHS, LABELS, resume=states[0])
    required = r"resume must be a Checkpoint \(npdiffpool\.training\.fit\); got 'str'"
    with pytest.raises(ValueError, match=required):
        wider.fit(GRAPHS, LABELS, resume="x")
    assert not hasattr(wider, "params_")
