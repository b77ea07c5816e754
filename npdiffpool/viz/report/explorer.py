"""Data of the report's explorer: positions and colours for its script.

Neither the nodes of a graph nor its super-nodes move between epochs, so that only a
change of sizes, colours and links is seen. The place of a super-node is the mean
position of its members at the last epoch that uses it, spread if all are crowded, and
moved apart from those that it would overlap at its largest. Which clusters and links
are drawn, and in which colours, is as in `npdiffpool.viz.hierarchy`. Lengths are
thousandths of the picture's side, and shares are in percent.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
from matplotlib.colors import to_hex
from scipy import sparse

from npdiffpool._support.types import Floats, Ints, Json
from npdiffpool.evaluation.measures import used_clusters
from npdiffpool.runs.backbone import describe_links
from npdiffpool.runs.snapshots import Pooling, RecordedGraph, Snapshots, readable
from npdiffpool.viz.drawing.colours import first_colours, palette
from npdiffpool.viz.drawing.discs import separate, spread
from npdiffpool.viz.drawing.layout import node_positions
from npdiffpool.viz.drawing.levels import POOLED_AREA, node_radius
from npdiffpool.viz.report.outcomes import describe_prediction, describe_truth

SIDE = 1000


class _Level(NamedTuple):
    """The drawn nodes of one level at one epoch, and the links between them."""

    indices: Ints  # (n,) of the nodes among all of the level, hidden ones too
    mass: Floats  # (n,)
    centres: Floats  # (n, 2)
    radii: Floats  # (n,)
    links: Ints  # (E, 3) indices i and j, and weight in percent of the heaviest


def explorer_data(
    snapshots: Snapshots, names: Sequence[str], outputs: Sequence[Any], best_epoch: int
) -> Json:
    """Return the data that the report's script draws.

    Parameters
    ----------
    snapshots : Snapshots
    names : sequence of str
        Names of the features.
    outputs : sequence
        Names of the classes, in the order of the probabilities, or of the targets.
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
        "first": readable([len(graph.kinds) for graph in snapshots.graphs]),
        "graphs": [_graph(graph, names, outputs) for graph in snapshots.graphs],
    }


def _graph(graph: RecordedGraph, names: Sequence[str], outputs: Sequence[Any]) -> Json:
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
        "truth": describe_truth(graph, outputs),
        "box": _box([nodes, *(level for levels in frames for level in levels)]),
        **nodes,
        "kinds": [names[k] if 0 <= k < len(names) else "" for k in graph.kinds],
        "edges": graph.edges.ravel().tolist(),
        "sizes": [pooling.mass.shape[1] for pooling in graph.poolings],
        "frames": [
            {"outcome": describe_prediction(graph, outputs, epoch), "levels": levels}
            for epoch, levels in enumerate(frames)
        ],
    }


def _frames(graph: RecordedGraph, centres: Floats) -> list[list[Json]]:
    """Return, for each epoch, the data of each pooling."""
    n, epochs = len(graph.kinds), range(len(graph.probabilities))
    sizes = [pooling.mass.shape[1] for pooling in graph.poolings]
    colours = [to_hex(colour) for colour in palette(sum(sizes))]
    nodes = _Level(np.arange(n), np.ones(n), centres, np.ones(n), np.zeros((0, 3), int))
    frames: list[list[Json]] = [[] for _ in epochs]
    used = [used_clusters([p.cluster[e] for p in graph.poolings]) for e in epochs]
    below = [nodes for _ in epochs]
    for level, (pooling, start) in enumerate(zip(graph.poolings, first_colours(sizes))):
        moving = [_pool(pooling, e, used[e][level], below[e]) for e in epochs]
        pooled = _fix_places(moving, sizes[level], centres)
        for e in epochs:
            data = _data(pooling, e, below[e].indices, pooled[e])
            data["colours"] = [colours[start + k] for k in pooled[e].indices]
            frames[e].append(data)
        below = pooled
    return frames


def _pool(pooling: Pooling, epoch: int, clusters: Ints, below: _Level) -> _Level:
    """Return the super-nodes of one epoch, at the mean positions of their members."""
    cluster = pooling.cluster[epoch][below.indices]
    share = pooling.share[epoch][below.indices]
    mass, total_mass = pooling.mass[epoch][clusters], pooling.mass[epoch].sum()
    given = np.where(cluster[:, None] == clusters, (below.mass * share)[:, None], 0)
    total = given.sum(axis=0)
    centres = given.T @ below.centres / np.where(total > 0, total, 1)[:, None]
    area = POOLED_AREA * SIDE**2 * mass / max(total_mass, 1e-9)
    radii = np.maximum(12, np.sqrt(area / np.pi))
    return _Level(clusters, mass, centres, radii, _links(pooling, epoch, clusters))


def _fix_places(
    levels: Sequence[_Level], n_clusters: int, layout: Floats
) -> list[_Level]:
    """Return the levels with one place for each cluster at all epochs."""
    places, radii = np.zeros((n_clusters, 2)), np.zeros(n_clusters)
    for level in levels:
        places[level.indices] = level.centres
        radii[level.indices] = np.maximum(radii[level.indices], level.radii)
    ever = np.flatnonzero(radii)
    pairs = np.concatenate([level.indices[level.links[:, :2]] for level in levels])
    pairs = np.searchsorted(ever, np.unique(pairs, axis=0))
    apart = spread(places[ever], radii[ever], layout)
    apart = separate(apart / SIDE, radii[ever] / SIDE, pairs)
    places[ever] = np.round(SIDE * apart)
    return [level._replace(centres=places[level.indices]) for level in levels]


def _data(pooling: Pooling, epoch: int, nodes: Ints, level: _Level) -> Json:
    """Return one pooling of the drawn `nodes` at one epoch, without colours."""
    total_mass = pooling.mass[epoch].sum()
    return {
        "cluster": pooling.cluster[epoch][nodes].tolist(),
        "share": _percent(pooling.share[epoch][nodes]),
        "used": level.indices.tolist(),
        "mass": [round(float(m), 1) for m in level.mass],
        "unused": f"{max(0.0, float(total_mass - level.mass.sum())):.1f}",
        **_discs(level.centres, level.radii),
        "links": level.links.ravel().tolist(),
        "left_out": _left_out(pooling, epoch, level),
    }


def _discs(centres: Floats, radii: Floats) -> Json:
    """Return discs as whole numbers: x, y, x, y, ... and radii."""
    places = np.round(centres).astype(int).ravel().tolist()
    return {"places": places, "radii": np.floor(radii).astype(int).tolist()}


def _box(levels: Sequence[Json]) -> list[int]:
    """Return x, y, width and height of a box around every disc of a graph.

    It is at least half as high as it is wide, and at least half as wide as it is high.
    """
    points = np.concatenate([np.reshape(lev["places"], (-1, 2)) for lev in levels])
    radii = np.concatenate([lev["radii"] for lev in levels])[:, None]
    low, high = (points - radii).min(axis=0), (points + radii).max(axis=0)
    sides = np.maximum(high - low, np.max(high - low) / 2) + 20
    corner = (low + high - sides) / 2
    return [*np.floor(corner).astype(int).tolist(), *sides.round().astype(int).tolist()]


def _links(pooling: Pooling, epoch: int, clusters: Ints) -> Ints:
    """Return rows of i, j and weight, in percent of the heaviest, for drawn clusters.

    i and j are indices into `clusters`.
    """
    k, l, weight = pooling.links[pooling.links[:, 0] == epoch][:, 1:].T
    kept = np.isin(k, clusters) & np.isin(l, clusters)
    columns = np.searchsorted(clusters, k), np.searchsorted(clusters, l), 100 * weight
    return np.asarray(np.stack(columns, axis=1)[kept].round().astype(int))


def _left_out(pooling: Pooling, epoch: int, level: _Level) -> str:
    """Return how many links are drawn and their weight; "" if all, or not known."""
    if pooling.between is None:
        return ""
    total, share = pooling.between[epoch]
    return describe_links(len(level.links), int(total), float(share))


def _percent(shares: Floats) -> list[int]:
    return list(np.round(100 * shares).astype(int).tolist())
