"""Graclus finds clusters with a small normalised cut, in any order of the nodes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from npdiffpool.engine import graclus as graclus_module
from npdiffpool.engine.graclus import graclus, normalized_cut
from npdiffpool.testing.strategies import adjacencies, cliques


def planted(seed, sizes=(12, 12, 12, 12), inside=0.6, across=0.05):
    """Draw a stochastic block model; return the adjacency and each node's community."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    probability = np.where(truth[:, None] == truth, inside, across)
    upper = np.triu(rng.random(probability.shape) < probability, 1)
    return sparse.csr_array(upper + upper.T, dtype=float), truth


def cut_by_loops(A, clusters):
    A, total = A.toarray(), 0.0
    for k in set(clusters.tolist()):
        inside = clusters == k
        degree = A[inside].sum()
        total += A[np.ix_(inside, ~inside)].sum() / degree if degree else 0.0
    return total


@given(A=adjacencies(), data=st.data())
def test_the_normalized_cut_equals_its_definition_in_loops(A, data):
    drawn = st.lists(st.integers(0, 3), min_size=len(A), max_size=len(A))
    clusters = np.array(data.draw(drawn), int)
    sparse_A = sparse.csr_array(A)
    expected = cut_by_loops(sparse_A, clusters)
    assert abs(normalized_cut(sparse_A, clusters) - expected) <= 1e-12 * (1 + len(A))


@given(A=adjacencies(), K=st.integers(1, 8))
def test_there_are_k_clusters_and_none_is_empty(A, K):
    clusters = graclus(sparse.csr_array(A), K)
    assert_array_equal(np.unique(clusters), np.arange(min(K, len(A))))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("weighted", [True, False])
def test_clusters_and_their_numbers_do_not_depend_on_the_order_of_nodes(seed, weighted):
    """No two nodes are alike; without weights, many moves tie, and colours decide."""
    A, _ = planted(seed)
    if weighted:
        A = A.multiply(sparse.csr_array(np.random.default_rng(seed).random(A.shape)))
        A = sparse.csr_array(A + A.T)
    order = np.random.default_rng(seed + 1).permutation(A.shape[0])
    permuted = graclus(sparse.csr_array(A[order][:, order]), 5)
    assert_array_equal(graclus(A, 5)[order], permuted)


@pytest.mark.parametrize("n, K", [(41, 6), (40, 10), (33, 8), (44, 4)])
def test_a_path_is_cut_at_the_same_places_in_any_order_of_nodes(n, K):
    """Up to reflection: its nodes differ only in their distances from the ends."""
    path, rng, seen = np.eye(n, k=1) + np.eye(n, k=-1), np.random.default_rng(n), set()
    for _ in range(10):
        order = rng.permutation(n)
        clusters = np.empty(n, int)
        clusters[order] = graclus(sparse.csr_array(path[np.ix_(order, order)]), K)
        cuts = np.flatnonzero(np.diff(clusters)) + 1
        seen.add(min(tuple(cuts), tuple(n - cuts[::-1])))
    assert len(seen) == 1


@given(drawn_cliques=cliques())
def test_the_clusters_of_disjoint_cliques_have_no_cut(drawn_cliques):
    A, S = drawn_cliques
    truth = np.argmax(S, axis=1)
    clusters = graclus(sparse.csr_array(A), max(1, len(np.unique(truth))))
    assert normalized_cut(sparse.csr_array(A), clusters) == 0


@pytest.mark.parametrize("seed", range(10))
def test_planted_communities_are_found(seed):
    A, truth = planted(seed)
    assert adjusted_rand_score(truth, graclus(A, 4)) >= 0.9


@pytest.mark.parametrize("K", [2, 4, 8])
def test_the_cut_is_at_most_5_percent_above_that_of_spectral_clustering(K):
    """Summed over ten graphs with weak communities."""
    ours, theirs = 0.0, 0.0
    for seed in range(10):
        A, _ = planted(seed, inside=0.4, across=0.1)
        spectral = SpectralClustering(K, affinity="precomputed", random_state=0)
        ours += normalized_cut(A, graclus(A, K))
        theirs += normalized_cut(A, spectral.fit_predict(A.toarray()))
    assert ours <= 1.05 * theirs


def drawn(n, seed):
    """Draw a weighted graph with loops; its last two nodes have no neighbours."""
    rng = np.random.default_rng(seed)
    A = np.triu(rng.random((n, n)) * (rng.random((n, n)) < 0.4))
    A[: n - 2, n - 2 :] = A[n - 2, n - 1] = A[n - 1, n - 1] = 0
    return A + A.T


def cut_of(A, clusters):
    """Return the normalised cut, fast."""
    S = np.eye(len(A))[clusters]
    between = S.T @ A @ S
    degrees = between.sum(axis=1)
    return np.sum(1 - np.diag(between)[degrees > 0] / degrees[degrees > 0])


def best_move(A, clusters):
    """Return the least cut after one node has moved to a cluster next to it."""
    cuts = [np.inf]
    for i, here in enumerate(clusters):
        for k in set(clusters[A[i] > 0]) - {here}:
            if np.sum(clusters == here) > 1:
                moved = np.where(np.arange(len(A)) == i, k, clusters)
                cuts.append(cut_of(A, moved))
    return min(cuts)


@pytest.mark.parametrize("n, K", [(9, 2), (9, 4), (40, 3), (40, 6)])
def test_no_move_of_a_single_node_lowers_the_cut_that_is_found(n, K):
    for seed in range(6):
        A = drawn(n, seed)
        clusters = graclus(sparse.csr_array(A), K)
        # Nine decimals are compared.
        assert best_move(A, clusters) > cut_of(A, clusters) - 1e-8


def test_the_edge_that_is_heaviest_for_its_ends_is_merged_first():
    """If no move then lowers the cut, one cluster less than nodes has that pair."""
    n_checked = 0
    for seed in range(20):
        A = drawn(9, seed)
        deg = np.maximum(A.sum(axis=1), 1e-300)
        scores = np.triu(A / deg[:, None] + A / deg, 1)
        i, j = np.unravel_index(np.argmax(scores), scores.shape)
        pair = np.arange(9)
        pair[j] = i
        if best_move(A, pair) > cut_of(A, pair):
            clusters = graclus(sparse.csr_array(A), 8)
            assert clusters[i] == clusters[j] and len(np.unique(clusters)) == 8
            n_checked += 1
    assert n_checked > 5


@pytest.mark.parametrize("scale", [1.0, 1e-140, 1e140])
def test_components_are_paired_in_increasing_order_of_their_degrees(scale):
    loops = sparse.csr_array(scale * np.diag([4.0, 1.0, 3.0, 2.0, 6.0, 5.0]))
    a, b, c, d, e, f = graclus(loops, 3).tolist()
    assert (b, c, f) == (d, a, e) and len({a, b, f}) == 3
    a, b, c, d, e, f = graclus(loops, 4).tolist()  # only two pairs are needed
    assert (b, c) == (d, a) and len({a, b, e, f}) == 4


@pytest.mark.parametrize("loop, leaves", [(0.0, True), (4.0, False)])
def test_a_cluster_counts_as_0_if_rounding_leaves_it_no_degree(loop, leaves):
    """The cut decides whether a node leaves a neighbour for a clique."""
    A = np.ones((6, 6)) - np.eye(6)
    A[5, :], A[:, 5] = 0, 0
    if loop:
        A[4, :3], A[:3, 4] = 0, 0
    A[4, 5], A[5, 4], A[4, 4] = 1e-20, 1e-20, loop
    *clique, node, neighbour = graclus(sparse.csr_array(A), 2)
    assert len({*clique}) == 1 and neighbour not in clique
    assert (node in clique) == leaves


def test_a_directed_graph_has_the_clusters_of_its_symmetric_part():
    A = sparse.csr_array(np.triu(np.random.default_rng(0).random((9, 9)), 1))
    assert_array_equal(graclus(A, 3), graclus(sparse.csr_array(A + A.T), 3))


@pytest.mark.parametrize("K", [0, 1.5, True])
def test_an_invalid_number_of_clusters_raises(K):
    with pytest.raises(ValueError, match="n_clusters must be a whole number >= 1; got"):
        graclus(sparse.csr_array(np.eye(3)), K)


def star(n_leaves, n_hubs=1):
    """Return hubs in a row, each with leaves of its own, in an arbitrary order."""
    n = n_hubs * (1 + n_leaves)
    i = np.arange(n)
    ends = np.where(i < n_hubs, i + 1, i % n_hubs)  # of leaves: their hubs
    ends[n_hubs - 1] = n_hubs - 1  # no edge from the last hub to a leaf
    A = sparse.coo_array((1.0 * (i != ends), (i, ends)), (n, n)).tocsr()
    order = np.random.default_rng(0).permutation(n)
    return sparse.csr_array((A + A.T)[order][:, order])


@pytest.mark.parametrize("n_hubs, K", [(1, 1), (1, 4), (5, 5), (5, 8)])
def test_the_leaves_of_a_star_join_their_hub_in_one_level(n_hubs, K, monkeypatch):
    levels, merge = [], graclus_module._merge_nodes

    def count(A, *others):
        levels.append(A.shape[0])
        return merge(A, *others)

    monkeypatch.setattr(graclus_module, "_merge_nodes", count)
    A = star(200, n_hubs)
    clusters = graclus(A, K)
    assert len(levels) == 1
    assert_array_equal(np.unique(clusters), np.arange(K))
    # Clusters: a hub and its leaves, or a single leaf, all of whose edges are cut.
    n_cut_at_hubs = 2 * (n_hubs - 1) + K - n_hubs
    assert normalized_cut(A, clusters) <= K - n_hubs + n_cut_at_hubs / 200


def test_a_leaf_of_two_hubs_joins_that_of_its_heavier_edge():
    """Edges are weighted at random; the order of the nodes does not matter."""
    rng, n = np.random.default_rng(0), 62
    upper = np.zeros((n, n))
    upper[:2, 2:] = rng.uniform(1, 2, (2, n - 2))
    A = sparse.csr_array(upper + upper.T)
    colours = graclus_module._refine_colours(A, np.zeros(n, np.uint64))
    merged = graclus_module._merge_nodes(A, n, colours)
    score = upper[:2, 2:] * (
        1 / upper[:2].sum(axis=1)[:, None] + 1 / upper.sum(axis=0)[2:]
    )
    leaf = 2 + np.arange(n - 2)
    first = np.flatnonzero(merged[leaf] != merged[np.argmax(score, axis=0)])
    assert len(np.unique(merged)) == 2 and len(first) <= 1  # the pair of the other hub
    order = rng.permutation(n)
    permuted = graclus(sparse.csr_array(A[order][:, order]), 5)
    assert_array_equal(graclus(A, 5)[order], permuted)


@pytest.mark.parametrize("n_alone", [0, 400])
def test_nodes_that_find_partners_merge_in_pairs(n_alone):
    """Nodes without edges do not count, however many they are."""
    A, _ = planted(0)
    n = A.shape[0] + n_alone
    A = sparse.block_array([[A, None], [None, sparse.csr_array((n_alone, n_alone))]])
    A = sparse.csr_array(A)
    colours = graclus_module._refine_colours(A, np.zeros(n, np.uint64))
    assert np.bincount(graclus_module._merge_nodes(A, n, colours)).max() == 2
