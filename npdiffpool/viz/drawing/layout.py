"""Force layout of a graph, each connected component on its own.

Forces alone would push a component without links to the main one out of sight, so
components are laid out separately and packed side by side.

A small sparse component gets distances proportional to the number of hops (Kamada and
Kawai 1989), which draws molecules as chemists do. Other components get ForceAtlas2
(Jacomy et al. 2014), which separates dense groups; large ones use its logarithmic
attraction, without which 40 groups of 25 nodes cannot be distinguished. Both start
from a layout in five dimensions projected to two: a ring that starts folded in the
plane cannot unfold there.
"""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from npdiffpool._support.types import CSR, Floats

_GAP = 1.2  # between components, in typical distances of neighbours
_SMALL = 300  # nodes; Kamada and Kawai's layout takes a few seconds for these
_MAX_LINKS = 3  # per node: proteins have about 2.5, dense groups more
_HUGE = 2000  # nodes; with more, ForceAtlas2 needs gigabytes for its (N, N) arrays
_DIMENSIONS = 5


def node_positions(A: Any, seed: int) -> Floats:
    """Compute positions of a graph's nodes, centred, the longer side 1.

    Parameters
    ----------
    A : (N, N) sparse or dense array
        Adjacency; directions and self-loops are ignored.
    seed : int
        Seed of the initial positions.

    Returns
    -------
    (N, 2) array
    """
    if A.shape[0] == 0:
        return np.zeros((0, 2))
    links = _links(A)
    _, component = csgraph.connected_components(links, directed=False)
    order = np.argsort(component, kind="stable")
    components = np.split(order, np.cumsum(np.bincount(component))[:-1])
    positions = np.zeros((links.shape[0], 2))
    layouts = [_lay_out(links[nodes][:, nodes], seed) for nodes in components]
    for nodes, layout, corner in zip(components, layouts, _corners(layouts)):
        positions[nodes] = layout + corner
    low, high = positions.min(axis=0), positions.max(axis=0)
    centred: Floats = positions - (low + high) / 2
    return centred / (np.max(high - low) or 1.0)


def typical_distance(positions: Floats) -> float:
    """Return the median distance of a node to its nearest other node, or 1."""
    if len(positions) < 2:
        return 1.0
    distances, _ = cKDTree(positions).query(positions, k=2)
    return float(np.median(distances[:, 1])) or 1.0


def _links(A: Any) -> CSR:
    """Return the symmetric graph without self-loops, by the larger of two weights."""
    entries = sparse.coo_array(A, dtype=np.float64)
    kept = (entries.row != entries.col) & (entries.data != 0)
    where = entries.row[kept], entries.col[kept]
    links = sparse.csr_array((entries.data[kept], where), shape=entries.shape)
    return sparse.csr_array(links.maximum(links.T))


def _lay_out(links: CSR, seed: int) -> Floats:
    """Lay out a connected component: neighbours about 1 apart, lower left corner 0.

    Weights count relative to their mean.
    """
    n_nodes, n_links = links.shape[0], links.nnz / 2
    if n_nodes == 1:
        return np.zeros((1, 2))
    has_equal_weights = links.data.min() == links.data.max()
    is_sparse = n_nodes <= _SMALL and n_links <= _MAX_LINKS * n_nodes
    G = nx.from_scipy_sparse_array(links / links.data.mean())
    lay_out = _by_distances if is_sparse and has_equal_weights else _by_forces
    positions = _project(lay_out(G, seed))
    positions = positions / typical_distance(positions)
    return np.asarray(positions - positions.min(axis=0))


def _by_distances(G: nx.Graph, seed: int) -> dict[int, Floats]:
    start = nx.random_layout(G, dim=_DIMENSIONS, seed=seed)
    high = nx.kamada_kawai_layout(G, pos=start, dim=_DIMENSIONS, weight=None)
    start = dict(enumerate(_project(high)))
    return dict(nx.kamada_kawai_layout(G, pos=start, weight=None))


def _by_forces(G: nx.Graph, seed: int) -> dict[int, Floats]:
    high = nx.spring_layout(G, dim=_DIMENSIONS, seed=seed)
    start = dict(enumerate(_project(high)))
    if len(G) > _HUGE:
        return start
    # Logarithmic attraction would draw small groups too tightly.
    forces = {"weight": "weight", "linlog": len(G) > _SMALL}
    with np.errstate(invalid="ignore"):  # networkx divides 0 by 0 on a diagonal
        return dict(nx.forceatlas2_layout(G, pos=start, **forces))


def _project(positions: dict[int, Floats]) -> Floats:
    """Project on the two principal directions, the longest one horizontal."""
    points = np.array([positions[node] for node in range(len(positions))])
    centred = points - points.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(centred @ directions[:2].T)


def _corners(layouts: list[Floats]) -> list[Floats]:
    """Return lower left corners that pack the layouts in rows, the largest first."""
    sides = np.array([layout.max(axis=0) + _GAP for layout in layouts])
    width = max(np.sqrt(1.5 * np.sum(np.prod(sides, axis=1))), *sides[:, 0])
    corners = np.zeros((len(layouts), 2))
    x = y = height = 0.0
    for i in np.argsort(-np.prod(sides, axis=1), kind="stable"):
        if x > 0 and x + sides[i, 0] > width + 1e-9:
            x, y, height = 0.0, y - height, 0.0
        height = max(height, sides[i, 1])
        corners[i] = x, y - sides[i, 1]
        x += sides[i, 0]
    return list(corners)
