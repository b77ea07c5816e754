"""Measures of assignments: known values, bounds, and networkx's modularity."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse, stats

from npdiffpool.evaluation import measures
from npdiffpool.testing.strategies import adjacencies, assignments


def two_triangles():
    return np.kron(np.eye(2), np.ones((3, 3)) - np.eye(3)), np.repeat([0, 1], 3)


def test_normalized_entropy_is_0_for_one_hot_rows_and_1_for_uniform_rows():
    assert measures.normalized_entropy(np.eye(3)) == 0
    assert_allclose(measures.normalized_entropy(np.full((5, 4), 0.25)), 1, rtol=1e-15)
    assert measures.normalized_entropy(np.ones((5, 1))) == 0
    assert measures.normalized_entropy(np.ones((0, 4))) == 0


def test_the_entropies_do_not_depend_on_the_scale_of_the_assignment():
    S = np.array([[0.25, 0.75], [0.5, 0.5]])
    for measure in (measures.normalized_entropy, measures.effective_clusters):
        assert_allclose(measure(8 * S), measure(S), rtol=1e-15)


def test_effective_clusters_counts_clusters_of_equal_size():
    assert_allclose(measures.effective_clusters(np.eye(4)[[0, 1, 1, 0]]), 2, rtol=1e-15)
    assert_allclose(measures.effective_clusters(np.full((3, 5), 0.2)), 5, rtol=1e-14)
    assert measures.effective_clusters(np.ones((0, 4))) == 0


@given(S=st.integers(0, 6).flatmap(assignments))
def test_the_measures_of_an_assignment_are_bounded(S):
    n, K = S.shape
    assert 0 <= measures.normalized_entropy(S) <= 1 + 1e-12
    assert measures.clusters_used(S) <= min(n, K)
    if n:
        assert 1 - 1e-12 <= measures.effective_clusters(S) <= K + 1e-9


def test_edges_inside_of_two_triangles():
    A, truth = two_triangles()
    assert measures.edges_inside(A, truth) == 1
    assert_allclose(measures.edges_inside(A, [0, 0, 1, 1, 0, 0]), 4 / 12, rtol=1e-15)
    assert np.isnan(measures.edges_inside(np.zeros((2, 2)), [0, 1]))


def test_modularity_without_edges_is_nan():
    assert np.isnan(measures.modularity(np.zeros((2, 2)), [0, 1]))


@given(A=adjacencies(min_nodes=1), data=st.data())
def test_modularity_equals_that_of_networkx(A, data):
    A = (A + A.T) * (1 - np.eye(len(A)))  # networkx counts a loop twice
    drawn = st.lists(st.integers(0, 2), min_size=len(A), max_size=len(A))
    clusters = np.array(data.draw(drawn))
    assume(A.any())
    A = A / A.max()
    groups = [set(np.flatnonzero(clusters == k)) for k in range(3)]
    expected = nx.community.modularity(nx.from_numpy_array(A), groups)
    assert_allclose(measures.modularity(A, clusters), expected, atol=1e-9)


@given(S=st.integers(1, 6).flatmap(assignments))
def test_the_entropies_equal_those_of_scipy(S):
    rows, mean = stats.entropy(S, axis=1), stats.entropy(S.mean(axis=0))
    expected = np.mean(rows) / np.log(max(S.shape[1], 2))
    assert_allclose(measures.normalized_entropy(S), expected, atol=1e-12)
    assert_allclose(measures.effective_clusters(S), np.exp(mean), rtol=1e-12)


def test_certainty_and_clusters_used_are_of_the_largest_shares():
    S = np.array([[0.5, 0.4, 0.1], [0.0, 0.0, 1.0], [0.2, 0.2, 0.6]])
    assert_allclose(measures.certainty(S), 2.1 / 3, rtol=1e-15)
    assert measures.clusters_used(S) == 2
    assert np.isnan(measures.certainty(S[:0]))
    assert measures.clusters_used(S[:0]) == 0


def test_only_the_clusters_of_used_clusters_are_used():
    """Cluster 1 has no node, so that its cluster 4 is not used either."""
    levels = [np.array([2, 0, 2]), np.array([3, 4, 1]), np.array([9, 8, 9, 5, 9])]
    used = measures.used_clusters(levels)
    assert [level.tolist() for level in used] == [[0, 2], [1, 3], [5, 8]]
    with pytest.raises(ValueError, match=r"clusters\[1\] must be an array of at least"):
        measures.used_clusters([levels[0], levels[1][:2]])


def test_edges_inside_weighs_edges_of_dense_and_sparse_directed_graphs():
    A = np.array([[1.0, 2.0, 0.0], [0.0, 4.0, 3.0], [8.0, 0.0, 0.0]])
    for form in (np.array, sparse.csr_array):
        assert_allclose(measures.edges_inside(form(A), [0, 1, 0]), 13 / 18, rtol=1e-15)


def test_a_self_loop_counts_once_in_the_modularity():
    A = np.array([[1.0, 1.0], [1.0, 0.0]])
    expected = 1 / 3 - (2 / 3) ** 2 - (1 / 3) ** 2
    for form in (np.array, sparse.csr_array):
        assert_allclose(measures.modularity(form(A), [0, 1]), expected, rtol=1e-14)
    assert measures.modularity(A, [5, 5]) == 0


def test_every_level_must_have_the_used_clusters_of_the_level_below():
    for wrong, number in (([[0, 0], [2], [0, 0]], 2), ([[0.5]], 0), ([[0], [-1]], 1)):
        with pytest.raises(ValueError, match=rf"clusters\[{number}\] must be"):
            measures.used_clusters([np.array(level) for level in wrong])


def test_a_node_without_a_cluster_has_no_entropy():
    S = np.array([[1.0, 0.0], [0.0, 0.0]])
    for measure in (measures.normalized_entropy, measures.effective_clusters):
        with pytest.raises(ValueError, match="a positive sum in each row; got 0.0"):
            measure(S)
