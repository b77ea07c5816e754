"""Bundles: a data set as one small .npz, which the package carries for MUTAG.

`pack` made MUTAG.npz from the TU files inside the PyPI wheel grakel 0.1.11
(grakel/tests/data/MUTAG, BSD licence)::

    pack(TUFiles("MUTAG"), "MUTAG.npz", cite("MUTAG"))

`read_bundle` reads a bundle and checks it, and `write_tu` makes TU files of it again.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import require
from npdiffpool._support.untrusted import read_arrays
from npdiffpool.datasets.archive import TUFiles
from npdiffpool.datasets.tables import DatasetError
from npdiffpool.datasets.tu import MAX_GRAPHS, Ints, TUData, read_part, read_tu

_ARRAYS = TUData._fields[1:]
_KINDS = {"node_attributes": "f"}


def pack(files: TUFiles, path: str | Path, citation: str) -> None:
    """Write the files of a data set into a bundle, just as they are.

    Parameters
    ----------
    files : TUFiles
    path : path
        The .npz to write.
    citation : str
        What to cite; kept in the bundle.

    Raises
    ------
    DatasetError
        If the data set is unusable; nothing is written then.
    """
    data = read_tu(files)
    if files.has("edge_labels"):
        edge_labels = read_part(files, "edge_labels", np.int64, None)
        data = data._replace(edge_labels=edge_labels)
    arrays: dict[str, Any] = {
        key: _shrink(getattr(data, key)) for key in _ARRAYS if _has(data, key)
    }
    np.savez_compressed(path, name=data.name, citation=citation, **arrays)


def read_bundle(path: str | Path) -> tuple[TUData, str]:
    """Read a bundle, and check of it what `read_tu` checks of TU files.

    Returns
    -------
    data : TUData
    citation : str

    Raises
    ------
    DatasetError
        If it is not a bundle. Pickled objects are never loaded.
    """
    try:
        bundle = read_arrays(path)
        arrays = {key: bundle[key] for key in _ARRAYS if key in bundle}
        data = TUData(name=str(bundle["name"]), **arrays)
        _check(data)
        citation = str(bundle["citation"])
    except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path}: not a bundled data set: {error}") from error
    return _widen(data), citation


def _check(data: TUData) -> None:
    """Require arrays that fit each other."""
    N, G = len(data.graph_indicator), len(data.graph_labels)
    rows = {"edges": len(data.edges), "edge_labels": len(data.edges), "graph_labels": G}
    for key in filter(partial(_has, data), _ARRAYS):
        array = getattr(data, key)
        columns = () if key.startswith("graph_") else array.shape[1:2]
        shape, kind = (rows.get(key, N), *columns), _KINDS.get(key, "i")
        if array.shape != shape or array.dtype.kind != kind:
            seen = f"{array.dtype} of shape {array.shape}"
            raise ValueError(f"{key} must be {kind} of shape {shape}; got {seen}")
        require(bool(np.all(np.isfinite(array))), key, "finite", "what is not")
    _check_ids(data.edges, data.graph_indicator, N, G)


def _check_ids(edges: Ints, indicator: Ints, N: int, G: int) -> None:
    of_graphs, of_nodes = f"of 1 to {G}, each there", f"pairs of 1 to {N}"
    require(1 <= G <= MAX_GRAPHS, "graph_labels", f"of 1 to {MAX_GRAPHS} graphs", G)
    is_known = N > 0 and indicator.min() >= 1 and indicator.max() <= G
    is_full = is_known and np.all(np.bincount(indicator, minlength=G + 1)[1:])
    require(bool(is_full), "graph_indicator", of_graphs, "what is not")
    is_pair = edges.shape[1:] == (2,) and np.all((edges >= 1) & (edges <= N))
    require(bool(is_pair), "edges", of_nodes, "what is not")
    ends = indicator[edges - 1]
    is_inside = bool(np.all(ends[:, 0] == ends[:, 1]))
    require(is_inside, "each edge", "inside one graph", "one that is not")


def write_tu(data: TUData, folder: str | Path) -> None:
    """Write the TU files of a data set into a folder that exists."""
    tables = {
        "A": data.edges,
        **{key: getattr(data, key) for key in _ARRAYS[1:] if _has(data, key)},
    }
    for part, table in tables.items():
        # repr, so that the same float64 is read back.
        lines = [", ".join(map(repr, np.atleast_1d(row).tolist())) for row in table]
        text = "".join(line + "\n" for line in lines)
        file = Path(folder) / f"{data.name}_{part}.txt"
        file.write_text(text, encoding="ascii", newline="\n")


def _has(data: TUData, key: str) -> bool:
    return getattr(data, key) is not None


def _shrink(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype.kind == "f":
        return array
    kinds = [np.int8, np.int16, np.int32]
    low, high = array.min(initial=0), array.max(initial=0)
    fits = [k for k in kinds if np.iinfo(k).min <= low and high <= np.iinfo(k).max]
    return array.astype(fits[0] if fits else np.int64)


def _widen(data: TUData) -> TUData:
    """Give the arrays of a bundle the types that `read_tu` gives."""
    labels = {
        key: getattr(data, key).astype(np.int64)
        for key in ("graph_labels", "node_labels", "edge_labels")
        if _has(data, key)
    }
    edges, indicator = data.edges, data.graph_indicator
    return data._replace(
        edges=edges.astype(np.int32),
        graph_indicator=indicator.astype(np.int32),
        **labels,
    )
