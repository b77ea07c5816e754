"""A data set of graphs made in Python needs graphs and labels, nothing more."""

import numpy as np
import pytest

import npdiffpool as ndp
from npdiffpool import Dataset, DiffPoolClassifier, Graph, load_dataset
from npdiffpool.datasets import write_tu
from npdiffpool.estimators.baselines import SubtreeKernelClassifier
from npdiffpool.evaluation import cross_validate
from npdiffpool.runs.train import train_run
from npdiffpool.viz import report_model

PATH = Graph.from_edges([(0, 1), (1, 2)], 3, "ones")
RING = Graph.from_edges([(0, 1), (1, 2), (0, 2)], 3, "ones")
OWN = Dataset([PATH, RING] * 6, ["path", "ring"] * 6)
SMALL = {"hidden": 4, "n_layers": 1, "epochs": 1, "clusters": (2,)}


def test_the_defaults_say_that_names_and_files_are_unknown():
    assert (OWN.name, OWN.source, OWN.feature_names) == ("graphs", "memory", None)
    assert OWN.n_features == 1 and Dataset([], []).n_features == 0
    assert OWN.majority_class() == ("path", 0.5)
    counts = OWN.statistics()
    assert counts["features"] == 1 and counts["label_features"] == 0


def test_unknown_names_are_compared_with_no_others():
    mutag = load_dataset("MUTAG")[:20]
    own = Dataset(mutag.graphs, mutag.labels)
    for first, second in ((own, mutag), (mutag, own), (own[:10], own)):
        clf = DiffPoolClassifier(**SMALL).fit(first, validation=(second, None))
        assert clf.predict(second).shape == (20,)
        assert clf.feature_names_in_ == (list(first.feature_names or ()) or None)


def test_they_are_split_like_those_of_files():
    clf = DiffPoolClassifier(**SMALL, gnn="gcn", validation_fraction=0.34)
    assert "validation_loss" in clf.fit(OWN).history_[0]


def test_they_are_written_and_read_like_a_list(tmp_path):
    own = Dataset(OWN.graphs, np.arange(12) % 2)
    found = load_dataset(write_tu(own, tmp_path / "OWN"))
    assert found.feature_names == ("attribute 1",)
    assert found.labels.tolist() == own.labels.tolist()


def test_targets_need_a_column_of_finite_numbers_each(tmp_path):
    graphs = [ndp.Graph.from_edges([(0, 1)], 2)] * 3
    column = ndp.Dataset(graphs, [[1], [2], [3]], targets=("a",))
    assert column.labels.tolist() == [1, 2, 3]
    for labels, targets, says in (
        (np.ones((3, 3)), ("a", "b"), r"labels must be \(3, 2\), a column for each"),
        (np.ones(3), ("a", "b"), r"labels must be \(3, 2\), a column for each"),
        (
            [1.0, np.nan, 2.0],
            ("a",),
            "labels must be finite numbers for targets; got nan",
        ),
        (["x", "y", "z"], ("a",), "labels must be finite numbers for targets"),
        ([1, 2, 3], "abc", "targets must be a tuple of names; got 'abc'"),
    ):
        with pytest.raises(ValueError, match=says):
            ndp.Dataset(graphs, labels, targets=targets)


def test_whole_numbers_that_are_targets_are_written_as_such(tmp_path):
    graphs = [ndp.Graph.from_edges([(0, 1)], 2)] * 3
    own = ndp.Dataset(graphs, [1, 2, 3], targets=("a",))
    found = ndp.load_dataset(write_tu(own, tmp_path / "ONE"), target="attribute 0")
    assert found.labels.tolist() == [1, 2, 3]
    pairs = [[1, 2], [3, 4], [5, 6]]
    both = write_tu(graphs, tmp_path / "TWO", pairs)
    assert ndp.load_dataset(both, target="attributes").labels.tolist() == pairs


SMALLER = {"epochs": 1, "hidden": 2, "clusters": (), "gnn": "gcn"}
TARGETS = Dataset([PATH, RING] * 10, np.array([0, 1] * 10), targets=("a",))
HELD = TARGETS, TARGETS.labels


def fitted(model):
    return model.fit(TARGETS.graphs, TARGETS.labels, validation=HELD)


@pytest.mark.parametrize(
    "call",
    {
        "fit": lambda model: model.fit(TARGETS, None, validation=HELD),
        "validation": lambda model: model.fit(*HELD, validation=(TARGETS, None)),
        "score": lambda model: fitted(model).score(TARGETS),
        "cv": lambda model: cross_validate(model, TARGETS, folds=2, runs=1),
    }.items(),
    ids=lambda call: call[0],
)
@pytest.mark.parametrize(
    "model",
    [DiffPoolClassifier(**SMALLER), SubtreeKernelClassifier()],
    ids=lambda model: type(model).__name__,
)
def test_a_classifier_refuses_the_targets_of_a_data_set(model, call):
    """Wherever it would take labels from the data set."""
    with pytest.raises(ValueError, match="of graphs are targets of a regression"):
        call[1](model)


def test_a_classifier_holds_out_and_reports_no_targets_of_a_data_set(tmp_path):
    model = DiffPoolClassifier(**SMALLER, validation_fraction=0.5)
    with pytest.raises(ValueError, match="of graphs are targets of a regression"):
        model.fit(TARGETS)
    with pytest.raises(ValueError, match="of graphs are targets of a regression"):
        train_run(model, TARGETS, str(tmp_path / "run"))
    with pytest.raises(ValueError, match="of graphs are targets of a regression"):
        report_model(fitted(model), TARGETS, folder=tmp_path / "report")
    assert list(tmp_path.iterdir()) == []


def test_a_classifier_takes_targets_that_are_given_as_labels():
    model = fitted(DiffPoolClassifier(**SMALLER))
    as_list = model.score(TARGETS.graphs, TARGETS.labels)
    assert model.score(*HELD) == as_list
