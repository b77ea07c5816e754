"""Assignments that are not learned: DiffPool-Det by Graclus, and two controls.

Like learned ones they do not depend on the order of nodes, except where Graclus chooses
among nodes that 1-WL cannot tell apart. A graph with fewer than K clusters has empty
super-nodes; the bias of a GNN gives these an embedding as well.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import scipy

from npdiffpool._support.types import Array, Ints
from npdiffpool.engine.autodiff import getval
from npdiffpool.engine.config import Config
from npdiffpool.engine.graclus import assignment_matrix, graclus
from npdiffpool.engine.pooling import Level
from npdiffpool.engine.wl_colours import (
    Colours,
    colours_of_features,
    merge_colours,
    mix,
    wl_colours,
)
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.ragged import slices_of

_ROUNDS = 3  # of 1-WL, whose colours determine the random assignment


def harden(S: Array) -> Array:
    """Return the one-hot argmax of each row of S (N, K).

    Its gradient is straight-through, that of the identity, since the true derivative is
    0 almost everywhere (Bengio et al., arXiv 1308.3432).
    """
    soft = getval(S)
    hard = np.eye(soft.shape[1], dtype=soft.dtype)[np.argmax(soft, axis=1)]
    return (S - soft) + hard


def fixed_assignment(level: Level, K: int, config: Config) -> tuple[Array, Array]:
    """Return a level's S (N, K) and the entropies of its rows (N,), in nats."""
    N, dtype = level.n_nodes, config.dtype
    if config.assignment == "uniform":
        return np.full((N, K), 1 / K, dtype), np.full(N, np.log(K), dtype)
    return np.eye(K, dtype=dtype)[level.fixed_clusters[0].ravel()], np.zeros(N, dtype)


def with_fixed_clusters(batch: GraphBatch, config: Config) -> GraphBatch:
    """Return a batch with fixed clusters for every level; keep those it has.

    Parameters
    ----------
    batch : GraphBatch
    config : Config
        With an `assignment` other than "graclus" and "random" the batch is returned
        unchanged.

    Returns
    -------
    GraphBatch
    """
    makers = {"graclus": _by_graclus, "random": _at_random}
    make = makers.get(config.assignment)
    if make is None or batch.fixed_clusters or not config.clusters:
        return batch
    return replace(batch, fixed_clusters=make(batch, config))


def _colours(batch: GraphBatch) -> Colours:
    """Return the 1-WL colour of each node, which depends on its features."""
    first = colours_of_features(batch.features)
    return wl_colours(batch.adjacency, first, _ROUNDS)[-1]


def _at_random(batch: GraphBatch, config: Config) -> tuple[Ints, ...]:
    """Assign nodes by a hash of their 1-WL colour, clusters by that of their index."""
    colours = [_colours(batch)]
    for below in config.clusters[:-1]:
        colours.append(np.tile(mix(np.arange(1, below + 1)), (batch.n_graphs, 1)))
    return tuple(
        (mix(part) % np.uint64(K)).astype(np.intp)
        for part, K in zip(colours, config.clusters)
    )


def _by_graclus(batch: GraphBatch, config: Config) -> tuple[Ints, ...]:
    """Cut every graph, and its coarsened graphs, into its share of clusters.

    Missing clusters of a graph are put into the last cluster of the next level.
    """
    levels = [np.zeros(batch.n_nodes, np.intp)]
    for below, K in zip(config.clusters, config.clusters[1:]):
        levels.append(np.full((batch.n_graphs, below), K - 1))
    colours = _colours(batch)
    for g, rows in enumerate(slices_of(batch.offsets)):
        A, seen = scipy.sparse.csr_array(batch.adjacency[rows, rows]), colours[rows]
        for level, K in enumerate(config.clusters):
            n_clusters = n_clusters_of(K, rows.stop - rows.start, config)
            clusters = graclus(A, n_clusters, seen)
            levels[level][(g, slice(len(clusters))) if level else rows] = clusters
            seen, S = merge_colours(seen, clusters), assignment_matrix(clusters)
            A = scipy.sparse.csr_array(S.T @ A @ S)
    return tuple(levels[: len(config.clusters)])


def n_clusters_of(K: int, n_nodes: int, config: Config) -> int:
    """Return the number of clusters of a graph; the largest graph has K."""
    largest = max(config.largest, n_nodes, 1)
    return max(1, ceil(K * n_nodes / largest))
