"""Graph and GraphBatch keep their input, in every format that they accept."""

import io
import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from npdiffpool import Graph, GraphBatch, load_dataset
from npdiffpool.engine.preparation import precompute_propagation
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.degrees import DEGREE_CAP, degree_names, is_one_hot
from npdiffpool.graphs.ragged import join_ranges, offsets_of, segment_ids, slices_of

FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]
ARRAYS = [getattr(sparse, f"{name}_array") for name in FORMATS]
A = np.array([[0.0, 2.0, 0.0], [2.0, 0.5, 1.0], [0.0, 1.0, 0.0]])
X = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])


def assert_graph(graph, adjacency, features):
    assert_array_equal(graph.adjacency.toarray(), adjacency)
    assert_array_equal(graph.features, features)


@st.composite
def graphs(draw, n_features=2):
    """Draw a directed, weighted graph with 0 to 5 nodes; it may have no edges."""
    n, seed = draw(st.integers(0, 5)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 9, (n, n)) * (rng.random((n, n)) < rng.random())
    return Graph(weights, rng.normal(size=(n, n_features)), label=seed % 2)


BATCHES = st.lists(graphs(), min_size=1, max_size=5)


# Constructor


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("format", FORMATS)
def test_every_scipy_format_gives_the_same_graph(format, kind):
    matrix = getattr(sparse, f"{format}_{kind}")(A)
    graph = Graph(matrix, X)
    assert_graph(graph, A, X)
    assert type(graph.adjacency) is sparse.csr_array
    assert graph.adjacency.has_canonical_format
    assert_array_equal(matrix.toarray(), A)


@pytest.mark.parametrize("values", [A.tolist(), A, np.asfortranarray(A)])
def test_dense_arrays_and_lists_give_the_same_graph(values):
    assert_graph(Graph(values, X.tolist()), A, X)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16"])
@pytest.mark.parametrize("make", [np.array, sparse.csr_array])
def test_integers_and_booleans_become_float64(make, dtype):
    values = np.array([[0, 1], [1, 0]], dtype)
    if make is sparse.csr_array and dtype == "float16":  # not supported by scipy
        values = values.astype("int32")
    graph = Graph(make(values), values)
    assert_graph(graph, [[0, 1], [1, 0]], [[0, 1], [1, 0]])
    assert graph.adjacency.dtype == graph.features.dtype == np.float64


def test_float32_stays_float32():
    graph = Graph(A.astype("float32"), X.astype("float32"))
    assert graph.adjacency.dtype == graph.features.dtype == np.float32


def test_features_may_be_one_dimensional_or_sparse_or_of_width_0():
    assert_array_equal(Graph(A, [1, 2, 3]).features, [[1], [2], [3]])
    assert_array_equal(Graph(A, sparse.csr_array(X)).features, X)
    assert Graph(A, np.zeros((3, 0))).n_features == 0


def test_a_graph_may_have_no_nodes():
    graph = Graph(np.zeros((0, 0)), np.zeros((0, 2)))
    assert (graph.n_nodes, graph.n_edges, graph.n_features) == (0, 0, 2)
    assert graph.permute([]).n_nodes == 0


def test_duplicates_are_summed_zeros_dropped_and_columns_sorted():
    values, rows = [1.0, 2.0, 4.0, 0.0, -3.0, 3.0], [0, 0, 0, 1, 1, 1]
    columns = [2, 1, 2, 0, 1, 1]
    graph = Graph(sparse.coo_array((values, (rows, columns)), shape=(3, 3)), X)
    assert_array_equal(graph.adjacency.indices, [1, 2])
    assert_array_equal(graph.adjacency.data, [2.0, 5.0])
    assert_array_equal(graph.adjacency.indptr, [0, 2, 2, 2])


def test_an_unsorted_csr_array_with_duplicates_is_put_in_canonical_format():
    unsorted = sparse.csr_array(([1.0, 2, 4], [2, 1, 2], [0, 3, 3, 3]), shape=(3, 3))
    graph = Graph(unsorted, X)
    assert_array_equal(graph.adjacency.indices, [1, 2])
    assert_array_equal(graph.adjacency.data, [2.0, 5.0])
    assert_array_equal(unsorted.indices, [2, 1, 2])


def test_duplicates_of_small_integers_are_summed_without_overflow():
    values = np.array([200, 200], np.uint8)
    doubled = sparse.coo_array((values, ([0, 0], [1, 1])), shape=(2, 2))
    assert_array_equal(Graph(doubled, [1, 1]).adjacency.toarray(), [[0, 400], [0, 0]])


@pytest.mark.parametrize("make", [np.array, *ARRAYS])
def test_a_graph_copies_its_input(make):
    adjacency, features = make(A), X.copy()
    graph = Graph(adjacency, features)
    graph.adjacency.data[:] = 7
    graph.features[:] = 7
    dense = adjacency.toarray() if sparse.issparse(adjacency) else adjacency
    assert_array_equal(dense, A)
    assert_array_equal(features, X)


@pytest.mark.parametrize("weight", [-0.5, -5e-324])
def test_a_small_negative_weight_is_refused_and_minus_0_is_none(weight):
    made = (
        lambda w: Graph([[w]], [1]),
        lambda w: Graph.from_edges([(0, 0)], 1, weights=[w]),
        lambda w: Graph.from_edge_index([[0], [0]], [1.0], [w]),
    )
    for make in made:
        assert make(-0.0).n_edges == 0
        with pytest.raises(GraphError, match=f"must not be negative; got {weight}"):
            make(weight)


def test_undirected_edges_count_once_and_directed_edges_each():
    assert Graph(A, X).n_edges == 3  # {0, 1}, {1, 2} and the loop at 1
    directed = Graph([[0, 1, 1], [1, 0, 0], [0, 0, 0]], X)
    assert (directed.n_edges, directed.is_undirected) == (3, False)
    assert Graph(np.zeros((3, 3)), X).n_edges == 0


def test_the_repr_of_a_graph_has_its_sizes_and_label():
    expected = "Graph(n_nodes=3, n_edges=3, n_features=2, label='a')"
    assert repr(Graph(A, X, "a")) == expected
    expected = "Graph(n_nodes=1, n_edges=0, n_features=1, label=None)"
    assert repr(Graph([[0]], [1])) == expected


# permute


@given(graphs(), st.randoms())
def test_node_i_of_a_permuted_graph_is_node_order_i(graph, random):
    order = list(range(graph.n_nodes))
    random.shuffle(order)
    permuted, index = graph.permute(order), np.array(order, int)
    dense = graph.adjacency.toarray()
    assert_graph(permuted, dense[np.ix_(index, index)], graph.features[index])
    assert permuted.label == graph.label
    assert permuted.adjacency.has_canonical_format


@given(graphs(), st.randoms())
def test_the_inverse_order_undoes_a_permutation(graph, random):
    order = np.arange(graph.n_nodes)
    random.shuffle(order)
    again = graph.permute(order).permute(np.argsort(order))
    assert_graph(again, graph.adjacency.toarray(), graph.features)


def test_permuting_does_not_change_the_original_graph():
    graph = Graph(A, X)
    permuted = graph.permute([2, 0, 1])
    permuted.adjacency.data[:], permuted.features[:] = 7, 7
    assert_graph(graph, A, X)


# from_edges


def test_from_edges_is_symmetric_adds_up_repeats_and_adds_loops_once():
    graph = Graph.from_edges([(0, 1), (0, 1), (2, 2), (1, 2)], 4, "ones")
    expected = [[0, 2, 0, 0], [2, 0, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    assert_graph(graph, expected, np.ones((4, 1)))


def test_an_edge_in_both_directions_is_one_edge_as_in_networkx():
    both = [(0, 1), (1, 0), (2, 1), (1, 2), (2, 2)]
    expected = nx.to_numpy_array(nx.Graph(both))
    for edges in (both, np.array(both, np.uint8), both[::-1]):
        assert_array_equal(Graph.from_edges(edges, 3).adjacency.toarray(), expected)
    once = Graph.from_edges([(0, 1), (1, 2), (2, 2)], 3)
    assert_array_equal(once.adjacency.toarray(), expected)


@given(graphs())
def test_listing_every_edge_in_both_directions_changes_nothing(graph):
    coo = sparse.coo_array(sparse.triu(graph.adjacency))
    edges, weights = np.stack([coo.row, coo.col], axis=1), coo.data
    once = Graph.from_edges(edges, graph.n_nodes, weights=weights)
    loops = coo.row == coo.col
    ends = np.concatenate([edges[~loops, ::-1], edges])
    weights = np.concatenate([weights[~loops], weights])
    twice = Graph.from_edges(ends, graph.n_nodes, weights=weights)
    assert_array_equal(once.adjacency.toarray(), twice.adjacency.toarray())
    assert once.is_undirected and twice.is_undirected


def test_repeats_of_both_directions_add_up_once():
    edges = [(0, 1), (0, 1), (1, 0), (1, 0)]
    graph = Graph.from_edges(edges, 2, weights=[0.1, 0.2, 0.2, 0.1])
    assert_allclose(graph.adjacency.toarray(), [[0, 0.3], [0.3, 0]])
    assert graph.is_undirected


def test_edges_of_weight_0_are_not_counted_as_listed_in_one_direction():
    graph = Graph.from_edges([(0, 1), (1, 0), (1, 2)], 3, weights=[1, 1, 0])
    assert graph.n_edges == 1


def test_the_first_edge_whose_directions_differ_is_named():
    edges = [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)]
    with pytest.raises(GraphError, match="1 -> 2 has 3.0, 2 -> 1 has 5.0$"):
        Graph.from_edges(edges, 3, weights=[1, 1, 3, 5, 2, 2])
    with pytest.raises(GraphError, match="entries in each; 1 -> 2 has 1, 2 -> 1 has 2"):
        Graph.from_edges([*edges, (2, 1)], 3)


@pytest.mark.parametrize("edges", [[(0, 1)], [(0, 1), (1, 0)], [(1, 1)]])
def test_an_edge_of_weight_0_is_none(edges):
    graph = Graph.from_edges(edges, 2, weights=[0.0] * len(edges))
    assert graph.n_edges == 0 and graph.adjacency.nnz == 0


def test_a_list_that_mixes_single_and_double_directions_warns():
    mixed = "in both directions and others in one"
    with pytest.warns(UserWarning, match=mixed) as seen:
        graph = Graph.from_edges([(0, 1), (1, 0), (2, 1)], 3)
    assert seen[0].filename == __file__
    assert_array_equal(graph.adjacency.toarray(), [[0, 1, 0], [1, 0, 1], [0, 1, 0]])


def test_from_edges_takes_weights_features_and_a_label():
    graph = Graph.from_edges([(0, 1), (1, 1), (1, 2)], 3, X, [2.0, 0.5, 1.0], "a")
    assert_graph(graph, A, X)
    assert graph.label == "a"


@pytest.mark.parametrize("weights", [np.array([200, 200], np.uint8), [True, True]])
def test_repeated_edges_add_up_without_overflow_of_small_dtypes(weights):
    graph = Graph.from_edges([(0, 1), (0, 1)], 2, weights=weights)
    assert graph.adjacency[0, 1] == 2.0 * weights[0]


@pytest.mark.parametrize("edges", [[], np.zeros((0, 2), int), ()])
def test_without_edges_all_nodes_are_isolated(edges):
    graph = Graph.from_edges(edges, 2, "ones")
    assert_graph(graph, np.zeros((2, 2)), np.ones((2, 1)))
    assert Graph.from_edges(edges, 0).n_nodes == 0


@given(graphs())
def test_a_symmetric_graph_is_rebuilt_from_its_edges(graph):
    symmetric = graph.adjacency + graph.adjacency.T
    upper = sparse.coo_array(sparse.triu(symmetric))
    edges = np.stack([upper.row, upper.col], axis=1)
    rebuilt = Graph.from_edges(edges, graph.n_nodes, graph.features, upper.data)
    assert_graph(rebuilt, symmetric.toarray(), graph.features)


# features=None


def test_a_graph_without_features_gets_the_degree_columns_of_a_data_set(tmp_path):
    edges = [(0, i) for i in range(1, 70)] + [(1, 1), (1, 2)]
    lines = "".join(f"{i + 1}, {j + 1}\n" for i, j in edges)
    parts = {"A": lines, "graph_indicator": "1\n" * 71, "graph_labels": "0\n"}
    for part, text in parts.items():
        (tmp_path / f"D_{part}.txt").write_text(text)
    dataset = load_dataset(tmp_path)
    A, expected = dataset[0].adjacency, dataset[0].features
    assert dataset.feature_names == tuple(degree_names(DEGREE_CAP))
    made = Graph(A), Graph.from_edges(edges, 71), Graph.from_networkx(nx_of(A))
    for graph in (*made, Graph(A, "degree"), Graph.from_edges(edges, 71, "degree")):
        assert_array_equal(graph.features, expected)
    assert_array_equal(np.argmax(expected, axis=1)[[0, 1, 2, 3, 70]], [64, 3, 2, 1, 0])


def test_one_entry_of_each_one_hot_row_is_1_and_the_others_are_0():
    rows = np.eye(3)[[2, 0, 0]]
    assert is_one_hot(rows) and is_one_hot(np.zeros((0, 3)))
    for row in ([0, 0, 0], [1, 0, 1], [0.5, 0.5, 0], [2, -1, 0], [0, 0, 2]):
        assert not is_one_hot(np.vstack([rows, row]))


def nx_of(A):
    return nx.from_scipy_sparse_array(A)


def test_a_node_attribute_named_degree_comes_before_one_hot_degrees():
    G = nx.path_graph(3)
    assert Graph.from_networkx(G, "degree").n_features == 65
    nx.set_node_attributes(G, dict(G.degree), "degree")
    assert_array_equal(Graph.from_networkx(G, "degree").features, [[1], [2], [1]])


# networkx


@given(st.integers(0, 3).flatmap(graphs))
def test_conversion_to_networkx_and_back_keeps_a_graph(graph):
    for A in (graph.adjacency, graph.adjacency + graph.adjacency.T):
        original = Graph(A, graph.features, label=graph.label)
        G = original.to_networkx()
        assert G.is_directed() == (not original.is_undirected)
        assert (G.graph["label"], G.number_of_nodes()) == (graph.label, graph.n_nodes)
        converted = Graph.from_networkx(G)
        assert_graph(converted, A.toarray(), graph.features)
        assert converted.label == graph.label


def named_graph():
    G = nx.Graph([("b", "a"), ("a", "c")], label="star")
    nx.set_node_attributes(G, {"a": "C", "b": "O", "c": "C"}, "element")
    nx.set_node_attributes(G, {"a": 1.5, "b": 2.5, "c": 3.5}, "mass")
    return G


def test_the_nodes_of_a_networkx_graph_keep_their_order_and_their_names():
    graph = Graph.from_networkx(named_graph(), "mass")
    assert graph.node_names == ("b", "a", "c")
    assert_array_equal(graph.features, [[2.5], [1.5], [3.5]])
    permuted = graph.permute([2, 0, 1])
    assert permuted.node_names == ("c", "b", "a")
    back = permuted.to_networkx()
    assert list(back.nodes) == ["c", "b", "a"]
    assert {*map(frozenset, back.edges)} == {frozenset("ab"), frozenset("ac")}
    assert back.graph["label"] == "star"
    again = Graph.from_networkx(back)
    assert again.node_names == permuted.node_names
    assert_graph(again, permuted.adjacency.toarray(), permuted.features)


def test_nodes_called_by_their_numbers_have_no_names():
    assert Graph.from_networkx(nx.path_graph(3)).node_names is None
    assert Graph.from_networkx(nx.Graph([(1, 0)])).node_names == (1, 0)
    assert Graph(np.eye(2)).permute([1, 0]).node_names is None


@pytest.mark.parametrize("through", ["graphml", "gexf", "json"])
def test_networkx_files_keep_the_names_of_nodes(through):
    convert = {"graphml": through_graphml, "gexf": through_gexf, "json": through_json}
    graph = Graph.from_networkx(named_graph(), "mass")
    converted = Graph.from_networkx(convert[through](graph.to_networkx()))
    assert converted.node_names == ("b", "a", "c")
    assert_graph(converted, graph.adjacency.toarray(), graph.features)


@pytest.mark.parametrize("form", [list, tuple, np.array])
def test_listed_values_of_an_attribute_are_one_hot_columns(form):
    features = {"element": form(["O", "N", "C"]), "mass": None}
    graph = Graph.from_networkx(named_graph(), features)
    expected = [[1, 0, 0, 2.5], [0, 0, 1, 1.5], [0, 0, 1, 3.5]]
    assert_array_equal(graph.features, expected)


def through_graphml(G):
    return nx.parse_graphml("\n".join(nx.generate_graphml(G)))


def through_gexf(G):
    return nx.read_gexf(io.StringIO("\n".join(nx.generate_gexf(G))))


def through_json(G):
    data = nx.node_link_data(G, edges="edges")
    return nx.node_link_graph(json.loads(json.dumps(data)), edges="edges")


@pytest.mark.parametrize("written, got", [("x", 3), (2, 3), (4, 3)])
def test_features_that_networkx_lost_are_an_error(written, got):
    G = Graph(np.ones((2, 2)), np.ones((2, 3))).to_networkx()
    G.graph["n_features"] = written
    with pytest.raises(GraphError, match=f"n_features says, {written!r}; got {got}"):
        Graph.from_networkx(G)


@pytest.mark.parametrize("label", ["ring", np.int64(3), np.float32(0.5), None])
@pytest.mark.parametrize("through", [through_graphml, through_gexf, through_json])
@given(graph=graphs().filter(lambda graph: graph.n_nodes))
def test_networkx_files_keep_a_graph(through, label, graph):
    original = Graph(graph.adjacency, graph.features.astype("float32"), label)
    converted = Graph.from_networkx(through(original.to_networkx()))
    assert_graph(converted, graph.adjacency.toarray(), original.features)
    if through is not through_gexf:  # GEXF has no attributes of the graph
        assert converted.label == label


def test_features_of_a_networkx_graph_without_nodes_may_be_named():
    assert Graph.from_networkx(nx.Graph(), features="x").n_nodes == 0


def test_a_networkx_graph_without_nodes_becomes_a_graph_without_nodes():
    graph = Graph.from_networkx(nx.DiGraph())
    assert (graph.n_nodes, graph.n_edges, graph.n_features) == (0, 0, 65)


def test_networkx_nodes_keep_their_order_and_edges_their_weights():
    G = nx.Graph()
    G.add_nodes_from("cab")
    G.add_edge("a", "b", weight=3.0, size=5.0)
    G.add_edge("c", "c")
    expected = np.array([[1, 0, 0], [0, 0, 3], [0, 3, 0]])
    assert_graph(Graph.from_networkx(G, "ones"), expected, np.ones((3, 1)))
    assert Graph.from_networkx(G, weight="size").adjacency[1, 2] == 5


def test_parallel_edges_add_up_and_directed_edges_keep_their_direction():
    G = nx.MultiDiGraph([(0, 1), (0, 1), (1, 2)])
    assert_array_equal(
        Graph.from_networkx(G).adjacency.toarray(), [[0, 2, 0], [0, 0, 1], [0, 0, 0]]
    )


def test_networkx_attributes_become_columns_in_the_order_named():
    G = nx.path_graph(2)
    nx.set_node_attributes(G, {0: 1, 1: 2}, "x")
    nx.set_node_attributes(G, {0: [3, 4], 1: [5, 6]}, "y")
    for features, expected in (
        ("x", [[1], [2]]),
        (("y", "x"), [[3, 4, 1], [5, 6, 2]]),
        ([[7], [8]], [[7], [8]]),
    ):
        assert_array_equal(Graph.from_networkx(G, features).features, expected)


# Batches


def dense_blocks(graphs):
    blocks = [graph.adjacency for graph in graphs]
    return sparse.block_diag(blocks).toarray() if blocks else np.zeros((0, 0))


def assert_equal(batch, other):
    """Require two batches to have the same contents, in the same precision."""
    pairs = [
        (batch.features, other.features),
        (batch.offsets, other.offsets),
        (batch.squared_norms, other.squared_norms),
        (batch.symmetric, other.symmetric),
        (batch.adjacency.toarray(), other.adjacency.toarray()),
    ]
    assert batch.operators.keys() == other.operators.keys()
    assert batch.propagated.keys() == other.propagated.keys()
    for name, P in batch.operators.items():
        pairs.append((P.toarray(), other.operators[name].toarray()))
    for name, PX in batch.propagated.items():
        pairs.append((PX, other.propagated[name]))
    for found, expected in pairs:
        assert_array_equal(found, expected, strict=True)


@given(BATCHES)
def test_a_batch_is_the_block_diagonal_of_its_graphs(graphs):
    batch = GraphBatch.from_graphs(graphs)
    assert_array_equal(batch.adjacency.toarray(), dense_blocks(graphs))
    assert batch.adjacency.has_canonical_format
    assert_array_equal(batch.features, np.concatenate([g.features for g in graphs]))
    assert_array_equal(batch.sizes, [g.n_nodes for g in graphs])
    assert (batch.n_graphs, batch.n_nodes) == (len(graphs), sum(batch.sizes))
    assert batch.n_features == graphs[0].n_features
    norms = [np.sum(g.adjacency.toarray() ** 2) for g in graphs]
    assert_allclose(batch.squared_norms, norms, rtol=1e-15)  # sums of whole numbers
    assert_array_equal(batch.symmetric, [g.is_undirected for g in graphs])


def test_graphs_may_be_a_column_of_a_table():
    """scikit-learn's ensembles make one of them."""
    graphs = [Graph(A, X), Graph(2 * A, X)]
    column = np.empty((2, 1), object)
    column[:, 0] = graphs
    for given_ in (column, column[:, 0], tuple(graphs), iter(graphs)):
        assert check_graphs(given_) == graphs


@pytest.mark.parametrize("n_graphs", [1, 127, 128, 129, 300])
def test_a_batch_of_any_size_knows_which_graphs_are_undirected(n_graphs):
    graphs = [Graph([[0, 1], [g % 3, 0]], [[1.0], [1.0]]) for g in range(n_graphs)]
    batch = GraphBatch.from_graphs(graphs)
    assert_array_equal(batch.symmetric, np.arange(n_graphs) % 3 == 1, strict=True)


def test_a_graph_that_rounding_makes_symmetric_is_so_in_a_float32_batch():
    batch = GraphBatch.from_graphs([Graph([[0, 1], [1 + 1e-12, 0]], np.ones((2, 1)))])
    assert_array_equal(batch.symmetric, [False])
    assert_array_equal(batch.astype(np.float32).symmetric, [True])


@given(BATCHES, st.data())
def test_taking_graphs_from_a_batch_equals_joining_them(graphs, data):
    indices = st.integers(0, len(graphs) - 1)
    order = np.array(data.draw(st.lists(indices, min_size=1, max_size=7)))
    taken = GraphBatch.from_graphs(graphs).take(order)
    assert_equal(taken, GraphBatch.from_graphs([graphs[i] for i in order]))


@given(BATCHES, st.data(), st.sampled_from([np.float32, np.float64]))
def test_taking_and_preparing_commute(graphs, data, dtype):
    indices = st.integers(0, len(graphs) - 1)
    order = np.array(data.draw(st.lists(indices, min_size=1, max_size=7)))
    batch = GraphBatch.from_graphs(graphs, dtype)
    kinds = ("gcn", "sage", "s2v")
    taken = precompute_propagation(batch, kinds).take(order)
    assert_equal(taken, precompute_propagation(batch.take(order), kinds))


@given(BATCHES)
def test_a_batch_shares_no_memory_with_its_graphs(graphs):
    batch = GraphBatch.from_graphs(graphs)
    for graph in graphs:
        A, joined = graph.adjacency, batch.adjacency
        assert not np.shares_memory(joined.data, A.data)
        assert not np.shares_memory(joined.indices, A.indices)
        assert not np.shares_memory(batch.features, graph.features)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_batch_has_the_precision_asked_for_and_float64_norms(dtype):
    graphs = [Graph(A, X), Graph(A.astype("float32"), X.astype("float32"))]
    for batch in (
        GraphBatch.from_graphs(graphs, dtype),
        GraphBatch.from_graphs(graphs).astype(dtype),
    ):
        assert (batch.adjacency.dtype, batch.features.dtype) == (dtype, dtype)
        assert batch.squared_norms.dtype == np.float64


def test_the_norms_of_a_float32_batch_are_computed_from_its_float32_weights():
    batch = GraphBatch.from_graphs([Graph([[0.1]], [1.0])], np.float32)
    weights = batch.adjacency.data.astype(np.float64)
    assert_allclose(batch.squared_norms, [weights @ weights], rtol=1e-15)


def test_astype_drops_operators_and_does_not_change_the_batch():
    batch = precompute_propagation(GraphBatch.from_graphs([Graph(A, X)]), ("gcn",))
    narrow = batch.astype(np.float32)
    narrow.adjacency.data[:] = 7
    assert (narrow.operators, narrow.propagated) == ({}, {})
    assert_array_equal(batch.adjacency.toarray(), A)
    assert list(batch.operators) == ["gcn"]


# Ragged rows


@given(st.lists(st.integers(0, 4), max_size=6))
def test_offsets_slices_and_ids_describe_the_same_segments(sizes):
    offsets = offsets_of(sizes)
    ids = [g for g, size in enumerate(sizes) for _ in range(size)]
    assert_array_equal(np.diff(offsets), sizes)
    assert_array_equal(segment_ids(offsets), ids)
    for g, rows in enumerate(slices_of(offsets)):
        assert set(ids[rows]) <= {g} and rows.stop - rows.start == sizes[g]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=6))
def test_joined_ranges_are_the_ranges_one_after_the_other(ranges):
    starts, sizes = np.array(ranges, int).reshape(-1, 2).T
    expected = [i for start, size in ranges for i in range(start, start + size)]
    assert_array_equal(join_ranges(starts, sizes), expected)
