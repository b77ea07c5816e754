"""Lists of networkx graphs: the same named columns for all graphs."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from npdiffpool import DiffPoolClassifier
from npdiffpool.datasets import from_networkx


def molecule(elements, **about):
    G = nx.path_graph(elements)
    G.graph.update(about)
    for node, element in enumerate(elements):
        G.nodes[element].update(element=element[0], mass=float(node), at=[node, 1.0])
    return G


GRAPHS = [molecule(["C1", "O1"], label=0), nx.Graph(label=1), molecule(["N1"], label=1)]


def test_strings_are_one_hot_columns_shared_by_all_graphs():
    found = from_networkx(GRAPHS, ["element", "mass", "at"])
    expected = ("element=C", "element=N", "element=O", "mass", "at 1", "at 2")
    assert found.feature_names == expected
    assert_array_equal(found[0].features, [[1, 0, 0, 0, 0, 1], [0, 0, 1, 1, 1, 1]])
    assert found[1].features.shape == (0, 6)
    assert_array_equal(found[2].features, [[0, 1, 0, 0, 0, 1]])
    assert_array_equal(found.labels, [0, 1, 1])
    assert [graph.label for graph in found] == [0, 1, 1]
    assert found[0].node_names == ("C1", "O1")


def test_listed_values_give_new_graphs_the_same_columns():
    features = {"element": ["C", "N", "O", "S"]}
    training, new = from_networkx(GRAPHS, features), from_networkx(GRAPHS[2:], features)
    assert training.feature_names == new.feature_names
    clf = DiffPoolClassifier(hidden=4, epochs=1).fit(training)
    assert_array_equal(clf.predict(new), clf.predict(training)[2:])


def test_graphs_without_named_attributes_have_degrees():
    found = from_networkx([nx.path_graph(3)], labels=["path"])
    assert found.feature_names[:2] == ("degree=0", "degree=1")
    assert_array_equal(np.argmax(found[0].features, axis=1), [1, 2, 1])
    assert (found[0].label, list(found.labels)) == ("path", ["path"])
    assert from_networkx([nx.path_graph(3)]).labels is None


def test_edge_weights_have_the_name_of_their_attribute():
    plain, weighted = nx.path_graph(3), nx.path_graph(3)
    weighted.edges[1, 2]["length"] = 2.0
    assert from_networkx([plain, weighted], weight="length").weights == "length"
    assert from_networkx([plain, weighted]).weights is None
    nx.set_edge_attributes(weighted, 1.0, "length")
    assert from_networkx([plain, weighted], weight="length").weights is None
    assert from_networkx([nx.MultiGraph([(0, 1), (0, 1)])]).weights == "weight"


def test_a_model_of_weighted_graphs_takes_no_other_weights():
    weighted, longer = nx.path_graph(4), nx.path_graph(2)
    nx.set_edge_attributes(weighted, 2.5, "weight")
    nx.set_edge_attributes(longer, 3.0, "length")
    data = from_networkx([weighted, nx.path_graph(2)])
    clf = DiffPoolClassifier(hidden=4, epochs=1).fit(data, [0, 1])
    of_files = replace(data, source="folder", weights=None)
    of_lengths = from_networkx([longer], weight="length")
    for others, seen in ((of_files, "all 1"), (of_lengths, "'length'")):
        message = f"weights of graphs must be 'weight', as in training; got {seen}"
        with pytest.raises(ValueError, match=message):
            clf.predict(others)
    for same in (
        replace(of_files, weights="attribute 0"),  # files have no names of networkx
        from_networkx([nx.path_graph(4), nx.empty_graph(2)]),  # all are 1
    ):
        assert_array_equal(clf.predict(same), clf.predict(list(same)))


def test_an_attribute_called_degree_is_that_attribute():
    G = nx.path_graph(3)
    nx.set_node_attributes(G, dict(G.degree), "degree")
    assert_array_equal(from_networkx([G], "degree")[0].features, [[1], [2], [1]])
    assert from_networkx([G])[0].n_features == 65  # one-hot degrees
