"""Lists of undirected edges, as one symmetric adjacency."""

from __future__ import annotations

import numpy as np
import scipy

from npdiffpool._support.arguments import warn_caller
from npdiffpool._support.types import CSR, Floats, Ints
from npdiffpool.graphs.checks import GraphError


def join_edges(edges: Ints, weights: Floats, n_nodes: int) -> CSR:
    """Return the symmetric adjacency of undirected edges (E, 2) and their weights.

    An edge that is listed in both directions is one edge, as in networkx and in an
    `edge_index` of torch_geometric. Edges listed repeatedly in one direction add up.

    Raises
    ------
    GraphError
        If the weights of an edge differ between its directions.
    """
    low, high = np.sort(edges, axis=1).T.astype(np.int64)
    pairs, place = np.unique(low * n_nodes + high, return_inverse=True)
    place = 2 * place + (edges[:, 0] > edges[:, 1])  # i -> j, then j -> i
    sums, counts = (
        np.bincount(place, values, 2 * len(pairs)).reshape(-1, 2)
        for values in (weights, None)
    )
    ends = pairs // max(n_nodes, 1), pairs % max(n_nodes, 1)
    is_loop, both = ends[0] == ends[1], np.all(counts > 0, axis=1)
    # 1e-9: the sums of repeated edges may differ by rounding.
    unequal = both & (abs(sums[:, 0] - sums[:, 1]) > 1e-9 * sums.max(axis=1))
    if unequal.any():
        first = int(np.argmax(unequal))
        i, j = (int(end[first]) for end in ends)
        seen = f"{i} -> {j} has {sums[first, 0]} and {j} -> {i} has {sums[first, 1]}"
        raise GraphError(f"weights must be equal in both directions of an edge; {seen}")
    if both.any() and not np.all(both | is_loop):
        warn_caller(
            "edges lists some edges in both directions and others in one; each pair of "
            "nodes was taken as one undirected edge"
        )
    rows, columns = (np.concatenate(sides) for sides in (ends, ends[::-1]))
    kept = np.concatenate([np.ones(len(pairs), bool), ~is_loop])
    with np.errstate(over="ignore"):  # `Graph` refuses infinity
        values = np.tile(sums.max(axis=1), 2).astype(weights.dtype)
    parts = values[kept], (rows[kept], columns[kept])
    return scipy.sparse.coo_array(parts, shape=(n_nodes, n_nodes))
