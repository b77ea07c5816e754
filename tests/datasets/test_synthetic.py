"""The planted hierarchy: classes differ in their groups, not in neighbourhoods."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse.csgraph import connected_components

from npdiffpool.datasets import hierarchical_sbm


@pytest.fixture(scope="module")
def drawn():
    return hierarchical_sbm(200, seed=3)


def quotient(graph, communities):
    """Return the pooled adjacency: the numbers of edges between communities."""
    S = np.eye(8)[communities]
    return S.T @ graph.adjacency @ S


def test_classes_alternate_and_graphs_are_undirected(drawn):
    assert_array_equal(drawn.dataset.labels, np.arange(200) % 2)
    for graph, label in zip(drawn.dataset, drawn.dataset.labels):
        assert graph.is_undirected and not graph.adjacency.diagonal().any()
        assert graph.label == label and graph.n_nodes == 72


def test_communities_form_two_rings_whose_lengths_are_the_class(drawn):
    for graph, community, group in zip(*drawn):
        joined = quotient(graph, community) > 0
        np.fill_diagonal(joined, False)
        assert_array_equal(joined.sum(axis=1), 2)  # the previous and the next one
        count, ring = connected_components(joined)
        assert count == 2
        assert_array_equal(len(set(zip(ring[community], group))), 2)
        assert sorted(np.bincount(ring)) == [[4, 4], [3, 5]][graph.label]


def test_communities_have_equal_numbers_of_nodes_and_of_outer_edges(drawn):
    for graph, community, _ in zip(*drawn):
        assert_array_equal(np.bincount(community), 9)
        A = quotient(graph, community)
        assert_array_equal(
            A.sum(axis=1) - A.diagonal(), 18
        )  # 3 x 3 to each of two neighbours


def test_degrees_have_the_same_mean_and_variance_in_both_classes(drawn):
    """Over 7200 nodes per class, within four standard errors."""
    degrees = [[], []]
    for graph in drawn.dataset:
        degrees[graph.label] += graph.adjacency.sum(axis=1).tolist()
    first, second = map(np.array, degrees)
    error = np.sqrt(first.var() / len(first) + second.var() / len(second))
    assert abs(first.mean() - second.mean()) < 4 * error
    assert abs(first.var() / second.var() - 1) < 4 * np.sqrt(4 / len(first))


def test_the_share_of_edges_within_a_community_is_the_given_probability():
    drawn = hierarchical_sbm(100, within=0.4, seed=1)
    inside = [
        quotient(graph, community).diagonal().mean() / 2
        for graph, community in zip(drawn.dataset, drawn.communities)
    ]
    pairs = 3 * 3 + 2 * 9  # inside parts, and between neighbouring parts
    assert abs(np.mean(inside) / pairs - 0.4) < 0.0134  # four standard errors


def test_within_three_edges_of_a_node_are_at_most_three_communities(drawn):
    """In rings of every length; a fourth community is four edges away."""
    most = []
    for graph, community in zip(drawn.dataset, drawn.communities):
        step = np.eye(72) + graph.adjacency.toarray()
        three, four = ((np.linalg.matrix_power(step, n) > 0) for n in (3, 4))
        assert max(len(np.unique(community[row])) for row in three) == 3
        most.append(max(len(np.unique(community[row])) for row in four))
    assert max(most) == 4


def test_features_are_the_community_except_for_the_noise():
    clean, noisy = hierarchical_sbm(50), hierarchical_sbm(50, noise=0.4)
    for drawn, expected in ((clean, 1.0), (noisy, 0.6 + 0.4 / 8)):
        shown = [np.argmax(graph.features, axis=1) for graph in drawn.dataset]
        right = np.mean(np.concatenate(shown) == np.concatenate(drawn.communities))
        assert abs(right - expected) < 0.032  # four standard errors; none if clean
        assert expected < 1 or right == 1


def test_communities_have_random_numbers_in_each_graph(drawn):
    assert len({tuple(community) for community in drawn.communities}) > 190


def test_the_defaults_are_those_of_the_published_comparison():
    parameters = inspect.signature(hierarchical_sbm).parameters.values()
    assert {p.name: p.default for p in parameters} == {
        "n_graphs": 1000,
        "n_communities": 8,
        "part_size": 3,
        "within": 0.7,
        "between": 1.0,
        "noise": 0.0,
        "seed": 0,
    }


def test_the_same_seed_gives_the_same_graphs():
    first, second = (hierarchical_sbm(4, noise=0.2, seed=1) for _ in range(2))
    for one, other in zip(first.dataset, second.dataset):
        assert_array_equal(one.adjacency.toarray(), other.adjacency.toarray())
        assert_array_equal(one.features, other.features)
    other = hierarchical_sbm(4, noise=0.2, seed=2).dataset[0]
    assert (other.adjacency != first.dataset[0].adjacency).nnz > 0


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"n_graphs": 1}, "n_graphs must be a whole number >= 2; got 1"),
        ({"n_communities": 6}, "n_communities must be a whole number >= 8; got 6"),
        ({"n_communities": 9}, "n_communities must be even; got 9"),
        ({"part_size": 0}, "part_size must be a whole number >= 1; got 0"),
        ({"within": 1.5}, "within must be at most 1; got 1.5"),
        ({"between": float("nan")}, "between must be a finite number >= 0; got nan"),
        ({"noise": -1}, "noise must be a finite number >= 0; got -1"),
        ({"seed": -1}, "seed must be a whole number >= 0; got -1"),
    ],
)
def test_wrong_arguments_are_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        hierarchical_sbm(**changes)
