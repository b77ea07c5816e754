"""The layout shows bonds, groups and components of a graph."""

import itertools

import networkx as nx
import numpy as np
import pytest
from matplotlib.path import Path
from viz_drawings import cliques

from npdiffpool import load_dataset
from npdiffpool.viz.drawing import layout
from npdiffpool.viz.drawing.layout import node_positions


def planted(n_groups, size):
    """Return a connected graph whose groups have denser links inside than between."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(n_groups), size)
    share = np.where(np.equal.outer(groups, groups), 0.4, 0.02)
    A = np.triu(rng.random(share.shape) < share, k=1).astype(float)
    return A + A.T


def test_self_loops_and_directions_do_not_change_the_layout():
    A = cliques(3, 4).adjacency.toarray()
    positions = node_positions(A, seed=0)
    assert np.array_equal(node_positions(A + np.diag(np.arange(12)), 0), positions)
    assert np.array_equal(node_positions(np.triu(A), 0), positions)
    assert np.array_equal(node_positions(A + np.triu(A), 0), positions)


# Molecules with a ring that folds if the layout starts in only 2 or 3 dimensions.
@pytest.mark.parametrize("molecule", [6, 15, 29, 65, 95])
def test_molecules_are_drawn_without_crossings(molecule):
    A = load_dataset("MUTAG").graphs[molecule].adjacency
    positions = node_positions(A, seed=0)
    edges = np.argwhere(np.triu(A.toarray()))
    for edge, other in itertools.combinations(edges, 2):
        if not set(edge) & set(other):
            assert not Path(positions[edge]).intersects_path(Path(positions[other]))


def test_small_components_have_bonds_of_similar_length():
    A = load_dataset("MUTAG").graphs[5].adjacency
    positions = node_positions(A, seed=0)
    i, j = A.nonzero()
    lengths = np.linalg.norm(positions[i] - positions[j], axis=1)
    assert lengths.max() < 1.5 * lengths.min()


@pytest.mark.parametrize("is_weak", [np.ones((4, 4)), np.eye(4)])  # dense, sparse
def test_heavier_edges_are_drawn_shorter(is_weak):
    heavy = np.kron(np.eye(2), np.ones((4, 4)))
    A = heavy + 0.05 * np.kron([[0, 1], [1, 0]], is_weak) - np.eye(8)
    positions = node_positions(A, seed=0)
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    assert distances[heavy == 1].max() < distances[heavy == 0].min()
    assert np.array_equal(
        node_positions(1024 * A, seed=0), positions
    )  # weights are relative


def test_a_large_ring_does_not_fold():
    x, y = node_positions(cliques(75, 2).adjacency, seed=0).T
    area = np.abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    assert area > 0.4 * np.ptp(x) * np.ptp(y)  # the loops of a tangle cancel


def share_nearest_to_own_group(positions, n_groups):
    """Return the share of nodes whose nearest group centre is their own group's."""
    centres = positions.reshape(n_groups, -1, 2).mean(axis=1)
    nearest = np.linalg.norm(positions[:, None] - centres, axis=2).argmin(axis=1)
    return np.mean(nearest == np.repeat(np.arange(n_groups), len(nearest) // n_groups))


def test_forces_separate_planted_groups():
    positions = node_positions(cliques(10, 12).adjacency, seed=0)
    assert share_nearest_to_own_group(positions, 10) == 1


def test_dense_small_components_are_laid_out_by_forces():
    positions = node_positions(planted(6, 20), seed=0)
    assert share_nearest_to_own_group(positions, 6) > 0.95  # 0.83 with Kamada and Kawai


def test_logarithmic_attraction_separates_many_groups_with_many_links_between():
    positions = node_positions(planted(16, 20), seed=0)
    assert share_nearest_to_own_group(positions, 16) > 0.9  # 0.67 without the logarithm


def test_huge_components_are_laid_out_without_a_matrix_of_all_pairs(monkeypatch):
    monkeypatch.setattr(layout, "_HUGE", 100)
    monkeypatch.setattr(nx, "forceatlas2_layout", None)
    positions = node_positions(cliques(10, 12).adjacency, seed=0)
    assert len(np.unique(positions, axis=0)) == 120


def test_small_components_are_beside_the_main_one_without_touching_it():
    A = np.zeros((60, 60))
    A[:40, :40] = cliques(4, 10).adjacency.toarray()
    A[40, 41] = A[41, 40] = 1  # a pair, and 18 isolated nodes
    positions = node_positions(A, seed=0)
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    nearest = np.min(distances + np.diag(np.full(60, np.inf)), axis=1)
    assert np.max(nearest[40:]) < 5 * np.median(nearest[:40])
    assert np.min(nearest[40:]) > 0.5 * np.median(nearest[:40])
    assert np.max(np.ptp(positions, axis=0)) == pytest.approx(1)
