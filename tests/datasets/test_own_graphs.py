"""A data set of graphs made in Python needs graphs and labels, nothing more."""

import numpy as np

from npdiffpool import Dataset, DiffPoolClassifier, Graph, load_dataset
from npdiffpool.datasets import write_tu

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
