"""Drawn values have the properties that the docstrings of strategies promise."""

import itertools
from collections import Counter

import networkx as nx
import numpy as np
from drawing import dense, linked, reach, within
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import block_diag

from npdiffpool.testing._encoding import stable_colours
from npdiffpool.testing.strategies import (
    WITH_LARGE,
    adjacencies,
    alike_nodes,
    assignments,
    batches,
    cliques,
    graphs,
    indistinguishable_pairs,
    logits,
    permutations,
    planted_graphs,
    poolings,
)


@given(adjacencies())
def test_adjacencies_are_symmetric_finite_and_non_negative(A):
    np.testing.assert_array_equal(A, A.T)
    assert np.all(np.isfinite(A)) and np.all(A >= 0)


@given(adjacencies(min_nodes=2, max_nodes=5, directed=True))
def test_sizes_are_within_their_bounds(A):
    assert 2 <= len(A) <= 5 and A.shape == (len(A), len(A))


@given(adjacencies(min_nodes=2, max_nodes=4, shapes=["large"]))
def test_large_graphs_have_up_to_five_times_as_many_nodes(A):
    assert 2 <= len(A) <= 20


@given(st.integers(0, 6).flatmap(assignments))
def test_assignments_are_row_stochastic(S):
    assert np.all(S >= 0)
    np.testing.assert_allclose(S.sum(axis=1), 1.0, rtol=1e-15 * S.shape[1])


@given(st.integers(0, 9).flatmap(permutations))
def test_permutations_contain_each_number_once(order):
    assert sorted(order) == list(range(len(order)))


@given(batches(min_graphs=2, max_graphs=3, max_nodes=4, n_features=2))
def test_graphs_of_a_batch_have_the_same_number_of_features(batch):
    assert 2 <= len(batch) <= 3
    assert {graph.n_features for graph in batch} == {2}


@given(poolings(min_nodes=1, shapes=WITH_LARGE))
def test_the_arrays_of_a_pooling_have_matching_shapes(case):
    A, Z, S = case
    assert len(A) == len(Z) == len(S) >= 1


@given(graphs(exponents=(0, 0)))
def test_exponents_bound_the_features(graph):
    assert np.all(np.abs(graph.features) <= 1.0)


@given(logits(4, 3, bounds=[30.0]))
def test_bounds_bound_the_logits(R):
    assert R.shape == (4, 3) and np.all(np.abs(R) <= 30.0)


@given(cliques(max_clusters=3, max_size=2))
def test_cliques_match_their_assignment(case):
    A, S = case
    np.testing.assert_array_equal(A, np.dot(S, S.T))
    assert S.shape[1] <= 3 and np.all(S.sum(axis=0) <= 2)
    assert set(S.ravel()) <= {0.0, 1.0} and np.all(S.sum(axis=1) == 1)


@given(planted_graphs(max_clusters=3, max_size=5))
def test_planted_clusters_are_connected_with_few_edges_between_them(case):
    A, labels = dense(case[0]), case[1]
    np.testing.assert_array_equal(A, A.T)
    assert 1 <= np.bincount(labels).min() and np.bincount(labels).max() <= 5
    assert labels.max() < 3
    assert np.all(reach(A * within(labels)) == (labels[:, None] == labels))
    assert np.sum(A > within(labels)) / 2 <= labels.max()
    assert not np.diag(A).any() and A.max() <= 1


@given(indistinguishable_pairs())
def test_indistinguishable_graphs_differ_but_have_equal_1_wl_colours(pair):
    one, two = map(dense, pair)
    networks = [nx.from_numpy_array(A) for A in (one, two)]
    assert not nx.is_isomorphic(*networks)
    colours = stable_colours(block_diag(one, two))
    assert Counter(colours[: len(one)]) == Counter(colours[len(one) :])
    np.testing.assert_array_equal(pair[0].features, pair[1].features)
    assert np.all(pair[0].features == pair[0].features[:1])


@given(alike_nodes(directed=True))
def test_nodes_of_one_colour_have_the_same_weights_to_each_colour(case):
    A, colours = case
    for a, b in itertools.product(set(colours), repeat=2):
        for ways in (A, A.T):
            seen = np.sort(ways[colours == a][:, colours == b], axis=1)
            assert np.all(seen == seen[0])
        assert len(set(np.diag(A)[colours == a])) == 1


@given(alike_nodes(), st.data())
def test_colours_are_equivariant_to_node_order(case, data):
    A, colours = case
    order = data.draw(permutations(len(A)))
    permuted = stable_colours(A[np.ix_(order, order)])
    np.testing.assert_array_equal(permuted, colours[order])


def test_colours_of_known_graphs():
    path = linked(5, 1, 12, 23, 34)
    np.testing.assert_array_equal(stable_colours(path), [0, 2, 1, 2, 0])
    assert not stable_colours(linked(6, 1, 5, 12, 23, 34, 45)).any()
