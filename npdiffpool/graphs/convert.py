"""Conversion from and to networkx, for `Graph.from_networkx` and `to_networkx`."""

from __future__ import annotations

from itertools import count, takewhile
from typing import Any, Mapping

import numpy as np
import scipy

from npdiffpool._support.arguments import type_name
from npdiffpool._support.types import CSR, Array, Floats
from npdiffpool.graphs.checks import GraphError, as_array, is_hashable, to_floats
from npdiffpool.graphs.degrees import one_hot

try:
    import networkx
except ImportError as error:
    hint = 'needs networkx: pip install "npdiffpool[viz]"'
    raise ImportError(f"{hint} ({error})") from None


_COLUMN = "feature_{}"  # the attribute of a column of features


def from_networkx(
    G: Any, features: Any, weight: str
) -> tuple[CSR, Array, list[Any] | None]:
    """Return adjacency, features and the names of nodes, or None; see `Graph`."""
    require_networkx(G)
    names = list(G.nodes)
    has_names = names != list(range(len(names)))
    features = _features(G, features)
    return _adjacency(G, weight), features, names if has_names else None


def require_networkx(G: Any) -> None:
    """Require a networkx graph of any kind."""
    if not isinstance(G, networkx.Graph):  # the base class of all of them
        raise GraphError(f"G must be a networkx graph; got {type_name(G)}")


def _features(G: Any, features: Any) -> Any:
    """Return the node attributes that are named; anything else as it is."""
    seen = {name for _, attributes in G.nodes(data=True) for name in attributes}
    if features is None:
        return _written_features(G, seen)
    if isinstance(features, str):
        if features in ("degree", "ones") and features not in seen:
            return features
        features = [features]
    if are_names(features):
        features = dict.fromkeys(features)
    return _node_attributes(G, features) if isinstance(features, Mapping) else features


def _adjacency(G: Any, weight: str) -> CSR:
    if G.number_of_nodes() == 0:  # networkx raises for it
        return scipy.sparse.csr_array((0, 0))
    try:
        return networkx.to_scipy_sparse_array(G, weight=weight)
    except (TypeError, ValueError, networkx.NetworkXError) as error:
        raise GraphError(f"weight {weight!r} must be numbers: {error}") from None


def to_networkx(
    adjacency: CSR, features: Floats, label: Any, is_directed: bool, names: Any
) -> Any:
    """Return a networkx graph; see `Graph.to_networkx`."""
    kind = networkx.DiGraph if is_directed else networkx.Graph
    G = networkx.from_scipy_sparse_array(adjacency, create_using=kind)
    for node, row in enumerate(features.tolist()):
        G.nodes[node].update((_COLUMN.format(i), value) for i, value in enumerate(row))
    G.graph["n_features"] = features.shape[1]
    if label is not None:
        G.graph["label"] = label.item() if isinstance(label, np.generic) else label
    return G if names is None else networkx.relabel_nodes(G, dict(enumerate(names)))


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
    return _node_attributes(G, dict.fromkeys(names)) if names else None


def are_names(features: Any) -> bool:
    """Return whether features are given by the names of attributes."""
    is_list = isinstance(features, (list, tuple)) and len(features) > 0
    return is_list and all(isinstance(name, str) for name in features)


def _node_attributes(G: Any, names: Mapping[str, Any]) -> Floats:
    """Return attributes of all nodes as (N, F), one after the other.

    `names` has the values of an attribute that becomes one-hot columns, and None for
    one that has numbers.
    """
    if not names:
        raise GraphError("features must name an attribute; got none")
    columns = []
    for name, known in names.items():
        values = attribute_values(G, name)
        if known is not None:
            columns.append(_one_hot(G, name, values, check_values(name, known)))
            continue
        for node, value in zip(G.nodes, values):
            array = as_array(value, f"attribute {name!r} of node {node!r}")
            if array.dtype.kind == "U":  # a string, or a list of them
                hint = f"list its values: features={{{name!r}: [{value!r}, ...]}}"
                seen = f"{value!r} at node {node!r}"
                raise GraphError(
                    f"attribute {name!r} must be numbers; got {seen}; {hint}"
                )
        column = to_floats(values, f"attribute {name!r}")
        columns.append(column.reshape(len(values), column.size // max(len(values), 1)))
    return np.concatenate(columns, axis=1)


def attribute_values(G: Any, name: str) -> list[Any]:
    """Return an attribute of each node; raise an error if a node lacks it."""
    for node, attributes in G.nodes(data=True):
        if name not in attributes:
            raise GraphError(f"features: node {node!r} has no attribute {name!r}")
    return [attributes[name] for _, attributes in G.nodes(data=True)]


def check_values(name: str, known: Any) -> list[Any]:
    """Return the values of an attribute that become columns, as a list."""
    listed = known.tolist() if isinstance(known, np.ndarray) else known
    is_list = isinstance(listed, (list, tuple)) and len(listed) > 0
    if not is_list or not all(map(is_hashable, listed)):
        raise GraphError(f"features[{name!r}] must be a list of values; got {known!r}")
    if len(set(listed)) < len(listed):
        raise GraphError(f"features[{name!r}] must be different values; got {known!r}")
    return list(listed)


def _one_hot(G: Any, name: str, values: list[Any], known: list[Any]) -> Floats:
    """Return a column for each known value."""
    for node, value in zip(G.nodes, values):
        if not is_hashable(value) or value not in known:
            seen = f"{value!r} at node {node!r}"
            raise GraphError(f"attribute {name!r} must be one of {known}; got {seen}")
    return one_hot(np.array([known.index(value) for value in values], int), len(known))
