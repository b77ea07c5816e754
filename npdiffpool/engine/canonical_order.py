"""A canonical order of the nodes of each graph: the same for every given order.

Floating-point sums depend on the order of their terms, so a training on permuted nodes
would soon differ from the original one. In canonical order both have the same arrays.

Nodes are sorted by their stable 1-WL colours, and ties are broken in two ways. *Twins*,
nodes with the same features and neighbours, are numbered in any order, which does not
change the arrays. Then, in each graph, one node of the first tie gets a colour of its
own, and the colours are refined again, until no two are equal (the first path in the
search tree of McKay and Piperno, arXiv 1301.1493). Finally, in large graphs, the
reverse Cuthill-McKee order places neighbours near each other, for faster products.

The result is canonical if the nodes of each tie are automorphic, and the rounds of
refinement suffice. This holds for every graph of the six data sets of the README, but,
for example, not for a 3-ring and a 6-ring in one graph.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterator

import numpy as np
import scipy

from npdiffpool._support.types import CSR, Bools, Ints
from npdiffpool.engine.wl_colours import (
    Colours,
    colours_of_features,
    mix,
    neighbour_totals,
    refine,
)
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.block_diagonal import (
    join_graphs,
    squared_norms,
    take_blocks,
    take_rows,
    with_data,
)
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import join_ranges, offsets_of, segment_ids

# Rounds of refinement of a graph of n nodes and m edges: _WORK / (n + m), but within
# these bounds. Ties that are then left keep their given order.
_WORK, _LEAST_ROUNDS, _MOST_ROUNDS = 5_000_000, 20, 1000
_LARGE = 1000  # nodes of a graph for which the distance of neighbours in memory matters
_CHUNK = 2_000_000  # nodes and edges that are sorted at a time


def in_canonical_order(graphs: list[Graph]) -> tuple[GraphBatch, Ints]:
    """Join graphs to a batch, with the nodes of each graph in canonical order.

    Parameters
    ----------
    graphs : list of Graph

    Returns
    -------
    batch : GraphBatch
        In float64.
    order : (N,) ints
        Row i of the batch is row ``order[i]`` of ``GraphBatch.from_graphs(graphs)``.

    Examples
    --------
    >>> path = Graph.from_edges([(0, 1), (1, 2)], n_nodes=3)
    >>> moved = path.permute([1, 2, 0])
    >>> one, two = (in_canonical_order([graph])[0] for graph in (path, moved))
    >>> bool(np.all(one.adjacency.toarray() == two.adjacency.toarray()))
    True
    """
    orders: list[Ints] = []
    symmetric: list[Bools] = []

    def sorted_parts() -> Iterator[Any]:
        for chunk in _chunks(graphs):
            part = GraphBatch.from_graphs(chunk)
            orders.append(canonical_order(part))
            symmetric.append(part.symmetric)
            adjacency = _permute(part.adjacency, orders[-1])
            features = take_rows(part.features, orders[-1])
            yield replace(part, adjacency=adjacency, features=features)

    adjacency, features, _ = join_graphs(sorted_parts(), np.float64)
    offsets = offsets_of([graph.n_nodes for graph in graphs])
    norms = squared_norms(adjacency, offsets)
    parts = adjacency, features, offsets, norms, np.concatenate(symmetric)
    starts = offsets_of([len(order) for order in orders])
    order = np.concatenate([n + order for n, order in zip(starts, orders)])
    return GraphBatch(*parts), order


def _permute(A: CSR, order: Ints) -> CSR:
    """Return A with row and column i taken from row and column order[i]."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    rows = take_blocks(A, order, np.zeros_like(order))
    permuted = scipy.sparse.csr_array(
        (rows.data, place[rows.indices], rows.indptr), A.shape
    )
    permuted.sort_indices()
    return permuted


def _chunks(graphs: list[Graph]) -> Iterator[list[Graph]]:
    """Yield the graphs in lists that have about `_CHUNK` nodes and edges."""
    sizes = np.cumsum([graph.n_nodes + graph.adjacency.nnz for graph in graphs])
    starts = np.flatnonzero(np.diff(sizes // _CHUNK, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(graphs)]):
        yield graphs[start:stop]


def canonical_order(batch: GraphBatch) -> Ints:
    """Return the canonical order of the nodes of each graph.

    Parameters
    ----------
    batch : GraphBatch

    Returns
    -------
    (N,) ints
        The rows of each graph, which stay among the rows of that graph.
    """
    A, offsets = _with_both_directions(batch), batch.offsets
    # A self-loop must not look like an edge to another node, as it does to 1-WL.
    loops = A.diagonal().astype(np.float64).view(np.uint64)
    colours = colours_of_features(batch.features) ^ mix(loops)
    colours = _number_twins(A, segment_ids(offsets), mix(colours))
    colours = _refine_until_unique(A, offsets, colours)
    order = _sort(colours, offsets)
    return order[_by_neighbours(_permute(A, order), offsets)]


def _refine_until_unique(A: CSR, offsets: Ints, colours: Colours) -> Colours:
    """Refine 1-WL colours until all nodes of a graph differ, or its rounds are over."""
    sizes = np.diff(offsets) + np.diff(A.indptr[offsets])
    limits = np.clip(_WORK // sizes.clip(1), _LEAST_ROUNDS, _MOST_ROUNDS)
    active, n_colours = np.flatnonzero(np.diff(offsets) > 1), 0 * limits
    for done in range(_MOST_ROUNDS):
        active = active[done < limits[active]]
        if not len(active):
            break
        # One round of 1-WL for the graphs in which nodes still share a colour.
        rows, part, cut = _take(A, offsets, active)
        refined = refine(part, colours[rows])
        order = _sort(refined, cut)
        is_new = _is_new(refined[order], segment_ids(cut))
        found = np.add.reduceat(is_new, cut[:-1], dtype=np.intp)
        tied, stable = found < np.diff(cut), found == n_colours[active]
        # Where the round made no new colour, a node of the first tie gets a new one.
        chosen = order[_first_ties(is_new, cut)[tied & stable]]
        refined[chosen] = mix(~refined[chosen])
        colours[rows] = refined
        n_colours[active] = np.where(stable, 0, found)  # 0: refine once more
        active = active[tied]
    return colours


def _by_neighbours(A: CSR, offsets: Ints) -> Ints:
    """Return an order in which neighbours in a large graph are near each other.

    The order of a graph depends on that graph alone.
    """
    order = np.arange(A.shape[0])
    for g in np.flatnonzero(np.diff(offsets) > _LARGE):
        rows, part, _ = _take(A, offsets, np.array([g]))
        order[rows] = rows[scipy.sparse.csgraph.reverse_cuthill_mckee(part)]
    return order


def _with_both_directions(batch: GraphBatch) -> CSR:
    """Return weights that distinguish also the edges that lead to a node.

    The rows of undirected graphs are those of the adjacency.
    """
    A, is_directed = batch.adjacency, np.repeat(~batch.symmetric, batch.sizes)
    if not is_directed.any():
        return A
    transposed = scipy.sparse.csr_array(A.T)
    masked = with_data(transposed, transposed.data * is_directed[transposed.indices])
    # Incoming edges times pi: a plain sum could equal that of other weights.
    return scipy.sparse.csr_array(A + np.pi * masked)


def _number_twins(A: CSR, graph_of: Ints, colours: Colours) -> Colours:
    """Return colours that differ also between nodes of equal colour and neighbours.

    Neighbours of each other are twins if their rows of A + diag(w) are equal, where w_i
    is the largest weight in row i. Nodes without neighbours are twins only of nodes of
    the same graph.
    """
    numbers = mix(np.arange(len(colours)))
    totals = neighbour_totals(A, numbers) + mix(graph_of)
    largest = np.zeros(len(colours))
    filled = np.diff(A.indptr) > 0
    largest[filled] = np.maximum.reduceat(A.data, A.indptr[:-1][filled])
    own = neighbour_totals(scipy.sparse.diags_array(largest, format="csr"), numbers)
    for rows in (totals, totals + own):
        order = np.lexsort((colours, rows))
        starts = np.flatnonzero(_is_new(colours[order], rows[order]))
        sizes = np.diff(np.append(starts, len(order)))
        ranks = join_ranges(0 * sizes, sizes).astype(np.uint64)
        colours[order] = mix(colours[order] + ranks)
    return colours


def _take(A: CSR, offsets: Ints, graphs: Ints) -> tuple[Ints, CSR, Ints]:
    """Return the rows of some graphs, their adjacency and their new offsets."""
    starts, sizes = offsets[graphs], np.diff(offsets)[graphs]
    cut, rows = offsets_of(sizes), join_ranges(starts, sizes)
    return rows, take_blocks(A, rows, np.repeat(cut[:-1] - starts, sizes)), cut


def _sort(colours: Colours, offsets: Ints) -> Ints:
    """Return the order that sorts the colours of each graph.

    A sort key begins with the bits of the graph's index, so the last bits of a colour
    do not count.
    """
    bits = np.uint64(len(offsets).bit_length())
    graphs = segment_ids(offsets).astype(np.uint64) << (np.uint64(64) - bits)
    return np.argsort(graphs | (colours >> bits), kind="stable")


def _is_new(*columns: Ints | Colours) -> Bools:
    """Return which rows of sorted columns differ from the row before."""
    changes = [np.diff(column, prepend=~column[:1]) != 0 for column in columns]
    changed: Bools = np.logical_or.reduce(changes)
    return changed


def _first_ties(is_new: Bools, offsets: Ints) -> Ints:
    """Return the position of the first sorted node that begins a tie, for each graph.

    Graphs without ties get a position without meaning.
    """
    begins = is_new & ~np.append(is_new[1:], True)
    at = np.flatnonzero(begins)
    return np.append(at, 0)[np.searchsorted(at, offsets[:-1])]
