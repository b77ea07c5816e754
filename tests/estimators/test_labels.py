"""Labels: given or the graphs' own, of one kind, never converted silently."""

import pickle
import sys

import networkx as nx
import numpy as np
import pytest

from npdiffpool import (
    Dataset,
    DiffPoolClassifier,
    DiffPoolRegressor,
    Graph,
    NotFittedError,
)
from npdiffpool.estimators import not_fitted
from npdiffpool.estimators.baselines import SubtreeKernelClassifier, count_parameters
from npdiffpool.viz import draw_hierarchy

EDGES = {"path": [(0, 1), (1, 2), (2, 3)], "ring": [(0, 1), (1, 2), (2, 3), (3, 0)]}
GRAPHS = [Graph.from_edges(EDGES[name], 4, label=name) for name in ["path", "ring"] * 4]
LABELS = ["path", "ring"] * 4
NUMBERS = [Graph(g.adjacency, g.features, len(g.label)) for g in GRAPHS]


def small(kind=DiffPoolClassifier):
    return kind(hidden=4, epochs=1, clusters=(2,))


def test_labels_default_to_those_of_the_graphs():
    expected = small().fit(GRAPHS, LABELS)
    clf = small().fit(GRAPHS, validation=(GRAPHS, None))
    assert clf.classes_.tolist() == ["path", "ring"]
    assert clf.history_ == small().fit(GRAPHS, LABELS, (GRAPHS, LABELS)).history_
    assert clf.score(GRAPHS) == expected.score(GRAPHS, LABELS)
    kernel = SubtreeKernelClassifier(rounds=(1,)).fit(GRAPHS, None, (GRAPHS, None))
    assert kernel.score(GRAPHS) == 1


def test_targets_default_to_the_labels_of_the_graphs():
    numbered = [Graph(g.adjacency, g.features, i) for i, g in enumerate(GRAPHS)]
    model = small(DiffPoolRegressor).fit(numbered)
    assert model.history_ == small(DiffPoolRegressor).fit(GRAPHS, range(8)).history_
    assert model.score(numbered) == model.score(numbered, range(8))


def test_labels_default_to_those_of_the_data_set():
    """Also where its graphs have none, or others."""
    bare = [Graph(g.adjacency, g.features, "other") for g in GRAPHS]
    names = tuple(map(str, range(bare[0].n_features)))
    dataset = Dataset(bare, np.arange(8) % 2, "TINY", names, "made here")
    clf = small().fit(dataset, validation=(dataset, None))
    assert clf.classes_.tolist() == [0, 1]
    assert clf.score(dataset) == clf.score(bare, dataset.labels)
    kernel = SubtreeKernelClassifier(rounds=(1,)).fit(dataset, None, (dataset, None))
    assert kernel.score(dataset) == kernel.score(bare, dataset.labels)


def test_labels_that_are_given_come_before_those_of_the_graphs():
    assert small().fit(GRAPHS, [0, 1] * 4).classes_.tolist() == [0, 1]


def test_a_graph_without_a_label_is_named():
    some = [*GRAPHS[:3], Graph.from_edges([], 4), *GRAPHS[:2]]
    fitted = small().fit(GRAPHS)
    for call in (
        lambda: small().fit(some),
        lambda: fitted.score(some),
        lambda: small(DiffPoolRegressor).fit(some),
    ):
        message = r"labels must be given unless every graph .*; graphs\[3\] has none"
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match="validation labels must be given unless"):
        small().fit(GRAPHS, LABELS, (some, None))


@pytest.mark.parametrize("mixed", [["a", 1], (1.5, "a"), ["a", None], ["a", b"a"]])
def test_numbers_among_strings_are_refused(mixed):
    clf = small().fit(GRAPHS)
    for labels in (mixed * 4, np.array(mixed * 4, object)):
        for call in (
            lambda: small().fit(GRAPHS, labels),
            lambda: clf.score(GRAPHS, labels),
        ):
            with pytest.raises(
                ValueError, match="labels must be (all numbers or all|num)"
            ):
                call()


def test_score_refuses_labels_of_another_kind_than_the_classes():
    clf = small().fit(GRAPHS)
    message = r"labels must be strings, as in training; got \[0\]"
    with pytest.raises(ValueError, match=message):
        clf.score(GRAPHS, [0, 1] * 4)
    with pytest.raises(ValueError, match="validation " + message):
        small().fit(GRAPHS, LABELS, (GRAPHS, [0, 1] * 4))
    clf = small().fit(GRAPHS, [0, 1] * 4)
    with pytest.raises(ValueError, match=r"labels must be numbers, .*; got \['0'\]"):
        clf.score(GRAPHS, list("01") * 4)
    assert clf.score(GRAPHS, [0.0, 1.0] * 4) == clf.score(GRAPHS, [0, 1] * 4)


def test_text_of_pandas_is_text():
    labels = np.array(LABELS, object)
    clf = small().fit(GRAPHS, labels, (GRAPHS, labels))
    assert clf.score(GRAPHS, labels) == clf.score(GRAPHS, LABELS)


def test_labels_of_different_lengths_are_named():
    with pytest.raises(ValueError, match=r"^labels must be \(8,\): "):
        small().fit(GRAPHS, [[0], [0, 1]] * 4)


def test_graphs_of_networkx_are_named_with_the_way_to_convert_them():
    ring = nx.cycle_graph(4)
    way = "convert it by npdiffpool.Graph.from_networkx"
    message = rf"graphs\[0\] must be a Graph; got networkx.classes.graph.Graph; {way}"
    with pytest.raises(ValueError, match=message):
        small().fit([ring] * 8, LABELS)
    with pytest.raises(ValueError, match="a sequence of Graph; got networkx.classes"):
        small().fit(ring, LABELS)
    with pytest.raises(ValueError, match="graph must be a Graph; got 'networkx.class"):
        draw_hierarchy(ring, [])
    with pytest.raises(ValueError, match="config must be a Config; got .*test_labels"):
        count_parameters(type("Config", (), {"__module__": __name__})())


# NotFittedError


def test_the_error_before_fit_is_also_that_of_scikit_learn():
    from sklearn.exceptions import NotFittedError as Theirs

    for model in (small(), small(DiffPoolRegressor), SubtreeKernelClassifier()):
        with pytest.raises(Theirs) as caught:
            model.predict(GRAPHS)
        assert isinstance(caught.value, NotFittedError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value) and again.args == caught.value.args


@pytest.mark.parametrize(
    "model, name",
    [(small(), "classes_"), (small(DiffPoolRegressor), "target_names_")],
)
def test_what_fit_learns_of_the_targets_is_the_same_error_before(model, name):
    with pytest.raises(NotFittedError, match=f"the {model.kind} is not fitted; call"):
        getattr(model, name)


def test_the_error_before_fit_needs_no_scikit_learn(monkeypatch):
    not_fitted._not_fitted_kind.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.exceptions", None)
    with pytest.raises(NotFittedError, match="not fitted") as caught:
        small().predict(GRAPHS)
    assert type(caught.value) is NotFittedError
    not_fitted._not_fitted_kind.cache_clear()


# Direction


@pytest.mark.parametrize("gnn", ["gcn", "sage", "s2v"])
def test_messages_go_from_the_head_of_an_edge_to_its_tail(gnn):
    """In 0 -> 1, node 0 sees node 1, and node 1 does not see node 0."""
    clf = DiffPoolClassifier(gnn=gnn, hidden=8, epochs=1, clusters=(3,)).fit(
        [Graph([[0, 1], [0, 0]], X) for X in ([1.0, 2.0], [2.0, 5.0])], [0, 1]
    )

    def rows(x, y):
        return clf.assignments(Graph([[0, 1], [0, 0]], [x, y]))[0]

    assert not np.allclose(rows(1.0, 2.0)[0], rows(1.0, 4.0)[0], atol=1e-3)
    assert np.array_equal(rows(1.0, 2.0)[1], rows(3.0, 2.0)[1])
