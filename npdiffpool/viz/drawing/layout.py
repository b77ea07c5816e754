"""Places for nodes: a force layout, pieces packed side by side.

Connected pieces are laid out one at a time: forces alone would push whatever has
no link to the main piece out of sight.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from npdiffpool.graphs.graph import Floats
from npdiffpool.viz.drawing.pieces import piece_positions

_GAP = 1.2  # between pieces, in typical distances of neighbours


def node_positions(A: Any, seed: int) -> Floats:
    """Place the nodes of a graph: (N, 2), centred, the longer side 1.

    Parameters
    ----------
    A : (N, N) sparse or dense array
        Directions and self-loops do not matter.
    seed : int
        Where the layouts start from.
    """
    if A.shape[0] == 0:
        return np.zeros((0, 2))
    links = _links(A)
    _, piece_of = csgraph.connected_components(links, directed=False)
    order = np.argsort(piece_of, kind="stable")
    pieces = np.split(order, np.cumsum(np.bincount(piece_of))[:-1])
    positions = np.zeros((links.shape[0], 2))
    places = [_place(links[nodes][:, nodes], seed) for nodes in pieces]
    for nodes, place, corner in zip(pieces, places, _corners(places)):
        positions[nodes] = place + corner
    return _into_unit_square(positions)


def typical_distance(positions: Floats) -> float:
    """Give the median distance of a node to its nearest other node, or 1."""
    if len(positions) < 2:
        return 1.0
    distances, _ = cKDTree(positions).query(positions, k=2)
    return float(np.median(distances[:, 1])) or 1.0


def _links(A: Any) -> sparse.csr_array:
    """Drop self-loops and directions: the heavier of the two weights counts."""
    entries = sparse.coo_array(A, dtype=np.float64)
    kept = (entries.row != entries.col) & (entries.data != 0)
    where = entries.row[kept], entries.col[kept]
    links = sparse.csr_array((entries.data[kept], where), shape=entries.shape)
    return sparse.csr_array(links.maximum(links.T))


def _place(links: sparse.csr_array, seed: int) -> Floats:
    """Lay out one connected piece, neighbours about 1 apart, its corner at 0."""
    if links.shape[0] == 1:
        return np.zeros((1, 2))
    place = piece_positions(links, seed)
    place /= typical_distance(place)
    moved: Floats = place - place.min(axis=0)
    return moved


def _corners(places: list[Floats]) -> list[Floats]:
    """Pack boxes in rows, the largest first: where the corner of each goes."""
    sides = np.array([place.max(axis=0) + _GAP for place in places]).reshape(-1, 2)
    width = max(np.sqrt(1.5 * np.sum(np.prod(sides, axis=1))), *sides[:, 0], 0)
    corners = np.zeros((len(places), 2))
    x = y = height = 0.0
    for piece in np.argsort(-np.prod(sides, axis=1), kind="stable"):
        if x > 0 and x + sides[piece, 0] > width + 1e-9:
            x, y, height = 0.0, y - height, 0.0
        height = max(height, sides[piece, 1])
        corners[piece] = x, y - sides[piece, 1]
        x += sides[piece, 0]
    return list(corners)


def _into_unit_square(positions: Floats) -> Floats:
    if len(positions) == 0:
        return positions
    low, high = positions.min(axis=0), positions.max(axis=0)
    centred: Floats = positions - (low + high) / 2
    return centred / (np.max(high - low) or 1.0)
