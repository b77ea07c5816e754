"""Write values and counterexamples as Python code, for a test or a bug report.

NumPy's own repr is not enough: it abbreviates long arrays, uses names that are not
imported, and may omit a dtype.
"""

from __future__ import annotations

import ast
import inspect
import math
from textwrap import dedent, fill
from typing import Any

import numpy as np
from scipy import sparse

from npdiffpool._support.types import Array
from npdiffpool.graphs.graph import Graph

_PLAIN = (type(None), bool, int, str, bytes)
_DTYPES = "?bBhHiIlLqQefdFDSU"
_NAMES = {"b": "bool_", "U": "str_", "S": "bytes_"}  # other types are named as dtypes
_MAX_MATRIX = 12  # nodes; a larger graph is written as its edges


def as_code(value: Any) -> str:
    """Return a Python expression that evaluates to a value.

    Parameters
    ----------
    value : array, NumPy scalar, number, str, bytes, None, Graph, list, tuple or dict
        A NamedTuple is written as a plain tuple, which is equal to it: its class may
        not be imported where the code is pasted.

    Returns
    -------
    str
        Needs ``import numpy as np`` and, for a `Graph`, ``from npdiffpool import
        Graph``. It preserves shape, dtype, every digit and the sign of zero, and
        abbreviates nothing; a dtype is written only if the literal has another.

    Raises
    ------
    ValueError
        If `value` is, or contains, anything else.

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
    A, X = graph.adjacency, as_code(graph.features)
    label = "" if graph.label is None else f", label={as_code(graph.label)}"
    names = graph.node_names
    if names is not None:  # `from_edges` has no argument for them
        label += f", node_names={as_code(names)}"
    has_float64 = A.dtype == np.float64
    is_large = graph.n_nodes > _MAX_MATRIX and names is None
    if not (is_large and has_float64 and graph.is_undirected):
        return f"Graph({_array(A.toarray())}, {X}{label})"
    half = sparse.triu(A, format="coo")
    edges = list(zip(half.row.tolist(), half.col.tolist()))
    ones = np.all(half.data == 1.0)
    weights = "" if ones else f", weights={_array(half.data)}"
    return f"Graph.from_edges({edges}, {graph.n_nodes}, {X}{weights}{label})"


def _array(array: Array) -> str:
    """Write an array as np.zeros, np.ones or np.full if it is constant."""
    shape = array.shape[0] if array.ndim == 1 else array.shape
    first = array.ravel()[:1]
    has_zero_bytes = not array.tobytes().strip(b"\0")  # minus zero has not
    if array.ndim and has_zero_bytes:
        call, dtype = f"np.zeros({shape}", np.dtype(np.float64)
    elif array.size > 2 and array.tobytes() == first.tobytes() * array.size:
        is_one = array.dtype.kind in "iufc" and first[0] == 1
        full = f"np.full({shape}, {_element(first[0])}"
        call = f"np.ones({shape}" if is_one else full
        dtype = np.dtype(np.float64) if is_one else np.array(first[0].item()).dtype
    else:
        call, dtype = f"np.array({_nested(array)}", np.array(array.tolist()).dtype
    other = "" if array.dtype == dtype else f", dtype={_dtype(array.dtype)}"
    return f"{call}{other})"


def _nested(array: Any) -> str:
    if array.ndim == 0:
        return _element(array if isinstance(array, np.generic) else array[()])
    return "[" + ", ".join(map(_nested, array)) + "]"


def _element(value: np.generic) -> str:
    """Return the shortest Python number that is equal in the value's dtype."""
    is_short = value.dtype.char in "ef" and np.isfinite(value)
    if is_short and value.dtype.type(float(str(value))) == value:
        return str(value)
    return as_code(value.item())


def _real(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "-np.inf"


def _dtype(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "b":
        return "bool"
    is_plain = dtype.kind in "iufc" and dtype.isnative
    return f"np.{dtype.name}" if is_plain else repr(dtype.str)


def script_of(claim: str, violation: Any) -> str:
    """Return a program that reproduces a `Violation`, ending in the same error.

    It consists of the case as literals and the source of the check's body.
    """
    body, case = violation.check.body, violation.case
    sources = violation.subject.sources
    names = violation.check.takes
    comment = fill(f"Law {claim}", 78, initial_indent="# ", subsequent_indent="# ")
    values = [f"{name} = {as_code(case[name])}" for name in names if name in case]
    paragraphs = [
        "\n".join([comment, "import numpy as np", *_imports(body)]),
        "\n".join(sources[name] for name in names if name in sources),
        "\n".join(values),
        body_of(body),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _imports(body: Any) -> list[str]:
    """Return the import of the globals that a check uses beside NumPy, if any."""
    nodes = ast.walk(ast.parse(body_of(body)))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    used = sorted(names & set(body.__globals__) - {"np"})
    return [f"from {body.__module__} import {', '.join(used)}"] if used else []


def body_of(function: Any) -> str:
    """Return the source of a function's body, without its docstring."""
    source = dedent(inspect.getsource(function))
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    first = node.body[1 if ast.get_docstring(node) is not None else 0]
    return dedent("\n".join(source.splitlines()[first.lineno - 1 :]))


def statement_at(function: Any, line: int) -> str:
    """Return the innermost statement at a line of a function's file, in one line.

    Of an assertion, this is the condition; of a loop or the like, its first line.
    """
    lines, first = inspect.getsourcelines(function)
    nodes = ast.walk(ast.parse(dedent("".join(lines))))  # the outer ones come first
    place = line - first + 1
    *_, found = (
        node
        for node in nodes
        if isinstance(node, ast.stmt)
        and node.lineno <= place <= (node.end_lineno or node.lineno)
    )
    if isinstance(found, ast.Assert):
        found.msg = None
    return ast.unparse(found).partition("\n")[0]
