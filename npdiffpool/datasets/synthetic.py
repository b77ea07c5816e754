"""Synthetic graphs with a planted hierarchy: nodes, communities and two groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from npdiffpool._support.arguments import require, require_int, require_number
from npdiffpool._support.types import CSR, Floats, Ints
from npdiffpool.datasets.dataset import Dataset
from npdiffpool.graphs.graph import Graph

PARTS = 3  # per community: towards the previous one, the middle, towards the next one


class Hierarchy(NamedTuple):
    """Graphs and their planted communities and groups.

    Attributes
    ----------
    dataset : Dataset
        The graphs and their classes.
    communities : list of (N,) ints
        For each graph, the community of each node.
    groups : list of (N,) ints
        For each graph, the group of each node, 0 or 1.
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
    """Draw graphs from a block model with two levels; the upper level is the class.

    The communities of a graph form two rings, which are its two groups. In class 0 both
    rings have the same length; in class 1 one ring is longer by two communities. A
    community has three parts in a row. Nodes in the same part or in neighbouring parts
    are joined with probability `within`; nodes in the last part of a community and the
    first part of the next one in the ring with probability `between`. Both classes have
    the same numbers of nodes and distribution of edges. Within three edges of a node
    they look the same, because a path past a community is longer.

    Parameters
    ----------
    n_graphs : int
        At least 2; classes 0 and 1 alternate.
    n_communities : int
        Number of communities per graph: even, at least 8.
    part_size : int
        Number of nodes per part; a community has three times as many.
    within, between : float
        Probabilities of an edge.
    noise : float
        The features of a node are the one-hot number of its community; the numbers are
        random in each graph. For this share of the nodes they are those of a random
        community.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    Hierarchy

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> drawn = hierarchical_sbm(2)  # 9 nodes per community
    >>> [np.bincount(group).tolist() for group in drawn.groups]
    [[36, 36], [27, 45]]
    """
    require_int("n_graphs", n_graphs, 2)
    require_int("n_communities", n_communities, 8)
    require(n_communities % 2 == 0, "n_communities", "even", n_communities)
    require_int("part_size", part_size, 1)
    require_int("seed", seed, 0)
    _check_shares(within=within, between=between, noise=noise)
    rng = np.random.default_rng(seed)
    labels, graphs = np.arange(n_graphs) % 2, list[Graph]()
    communities, groups = list[Ints](), list[Ints]()
    half, size = n_communities // 2, PARTS * part_size
    for label in labels:
        rings = [half - label, half + label]
        community = np.repeat(rng.permutation(n_communities), size)
        chance = _edge_probabilities(rings, within, between)
        chance = np.kron(chance, np.ones((part_size, part_size)))
        features = _draw_features(rng, community, noise)
        graphs.append(Graph(_draw_edges(rng, chance), features, int(label)))
        communities.append(community)
        groups.append(np.repeat([0, 1], np.multiply(rings, size)))
    names = tuple(f"community {number}" for number in range(n_communities))
    dataset = Dataset(graphs, labels, "hierarchical SBM", names, f"seed {seed}")
    return Hierarchy(dataset, communities, groups)


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        require(require_number(name, share) <= 1, name, "at most 1", share)


def _edge_probabilities(rings: list[int], within: float, between: float) -> Floats:
    """Return the probabilities of an edge between any two parts, ring after ring."""
    blocks = []
    for n in rings:
        n_parts = PARTS * n
        step = np.eye(n_parts, k=1) + np.eye(n_parts, k=1 - n_parts)  # part to next
        is_last = np.arange(n_parts) % PARTS == PARTS - 1
        step *= np.where(is_last, between, within)[:, None]
        blocks.append(step + step.T + within * np.eye(n_parts))
    return np.asarray(scipy.linalg.block_diag(*blocks))


def _draw_edges(rng: np.random.Generator, chance: Floats) -> CSR:
    upper = np.triu(rng.random(chance.shape) < chance, k=1)
    return scipy.sparse.csr_array(upper + upper.T, dtype=float)


def _draw_features(rng: np.random.Generator, community: Ints, noise: float) -> Floats:
    n_communities, N = community.max() + 1, len(community)
    random = rng.integers(n_communities, size=N)
    return np.eye(n_communities)[np.where(rng.random(N) < noise, random, community)]
