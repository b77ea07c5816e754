"""DiffPoolClassifier: what it promises to those who call it."""

import inspect
import re
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from npdiffpool import DiffPoolClassifier, Graph, load_model
from npdiffpool.engine.autodiff import leaves
from npdiffpool.estimators.inputs import Scaling, count_clusters

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


def test_fitting_returns_the_classifier_and_says_what_it_learnt_from(fitted):
    clf = classifier()
    assert clf.fit(GRAPHS, LABELS) is clf
    assert_array_equal(clf.classes_, [0, 1])
    assert (clf.n_features_in_, clf.best_epoch_, len(clf.history_)) == (2, 3, 3)


def test_probabilities_are_distributions_over_the_classes(fitted):
    probabilities = fitted.predict_proba(GRAPHS)
    assert probabilities.shape == (6, 2)
    assert np.all(probabilities >= 0)
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-15)  # a rounding


def test_the_class_predicted_is_the_most_probable(fitted):
    most = fitted.classes_[np.argmax(fitted.predict_proba(GRAPHS), axis=1)]
    assert_array_equal(fitted.predict(GRAPHS), most)
    assert fitted.score(GRAPHS, LABELS) == np.mean(most == LABELS)


def test_every_graph_is_predicted_as_if_it_were_alone(fitted):
    alone = np.concatenate([fitted.predict_proba([graph]) for graph in GRAPHS])
    # BLAS rounds differently by the number of rows.
    assert_allclose(fitted.predict_proba(GRAPHS), alone, rtol=1e-12)


def test_the_order_of_nodes_changes_no_prediction(fitted):
    order = np.random.default_rng(1).permutation
    permuted = [graph.permute(order(graph.n_nodes)) for graph in GRAPHS]
    found, expected = fitted.predict_proba(permuted), fitted.predict_proba(GRAPHS)
    assert_allclose(found, expected, rtol=1e-11)  # sums in another order


@pytest.mark.parametrize(
    "classes",
    [["b", "a"], [7, -1], [True, False], [0.5, 2.5], [b"b", b"a"], np.uint8([3, 200])],
)
def test_labels_of_any_kind_come_back_as_they_were(classes):
    labels = np.array(classes)[LABELS]
    clf = classifier(epochs=1).fit(GRAPHS, list(labels))
    assert_array_equal(clf.classes_, np.unique(labels))
    assert clf.predict(GRAPHS).dtype == clf.classes_.dtype
    assert set(clf.predict(GRAPHS)) <= set(labels)


def test_there_may_be_more_than_two_classes():
    clf = classifier().fit(GRAPHS, list("cabcab"))
    assert list(clf.classes_) == ["a", "b", "c"]
    assert clf.predict_proba(GRAPHS).shape == (6, 3)


def test_graphs_may_come_as_a_generator_and_labels_as_a_list():
    clf = classifier().fit((graph for graph in GRAPHS), LABELS.tolist())
    whole = classifier().fit(GRAPHS, LABELS)
    assert_array_equal(clf.predict_proba(iter(GRAPHS)), whole.predict_proba(GRAPHS))


def test_after_each_epoch_the_model_is_shown_as_it_then_is():
    seen = []
    clf = classifier().fit(GRAPHS, LABELS, on_epoch=seen.append)
    assert [len(model.history_) for model in seen] == [1, 2, 3]
    for epochs, model in enumerate(seen, start=1):
        stopped = classifier(epochs=epochs).fit(GRAPHS, LABELS)
        assert model.best_epoch_ == epochs and model is not clf
        assert_array_equal(model.predict_proba(GRAPHS), stopped.predict_proba(GRAPHS))


def test_the_model_that_is_shown_is_the_latest_not_the_best():
    seen = []
    clf = classifier(epochs=20, learning_rate=0.05)
    clf.fit(GRAPHS[:3], LABELS[:3], (GRAPHS[3:], LABELS[3:]), on_epoch=seen.append)
    assert clf.best_epoch_ < 20
    assert [model.best_epoch_ for model in seen] == list(range(1, 21))
    kept = seen[clf.best_epoch_ - 1].predict_proba(GRAPHS)
    assert_array_equal(kept, clf.predict_proba(GRAPHS))


def test_fitting_again_forgets_the_first_fit(fitted):
    clf = classifier(clusters=(3, 2)).fit(GRAPHS, 1 - LABELS)
    clf.fit(GRAPHS, LABELS)
    assert_array_equal(clf.predict_proba(GRAPHS), fitted.predict_proba(GRAPHS))


def test_graphs_and_labels_are_left_alone():
    kept = [(g.adjacency.toarray(), g.features.copy()) for g in GRAPHS]
    labels = LABELS.copy()
    classifier(dtype="float32").fit(GRAPHS, labels).predict(GRAPHS)
    assert_array_equal(labels, LABELS)
    for graph, (A, X) in zip(GRAPHS, kept):
        assert_array_equal(graph.adjacency.toarray(), A)
        assert_array_equal(graph.features, X)


# What it saw


@pytest.mark.parametrize("concat_layers, width", [(True, 8), (False, 4)])
@pytest.mark.parametrize("clusters", [(), (3,), (3, 2)])
def test_the_embedding_has_a_readout_of_every_level(clusters, concat_layers, width):
    clf = classifier(clusters=clusters, concat_layers=concat_layers)
    embeddings = clf.fit(GRAPHS, LABELS).transform(GRAPHS)
    assert embeddings.shape == (6, width * (len(clusters) + 1))
    assert_array_equal(embeddings, clf.transform(GRAPHS))


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_assignments_are_a_distribution_over_clusters_for_each_node(fitted, graph):
    first, second = fitted.assignments(graph)
    assert (first.shape, second.shape) == ((graph.n_nodes, 3), (3, 2))
    for S in (first, second):
        assert np.all(S >= 0)
        assert_allclose(S.sum(axis=1), 1, rtol=1e-15)  # a rounding


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_the_hierarchy_is_made_by_the_assignments(fitted, graph):
    A, levels = graph.adjacency.toarray(), fitted.hierarchy(graph)
    assert [level.n_nodes for level in levels] == [3, 2]
    for S, level in zip(fitted.assignments(graph), levels, strict=True):
        A = S.T @ A @ S
        # Sums of at most 64 numbers, in another order.
        assert_allclose(level.adjacency.toarray(), A, rtol=1e-13, atol=1e-13)
        assert level.label is graph.label


def test_the_features_of_the_hierarchy_hold_all_that_the_nodes_held():
    clf = classifier(readout="sum").fit(GRAPHS, LABELS)
    for graph in GRAPHS:
        (level,) = clf.hierarchy(graph)
        (embedding,) = clf.transform([graph])  # first of all 1^T Z = 1^T S^T Z
        assert_allclose(level.features.sum(axis=0), embedding[:8], rtol=0, atol=1e-12)


def test_a_flat_classifier_has_no_hierarchy():
    clf = classifier(clusters=()).fit(GRAPHS, LABELS)
    assert clf.assignments(GRAPHS[0]) == clf.hierarchy(GRAPHS[0]) == []


# Choices


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
def test_ratios_are_of_the_largest_graph_then_of_the_level_before_rounded_up(
    clusters, counts
):
    assert count_clusters(clusters, largest=8) == counts
    clf = classifier(clusters=clusters, epochs=1).fit(GRAPHS, LABELS)
    assert clf.config_.clusters == counts
    assert len(clf.assignments(GRAPHS[0])) == len(counts)


def test_a_ratio_of_an_empty_graph_is_one_cluster():
    assert count_clusters((0.5, 0.5), largest=0) == (1, 1)


def test_a_ratio_that_divides_is_not_rounded_up():
    assert count_clusters((0.07,), largest=100) == (7,)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_it_gives_has_the_precision_asked_for(dtype):
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
def test_every_switch_changes_what_is_learnt(option, fitted):
    switched = {option: not getattr(fitted, option)}
    other = classifier(clusters=(3, 2), **switched).fit(GRAPHS, LABELS)
    difference = other.predict_proba(GRAPHS) - fitted.predict_proba(GRAPHS)
    assert np.max(np.abs(difference)) > 1e-3


def test_names_and_defaults_of_the_parameters_are_those_of_get_params():
    given = inspect.signature(DiffPoolClassifier).parameters
    defaults = {name: parameter.default for name, parameter in given.items()}
    assert DiffPoolClassifier().get_params() == defaults
    clf = DiffPoolClassifier().set_params(hidden=7, clusters=(2,))
    assert clf.get_params() == {**defaults, "hidden": 7, "clusters": (2,)}


# Features


def test_the_units_of_the_features_do_not_matter():
    other = [Graph(g.adjacency, 1000 * g.features + 50) for g in GRAPHS]
    smooth = dict(readout="sum")  # rounding decides which of equal rows is the largest
    found = classifier(**smooth).fit(other, LABELS).predict_proba(other)
    expected = classifier(**smooth).fit(GRAPHS, LABELS).predict_proba(GRAPHS)
    # 1e-16, and what 3 steps of Adam make of it where a gradient is small.
    assert_allclose(found, expected, rtol=1e-8)


def test_units_matter_when_features_are_taken_as_they_are():
    other = [Graph(g.adjacency, 1000 * g.features + 50) for g in GRAPHS]
    plain = classifier(standardize=False)
    expected = plain.fit(GRAPHS, LABELS).predict_proba(GRAPHS)
    found = plain.fit(other, LABELS).predict_proba(other)
    assert np.max(np.abs(found - expected)) > 0.01


def test_features_are_scaled_by_the_training_nodes_but_not_zeros_and_ones():
    X = np.array([[0.0, 1.0, 4.0], [1.0, 3.0, 4.0]])
    scaling = Scaling.of([Graph(np.zeros((2, 2)), X)], standardize=True)
    assert_array_equal(scaling, [[0, 2, 0], [1, 1, 1]])
    assert_array_equal(Scaling.of([Graph(np.eye(2), X)], False), [[0] * 3, [1] * 3])


def test_scaling_is_the_same_however_the_nodes_are_divided_into_graphs():
    X = np.random.default_rng(0).normal(7.0, 3.0, size=(9, 3)).astype("float32")
    X[:, 1] = np.arange(9) % 3 == 0  # 0 and 1: as it is
    X[:8, 2] = np.arange(8) % 3 == 0  # but for one node of the last graph
    parts = np.split(X, [2, 2, 6])
    graphs = [Graph(np.zeros((len(part), len(part))), part) for part in parts]
    scaling, wide = Scaling.of(graphs, standardize=True), X.astype("float64")
    assert_allclose(scaling.mean, wide.mean(axis=0) * [1, 0, 1], rtol=1e-15)
    assert_allclose(scaling.scale, np.where([1, 0, 1], wide.std(axis=0), 1), rtol=1e-15)
    whole = Scaling.of([Graph(np.zeros((9, 9)), X)], standardize=True)
    assert_allclose(whole, scaling, rtol=1e-15)


def test_a_constant_feature_is_left_alone():
    constant = Graph(np.zeros((3, 3)), [[0.1], [0.1], [0.1]])
    assert_array_equal(Scaling.of([constant], standardize=True), [[0.0], [1.0]])


def test_a_classifier_may_see_no_features_at_all():
    bare = [Graph(g.adjacency, np.zeros((g.n_nodes, 0))) for g in GRAPHS]
    assert np.all(np.isfinite(classifier().fit(bare, LABELS).predict_proba(bare)))


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
    ],
    ids=str,
)
def test_a_saved_classifier_comes_back_exactly(changes, tmp_path):
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


def test_a_model_saved_again_has_the_same_bytes(fitted, tmp_path):
    fitted.save(tmp_path / "first.npz")
    load_model(tmp_path / "first.npz").save(tmp_path / "second.npz")
    files = [tmp_path / name for name in ("first.npz", "second.npz")]
    assert files[0].read_bytes() == files[1].read_bytes()


# Progress


def fit_aloud(epochs, capsys, **arguments):
    classifier(epochs=epochs, verbose=True).fit(GRAPHS, LABELS, **arguments)
    out, err = capsys.readouterr()
    assert out == ""  # standard output is left to results
    return err


def test_progress_in_a_pipe_is_plain_lines(capsys):
    lines = fit_aloud(2, capsys).splitlines()
    starts = [line[:18] for line in lines]
    assert starts == ["epoch    1/2  loss", "epoch    2/2  loss"]
    assert all("train " in line and line.isprintable() for line in lines)


def test_progress_is_a_line_an_epoch_or_about_ten(capsys):
    shown = [line.split("/")[0] for line in fit_aloud(31, capsys).splitlines()]
    assert shown == [f"epoch {epoch:>4}" for epoch in (1, *range(3, 31, 3), 31)]


def test_progress_tells_the_validation_accuracy(capsys):
    line = fit_aloud(1, capsys, validation=(GRAPHS, LABELS))
    assert re.search(r", train \d+\.\d%, validation \d+\.\d%$", line)


def test_progress_is_a_bar_on_a_terminal_and_lines_where_there_is_no_tqdm(
    capsys, monkeypatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert "training: 100%" in fit_aloud(2, capsys)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert fit_aloud(2, capsys).startswith("epoch    1/2  loss ")


def test_a_quiet_fit_says_nothing(capsys):
    classifier().fit(GRAPHS, LABELS)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "feature, says",
    [(3e38, "every feature must fit into float32"), (1e13, "graphs hold too large")],
)
def test_features_so_large_that_the_model_overflows_are_refused(feature, says):
    wide = dict(n_layers=4, normalize_rows=False, readout="sum", clusters=())
    clf = DiffPoolClassifier(epochs=1, hidden=9, standardize=False, **wide)
    clf.fit([Graph([[0.0]], [[1.0]]), Graph([[0.0]], [[0.0]])], [0, 1])
    clf.params_["classify"][-1]["b"][:] = 1e15
    with pytest.raises(ValueError, match=says):
        clf.predict([Graph([[0.0]], [[feature]])])


@pytest.mark.parametrize("mean, scale", [(0, 1), (0, 4), (0.5, 4)])
def test_sparse_features_are_scaled_as_dense_ones(mean, scale):
    X = np.diag([1.0, 2.0, 3.0])
    scaling = Scaling(np.full(3, float(mean)), np.full(3, float(scale)))
    scaled = scaling.apply(sparse.csr_array(X))
    assert sparse.issparse(scaled) == (mean == 0)
    scaled = scaled.toarray() if mean == 0 else scaled
    assert_array_equal(scaled, scaling.apply(X))


def test_fit_goes_on_from_a_checkpoint_of_such_a_model_only():
    states = []
    undisturbed = classifier(epochs=3).fit(GRAPHS, LABELS, on_checkpoint=states.append)
    assert [state.epoch for state in states] == [1, 2, 3]
    again = classifier(epochs=3).fit(GRAPHS, LABELS, resume=states[0])
    assert again.history_ == undisturbed.history_
    wider = classifier(epochs=3, hidden=9)
    with pytest.raises(ValueError, match="resume must be of a model of .* parameters"):
        wider.fit(GRAPHS, LABELS, resume=states[0])
    with pytest.raises(ValueError, match="resume must be a training.Checkpoint; got"):
        wider.fit(GRAPHS, LABELS, resume="x")
    assert not hasattr(wider, "params_")
