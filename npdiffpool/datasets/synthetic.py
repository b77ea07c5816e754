"""Graphs with a planted hierarchy: communities, and how they group at the top."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy

from npdiffpool._support.arguments import require, require_int, require_number
from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.tu import Ints
from npdiffpool.graphs.graph import Floats, Graph

PARTS = 3  # of each community: towards the one before, the middle, towards the next


class Hierarchy(NamedTuple):
    """Hold graphs, and the truth that was planted in each.

    Attributes
    ----------
    dataset : Dataset
    communities : list of (N,) ints
        Of each graph, the community of each node.
    groups : list of (N,) ints
        Of each graph, the group of each node, 0 or 1.
    """

    dataset: Dataset
    communities: list[Ints]
    groups: list[Ints]


def hierarchical_sbm(
    n_graphs: int = 1000,
    *,
    n_communities: int = 8,
    part_size: int = 3,
    within: float = 0.7,
    between: float = 1.0,
    noise: float = 0.0,
    seed: int = 0,
) -> Hierarchy:
    """Draw block models on two levels, labelled by how communities group.

    The communities of a graph stand in two rings, its two groups: of class 0 as long
    as each other, of class 1 longer and shorter by one community. A community has
    three parts in a row; nodes of one part, or of parts side by side, are joined with
    probability `within`, the last part and the first part of the next community in the
    ring with `between`. So nodes and edges are drawn alike in both classes, and so is
    all that is seen within three edges of a node: the way past a community.

    Parameters
    ----------
    n_graphs : int
        At least 2; the classes take turns.
    n_communities : int
        Even, at least 8.
    part_size : int
        Nodes of each part: a community has three times as many.
    within, between : float
        Probabilities of an edge.
    noise : float
        Features are the one-hot number of the community, numbered at random in each
        graph. This share of the nodes shows any community's.
    seed : int

    Returns
    -------
    Hierarchy

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> drawn = hierarchical_sbm(2)
    >>> [np.bincount(group).tolist() for group in drawn.groups]   # 9 nodes a community
    [[36, 36], [27, 45]]
    """
    require_int("n_graphs", n_graphs, 2)
    require_int("n_communities", n_communities, 8)
    require(n_communities % 2 == 0, "n_communities", "even", n_communities)
    require_int("part_size", part_size, 1)
    require_int("seed", seed, 0)
    _require_shares(within=within, between=between, noise=noise)
    rng = np.random.default_rng(seed)
    labels = np.arange(n_graphs) % 2
    half, size = n_communities // 2, PARTS * part_size
    found = Hierarchy(_empty(labels, n_communities, seed), [], [])
    for label in labels:
        rings = [half - label, half + label]
        community = np.repeat(rng.permutation(n_communities), size)
        chance = _parts(rings, within, between)
        chance = np.kron(chance, np.ones((part_size, part_size)))
        features = _features(rng, community, noise)
        found.dataset.graphs.append(Graph(_draw(rng, chance), features, int(label)))
        found.communities.append(community)
        found.groups.append(np.repeat([0, 1], np.multiply(rings, size)))
    return found


def _require_shares(**shares: float) -> None:
    for name, share in shares.items():
        require(require_number(name, share) <= 1, name, "at most 1", share)


def _empty(labels: Ints, n_communities: int, seed: int) -> Dataset:
    names = tuple(f"community {number}" for number in range(n_communities))
    return Dataset([], labels, "hierarchical SBM", names, f"seed {seed}")


def _parts(rings: list[int], within: float, between: float) -> Floats:
    """Return the probability of an edge from each part to each, all rings in a row."""
    of_ring = []
    for n in rings:
        n_parts = PARTS * n
        step = np.eye(n_parts, k=1) + np.eye(n_parts, k=1 - n_parts)  # part to next
        is_last = np.arange(n_parts) % PARTS == PARTS - 1
        step *= np.where(is_last, between, within)[:, None]
        of_ring.append(step + step.T + within * np.eye(n_parts))
    return np.asarray(scipy.linalg.block_diag(*of_ring))


def _draw(rng: np.random.Generator, chance: Floats) -> Any:
    upper = np.triu(rng.random(chance.shape) < chance, k=1)
    return scipy.sparse.csr_array(upper + upper.T, dtype=float)


def _features(rng: np.random.Generator, community: Ints, noise: float) -> Floats:
    n_communities, N = community.max() + 1, len(community)
    any_one = rng.integers(n_communities, size=N)
    return np.eye(n_communities)[np.where(rng.random(N) < noise, any_one, community)]
