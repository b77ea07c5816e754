"""What the report's explorer shows, as numbers for its script: places and colours.

A graph's nodes stand still; its super-nodes stand, at each epoch, in the middle of
their members, pushed apart where they would overlap. Lengths are thousandths of the
picture's side, shares are in percent.
"""
from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from matplotlib.colors import to_hex

from npdiffpool.graphs import Floats, Ints
from npdiffpool.snapshots import Pooling, Snapshots, Watched
from npdiffpool.viz._colours import palette
from npdiffpool.viz._discs import separate
from npdiffpool.viz._layout import node_positions, typical_distance
from npdiffpool.viz._levels import POOLED_AREA, are_used

SIDE = 1000


def explorer_data(
    snapshots: Snapshots, names: Sequence[str], classes: Sequence[Any], kept: int
) -> dict[str, Any]:
    """Return what the script of the report draws, ready for JSON.

    Parameters
    ----------
    snapshots : Snapshots
    names : sequence of str
        Of the features.
    classes : sequence
        Their names, in the order of the probabilities.
    kept : int
        The epoch whose parameters the model has.
    """
    epochs = snapshots.epochs.tolist()
    return {
        "epochs": epochs,
        "kept": kept,
        "classes": [str(name) for name in classes],
        "graphs": [_graph(graph, names) for graph in snapshots.graphs],
    }


def _graph(graph: Watched, names: Sequence[str]) -> dict[str, Any]:
    n = len(graph.kinds)
    A = np.zeros((n, n))
    A[tuple(graph.edges.T)] = 1
    places = node_positions(A + A.T, seed=0)
    ranks = [_ranks(pooling) for pooling in graph.poolings]
    radius = np.clip(0.33 * typical_distance(places), 0.003, 0.03)
    radii = [round(SIDE * float(radius))] * n
    nodes = {"places": _flat(places), "radii": radii}
    frames = [_frames(graph, places, at) for at in range(len(graph.probabilities))]
    return {
        "number": graph.number,
        "truth": graph.truth,
        "box": _box([nodes, *(level for levels in frames for level in levels)]),
        **nodes,
        "kinds": [names[k] if 0 <= k < len(names) else "" for k in graph.kinds],
        "edges": graph.edges.ravel().tolist(),
        "sizes": [pooling.mass.shape[1] for pooling in graph.poolings],
        "colours": [_colours(rank) for rank in ranks],
        "frames": [
            {"p": _percent(row), "levels": levels}
            for row, levels in zip(graph.probabilities, frames)
        ],
    }


def _ranks(pooling: Pooling) -> Ints:
    """Rank clusters by the nodes they ever hold by argmax; -1 for those never used."""
    counts = np.bincount(pooling.cluster.ravel(), minlength=pooling.mass.shape[1])
    counts = np.maximum(counts, _is_used(pooling).any(axis=0))
    order = np.argsort(-counts, kind="stable")
    ranks = np.full(len(counts), -1)
    ranks[order] = np.arange(len(counts))
    return np.where(counts > 0, ranks, -1)


def _is_used(pooling: Pooling) -> Any:
    """Say which clusters are shown at each epoch, (E, K)."""
    K = pooling.mass.shape[1]
    members = np.array([np.bincount(row, minlength=K) for row in pooling.cluster])
    return are_used(members, pooling.mass)


def _colours(ranks: Ints) -> dict[int, str]:
    """Give each cluster that is ever used its colour, one for all epochs."""
    colours = palette(1 + ranks.max(initial=-1))
    return {int(k): to_hex(colours[ranks[k]]) for k in np.flatnonzero(ranks >= 0)}


def _frames(graph: Watched, places: Floats, at: int) -> list[dict[str, Any]]:
    """Describe each pooling at one epoch."""
    shown, mass = np.arange(len(graph.kinds)), np.ones(len(graph.kinds))
    levels = []
    for pooling in graph.poolings:
        cluster, share = pooling.cluster[at][shown], pooling.share[at][shown]
        used = np.flatnonzero(_is_used(pooling)[at])
        # Clusters of nodes that are not shown are not shown either.
        weights = np.zeros((len(shown), pooling.mass.shape[1]))
        weights[np.arange(len(shown)), cluster] = mass * share
        mass, links = pooling.mass[at][used], _links(pooling.links, at, used)
        radii = np.sqrt(POOLED_AREA / np.pi * mass / max(mass.sum(), 1e-9))
        places = _centres(weights[:, used], places)
        places = separate(places, radii, links[:, :2])
        levels.append(
            {
                "cluster": cluster.tolist(),
                "share": _percent(share),
                "used": used.tolist(),
                "mass": [round(float(nodes), 1) for nodes in mass],
                "places": _flat(places),
                "radii": [max(12, round(SIDE * radius)) for radius in radii],
                "links": links.ravel().tolist(),
            }
        )
        shown = used
    return levels


def _centres(weights: Floats, places: Floats) -> Floats:
    """Put each cluster in its members' middle, those without in the picture's."""
    held = weights.sum(axis=0)
    centres: Floats = weights.T @ places / np.where(held > 0, held, 1)[:, None]
    return centres


def _box(levels: Sequence[dict[str, Any]]) -> list[int]:
    """Return corner, width and height of what holds every disc of a graph, square."""
    points = np.concatenate([np.reshape(lev["places"], (-1, 2)) for lev in levels])
    radii = np.concatenate([lev["radii"] for lev in levels])[:, None]
    low, high = (points - radii).min(axis=0), (points + radii).max(axis=0)
    side = float(np.max(high - low)) + 20
    corner = (low + high - side) / 2
    return [*np.floor(corner).astype(int).tolist(), *[round(side)] * 2]


def _links(links: Floats, at: int, used: Ints) -> Ints:
    """Tabulate links between clusters that are shown: k, l, percent of the heaviest."""
    k, l, weight = links[links[:, 0] == at][:, 1:].T
    kept = np.isin(k, used) & np.isin(l, used)
    columns = np.searchsorted(used, k), np.searchsorted(used, l), 100 * weight
    table = np.stack(columns, axis=1)[kept]
    whole: Ints = table.round().astype(int)
    return whole


def _flat(places: Floats) -> list[int]:
    """Move places, centred and 1 long, into the picture: x, y, x, y, ..."""
    points = SIDE * (np.array([0.5, 0.5]) + places * np.array([0.9, -0.9]))
    flat: list[int] = points.round().astype(int).ravel().tolist()
    return flat


def _percent(shares: Floats) -> list[int]:
    whole: list[int] = np.round(100 * shares).astype(int).tolist()
    return whole
