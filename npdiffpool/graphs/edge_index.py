"""The arrays of torch_geometric, OGB and DGL, for `Graph.from_edge_index`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from npdiffpool._support.types import CSR, Ints
from npdiffpool.graphs import checks
from npdiffpool.graphs.checks import GraphError
from npdiffpool.graphs.ragged import offsets_of, slices_of

MAX_GRAPHS = 1 << 24


def matrix_of_edge_index(edge_index: Any, edge_weight: Any, n_nodes: int) -> CSR:
    """Return the adjacency with A[t, s] for the edge s -> t: t aggregates over s."""
    sources, targets = _check_edge_index(edge_index, n_nodes)
    if edge_weight is not None:
        edge_weight = checks.as_array(edge_weight, "edge_weight")
        if edge_weight.shape == (len(sources), 1):
            edge_weight = edge_weight[:, 0]
    values = checks.check_weights(edge_weight, len(sources), "edge_weight")
    shape = (n_nodes, n_nodes)
    return scipy.sparse.coo_array((values, (targets, sources)), shape=shape)


def label_of(y: Any) -> Any:
    """Return a label: an array of one number is that number, of several a tuple."""
    array = None if y is None else checks.as_array(y, "y")
    if array is None or array.ndim == 0 and array.dtype == object:
        return y
    if array.size == 1:
        return array.item()
    is_row = array.ndim == 1 or array.ndim == 2 and len(array) == 1
    return tuple(array.ravel().tolist()) if is_row and array.size else y


def split_batch(
    adjacency: CSR, batch: Any, y: Any, n_graphs: int | None
) -> tuple[list[slice], list[Any]]:
    """Return the nodes of each graph of a batch, and their labels.

    Raises
    ------
    GraphError
        If `batch` does not have a number below `n_graphs` for each node, or decreases;
        there is not one label for each graph; or an edge joins two graphs.
    """
    graph_of = _check_batch(batch, adjacency.shape[0])
    least = int(graph_of.max(initial=-1)) + 1
    n_graphs = least if n_graphs is None else n_graphs
    checks.check_n_nodes(n_graphs, "n_graphs")
    if n_graphs < least:
        required = f"at least {least}, since batch names graph {least - 1}"
        raise GraphError(f"n_graphs must be {required}; got {n_graphs}")
    if n_graphs > MAX_GRAPHS:
        raise GraphError(
            f"a batch must have at most {MAX_GRAPHS} graphs; got {n_graphs}"
        )
    labels: Any = [None] * n_graphs if y is None else checks.as_array(y, "y")
    if np.ndim(labels) == 0 or len(labels) != n_graphs:
        required = f"y must have a label for each of the {n_graphs} graphs"
        raise GraphError(f"{required}; got shape {np.shape(labels)}")
    ends = adjacency.nonzero()
    crossing = np.flatnonzero(graph_of[ends[0]] != graph_of[ends[1]])
    if len(crossing):
        i, j = (int(end[crossing[0]]) for end in ends)
        raise GraphError(
            f"an edge must stay inside one graph; nodes {j} and {i} are in graphs "
            f"{graph_of[j]} and {graph_of[i]}"
        )
    offsets = offsets_of(np.bincount(graph_of, minlength=n_graphs))
    return slices_of(offsets), [label_of(one) for one in labels]


def count_nodes(x: Any, n_nodes: int | None) -> int:
    """Return the number of nodes: that of the rows of `x`, or the one given."""
    if x is None or isinstance(x, str):
        if n_nodes is None:
            raise GraphError("n_nodes must be given if x is not an array; got None")
        return n_nodes
    array = checks.to_floats(x, "x")
    if array.ndim == 0:
        raise GraphError("x must have a row for each node, (N, F); got a number")
    rows = len(array)
    if n_nodes not in (None, rows):
        raise GraphError(f"n_nodes must be {rows}, the rows of x; got {n_nodes!r}")
    return rows


def _check_edge_index(edge_index: Any, n_nodes: int) -> Ints:
    """Return the sources and the targets of edges as a (2, E) array."""
    checks.check_n_nodes(n_nodes)
    array = checks.as_array(edge_index, "edge_index")
    if array.size == 0:
        return np.zeros((2, 0), dtype=np.intp)
    if array.ndim != 2 or len(array) != 2 or array.dtype.kind not in "iu":
        raise GraphError(
            f"edge_index must be whole numbers of shape (2, E); "
            f"got {array.dtype} of shape {array.shape}"
        )
    checks.require_nodes(array, n_nodes, "edge_index")
    return array


def _check_batch(batch: Any, n_nodes: int) -> Ints:
    """Return the graph of each node as an array that does not decrease."""
    array = checks.as_array(batch, "batch")
    array = array.astype(np.intp) if array.size == 0 else array
    if array.shape != (n_nodes,) or array.dtype.kind not in "iu":
        required = f"batch must be whole numbers of shape ({n_nodes},)"
        raise GraphError(f"{required}; got {array.dtype} of shape {array.shape}")
    numbers = array.astype(np.int64)  # differences of unsigned ones are not negative
    wrong = np.flatnonzero(numbers < np.maximum.accumulate(np.append(0, numbers))[1:])
    if len(wrong):
        required = "batch must number the graphs from 0 and not decrease"
        raise GraphError(f"{required}; got {numbers[wrong[0]]} at node {wrong[0]}")
    return numbers
