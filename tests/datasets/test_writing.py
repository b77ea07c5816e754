"""What `write_tu` writes, `load_dataset` reads; nothing is half written."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from test_reader import graph_lists

from npdiffpool import Dataset, DiffPoolClassifier, Graph, load_dataset
from npdiffpool._support import atomic_files
from npdiffpool.cli.main import main
from npdiffpool.datasets import hierarchical_sbm, write_tu


def assert_same_graphs(found, expected, labels):
    assert len(found) == len(expected)
    assert_array_equal(found.labels, labels)
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one.adjacency.toarray(), other.adjacency.toarray())
        assert_array_equal(one.features, other.features)


def drawn_graphs(data):
    """Return the graphs of `graph_lists` with their attributes, and their labels."""
    of, graphs = np.array(data["graph_of"]), []
    for g, label in enumerate(data["graph_labels"]):
        nodes = np.flatnonzero(of == g)
        A = np.zeros((len(nodes), len(nodes)))
        for (i, j), weight in zip(data["edges"], data["weights"]):
            if of[i] == g:
                A[[i - nodes[0], j - nodes[0]], [j - nodes[0], i - nodes[0]]] = weight
        attributes = np.array(data["attributes"], float).reshape(-1, 2)
        graphs.append(Graph(A, attributes[nodes], label))
    return graphs


@given(data=graph_lists())
def test_any_undirected_graphs_are_read_back_exactly(data, tmp_path_factory):
    graphs = drawn_graphs(data)
    folder = tmp_path_factory.mktemp("written") / "OWN"
    assert write_tu(graphs, folder) == folder
    has_weights = (folder / "OWN_edge_attributes.txt").exists()
    assert has_weights == any(np.any(graph.adjacency.data != 1) for graph in graphs)
    weights = "attribute 0" if has_weights else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of graphs without nodes
        found = load_dataset(folder, weights=weights)
    assert_same_graphs(found, graphs, data["graph_labels"])


@given(
    targets=st.integers(1, 3).flatmap(
        lambda T: arrays(float, (4, T), elements=st.floats(-1e300, 1e300))
    )
)
def test_any_targets_are_read_back_exactly(targets, tmp_path_factory):
    graphs = [Graph.from_edges([(0, 1)], 2, "ones", label=tuple(t)) for t in targets]
    folder = write_tu(graphs, tmp_path_factory.mktemp("written") / "OWN")
    found = load_dataset(folder, target="attributes")
    assert_array_equal(found.labels.reshape(4, -1), targets)
    again = load_dataset(write_tu(found, folder.parent / "AGAIN"), target="attributes")
    assert_same_graphs(again, graphs, found.labels)


def test_mutag_is_written_as_it_came(tmp_path):
    mutag = load_dataset("MUTAG")
    found = load_dataset(write_tu(mutag, tmp_path / "MUTAG"))
    assert_same_graphs(found, mutag, mutag.labels)
    assert found.feature_names == mutag.feature_names
    assert (tmp_path / "MUTAG" / "MUTAG_node_labels.txt").exists()
    assert not (tmp_path / "MUTAG" / "MUTAG_node_attributes.txt").exists()


@pytest.mark.parametrize("features", ["degree", "ones", "labels+degree"])
def test_columns_made_from_edges_are_made_again(tmp_path, features):
    mutag = load_dataset("MUTAG", features)
    found = load_dataset(write_tu(mutag, tmp_path / "M"), features)
    assert_same_graphs(found, mutag, mutag.labels)
    assert not (tmp_path / "M" / "M_node_attributes.txt").exists()


def test_columns_of_labels_that_are_not_one_hot_are_attributes(tmp_path):
    graph = Graph.from_edges([(0, 1)], 2, [[0.0, 0.0, 5.0], [1.0, 0.0, 6.0]], label=0)
    names = ("label=3", "label=4", "degree")
    own = Dataset([graph], [0], "own", names, "here")
    found = load_dataset(write_tu(own, tmp_path / "own"))
    assert_same_graphs(found, own, [0])
    assert found.feature_names == ("attribute 1", "attribute 2", "attribute 3")


def test_columns_that_only_have_the_names_of_made_ones_are_attributes(tmp_path):
    graph = Graph.from_edges(
        [(0, 1)], 3, [[3.0, 1.0, 0.0], [4.0, 0.0, 1.0], [5.0, 1.0, 0.0]]
    )
    own = Dataset([graph], [0], "own", ("one", "degree=0", "degree>=1"), "here")
    found = load_dataset(write_tu(own, tmp_path / "own"))
    assert_same_graphs(found, own, [0])


@pytest.mark.parametrize("names", [("label=1", "label=01"), ("label=0", "label=-0")])
def test_columns_of_labels_that_are_the_same_number_stay_apart(names, tmp_path):
    graph = Graph.from_edges([(0, 1)], 2, [[1.0, 0.0], [0.0, 1.0]])
    own = Dataset([graph], [0], "own", names, "here")
    assert_same_graphs(load_dataset(write_tu(own, tmp_path / "own")), own, [0])


def test_the_largest_labels_that_are_written_are_read(tmp_path):
    largest, graph = 2**63 - 2, Graph([[0.0]], [1.0])
    for label in (largest, -largest):
        folder = write_tu([graph], tmp_path / str(label), [label])
        assert_array_equal(load_dataset(folder).labels, [label])


def test_a_link_to_an_empty_folder_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    write_tu([Graph([[0.0]], [1.0], label=1)], tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "link_A.txt").exists()


def test_data_without_labels_are_written_for_predict(tmp_path, capsys):
    graphs = list(hierarchical_sbm(12).dataset)
    labels = np.arange(12) % 2
    clf = DiffPoolClassifier(hidden=4, epochs=1).fit(graphs, labels)
    clf.save(tmp_path / "model.npz")
    folder = write_tu(
        [Graph(g.adjacency, g.features) for g in graphs], tmp_path / "NEW"
    )
    assert load_dataset(folder, require_labels=False).labels is None
    assert main(["predict", str(tmp_path / "model.npz"), str(folder)]) == 0
    said = capsys.readouterr().out
    rows = [line.split(",") for line in said.splitlines()[1:]]
    assert [row[1] for row in rows] == [str(label) for label in clf.predict(graphs)]


def test_given_labels_come_before_those_of_the_graphs(tmp_path):
    graphs = [Graph([[0.0]], [1.0], label=5), Graph([[0.0]], [1.0], label=6)]
    assert_array_equal(load_dataset(write_tu(graphs, tmp_path / "A")).labels, [5, 6])
    found = load_dataset(write_tu(graphs, tmp_path / "B", [True + 1, 0], name="C"))
    assert_array_equal(found.labels, [2, 0])
    assert found.name == "C"
    data = replace(found, labels=None)
    write_tu(data, tmp_path / "deep" / "er" / "D")
    assert not (tmp_path / "deep" / "er" / "D" / "D_graph_labels.txt").exists()


def test_an_error_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def fail(path):
        raise OSError(28, "No space left on device", "a temporary name")

    monkeypatch.setattr(atomic_files, "_set_usual_mode", lambda path, mode: fail(path))
    with pytest.raises(OSError, match="No space left.*OWN"):
        write_tu([Graph([[0.0]], [1.0])], tmp_path / "OWN")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_may_exist_if_it_is_empty(tmp_path):
    write_tu([Graph([[0.0]], [1.0], label=1)], tmp_path / "a")
    (tmp_path / "b").mkdir()
    write_tu([Graph([[0.0]], [1.0], label=1)], tmp_path / "b", name="a")
    for part in ("A", "graph_indicator", "graph_labels", "node_attributes"):
        files = [tmp_path / folder / f"a_{part}.txt" for folder in "ab"]
        assert files[0].read_bytes() == files[1].read_bytes()
    (tmp_path / "c").mkdir()
    assert (tmp_path / "b").stat().st_mode == (tmp_path / "c").stat().st_mode
