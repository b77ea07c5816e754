"""Validation of the arguments of `npdiffpool.graphs.graph.Graph`."""

from __future__ import annotations

from typing import AbstractSet, Any, Hashable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import scipy

from npdiffpool._support.types import CSR, Floats, Ints


class GraphError(ValueError):
    """An invalid graph: the message names the argument and what is wrong with it.

    Examples
    --------
    >>> from npdiffpool import Graph
    >>> Graph([[0, 1], [1, 0]], [[1.0], [np.nan]])
    Traceback (most recent call last):
        ...
    npdiffpool.graphs.checks.GraphError: features must be finite; got nan at [1, 0]
    """


def check_adjacency(adjacency: Any) -> CSR:
    """Return a copy as CSR in canonical format; square, finite and not negative."""
    is_sparse = scipy.sparse.issparse(adjacency)
    A = adjacency if is_sparse else to_floats(adjacency, "adjacency")
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise GraphError(f"adjacency must be square, (N, N); got shape {A.shape}")
    # Cast first: the sum of two uint8 duplicates, 200 + 200, would overflow.
    A = scipy.sparse.csr_array(A.astype(float_dtype(A, "adjacency")))  # a copy
    A.sum_duplicates()
    _require_weights(A.data, "adjacency", A)
    A.eliminate_zeros()
    return A


def check_features(features: Any, n_nodes: int) -> Floats:
    """Return a copy as a finite (N, F) array."""
    X = to_floats(features, "features")
    X = X.reshape(-1, 1) if X.ndim == 1 else X
    if X.ndim != 2 or len(X) != n_nodes:
        raise GraphError(
            f"features must have one row for each of the {n_nodes} nodes, (N, F); "
            f"got shape {X.shape}"
        )
    _require(np.isfinite(X), X, "features must be finite")
    return X


def _require(holds: Any, values: Any, required: str, A: CSR | None = None) -> None:
    """Require what holds for each value; the error names the first that is wrong.

    If `values` are the entries of a matrix `A`, it names the place in `A`.
    """
    if not np.all(holds):
        first = np.unravel_index(np.argmin(holds), holds.shape)
        place = first
        if A is not None:
            place = np.searchsorted(A.indptr, first, "right")[0] - 1, A.indices[first]
        at = ", ".join(str(index) for index in place)
        raise GraphError(f"{required}; got {values[first]} at [{at}]")


def _require_weights(values: Floats, name: str, A: CSR | None = None) -> None:
    """Require finite weights >= 0."""
    _require(np.isfinite(values), values, f"{name} must be finite", A)
    _require(values >= 0, values, f"{name} must not be negative", A)


def to_floats(values: Any, name: str) -> Floats:
    """Return a copy as a dense float array; raise if `values` are not real numbers."""
    is_sparse = scipy.sparse.issparse(values)
    array = values.toarray() if is_sparse else as_array(values, name)
    return np.array(array, dtype=float_dtype(array, name))


def float_dtype(array: Any, name: str) -> npt.DTypeLike:
    """Return float32 for a float32 array, float64 for every other real dtype."""
    is_empty = 0 in array.shape
    if array.dtype.kind not in "biuf" and not is_empty:
        raise GraphError(f"{name} must be real numbers; got dtype {array.dtype}")
    return np.float32 if array.dtype == np.float32 else np.float64


def check_edges(edges: Any, n_nodes: int) -> Ints:
    """Return edges as an (E, 2) array of node numbers."""
    check_n_nodes(n_nodes)
    array = as_array(edges, "edges")
    if array.size == 0:
        return np.zeros((0, 2), dtype=np.intp)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        hint = "; transpose an edge_index" * (array.ndim == 2 and len(array) == 2)
        if array.dtype.kind in "USO":
            hint = "; datasets.from_networkx takes nodes of any name"
        raise GraphError(
            f"edges must be whole numbers of shape (E, 2); "
            f"got {array.dtype} of shape {array.shape}{hint}"
        )
    require_nodes(array, n_nodes, "edges")
    return array


def check_n_nodes(n_nodes: Any, name: str = "n_nodes") -> None:
    """Require a whole number >= 0; `name` is what the error calls it."""
    is_int = isinstance(n_nodes, (int, np.integer)) and not isinstance(n_nodes, bool)
    if not is_int or n_nodes < 0:
        raise GraphError(f"{name} must be a whole number >= 0; got {n_nodes!r}")


def require_nodes(array: Ints, n_nodes: int, name: str) -> None:
    """Require that every entry is the index of a node, 0 ... n_nodes - 1."""
    known = f"name nodes 0 ... {n_nodes - 1}" if n_nodes else "be empty: no nodes"
    _require((array >= 0) & (array < n_nodes), array, f"{name} must {known}")


def check_names(names: Any, n_nodes: int) -> tuple[Hashable, ...] | None:
    """Return the names of the nodes as a tuple."""
    if names is None:
        return None
    has_order = not isinstance(names, (str, bytes, AbstractSet, Mapping))
    listed = tuple(names) if isinstance(names, Iterable) and has_order else ()
    listed = tuple(n.item() if isinstance(n, np.generic) else n for n in listed)
    if len(listed) != n_nodes:
        required = f"node_names must be {n_nodes} names, one for each node"
        raise GraphError(f"{required}; got {names!r}")
    seen = set[Hashable]()
    for name in listed:
        if name is None or not is_hashable(name):
            raise GraphError(f"node_names must be hashable and not None; got {name!r}")
        if name in seen:
            raise GraphError(f"node_names must be different; got {name!r} twice")
        seen.add(name)
    return listed


def is_hashable(value: Any) -> bool:
    """Return whether a value can be a key; a tuple that holds a list cannot."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def check_order(order: Any, n_nodes: int) -> Ints:
    """Return a permutation of the nodes as an array."""
    array = as_array(order, "order")
    array = array.astype(np.intp) if array.size == 0 else array
    is_list = array.dtype.kind in "iu" and array.ndim == 1
    if not is_list or not np.array_equal(np.sort(array), np.arange(n_nodes)):
        once = f"hold each of 0 ... {n_nodes - 1} once" if n_nodes else "be empty"
        required = f"order must {once}"
        raise GraphError(f"{required}; got {array.tolist()}")
    return array


def as_array(values: Any, name: str) -> npt.NDArray[Any]:
    """Return values as an array."""
    try:
        return np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise GraphError(f"{name} must be an array of numbers: {error}") from None


def check_weights(weights: Any, n_edges: int, name: str = "weights") -> Floats:
    """Return one weight per edge; ones for None."""
    array = to_floats(np.ones(n_edges) if weights is None else weights, name)
    if array.shape != (n_edges,):
        required = f"{name} must have shape ({n_edges},), one for each edge"
        raise GraphError(f"{required}; got {array.shape}")
    _require_weights(array, name)
    return array
