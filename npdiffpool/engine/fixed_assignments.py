"""Assignments that nothing learns: DiffPool-Det by Graclus, and two controls.

All are the same for a graph however its nodes are numbered, like what is learned, but
for Graclus where 1-WL leaves its choices equal. A graph that gets fewer than K clusters
has super-nodes that hold nothing; a GNN's bias gives these embeddings, too.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import scipy

from npdiffpool.engine.autodiff import getval
from npdiffpool.engine.config import Config
from npdiffpool.engine.graclus import graclus, one_hot
from npdiffpool.engine.pooling import Level
from npdiffpool.engine.wl_colours import (
    Colours,
    colours_of_features,
    merge_colours,
    mix,
    wl_colours,
)
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Ints

Array = Any  # a float array, or autograd's box round one
_ROUNDS = 3  # of 1-WL, whose colours decide what is random


def harden(S: Array) -> Array:
    """Return S with 1 at the largest of each row and 0 elsewhere, straight through.

    The gradient by S is passed on as it comes: an estimate, not the derivative, which
    is 0 (Bengio et al., arXiv 1308.3432). S and the result are (N, K).
    """
    soft = getval(S)
    hard = np.eye(soft.shape[1], dtype=soft.dtype)[np.argmax(soft, axis=1)]
    return (S - soft) + hard


def fixed_assignment(level: Level, K: int, config: Config) -> tuple[Array, Array]:
    """Return S (N, K) of a level, and the entropy of its rows in nats, (N,)."""
    N, dtype = int(level.offsets[-1]), config.dtype
    if config.assignment == "uniform":
        return np.full((N, K), 1 / K, dtype), np.full(N, np.log(K), dtype)
    return np.eye(K, dtype=dtype)[level.clusters[0].ravel()], np.zeros(N, dtype)


def with_clusters(batch: GraphBatch, config: Config) -> GraphBatch:
    """Add to a batch the clusters of every level that training does not change.

    Constant work, done once for a data set; `GraphBatch.take` hands them on.

    Parameters
    ----------
    batch : GraphBatch
    config : Config
        Its `assignment` is "graclus" or "random"; of others nothing is added, nor to
        a batch that has clusters.
    """
    makers = {"graclus": _by_graclus, "random": _at_random}
    if config.assignment not in makers or batch.clusters:
        return batch
    return replace(batch, clusters=makers[config.assignment](batch, config))


def _colours(batch: GraphBatch) -> Colours:
    """Return what 1-WL sees of each node, its features among it."""
    first = colours_of_features(batch.features)
    return wl_colours(batch.adjacency, first, _ROUNDS)[-1]


def _at_random(batch: GraphBatch, config: Config) -> tuple[Ints, ...]:
    """Scatter nodes by their 1-WL colours, and clusters by their numbers."""
    colours = [_colours(batch)]
    for below in config.clusters[:-1]:
        colours.append(np.tile(mix(np.arange(1, below + 1)), (batch.n_graphs, 1)))
    return tuple(
        (mix(part) % np.uint64(K)).astype(np.intp)
        for part, K in zip(colours, config.clusters)
    )


def _by_graclus(batch: GraphBatch, config: Config) -> tuple[Ints, ...]:
    """Cut every graph, and what it is coarsened to, into its share of clusters.

    Clusters that a graph does not have are put into the last of the next level.
    """
    levels = [np.zeros(batch.n_nodes, np.intp)]
    for below, K in zip(config.clusters, config.clusters[1:]):
        levels.append(np.full((batch.n_graphs, below), K - 1))
    colours, bounds = _colours(batch), batch.offsets.tolist()
    for g, rows in enumerate(map(slice, bounds, bounds[1:])):
        A, seen = scipy.sparse.csr_array(batch.adjacency[rows, rows]), colours[rows]
        for level, K in enumerate(config.clusters):
            clusters = graclus(A, share(K, rows.stop - rows.start, config), seen)
            levels[level][(g, slice(len(clusters))) if level else rows] = clusters
            seen, S = merge_colours(seen, clusters), one_hot(clusters)
            A = scipy.sparse.csr_array(S.T @ A @ S)
    return tuple(levels[: len(config.clusters)])


def share(K: int, n_nodes: int, config: Config) -> int:
    """Return how many of K clusters a graph of `n_nodes` gets: K the largest one."""
    largest = max(config.largest, n_nodes, 1)
    return max(1, ceil(K * n_nodes / largest - 1e-9))
