"""The links that pictures draw connect what the pooled graph connects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csgraph

from npdiffpool.runs.backbone import FAINT, all_links, backbone, describe_links


def between(n, share, seed):
    """Return a symmetric matrix in which a share of the links has a weight."""
    rng = np.random.default_rng(seed)
    A = np.triu((1 + rng.exponential(size=(n, n))) * (rng.random((n, n)) < share))
    return A + A.T


def parts(n, pairs):
    """Return the connected part of each node."""
    A = np.zeros((n, n))
    A[tuple(np.transpose(pairs))] = 1
    return csgraph.connected_components(A, directed=False)[1]


@given(st.integers(9, 40), st.sampled_from([0.02, 0.1, 0.5, 1]), st.integers(0, 99))
def test_it_connects_what_all_links_connect_with_at_most_two_for_each(n, share, seed):
    A, used = between(n, share, seed), np.ones(n, dtype=bool)
    links, every = backbone(A, used), all_links(A, used)
    assert np.array_equal(parts(n, links.pairs), parts(n, every.pairs))
    assert len(links.pairs) <= 2 * n and links.total == len(every.pairs)
    assert links.share * every.weights.sum() == pytest.approx(links.weights.sum())


def test_no_link_that_is_left_out_is_heavier_than_those_beyond_the_forest():
    A, used = between(30, 1, 0), np.ones(30, dtype=bool)
    A[0] = A[:, 0] = 1  # lighter than all others
    links, every = backbone(A, used), all_links(A, used)
    assert len(links.pairs) == 60
    left_out = np.sort(every.weights)[::-1][60]
    light = links.weights <= left_out
    assert 0 < light.sum() < 29  # links of the forest
    for i in np.flatnonzero(light):  # each is the only one between two parts
        without = np.delete(links.pairs, i, axis=0)
        assert parts(30, without).max() == 1


@pytest.mark.parametrize("n", [8, 9])
def test_faint_links_are_drawn_only_to_connect_more_than_eight_clusters(n):
    A = np.ones((n, n))
    A[0, 1:] = A[1:, 0] = 0.9 * FAINT
    links = backbone(A, np.ones(n, dtype=bool))
    assert np.sum(links.weights < FAINT) == (n > 8)
    assert len(links.pairs) == (21 if n == 8 else 18)


def test_faint_links_beyond_the_forest_are_left_out():
    A = np.full((20, 20), 0.9 * FAINT)
    A[0, 1] = A[1, 0] = 1
    assert len(backbone(A, np.ones(20, dtype=bool)).pairs) == 19


def test_links_of_unused_clusters_are_not_counted():
    A, used = between(30, 1, 0), np.arange(30) % 3 > 0
    links = backbone(A, used)
    assert used[links.pairs].all() and links.total == 20 * 19 / 2
    assert len(links.pairs) == 40


def test_equal_links_are_chosen_evenly_and_whatever_the_rounding():
    A, used = np.ones((40, 40)), np.ones(40, dtype=bool)
    noise = 1e-13 * np.random.default_rng(0).normal(size=A.shape)
    links = backbone(A, used)
    assert np.array_equal(backbone(A + noise, used).pairs, links.pairs)
    assert np.bincount(links.pairs.ravel()).max() < 16  # 39 of one would be a star


@pytest.mark.parametrize("share, percent", [(0.6299999952, 63), (0.9999999, 99)])
def test_the_text_tells_what_is_drawn_and_nothing_if_all_is(share, percent):
    text = f"links: 9 of 12, {percent}% of the weight between clusters"
    assert describe_links(9, 12, share) == text
    assert describe_links(12, 12, 1.0) == ""
