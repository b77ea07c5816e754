"""Values as Python code that can be pasted into a test or a bug report.

`as_code` is all there is. NumPy's own repr is of no use here: it cuts long arrays,
uses names that nobody imported, and may leave out a dtype.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from npdiffpool.graphs.graph import Graph

_PLAIN = (type(None), bool, int, str, bytes)
_DTYPES = "?bBhHiIlLqQefdFDSU"
_NAMES = {"b": "bool_", "U": "str_", "S": "bytes_"}  # the others: as the dtype's
_READABLE = 12  # nodes: a larger graph is told by its edges


def as_code(value: Any) -> str:
    """Write a value as a Python expression that gives it back.

    Parameters
    ----------
    value : array, NumPy scalar, number, str, bytes, None, Graph, list, tuple or dict
        A NamedTuple is written as the plain tuple that it equals, as its class is
        not at hand where the code is pasted.

    Returns
    -------
    str
        Needs ``import numpy as np`` and, for a `Graph`, ``from npdiffpool import
        Graph``. Shape, dtype, every digit and the sign of zero are kept, and
        nothing is cut, however large; a dtype is named only where the literal by
        itself would give another.

    Raises
    ------
    ValueError
        If `value` is, or holds, anything else.

    Examples
    --------
    >>> print(as_code((np.eye(2), np.zeros((0, 2)), np.float32(0.1), -np.inf)))
    (np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros((0, 2)), np.float32(0.1), -np.inf)
    """
    if isinstance(value, Graph):
        return _graph(value)
    if type(value) is np.ndarray and value.dtype.char in _DTYPES:
        return _array(value)
    if isinstance(value, np.generic) and value.dtype.char in _DTYPES:
        name = _NAMES.get(value.dtype.kind, value.dtype.name)
        return f"np.{name}({_element(value)})"
    if type(value) in _PLAIN:
        return repr(value)
    if type(value) is float:
        return _real(value)
    if type(value) is complex:
        return f"complex({_real(value.real)}, {_real(value.imag)})"
    return _container(value)


def _container(value: Any) -> str:
    if isinstance(value, dict):
        pairs = [f"{as_code(key)}: {as_code(item)}" for key, item in value.items()]
        return "{" + ", ".join(pairs) + "}"
    if not isinstance(value, (list, tuple)):
        raise ValueError(
            "value must be made of arrays, numbers, strings, None, graphs, lists, "
            f"tuples and dicts; got {type(value).__name__}"
        )
    items = ", ".join(map(as_code, value))
    if isinstance(value, list):
        return f"[{items}]"
    return f"({items},)" if len(value) == 1 else f"({items})"


def _graph(graph: Graph) -> str:
    """Write the arrays, or the edges where the adjacency would fill the screen."""
    A, X = graph.adjacency, as_code(graph.features)
    label = "" if graph.label is None else f", label={as_code(graph.label)}"
    doubles = A.dtype == np.float64
    if not (graph.n_nodes > _READABLE and doubles and graph.is_undirected):
        return f"Graph({_array(A.toarray())}, {X}{label})"
    half = sparse.triu(A, format="coo")
    edges = list(zip(half.row.tolist(), half.col.tolist()))
    ones = np.all(half.data == 1.0)
    weights = "" if ones else f", weights={_array(half.data)}"
    return f"Graph.from_edges({edges}, {graph.n_nodes}, {X}{weights}{label})"


def _array(array: npt.NDArray[Any]) -> str:
    shape = array.shape[0] if array.ndim == 1 else array.shape
    first = array.ravel()[:1]
    if array.ndim and not array.tobytes().strip(b"\0"):  # so not for minus zero
        call, natural = f"np.zeros({shape}", np.dtype(np.float64)
    elif array.size > 2 and array.tobytes() == first.tobytes() * array.size:
        call, natural = _constant(shape, first[0])
    else:
        call, natural = f"np.array({_nested(array)}", np.array(array.tolist()).dtype
    dtype = "" if array.dtype == natural else f", dtype={_dtype(array.dtype)}"
    return f"{call}{dtype})"


def _constant(shape: Any, value: Any) -> tuple[str, np.dtype[Any]]:
    if value.dtype.kind in "iufc" and value == 1:
        return f"np.ones({shape}", np.dtype(np.float64)
    return f"np.full({shape}, {_element(value)}", np.array(value.item()).dtype


def _nested(array: Any) -> str:
    if array.ndim == 0:
        return _element(array if isinstance(array, np.generic) else array[()])
    return "[" + ", ".join(map(_nested, array)) + "]"


def _element(value: np.generic) -> str:
    """Write the shortest Python number that becomes this one in its dtype."""
    short = value.dtype.char in "ef" and np.isfinite(value)
    if short and value.dtype.type(float(str(value))) == value:
        return str(value)
    return as_code(value.item())


def _real(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "-np.inf"


def _dtype(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "b":
        return "bool"
    plain = dtype.kind in "iufc" and dtype.isnative
    return f"np.{dtype.name}" if plain else repr(dtype.str)
