"""Graphs from the arrays of other libraries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from npdiffpool import Graph, GraphError


class Tensor:
    """What NumPy can convert, like a tensor of another library."""

    def __init__(self, values):
        self.values = np.array(values)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


@st.composite
def edge_lists(draw, least_nodes=1):
    n = draw(st.integers(least_nodes, 5))
    ends = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(ends, ends), max_size=12)) if n else []
    weights = draw(
        st.lists(
            st.sampled_from([0.5, 1.0, 2.0]), min_size=len(edges), max_size=len(edges)
        )
    )
    return n, np.array(edges, int).reshape(-1, 2), weights


@given(edge_lists(least_nodes=0))
def test_a_node_aggregates_over_the_sources_of_its_edges(drawn):
    n, edges, weights = drawn
    x = np.arange(n, dtype=float)
    graph = Graph.from_edge_index(Tensor(edges.T), Tensor(x), Tensor(weights))
    expected = np.zeros(n)
    for (source, target), weight in zip(edges, weights):
        expected[target] += weight * x[source]
    assert_array_equal(graph.adjacency @ x, expected)


@given(st.lists(edge_lists(), min_size=1, max_size=4))
def test_a_batch_is_split_into_the_graphs_that_were_joined(parts):
    starts = np.cumsum([0, *(n for n, _, _ in parts)])
    edges = np.concatenate(
        [edges + start for start, (_, edges, _) in zip(starts, parts)]
    )
    weights = np.concatenate([weights for _, _, weights in parts])
    x = np.arange(starts[-1], dtype=float)
    batch, y = np.repeat(np.arange(len(parts)), np.diff(starts)), range(len(parts))
    joined = Graph.list_from_edge_index(edges.T, x, Tensor(batch), weights, Tensor(y))
    assert len(joined) == len(parts)
    for graph, start, (n, own, weight), label in zip(joined, starts, parts, y):
        expected = Graph.from_edge_index(own.T, x[start : start + n], weight, label)
        assert_array_equal(graph.adjacency.toarray(), expected.adjacency.toarray())
        assert_array_equal(graph.features, expected.features)
        assert graph.label == label and type(graph.label) is int


def test_both_directions_of_each_edge_are_an_undirected_graph():
    edges = np.array([(0, 1), (1, 2)])
    both = np.concatenate([edges, edges[:, ::-1]])
    graph = Graph.from_edge_index(both.T, n_nodes=3)
    assert graph.is_undirected
    assert_array_equal(graph.features, Graph.from_edges(edges, 3).features)
    assert not Graph.from_edge_index(edges.T, "ones", n_nodes=3).is_undirected


def test_weights_in_a_column_and_labels_of_one_number():
    graph = Graph.from_edge_index([[0], [1]], [1.0, 2.0], [[3.0]], Tensor([[4]]))
    assert graph.adjacency[1, 0] == 3.0
    assert graph.label == 4
    assert Graph.from_edge_index([[0], [0]], [1.0]).label is None
    for several in ([1.0, 2.0], [[1.0, 2.0]]):  # the latter as in torch_geometric
        graph = Graph.from_edge_index([[0], [0]], [1.0], y=Tensor(several))
        assert graph.label == (1.0, 2.0)


def test_graphs_without_nodes_are_counted_if_their_number_is_given():
    x = [[1.0], [2.0]]
    options = {"y": [7, 8, 9], "n_graphs": 3}
    graphs = Graph.list_from_edge_index(np.zeros((2, 0)), x, [1, 1], **options)
    assert [(graph.n_nodes, graph.label) for graph in graphs] == [
        (0, 7),
        (2, 8),
        (0, 9),
    ]
    assert len(Graph.list_from_edge_index([[], []], x, [1, 1])) == 2
    without_x = Graph.list_from_edge_index([[0, 1], [1, 0]], None, [0, 0, 1])
    assert [graph.n_features for graph in without_x] == [65, 65]
    assert Graph.list_from_edge_index([[], []], np.zeros((0, 3)), []) == []


def test_numbers_of_graphs_may_be_unsigned():
    x, batch = np.ones(2), np.array([1, 0], np.uint8)
    with pytest.raises(GraphError, match="not decrease; got 0 at node 1"):
        Graph.list_from_edge_index([[], []], x, batch)


@pytest.mark.parametrize("number", [2**24 + 1, 10**12])
def test_more_than_2_to_the_24_graphs_are_refused(number):
    required = f"a batch must have at most 16777216 graphs; got {number}"
    with pytest.raises(GraphError, match=required):
        Graph.list_from_edge_index([[], []], np.ones(1), [0], n_graphs=number)
