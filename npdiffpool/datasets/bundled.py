"""Bundles: a data set as one small .npz. The package contains MUTAG as a bundle.

MUTAG.npz was made from the TU files inside the PyPI wheel grakel 0.1.11
(grakel/tests/data/MUTAG, BSD licence) by tests/make_bundle.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import require
from npdiffpool._support.types import Ints
from npdiffpool._support.untrusted import read_arrays
from npdiffpool.datasets.tu.reading import MAX_GRAPHS, TUData
from npdiffpool.datasets.tu.tables import DatasetError

# The arrays of a `TUData`, with the types that `read_tu` gives them.
TYPES: dict[str, np.dtype[Any]] = {
    "edges": np.dtype(np.int32),
    "graph_indicator": np.dtype(np.int32),
    "graph_labels": np.dtype(np.int64),
    "node_labels": np.dtype(np.int64),
    "node_attributes": np.dtype(np.float64),
    "edge_labels": np.dtype(np.int64),
}


def read_bundle(path: str | Path) -> tuple[TUData, str]:
    """Read and validate a bundle.

    Returns
    -------
    data : TUData
    citation : str

    Raises
    ------
    DatasetError
        If the file is not a bundle of one valid data set. Pickled objects are never
        loaded.
    """
    try:
        bundle = read_arrays(path)
        arrays = {name: bundle[name] for name in TYPES if name in bundle}
        _check(arrays)
        widened: dict[str, Any] = {n: a.astype(TYPES[n]) for n, a in arrays.items()}
        widened["n_graphs"] = len(arrays["graph_labels"])
        widened["unused"] = tuple(n for n in arrays if n == "edge_labels")
        return TUData(str(bundle["name"]), **widened), str(bundle["citation"])
    except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path}: not a bundled data set: {error}") from error


def _check(arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Validate the types and shapes of the arrays, then the ids in them."""
    edges, indicator = arrays["edges"], arrays["graph_indicator"]
    E, N, G = len(edges), len(indicator), len(arrays["graph_labels"])
    shapes = {"edges": (E, 2), "graph_indicator": (N,), "graph_labels": (G,)}
    for name, array in arrays.items():
        rows = E if name == "edge_labels" else N
        shape = shapes.get(name, (rows, *array.shape[-1:]))
        if array.shape != shape or array.dtype.kind != TYPES[name].kind:
            kind = "floats" if TYPES[name].kind == "f" else "integers"
            seen = f"{array.dtype} of shape {array.shape}"
            raise ValueError(f"{name} must be {kind} of shape {shape}; got {seen}")
        wrong = array[~np.isfinite(array)]
        require(len(wrong) == 0, name, "finite", wrong[:1].tolist())
    _check_ids(edges, indicator, N, G)


def _check_ids(edges: Ints, indicator: Ints, N: int, G: int) -> None:
    """Require that every node is in one of G graphs and every edge inside one graph."""
    require(1 <= G <= MAX_GRAPHS, "graph_labels", f"of 1 to {MAX_GRAPHS} graphs", G)
    require(N > 0, "graph_indicator", "one number per node", indicator)
    wrong = indicator[(indicator < 1) | (indicator > G)]
    require(len(wrong) == 0, "graph_indicator", f"1 to {G}", wrong[:1].tolist())
    outside = edges[np.any((edges < 1) | (edges > N), axis=1)]
    require(len(outside) == 0, "edges", f"pairs of 1 to {N}", outside[:1].tolist())
    graphs = indicator[edges - 1]
    crossing = edges[graphs[:, 0] != graphs[:, 1]]
    require(len(crossing) == 0, "each edge", "inside one graph", crossing[:1].tolist())
