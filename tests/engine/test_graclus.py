"""Graclus: clusters of small normalised cut, the same whatever the order of nodes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from npdiffpool.engine.graclus import graclus, normalized_cut
from npdiffpool.testing.strategies import adjacencies, cliques


def planted(seed, sizes=(12, 12, 12, 12), inside=0.6, across=0.05):
    """Draw communities; return the adjacency and the community of each node."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    chance = np.where(truth[:, None] == truth, inside, across)
    upper = np.triu(rng.random(chance.shape) < chance, 1)
    return sparse.csr_array(upper + upper.T, dtype=float), truth


def cut_by_loops(A, clusters):
    A, total = A.toarray(), 0.0
    for k in set(clusters.tolist()):
        inside = clusters == k
        degree = A[inside].sum()
        total += A[np.ix_(inside, ~inside)].sum() / degree if degree else 0.0
    return total


@given(A=adjacencies(), data=st.data())
def test_the_cut_is_what_its_definition_says(A, data):
    drawn = st.lists(st.integers(0, 3), min_size=len(A), max_size=len(A))
    clusters = np.array(data.draw(drawn), int)
    sparse_A = sparse.csr_array(A)
    expected = cut_by_loops(sparse_A, clusters)
    assert abs(normalized_cut(sparse_A, clusters) - expected) <= 1e-12 * (1 + len(A))


@given(A=adjacencies(), K=st.integers(1, 8))
def test_every_cluster_has_a_node_and_they_are_as_many_as_asked_for(A, K):
    clusters = graclus(sparse.csr_array(A), K)
    assert_array_equal(np.unique(clusters), np.arange(min(K, len(A))))


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_nodes_changes_no_cluster_and_no_number(seed):
    """Of random weights, where nothing is alike but for the rounding of sums."""
    A, _ = planted(seed)
    A = A.multiply(sparse.csr_array(np.random.default_rng(seed).random(A.shape)))
    A = sparse.csr_array(A + A.T)
    order = np.random.default_rng(seed + 1).permutation(A.shape[0])
    again = graclus(sparse.csr_array(A[order][:, order]), 5)
    assert_array_equal(graclus(A, 5)[order], again)


@pytest.mark.parametrize("n, K", [(41, 6), (40, 10), (33, 8), (44, 4)])
def test_a_path_is_cut_alike_in_any_order_or_from_the_other_end(n, K):
    """Nothing but the distances from its ends tells its nodes apart."""
    path, rng, seen = np.eye(n, k=1) + np.eye(n, k=-1), np.random.default_rng(n), set()
    for _ in range(10):
        order = rng.permutation(n)
        clusters = np.empty(n, int)
        clusters[order] = graclus(sparse.csr_array(path[np.ix_(order, order)]), K)
        cuts = np.flatnonzero(np.diff(clusters)) + 1
        seen.add(min(tuple(cuts), tuple(n - cuts[::-1])))
    assert len(seen) == 1


@given(drawn=cliques())
def test_disjoint_cliques_are_found(drawn):
    A, S = drawn
    truth = np.argmax(S, axis=1)
    clusters = graclus(sparse.csr_array(A), max(1, len(np.unique(truth))))
    assert normalized_cut(sparse.csr_array(A), clusters) == 0


@pytest.mark.parametrize("seed", range(10))
def test_planted_communities_are_found(seed):
    A, truth = planted(seed)
    assert adjusted_rand_score(truth, graclus(A, 4)) >= 0.9


@pytest.mark.parametrize("K", [2, 4, 8])
def test_its_cuts_are_no_worse_than_those_of_spectral_clustering(K):
    """Over ten graphs of weak communities: no more than a twentieth above, in all."""
    ours, theirs = 0.0, 0.0
    for seed in range(10):
        A, _ = planted(seed, inside=0.4, across=0.1)
        spectral = SpectralClustering(K, affinity="precomputed", random_state=0)
        ours += normalized_cut(A, graclus(A, K))
        theirs += normalized_cut(A, spectral.fit_predict(A.toarray()))
    assert ours <= 1.05 * theirs


def test_a_directed_graph_is_cut_as_its_symmetric_part():
    A = sparse.csr_array(np.triu(np.random.default_rng(0).random((9, 9)), 1))
    assert_array_equal(graclus(A, 3), graclus(sparse.csr_array(A + A.T), 3))


@pytest.mark.parametrize("K", [0, 1.5, True])
def test_a_number_of_clusters_that_is_none_is_refused(K):
    with pytest.raises(ValueError, match="n_clusters must be a whole number >= 1; got"):
        graclus(sparse.csr_array(np.eye(3)), K)
