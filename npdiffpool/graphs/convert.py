"""Conversion from and to networkx, for `Graph.from_networkx` and `to_networkx`."""

from __future__ import annotations

from itertools import count, takewhile
from typing import Any, Iterable

import numpy as np
import scipy

from npdiffpool._support.arguments import type_name
from npdiffpool._support.types import CSR, Array, Floats
from npdiffpool.graphs.checks import GraphError, to_floats

try:
    import networkx
except ImportError as error:
    hint = 'needs networkx: pip install "npdiffpool[viz]"'
    raise ImportError(f"{hint} ({error})") from None


_COLUMN = "feature_{}"  # the attribute of a column of features


def from_networkx(G: Any, features: Any, weight: str) -> tuple[CSR, Array]:
    """Return adjacency and features of a networkx graph; see `Graph.from_networkx`."""
    if not isinstance(G, networkx.Graph):  # the base class of all networkx graphs
        raise GraphError(f"G must be a networkx graph; got {type_name(G)}")
    n_nodes = G.number_of_nodes()
    seen = {name for _, attributes in G.nodes(data=True) for name in attributes}
    if features is None:
        features = _written_features(G, seen)
    elif isinstance(features, str):
        is_made = features in ("degree", "ones") and features not in seen
        features = features if is_made else _node_attributes(G, [features])
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
    for node, row in enumerate(features.tolist()):
        G.nodes[node].update((_COLUMN.format(i), value) for i, value in enumerate(row))
    G.graph["n_features"] = features.shape[1]
    if label is not None:
        G.graph["label"] = label.item() if isinstance(label, np.generic) else label
    return G


def _written_features(G: Any, seen: set[Any]) -> Any:
    """Return the features that `to_networkx` wrote, or None."""
    names = list(takewhile(seen.__contains__, map(_COLUMN.format, count())))
    n_nodes, written = G.number_of_nodes(), G.graph.get("n_features", len(names))
    if not isinstance(written, int) or n_nodes and written != len(names):
        raise GraphError(
            "the nodes must have as many attributes feature_0, feature_1, ... as the "
            f"graph's attribute n_features says, {written!r}; got {len(names)}"
        )
    if "n_features" in G.graph and 0 in (n_nodes, written):
        return np.zeros((n_nodes, written))
    return _node_attributes(G, names) if names else None


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
