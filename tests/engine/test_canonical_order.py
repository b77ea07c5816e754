"""The canonical order of nodes is the same for every given order."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse

from npdiffpool import load_dataset
from npdiffpool.engine import canonical_order as module
from npdiffpool.engine.canonical_order import canonical_order, in_canonical_order
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import slices_of
from npdiffpool.testing.strategies import batches, permutations

SYMMETRIC = {
    "ring": nx.cycle_graph(12),
    "clique": nx.complete_graph(7),
    "bipartite": nx.complete_bipartite_graph(3, 5),
    "star": nx.star_graph(40),
    "tree": nx.balanced_tree(2, 4),
    "grid": nx.grid_2d_graph(4, 5),
    "Petersen": nx.petersen_graph(),
    "hypercube": nx.hypercube_graph(4),
    "three stars": nx.disjoint_union_all([nx.star_graph(5)] * 3),
    "path between self-loops": nx.Graph([(0, 1), (0, 2), (1, 1), (2, 2)]),
    "pairs": nx.disjoint_union_all([nx.path_graph(2)] * 6),
    "no edges": nx.empty_graph(5),
    "directed ring": nx.cycle_graph(9, create_using=nx.DiGraph),
    "directed tree": nx.balanced_tree(2, 3, create_using=nx.DiGraph),
    "paths of other direction": nx.DiGraph([(0, 1), (2, 1), (3, 4), (3, 5)]),
}


def arrays(graphs):
    """Return all arrays of the batch in canonical order."""
    batch, _ = in_canonical_order(graphs)
    A, X = batch.adjacency, batch.features
    X = X.toarray() if sparse.issparse(X) else X
    return A.indptr, A.indices, A.data, X, batch.squared_norms


def assert_same(graphs, others):
    for one, other in zip(arrays(graphs), arrays(others), strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("G", SYMMETRIC.values(), ids=SYMMETRIC)
@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_permuted_symmetric_graphs_give_the_same_arrays(G, weight):
    A = nx.to_numpy_array(G) * weight
    graph, rng = Graph(A, np.ones(len(A))), np.random.default_rng(0)
    for _ in range(5):
        assert_same([graph], [graph.permute(rng.permutation(len(A)))])


small = dict(max_nodes=6, directed=True)  # nodes alike for 1-WL are then automorphic


@given(graphs=batches(**small), data=st.data())
def test_permuted_graphs_give_the_same_arrays(graphs, data):
    orders = [data.draw(permutations(graph.n_nodes)) for graph in graphs]
    assert_same(graphs, [g.permute(order) for g, order in zip(graphs, orders)])


@given(graphs=batches(**small))
def test_the_order_leads_back_to_the_given_nodes(graphs):
    batch, order = in_canonical_order(graphs)
    given_batch = GraphBatch.from_graphs(graphs)
    assert_array_equal(np.sort(order), np.arange(given_batch.n_nodes))
    assert_array_equal(batch.offsets, given_batch.offsets)
    for rows in map(slice, batch.offsets[:-1], batch.offsets[1:]):  # graph by graph
        assert set(order[rows]) == set(range(rows.start, rows.stop))
    permuted = given_batch.adjacency.toarray()[np.ix_(order, order)]
    assert_array_equal(batch.adjacency.toarray(), permuted)
    assert batch.adjacency.has_canonical_format


def test_ties_that_are_not_automorphic_and_too_many_ties_give_some_order(monkeypatch):
    A = nx.to_numpy_array(nx.disjoint_union(nx.cycle_graph(3), nx.cycle_graph(6)))
    for rounds in (1000, 2):
        monkeypatch.setattr(module, "_MOST_ROUNDS", rounds)
        monkeypatch.setattr(module, "_LEAST_ROUNDS", rounds)
        order = canonical_order(GraphBatch.from_graphs([Graph(A, np.ones(9))]))
        assert_array_equal(np.sort(order), np.arange(9))


def test_the_order_of_a_graph_does_not_depend_on_the_others_in_the_batch():
    mutag = list(load_dataset("MUTAG"))
    large = nx.to_numpy_array(nx.grid_2d_graph(34, 30))
    graphs = [*mutag[:60], Graph(large, np.ones(len(large))), *mutag[60:90]]
    graphs = [Graph(graph.adjacency, np.ones(graph.n_nodes)) for graph in graphs]
    batch, _ = in_canonical_order(graphs)
    for graph, start in zip(graphs, batch.offsets):
        alone, n = in_canonical_order([graph])[0].adjacency.toarray(), graph.n_nodes
        block = batch.adjacency[start : start + n, start : start + n].toarray()
        assert_array_equal(block, alone)


@given(graphs=batches(**small))
def test_a_graph_has_the_same_arrays_alone_and_in_a_batch(graphs):
    batch, _ = in_canonical_order(graphs)
    for graph, rows in zip(graphs, slices_of(batch.offsets)):
        alone, _ = in_canonical_order([graph])
        block = batch.adjacency[rows, rows].toarray()
        assert_array_equal(block, alone.adjacency.toarray())
        assert_array_equal(batch.features[rows], alone.features)


@pytest.mark.parametrize("G", [nx.complete_graph(40), nx.star_graph(39)])
@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_twins_need_no_rounds_of_refinement_of_their_own(G, weight, monkeypatch):
    """All nodes of a clique and all leaves of a star are twins."""
    rounds, refine = [], module.refine
    monkeypatch.setattr(module, "refine", lambda *a: rounds.append(1) or refine(*a))
    A = weight * nx.to_numpy_array(G)
    canonical_order(GraphBatch.from_graphs([Graph(A, np.ones(40))]))
    assert len(rounds) == 1


def test_chunks_do_not_change_the_batch(monkeypatch):
    graphs = [Graph(nx.to_numpy_array(nx.path_graph(n)), np.ones(n)) for n in (3, 1, 7)]
    whole = arrays(graphs)
    monkeypatch.setattr(module, "_CHUNK", 4)
    for one, other in zip(whole, arrays(graphs), strict=True):
        assert_array_equal(one, other)


def test_a_batch_in_float32_has_the_same_order():
    graph = Graph.from_networkx(SYMMETRIC["path between self-loops"])
    graphs = [graph, Graph.from_edges([(0, 1)], 2)]
    graphs = [Graph(g.adjacency, np.ones((g.n_nodes, 1))) for g in graphs]
    wide, narrow = (GraphBatch.from_graphs(graphs, d) for d in ("float64", "float32"))
    assert_array_equal(canonical_order(narrow), canonical_order(wide))
