"""Conversion from and to networkx, for `Graph.from_networkx` and `to_networkx`."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np
import scipy

from npdiffpool._support.types import CSR, Array, Floats
from npdiffpool.graphs.checks import GraphError, to_floats

try:
    import networkx
except ImportError as error:
    hint = 'needs networkx: pip install "npdiffpool[viz]"'
    raise ImportError(f"{hint} ({error})") from None


def from_networkx(G: Any, features: Any, weight: str) -> tuple[CSR, Array]:
    """Return adjacency and features of a networkx graph; see `Graph.from_networkx`."""
    if not isinstance(G, networkx.Graph):  # the base class of all networkx graphs
        kind = type(G).__name__
        raise GraphError(f"G must be a networkx graph; got {kind}")
    n_nodes = G.number_of_nodes()
    if features is None:
        features = np.ones((n_nodes, 1))
    elif isinstance(features, str):
        features = _node_attributes(G, [features])
    elif _are_names(features):
        features = _node_attributes(G, features)
    if n_nodes == 0:  # networkx raises for it
        return scipy.sparse.csr_array((0, 0)), features
    try:
        return networkx.to_scipy_sparse_array(G, weight=weight), features
    except (TypeError, ValueError, networkx.NetworkXError) as error:
        raise GraphError(f"weight {weight!r} must be numbers: {error}") from None


def to_networkx(adjacency: CSR, features: Floats, label: Any, is_directed: bool) -> Any:
    """Return a networkx graph; see `Graph.to_networkx`."""
    kind = networkx.DiGraph if is_directed else networkx.Graph
    G = networkx.from_scipy_sparse_array(adjacency, create_using=kind)
    for node, row in enumerate(features):
        G.nodes[node]["features"] = row
    G.graph["label"] = label
    return G


def _are_names(features: Any) -> bool:
    is_list = isinstance(features, (list, tuple)) and len(features) > 0
    return is_list and all(isinstance(name, str) for name in features)


def _node_attributes(G: Any, names: Iterable[str]) -> Floats:
    """Return the attributes `names` of all nodes as (N, F), one after the other."""
    columns = []
    for name in names:
        for node, attributes in G.nodes(data=True):
            if name not in attributes:
                raise GraphError(f"features: node {node!r} has no attribute {name!r}")
        values = [attributes[name] for _, attributes in G.nodes(data=True)]
        column = to_floats(values, f"attribute {name!r}")
        columns.append(column.reshape(len(values), column.size // max(len(values), 1)))
    return np.concatenate(columns, axis=1)
