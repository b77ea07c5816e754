"""Two layouts of one connected piece of a graph, both networkx's.

Sparse small pieces get distances on paper in proportion to hops (Kamada and Kawai
1989), which draws molecules as chemists do. Others get ForceAtlas2 (Jacomy et al.
2014), which sets dense groups apart: the large ones with its logarithmic attraction,
without which 40 groups of 25 nodes cannot be told apart.

Either starts flattened from five dimensions: in the plane a ring that starts
folded cannot unfold, among more dimensions it can.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
from scipy import sparse

from npdiffpool.graphs.graph import Floats

_SMALL = 300  # nodes; by distances that takes a few seconds
_MOST_LINKS = 3  # per node: proteins have about 2.5, dense groups more
_HUGE = 2000  # nodes; past that ForceAtlas2, at (N, N) arrays, takes gigabytes
_DIMENSIONS = 5


def piece_positions(links: sparse.csr_array, seed: int) -> Floats:
    """Place the nodes of a connected graph of two nodes or more, (N, 2).

    Parameters
    ----------
    links : (N, N) sparse array
        Symmetric, without self-loops; weights count relative to their mean.
    seed : int
        Of the places in five dimensions from which a layout starts.
    """
    n_nodes, n_links = links.shape[0], links.nnz / 2
    equal = links.data.min() == links.data.max()
    is_sparse = n_nodes <= _SMALL and n_links <= _MOST_LINKS * n_nodes
    G = nx.from_scipy_sparse_array(links / links.data.mean())
    placed = _by_distances(G, seed) if is_sparse and equal else _by_forces(G, seed)
    return _flat(placed)


def _by_distances(G: nx.Graph, seed: int) -> dict[int, Floats]:
    start = nx.random_layout(G, dim=_DIMENSIONS, seed=seed)
    high = nx.kamada_kawai_layout(G, pos=start, dim=_DIMENSIONS, weight=None)
    start = dict(enumerate(_flat(high)))
    placed: dict[int, Floats] = nx.kamada_kawai_layout(G, pos=start, weight=None)
    return placed


def _by_forces(G: nx.Graph, seed: int) -> dict[int, Floats]:
    high = nx.spring_layout(G, dim=_DIMENSIONS, seed=seed)
    start = dict(enumerate(_flat(high)))
    if len(G) > _HUGE:
        return start
    # Small groups drawn with logarithms would be too tight to see into.
    linlog = len(G) > _SMALL
    forces = {"weight": "weight", "linlog": linlog}
    with np.errstate(invalid="ignore"):  # it takes 0 / 0 on a diagonal, then drops it
        placed: dict[int, Floats] = nx.forceatlas2_layout(G, pos=start, **forces)
    return placed


def _flat(placed: dict[int, Floats]) -> Floats:
    """Project on the two longest directions, the longest horizontal, as panels are."""
    points = np.array([placed[node] for node in range(len(placed))])
    centred = points - points.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    flat: Floats = centred @ directions[:2].T
    return flat
