"""Isomorphic graphs are found, and nothing else."""

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from npdiffpool import Graph, load_dataset
from npdiffpool.cli.main import main
from npdiffpool.datasets import find_duplicates, stratified_folds
from npdiffpool.datasets.duplicates import count_copies
from npdiffpool.testing.strategies import graphs


def are_isomorphic(one, other):
    """Compare two graphs by networkx, with their features and weights."""
    pair = []
    for graph in (one, other):
        G = nx.from_scipy_sparse_array(graph.adjacency, create_using=nx.DiGraph)
        rows = {i: tuple(row) for i, row in enumerate(graph.features.tolist())}
        nx.set_node_attributes(G, rows, "row")
        pair.append(G)
    same_row, same_weight = (
        nx.algorithms.isomorphism.categorical_node_match("row", ()),
        nx.algorithms.isomorphism.categorical_edge_match("weight", 0),
    )
    return nx.is_isomorphic(*pair, node_match=same_row, edge_match=same_weight)


def isomorphic_groups(graphs):
    """Group isomorphic graphs; each is compared with the first of a group."""
    groups = []
    for i, graph in enumerate(graphs):
        counts = graph.n_nodes, graph.n_edges, sorted(graph.features.tolist())
        for other, group in groups:
            if other == counts and are_isomorphic(graphs[group[0]], graph):
                group.append(i)
                break
        else:
            groups.append((counts, [i]))
    return [group for _, group in groups]


@given(st.lists(graphs(), min_size=1, max_size=4), st.data())
def test_groups_are_those_of_isomorphic_graphs(drawn, data):
    width = drawn[0].n_features
    kept = [graph for graph in drawn if graph.n_features == width]
    for graph in list(kept):
        order = data.draw(st.permutations(range(graph.n_nodes)))
        kept.append(graph.permute(order))
    expected = [group for group in isomorphic_groups(kept) if len(group) > 1]
    assert [group.tolist() for group in find_duplicates(kept)] == expected


def test_mutag_has_175_different_graphs():
    """1-WL colours, which do not distinguish all graphs, would find 171."""
    mutag = load_dataset("MUTAG")
    groups = isomorphic_groups(mutag)
    assert len(groups) == 175
    expected = [group for group in groups if len(group) > 1]
    assert [group.tolist() for group in mutag.duplicates()] == expected


def test_labels_do_not_count_and_features_and_weights_do():
    one = Graph([[0, 1], [1, 0]], [1.0, 2.0], label=0)
    others = [
        Graph([[0, 1], [1, 0]], [2.0, 1.0], label=1),
        Graph([[0, 1], [1, 0]], [1.0, 1.0]),
        Graph([[0, 2], [2, 0]], [1.0, 2.0]),
    ]
    assert [group.tolist() for group in find_duplicates([one, *others])] == [[0, 1]]


def test_copies_are_counted_between_training_and_test_parts():
    groups = [np.array([0, 4, 5]), np.array([1, 2])]
    assert count_copies(groups, [([0, 1], [3, 4, 5]), ([3], [2, 4])]) == 2


def test_cv_says_how_many_test_graphs_have_a_copy_in_training(tmp_path, capsys):
    options = ["--epochs", "1", "--hidden", "4", "--folds", "2", "--runs", "1"]
    assert main(["cv", "MUTAG", *options, "--out", str(tmp_path / "cv")]) == 0
    said = capsys.readouterr().out
    mutag = load_dataset("MUTAG")
    folds = stratified_folds(mutag.labels, 2, seed=0)
    part_of = {int(i): part for part, fold in enumerate(folds) for i in fold}
    copies = sum(
        any(part_of[i] != part_of[j] for j in group)
        for group in isomorphic_groups(mutag)
        for i in group
    )
    assert copies > 0
    text = "test graphs have an isomorphic copy in the training or validation part"
    assert f"{copies} of 188 {text}" in said
