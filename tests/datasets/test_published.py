"""The real data sets have the published counts."""

import os
from pathlib import Path

import numpy as np
import pytest
from make_bundle import write_tu

from npdiffpool.datasets import load_dataset
from npdiffpool.datasets.bundled import read_bundle
from npdiffpool.datasets.locate import KNOWN, PACKAGE, find
from npdiffpool.datasets.tu.archive import TUFiles

pytestmark = pytest.mark.data

# graphs, classes, nodes mean and max, edges mean, features of labels and attributes
PUBLISHED = {
    "MUTAG": (188, 2, "17.93", 28, "19.79", 7, 0),
    "ENZYMES": (600, 6, "32.63", 126, "62.14", 3, 18),
    "PROTEINS": (1113, 2, "39.06", 620, "72.82", 3, 1),
    "DD": (1178, 2, "284.32", 5748, "715.66", 82, 0),
    "COLLAB": (5000, 3, "74.49", 492, "2457.78", 0, 0),
    "REDDIT-BINARY": (2000, 2, "429.63", 3782, "497.75", 0, 0),
}
SURPRISES = {
    "ENZYMES": {"isolated_nodes": 106, "self_loops": 0},
    "COLLAB": {"isolated_nodes": 0, "self_loops": 2837},
    "REDDIT-BINARY": {"isolated_nodes": 21, "self_loops": 0},
}


def folder_or_zip(name):
    """Return the path of a data set in $NPDIFFPOOL_DATA, or skip the test."""
    path = find(name, here=False) if os.environ.get("NPDIFFPOOL_DATA") else None
    if path is None or path.parent == PACKAGE:
        pytest.skip(f"needs {name} in $NPDIFFPOOL_DATA")
    return path


@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_equal_the_published_ones(name):
    # One column is enough where the test does not need the degrees.
    features = "auto" if PUBLISHED[name][5] else "ones"
    counts = load_dataset(folder_or_zip(name), features).statistics()
    assert PUBLISHED[name] == (
        counts["graphs"],
        counts["classes"],
        f"{counts['nodes_mean']:.2f}",
        counts["nodes_max"],
        f"{counts['edges_mean']:.2f}",
        counts["label_features"],
        counts["attribute_features"],
    )
    surprises = SURPRISES.get(name, {})
    assert {key: counts[key] for key in surprises} == surprises
    listed = KNOWN[name]
    assert (listed.graphs, listed.classes) == PUBLISHED[name][:2]
    assert f"{listed.nodes_mean:.2f}" == PUBLISHED[name][2]
    assert f"{listed.edges_mean:.2f}" == PUBLISHED[name][4]


def test_the_features_of_enzymes_are_the_labels_and_then_the_attributes():
    graph = load_dataset(folder_or_zip("ENZYMES"))[0]
    row = [1, 0, 0, 11, 15.887014, 37.78, -0.51, 1.701, 93.9, 4, 5, 2, 4, 4, 3, 3, 4]
    assert graph.features[0].tolist() == [*row, 4, 3, 6, 2]


def test_the_bundled_mutag_equals_its_files(tmp_path):
    folder = folder_or_zip("MUTAG")
    data, _ = read_bundle(PACKAGE / "MUTAG.npz")
    write_tu(data, tmp_path)
    for file in TUFiles(folder).path.glob("MUTAG_*.txt"):
        assert Path(tmp_path, file.name).read_bytes() == file.read_bytes()
    bundled, filed = load_dataset("MUTAG"), load_dataset(folder)
    for one, other in zip(bundled, filed):
        np.testing.assert_array_equal(one.features, other.features)
        assert (one.adjacency != other.adjacency).nnz == 0
