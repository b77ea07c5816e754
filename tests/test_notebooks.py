"""What a notebook shows of a graph, a data set, an estimator and a result."""

import re
import sys
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest
from sklearn.utils import estimator_html_repr

from npdiffpool import Dataset, DiffPoolClassifier, Graph, load_dataset
from npdiffpool.graphs.display import MAX_EDGES, MAX_NODES, svg_graph
from npdiffpool.testing import LAWS, Pooled
from npdiffpool.testing.law import Result

SCRIPT = "<script>alert(1)</script>"
RING = Graph.from_edges([(0, 1), (1, 2), (0, 2), (2, 2)], 4, "ones", label="a ring")
MUTAG = load_dataset("MUTAG")[:40]


def shown(value):
    """Return the display as a tree of elements, which it must be."""
    return ElementTree.fromstring(f"<div>{value._repr_html_()}</div>")


def cells(value):
    """Return the table of a display as a dict."""
    rows = [[cell.text for cell in row] for row in shown(value).iter("tr")]
    return dict(rows)


def broken_pool(A, R, Z):
    S = np.exp(R)
    return Pooled(S.T @ A @ S, S.T @ Z + 1, S)


def test_a_graph_is_drawn_beside_its_counts():
    counts = {"nodes": "4", "edges": "4", "features": "1", "label": "a ring"}
    assert cells(RING) == counts
    assert len(list(shown(RING).iter("circle"))) == 4
    assert len(list(shown(RING).iter("line"))) == 3  # a self-loop is not drawn


def test_every_node_and_the_end_of_every_edge_is_inside_the_drawing():
    for graph in (RING, MUTAG[0], Graph([[0.0]], "ones"), Graph(np.eye(2), "ones")):
        for element in shown(graph).find(".//svg").iter():
            places = [element.get(k) for k in ("cx", "cy", "x1", "y1", "x2", "y2")]
            assert all(0 < float(place) < 160 for place in places if place)


def test_edges_are_darker_if_they_are_heavier():
    path = Graph.from_edges([(0, 1), (1, 2)], 3, "ones", weights=[1.0, 4.0])
    first, second = (float(line.get("opacity")) for line in shown(path).iter("line"))
    assert first < second


@pytest.mark.parametrize("n_nodes, n_edges", [(MAX_NODES + 1, 0), (30, MAX_EDGES + 1)])
def test_a_big_graph_is_counted_and_not_drawn(n_nodes, n_edges):
    edges = np.stack(np.triu_indices(n_nodes, 1), axis=1)[:n_edges]
    graph = Graph.from_edges(edges, n_nodes, "ones")
    limits = "none: the graph has more than 60 nodes or 300 edges"
    assert cells(graph)["drawing"] == limits and svg_graph(graph) == ""


def test_without_networkx_the_nodes_are_on_a_circle(monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    circles = [c.get for c in shown(RING).iter("circle")]
    distances = [np.hypot(float(c("cx")) - 80, float(c("cy")) - 80) for c in circles]
    np.testing.assert_allclose(distances, 73.0, atol=0.1)  # one decimal


def test_a_directed_graph_without_nodes_or_labels_is_shown():
    assert cells(Graph([[0, 1], [0, 0]], "ones"))["directed edges"] == "1"
    empty = Graph(np.zeros((0, 0)), np.zeros((0, 1)))
    assert cells(empty)["label"] == "none" and "svg" not in empty._repr_html_()


def test_the_display_of_a_data_set_has_its_statistics_and_first_graphs():
    table = cells(MUTAG)
    assert table["graphs"] == "40" and table["nodes_max"] == "28"
    assert "Debnath" in table["cite"] and table["not used"] == "edge_labels"
    assert len(list(shown(MUTAG).iter("svg"))) == 6


def test_the_display_of_a_result_has_law_verdict_and_counterexample():
    result = LAWS["C1"].examine(broken_pool, examples=10, random_seed=0)
    table = cells(result)
    assert table["claim"] == LAWS["C1"].statement and table["verdict"] == "fails"
    assert "counterexample, Z" in table and table["reason"] == result.reason
    assert shown(result).find(".//pre").text == result.script
    assert "<pre" not in Result(LAWS["C1"], "holds")._repr_html_()


def test_an_estimator_is_shown_as_scikit_learn_shows_its_own():
    clf = DiffPoolClassifier(hidden=8, gnn=SCRIPT)
    numbers = re.compile(r"sk-[\w-]*\d+")
    found, expected = clf._repr_html_(), estimator_html_repr(clf)
    assert numbers.sub("", found) == numbers.sub("", expected)
    assert "hidden=8" in found and SCRIPT not in found and "alert(1)" in found


def test_without_scikit_learn_an_estimator_is_a_table_of_parameters(monkeypatch):
    for name in ("sklearn", "sklearn.utils"):
        monkeypatch.setitem(sys.modules, name, None)
    table = cells(DiffPoolClassifier(hidden=8, gnn=SCRIPT))
    assert table["hidden"] == "8" and table["gnn"] == f'"{SCRIPT}"'
    assert len(table) == len(DiffPoolClassifier().get_params())


def test_text_of_the_user_is_escaped_everywhere():
    graph = Graph([[0.0]], "ones", label=SCRIPT, node_names=[SCRIPT])
    texts = dict(source=SCRIPT, citation=SCRIPT, unused=(SCRIPT,), weights=SCRIPT)
    data = Dataset([graph], [SCRIPT], SCRIPT, **texts)
    result = Result(LAWS["C1"], "fails", SCRIPT, SCRIPT, {SCRIPT: SCRIPT})
    for value in (graph, data, result):
        html = value._repr_html_()
        assert "<script" not in html and "&lt;script&gt;" in html


def test_the_positions_are_the_same_every_time():
    assert svg_graph(MUTAG[3]) == svg_graph(MUTAG[3])
    two = Graph.from_networkx(nx.disjoint_union(nx.cycle_graph(3), nx.path_graph(2)))
    assert svg_graph(two) == svg_graph(two)
