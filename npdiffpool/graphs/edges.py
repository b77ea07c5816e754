"""Lists of undirected edges, as one symmetric adjacency."""

from __future__ import annotations

import numpy as np
import scipy

from npdiffpool._support.arguments import warn_caller
from npdiffpool._support.types import CSR, Array, Bools, Floats, Ints
from npdiffpool.graphs.checks import GraphError


def join_edges(edges: Ints, weights: Floats, n_nodes: int) -> CSR:
    """Return the symmetric adjacency of undirected edges (E, 2) and their weights.

    An edge that is listed in both directions is one edge, as in networkx and in an
    `edge_index` of torch_geometric. Edges listed repeatedly in one direction add up.

    Raises
    ------
    GraphError
        If an edge has another weight, or is listed more often, in one direction than
        in the other.
    """
    low, high = np.sort(edges, axis=1).T.astype(np.int64)
    pairs, place = np.unique(low * n_nodes + high, return_inverse=True)
    place = 2 * place + (edges[:, 0] > edges[:, 1])  # i -> j, then j -> i
    sums, counts = (
        np.bincount(place, values, 2 * len(pairs)).reshape(-1, 2)
        for values in (weights, None)
    )
    ends = pairs // max(n_nodes, 1), pairs % max(n_nodes, 1)
    both = np.all(counts > 0, axis=1)
    _require_equal_directions(ends, sums, counts, both)
    is_loop = ends[0] == ends[1]
    is_edge = ~is_loop & (sums.max(axis=1) > 0)
    if 0 < np.count_nonzero(both & is_edge) < np.count_nonzero(is_edge):
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


def _require_equal_directions(
    ends: tuple[Ints, Ints], sums: Array, counts: Array, both: Bools
) -> None:
    """Raise an error if an edge of `both` directions differs between them."""
    # 1e-9: the sums of repeated edges may differ by rounding.
    unequal = both & (abs(sums[:, 0] - sums[:, 1]) > 1e-9 * sums.max(axis=1))
    if not unequal.any():
        return
    first = int(np.argmax(unequal))
    what, values = "weight", sums
    if counts[first, 0] != counts[first, 1]:
        what, values = "number of entries", counts.astype(int)
    i, j = (int(end[first]) for end in ends)
    there, back = values[first]
    raise GraphError(
        f"an edge in both directions must have the same {what} in each; "
        f"{i} -> {j} has {there}, {j} -> {i} has {back}"
    )
