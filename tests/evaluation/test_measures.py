"""Measures of assignments: known values, bounds, and networkx's modularity."""

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

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


@given(A=adjacencies(min_nodes=1), data=st.data())
def test_modularity_equals_that_of_networkx(A, data):
    A = (A + A.T) * (1 - np.eye(len(A)))  # networkx counts a loop twice
    drawn = st.lists(st.integers(0, 2), min_size=len(A), max_size=len(A))
    clusters = np.array(data.draw(drawn))
    if not A.any():
        assert np.isnan(measures.modularity(A, clusters))
        return
    A = A / A.max()
    groups = [set(np.flatnonzero(clusters == k)) for k in range(3)]
    expected = nx.community.modularity(nx.from_numpy_array(A), groups)
    assert_allclose(measures.modularity(A, clusters), expected, atol=1e-9)
