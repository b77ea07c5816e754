"""What the report's explorer shows, as numbers for its script: places and colours.

A graph's nodes stand still; its super-nodes stand, at each epoch, in the middle of
their members, pushed apart where they would overlap. Lengths are thousandths of the
picture's side, shares are in percent.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from matplotlib.colors import to_hex
from scipy import sparse

from npdiffpool.graphs.graph import Floats, Ints
from npdiffpool.runs.snapshots import Pooling, Snapshots, Watched
from npdiffpool.viz.drawing.colours import OKABE_ITO, palette
from npdiffpool.viz.drawing.discs import separate
from npdiffpool.viz.drawing.layout import node_positions
from npdiffpool.viz.drawing.levels import POOLED_AREA, are_used, node_radius

SIDE = 1000
ROUNDS = 40  # of pushing discs off links: it is done at every epoch


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
    ends = tuple(graph.edges.T)
    A = sparse.coo_array((np.ones(len(graph.edges)), ends), shape=(n, n))
    places = node_positions(A, seed=0)
    radius = max(3.0, SIDE * node_radius(places))
    # y goes down in SVG, and a margin is left.
    nodes = _disc(SIDE * (0.5 + places * [0.9, -0.9]), np.full(n, radius))
    frames = _frames(graph, nodes)
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


def _frames(graph: Watched, nodes: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Describe each pooling at each epoch."""
    used = [_are_used(pooling) for pooling in graph.poolings]
    colours = [_colours(*pair) for pair in zip(graph.poolings, used)]
    n, frames = len(graph.kinds), []
    for at in range(len(graph.probabilities)):
        below = {**nodes, "used": np.arange(n), "mass": np.ones(n), "colours": None}
        levels = []
        for pooling, shown, own in zip(graph.poolings, used, colours):
            ks = np.flatnonzero(shown[at])
            below = _level(pooling, at, ks, own, below)
            levels.append(below)
        frames.append(levels)
    return [[_plain(level) for level in levels] for levels in frames]


def _level(
    pooling: Pooling, at: int, ks: Ints, own: Sequence[str], below: dict[str, Any]
) -> dict[str, Any]:
    """Describe one pooling at one epoch: where the clusters stand, and who is in them.

    Clusters of nodes that are not shown are not shown either. At the first level a
    cluster has its own colour, the same at all epochs; above, its heaviest member's.
    """
    shown, mass = below["used"], pooling.mass[at][ks]
    cluster, share = pooling.cluster[at][shown], pooling.share[at][shown]
    given = np.where(cluster[:, None] == ks, (below["mass"] * share)[:, None], 0)
    places = np.reshape(below["places"], (-1, 2))
    held = given.sum(axis=0)
    middle = np.average(places, axis=0, weights=below["mass"])
    centres = given.T @ places / np.where(held > 0, held, 1)[:, None]
    centres[held == 0] = middle
    area = POOLED_AREA * SIDE**2 * mass / max(mass.sum(), 1e-9)
    radii, links = np.maximum(12, np.sqrt(area / np.pi)), _links(pooling, at, ks)
    apart = separate(centres / SIDE, radii / SIDE, links[:, :2], ROUNDS)
    heirs = [below["colours"] and below["colours"][j] for j in given.argmax(axis=0)]
    return {
        "cluster": cluster,
        "share": _percent(share),
        "used": ks,
        "mass": mass,
        **_disc(SIDE * apart, radii),
        "links": links.ravel().tolist(),
        "colours": [
            heir if heir and held[i] > 0 else own[k]
            for i, (k, heir) in enumerate(zip(ks, heirs))
        ],
    }


def _plain(level: dict[str, Any]) -> dict[str, Any]:
    """Turn what is left of arrays into lists."""
    whole = {name: level[name].tolist() for name in ("cluster", "used")}
    return {**level, **whole, "mass": [round(float(m), 1) for m in level["mass"]]}


def _are_used(pooling: Pooling) -> Any:
    """Say which clusters are shown at each epoch, (E, K)."""
    K = pooling.mass.shape[1]
    members = np.array([np.bincount(row, minlength=K) for row in pooling.cluster])
    return are_used(members, pooling.mass)


def _colours(pooling: Pooling, used: Any) -> list[str]:
    """Give each cluster a colour, those that hold the most nodes by argmax first.

    Past eight the colours are steps of a map, and clusters that follow each other in
    that order get steps that are far apart.
    """
    K = used.shape[1]
    counts = np.bincount(pooling.cluster.ravel(), minlength=K) + used.any(axis=0)
    n_used = int(np.count_nonzero(counts))
    colours = palette(n_used)
    if n_used > len(OKABE_ITO):  # the golden section spreads them
        colours = colours[np.argsort(np.argsort(np.arange(n_used) * 0.618 % 1))]
    ranks = np.argsort(np.argsort(-counts, kind="stable"))
    return [to_hex(colours[rank]) if rank < n_used else "" for rank in ranks]


def _disc(centres: Floats, radii: Floats) -> dict[str, Any]:
    """Return discs as whole numbers: x, y, x, y, ... and radii."""
    whole: list[int] = np.round(centres).astype(int).ravel().tolist()
    return {"places": whole, "radii": np.floor(radii).astype(int).tolist()}


def _box(levels: Sequence[dict[str, Any]]) -> list[int]:
    """Return corner, width and height of what holds every disc of a graph, square."""
    points = np.concatenate([np.reshape(lev["places"], (-1, 2)) for lev in levels])
    radii = np.concatenate([lev["radii"] for lev in levels])[:, None]
    low, high = (points - radii).min(axis=0), (points + radii).max(axis=0)
    side = float(np.max(high - low)) + 20
    corner = (low + high - side) / 2
    return [*np.floor(corner).astype(int).tolist(), *[round(side)] * 2]


def _links(pooling: Pooling, at: int, used: Ints) -> Ints:
    """Tabulate links between clusters that are shown: k, l, percent of the heaviest."""
    k, l, weight = pooling.links[pooling.links[:, 0] == at][:, 1:].T
    kept = np.isin(k, used) & np.isin(l, used)
    columns = np.searchsorted(used, k), np.searchsorted(used, l), 100 * weight
    table = np.stack(columns, axis=1)[kept]
    whole: Ints = table.round().astype(int)
    return whole


def _percent(shares: Floats) -> list[int]:
    whole: list[int] = np.round(100 * shares).astype(int).tolist()
    return whole
