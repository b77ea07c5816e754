"""Assembly: from the arrays of a TU data set to graphs.

All edges are first joined in one sparse matrix, which is then cut into graphs: no
Python loop runs over edges.
"""

from __future__ import annotations

import numpy as np
import scipy

from npdiffpool._support.types import Ints
from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.features import Columns, node_features
from npdiffpool.datasets.tu import TUData
from npdiffpool.graphs.graph import Graph


def assemble(
    data: TUData, features: str, degree_cap: int, source: str, citation: str = ""
) -> Dataset:
    """Return the data set of TU arrays, with features made by `node_features`.

    Edges become undirected with weight 1, repeated edges are merged, and self-loops are
    kept. The degree of a node is the number of its distinct neighbours; a self-loop
    makes it a neighbour of itself.

    Raises
    ------
    DatasetError
        If `features` names labels or attributes that the data set lacks.
    """
    data = _sort_by_graph(data)
    adjacency = _join_edges(data.edges, len(data.graph_indicator))
    degrees = np.diff(adjacency.indptr)
    columns = node_features(data, degrees, features, degree_cap)
    sizes = np.bincount(data.graph_indicator)[1:]
    stops = np.cumsum(sizes)
    graphs = [
        _cut_graph(adjacency, columns, int(stop - size), int(stop), int(label))
        for size, stop, label in zip(sizes, stops, data.graph_labels)
    ]
    names = tuple(name for group in columns for name in group.names)
    return Dataset(graphs, data.graph_labels, data.name, names, source, citation)


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


def _join_edges(edges: Ints, n_nodes: int) -> scipy.sparse.csr_array:
    """Return one adjacency of all graphs; its booleans add up to True, never to 2."""
    ones = np.ones(len(edges), dtype=bool)
    ends = (edges[:, 0] - 1, edges[:, 1] - 1)
    listed = scipy.sparse.csr_array((ones, ends), shape=(n_nodes, n_nodes))
    listed.sum_duplicates()
    joined: scipy.sparse.csr_array = listed + listed.T.tocsr()
    return joined


def _cut_graph(
    adjacency: scipy.sparse.csr_array,
    columns: list[Columns],
    start: int,
    stop: int,
    label: int,
) -> Graph:
    indptr = adjacency.indptr[start : stop + 1]
    indices = adjacency.indices[indptr[0] : indptr[-1]] - start
    shape = (stop - start, stop - start)
    parts = (np.ones(len(indices)), indices, indptr - indptr[0])
    features = np.hstack([group.rows(start, stop) for group in columns])
    return Graph(scipy.sparse.csr_array(parts, shape=shape), features, label)
