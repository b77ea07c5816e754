"""Data of the report's explorer: positions and colours for its script.

The nodes of a graph do not move. At each epoch the super-nodes are at the mean
position of their members, moved apart if they would overlap. Lengths are thousandths
of the picture's side, and shares are in percent.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
from matplotlib.colors import to_hex
from scipy import sparse

from npdiffpool._support.types import Array, Floats, Ints, Json
from npdiffpool.runs.snapshots import Pooling, Snapshots, Watched
from npdiffpool.viz.drawing.colours import OKABE_ITO, palette
from npdiffpool.viz.drawing.discs import separate
from npdiffpool.viz.drawing.layout import node_positions
from npdiffpool.viz.drawing.levels import POOLED_AREA, are_used, node_radius

SIDE = 1000
ROUNDS = 40  # of moving discs off links, for each pooling and epoch


class _Level(NamedTuple):
    """The drawn nodes of one level at one epoch."""

    indices: Ints  # (n,) of the nodes among all of the level, hidden ones too
    mass: Floats  # (n,)
    centres: Ints  # (n, 2)
    colours: list[str]  # none for the graph itself


def explorer_data(
    snapshots: Snapshots, names: Sequence[str], classes: Sequence[Any], best_epoch: int
) -> Json:
    """Return the data that the report's script draws.

    Parameters
    ----------
    snapshots : Snapshots
    names : sequence of str
        Names of the features.
    classes : sequence
        Class names, in the order of the probabilities.
    best_epoch : int
        The epoch whose parameters the model has.

    Returns
    -------
    dict
        Its values can be written as JSON.
    """
    return {
        "epochs": snapshots.epochs.tolist(),
        "best": best_epoch,
        "classes": [str(name) for name in classes],
        "graphs": [_graph(graph, names) for graph in snapshots.graphs],
    }


def _graph(graph: Watched, names: Sequence[str]) -> Json:
    n = len(graph.kinds)
    ends = tuple(graph.edges.T)
    A = sparse.coo_array((np.ones(len(graph.edges)), ends), shape=(n, n))
    positions = node_positions(A, seed=0)
    radius = max(3.0, SIDE * node_radius(positions))
    # In SVG y increases downwards; 0.9 leaves a margin.
    nodes = _discs(SIDE * (0.5 + positions * [0.9, -0.9]), np.full(n, radius))
    frames = _frames(graph, np.reshape(nodes["places"], (-1, 2)))
    return {
        "number": graph.number,
        "truth": graph.truth,
        "box": _box([nodes, *(level for levels in frames for level in levels)]),
        **nodes,
        "kinds": [names[k] if 0 <= k < len(names) else "" for k in graph.kinds],
        "edges": graph.edges.ravel().tolist(),
        "sizes": [pooling.mass.shape[1] for pooling in graph.poolings],
        "frames": [
            {"p": _percent(row), "levels": levels}
            for row, levels in zip(graph.probabilities, frames)
        ],
    }


def _frames(graph: Watched, centres: Ints) -> list[list[Json]]:
    """Return, for each epoch, the data of each pooling."""
    n, frames = len(graph.kinds), []
    used = [_are_used(pooling) for pooling in graph.poolings]
    colours = [_colours(*pair) for pair in zip(graph.poolings, used)]
    for epoch in range(len(graph.probabilities)):
        below, levels = _Level(np.arange(n), np.ones(n), centres, []), []
        for pooling, is_used, own in zip(graph.poolings, used, colours):
            clusters = np.flatnonzero(is_used[epoch])
            data, below = _pool(pooling, epoch, clusters, own, below)
            levels.append(data)
        frames.append(levels)
    return frames


def _pool(
    pooling: Pooling, epoch: int, clusters: Ints, own: Sequence[str], below: _Level
) -> tuple[Json, _Level]:
    """Return one pooling at one epoch, as data and as the level of its super-nodes.

    At the first level a cluster has its own colour, the same at all epochs; above, it
    has the colour of its heaviest member.
    """
    cluster, share = (
        pooling.cluster[epoch][below.indices],
        pooling.share[epoch][below.indices],
    )
    mass = pooling.mass[epoch][clusters]
    given = np.where(cluster[:, None] == clusters, (below.mass * share)[:, None], 0)
    total = given.sum(axis=0)
    centres = given.T @ below.centres / np.where(total > 0, total, 1)[:, None]
    centres[total == 0] = np.average(below.centres, axis=0, weights=below.mass)
    area = POOLED_AREA * SIDE**2 * mass / max(mass.sum(), 1e-9)
    radii, links = np.maximum(12, np.sqrt(area / np.pi)), _links(
        pooling, epoch, clusters
    )
    apart = separate(centres / SIDE, radii / SIDE, links[:, :2], ROUNDS)
    discs = _discs(SIDE * apart, radii)
    colours = [
        below.colours[heaviest] if below.colours and total[i] > 0 else own[k]
        for i, (k, heaviest) in enumerate(zip(clusters, given.argmax(axis=0)))
    ]
    data = {
        "cluster": cluster.tolist(),
        "share": _percent(share),
        "used": clusters.tolist(),
        "mass": [round(float(m), 1) for m in mass],
        **discs,
        "links": links.ravel().tolist(),
        "colours": colours,
    }
    return data, _Level(clusters, mass, np.reshape(discs["places"], (-1, 2)), colours)


def _are_used(pooling: Pooling) -> Array:
    """Return which clusters are drawn at each epoch, (E, K)."""
    K = pooling.mass.shape[1]
    n_members = np.array([np.bincount(row, minlength=K) for row in pooling.cluster])
    return are_used(n_members, pooling.mass)


def _colours(pooling: Pooling, used: Array) -> list[str]:
    """Return a colour for each cluster, in decreasing order of members in all epochs.

    More than eight colours are steps of a colour map; clusters that are neighbours in
    that order get distant steps, permuted by multiples of the golden section.
    """
    K = used.shape[1]
    counts = np.bincount(pooling.cluster.ravel(), minlength=K) + used.any(axis=0)
    n_used = int(np.count_nonzero(counts))
    colours = palette(n_used)
    if n_used > len(OKABE_ITO):
        colours = colours[np.argsort(np.argsort(np.arange(n_used) * 0.618 % 1))]
    ranks = np.argsort(np.argsort(-counts, kind="stable"))
    return [to_hex(colours[rank]) if rank < n_used else "" for rank in ranks]


def _discs(centres: Floats, radii: Floats) -> Json:
    """Return discs as whole numbers: x, y, x, y, ... and radii."""
    places = np.round(centres).astype(int).ravel().tolist()
    return {"places": places, "radii": np.floor(radii).astype(int).tolist()}


def _box(levels: Sequence[Json]) -> list[int]:
    """Return x, y, width and height of a square around every disc of a graph."""
    points = np.concatenate([np.reshape(lev["places"], (-1, 2)) for lev in levels])
    radii = np.concatenate([lev["radii"] for lev in levels])[:, None]
    low, high = (points - radii).min(axis=0), (points + radii).max(axis=0)
    side = float(np.max(high - low)) + 20
    corner = (low + high - side) / 2
    return [*np.floor(corner).astype(int).tolist(), *[round(side)] * 2]


def _links(pooling: Pooling, epoch: int, clusters: Ints) -> Ints:
    """Return rows of i, j and weight, in percent of the heaviest, for drawn clusters.

    i and j are indices into `clusters`.
    """
    k, l, weight = pooling.links[pooling.links[:, 0] == epoch][:, 1:].T
    kept = np.isin(k, clusters) & np.isin(l, clusters)
    columns = np.searchsorted(clusters, k), np.searchsorted(clusters, l), 100 * weight
    return np.asarray(np.stack(columns, axis=1)[kept].round().astype(int))


def _percent(shares: Floats) -> list[int]:
    return list(np.round(100 * shares).astype(int).tolist())
