"""Assembly: from the arrays of a TU data set to graphs.

All edges are first joined in one sparse matrix, which is then cut into graphs: no
Python loop runs over edges.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from npdiffpool._support.arguments import warn_caller
from npdiffpool._support.types import CSR, Floats
from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.features import Columns, node_features
from npdiffpool.datasets.tu.reading import TUData
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import offsets_of, slices_of


def assemble(
    data: TUData,
    features: str,
    degree_cap: int,
    source: str,
    citation: str = "",
    weights: str | None = None,
    targets: tuple[str, ...] = (),
) -> Dataset:
    """Return the data set of TU arrays, with features made by `node_features`.

    Edges become undirected with their weight, or 1, repeated edges are merged, and
    self-loops are kept. An edge of weight 0 is none. The degree of a node is the number
    of its distinct neighbours; a self-loop makes it a neighbour of itself. `weights` is
    the name of the column of `data.edge_weights`, `targets` are those of
    `data.graph_targets`, which are the labels if there are any.

    Raises
    ------
    DatasetError
        If `features` names labels or attributes that the data set lacks.
    """
    data = _sort_by_graph(data)
    adjacency = _join_edges(data)
    degrees = np.diff(adjacency.indptr)
    columns = node_features(data, degrees, features, degree_cap)
    sizes = np.bincount(data.graph_indicator, minlength=data.n_graphs + 1)[1:]
    labels = data.graph_labels if data.graph_targets is None else _labels(data)
    listed = [None] * data.n_graphs if labels is None else labels.tolist()
    graphs = [
        _cut_graph(adjacency, columns, rows, label)
        for rows, label in zip(slices_of(offsets_of(sizes)), listed)
    ]
    names = tuple(name for group in columns for name in group.names)
    about = data.name, names, source, citation, data.unused
    return Dataset(graphs, labels, *about, weights=weights, targets=targets)


def _labels(data: TUData) -> Floats:
    """Return the targets of each graph, (G,) if there is only one."""
    table: Any = data.graph_targets
    labels: Floats = table[:, 0] if table.shape[1] == 1 else table
    return labels


def _sort_by_graph(data: TUData) -> TUData:
    """Renumber the nodes so that the nodes of each graph are consecutive."""
    if np.all(np.diff(data.graph_indicator) >= 0):
        return data
    order = np.argsort(data.graph_indicator, kind="stable")
    new_id = np.empty(len(order) + 1, dtype=np.int32)
    new_id[order + 1] = np.arange(1, len(order) + 1)
    labels, attributes = data.node_labels, data.node_attributes
    return data._replace(
        edges=new_id[data.edges],
        graph_indicator=data.graph_indicator[order],
        node_labels=None if labels is None else labels[order],
        node_attributes=None if attributes is None else attributes[order],
    )


def _join_edges(data: TUData) -> CSR:
    """Return one adjacency of all graphs; repeated edges are merged, never added."""
    edges, weights, n_nodes = data.edges, data.edge_weights, len(data.graph_indicator)
    if weights is None:  # booleans add up to True, never to 2
        weights = np.ones(len(edges), dtype=bool)
    else:  # repeated edges have equal weights
        edges, first = np.unique(edges, axis=0, return_index=True)
        weights = weights[first]
    ends = (edges[:, 0] - 1, edges[:, 1] - 1)
    listed = scipy.sparse.csr_array((weights, ends), shape=(n_nodes, n_nodes))
    listed.sum_duplicates()
    listed.eliminate_zeros()
    joined = listed.maximum(listed.T.tocsr())
    _warn_if_mixed(data.name, listed, joined)
    return joined


def _warn_if_mixed(name: str, listed: CSR, joined: CSR) -> None:
    """Warn if some edges are listed in one direction and others in both."""
    n_loops = np.count_nonzero(listed.diagonal())
    n_one_way = joined.nnz - listed.nnz
    n_edges = (joined.nnz - n_loops) // 2
    if 0 < n_one_way < n_edges:
        warn_caller(
            f"{name}: {n_one_way} of {n_edges} edges are listed in one direction only, "
            f"the others in both; all are taken as undirected"
        )


def _cut_graph(
    adjacency: CSR, columns: list[Columns], rows: slice, label: Any
) -> Graph:
    features = np.hstack([group.rows(rows) for group in columns])
    label = tuple(label) if isinstance(label, list) else label
    return Graph(adjacency[rows, rows], features, label)
