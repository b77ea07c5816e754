"""Writing graphs in the TU format, which all commands and torch_geometric read."""

from __future__ import annotations

import os
import re
from numbers import Integral
from pathlib import Path
from typing import Any, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from npdiffpool._support.arguments import as_array, require, require_labels
from npdiffpool._support.atomic_files import atomic_folder
from npdiffpool._support.types import Array, Ints
from npdiffpool.datasets.dataset import Dataset
from npdiffpool.datasets.features import column_kind
from npdiffpool.datasets.tu.reading import MAX_GRAPHS
from npdiffpool.datasets.tu.tables import DatasetError
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.degrees import degree_names, is_one_hot, one_hot
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import offsets_of

# Names of columns that `load_dataset` made from labels or from edges.
_MADE = re.compile(r"label( \d+)?=(0|-?[1-9]\d{0,17})|degree>?=\d+|one", re.ASCII)


def write_tu(
    graphs: Iterable[Graph],
    folder: str | os.PathLike[str],
    labels: Any = None,
    *,
    name: str | None = None,
) -> Path:
    """Write undirected graphs as a data set in the TU format, a folder of text files.

    The folder is written completely or not at all. `load_dataset` reads the same graphs
    from it, given the `features` and `degree_cap` that they were loaded with, with
    features in double precision, and without columns of labels that no graph has
    (`load_dataset_like` places the others); graphs without features get degrees.
    torch_geometric's ``TUDataset(root, name)`` reads it if `folder` is
    ``root/name/raw``.

    Parameters
    ----------
    graphs : sequence of Graph, or Dataset
        All have the same number of features, which are written as node attributes.
        One-hot columns that `load_dataset` made are written as what they stand for:
        those of labels as node labels, those of degrees and ones not at all.
    folder : str or path
        New, or an empty folder. Folders that lead to it are created.
    labels : sequence of G ints, or (G,) or (G, T) floats, optional
        Whole numbers are classes. Floats, several numbers per graph, and those of a
        `Dataset` with targets are the targets of a regression, which
        ``load_dataset(folder, target="attributes")`` reads. Default: those of `graphs`.
        If no graph has one, there are no labels.
    name : str, optional
        The start of each file's name. Default: the name of `folder`.

    Returns
    -------
    Path
        The folder. It has NAME_A.txt, which lists each edge in both directions,
        NAME_graph_indicator.txt, and where there is something to write,
        NAME_graph_labels.txt (classes) or NAME_graph_attributes.txt (targets),
        NAME_node_labels.txt, NAME_node_attributes.txt and NAME_edge_attributes.txt: the
        weights of the edges, unless all are 1. To load them,
        ``load_dataset(folder, weights="attribute 0")``.

    Raises
    ------
    GraphError
        If `graphs` are not graphs with the same number of features, or there are none.
    DatasetError
        If there are no nodes or too many graphs; a graph is directed; without labels,
        the last graph has no nodes, which the files could not show; the folder is not
        empty.
    ValueError
        If the labels are neither one whole number per graph, nor finite floats, equally
        many per graph; or `name` is not the name of a file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from npdiffpool import load_dataset
    >>> rings = [Graph.from_edges([(0, 1), (1, 2), (2, 0)], 3, "ones", label=1)]
    >>> with TemporaryDirectory() as folder:
    ...     path = write_tu(rings, Path(folder, "RINGS"))
    ...     print(*sorted(file.name for file in path.iterdir()))
    ...     load_dataset(path)[0]
    RINGS_A.txt RINGS_graph_indicator.txt RINGS_graph_labels.txt \
RINGS_node_attributes.txt
    Graph(n_nodes=3, n_edges=3, n_features=1, label=1)
    """
    target = Path(folder)
    name = target.name if name is None else name
    is_name = isinstance(name, str) and name not in ("", ".", "..")
    usable = is_name and name.isprintable() and Path(name).name == name
    require(usable, "name", "the name of a file", name)
    listed = _check_graphs(graphs)
    columns = graphs.feature_names if isinstance(graphs, Dataset) else None
    tables = _tables(listed, columns)
    part, values = _labels(graphs, labels, listed)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DatasetError(f"folder must be new or empty; {target} is not")
    if values is not None:
        tables[part] = [values]
    elif listed[-1].n_nodes == 0:
        raise DatasetError(
            "the last graph has no nodes: the files need labels to name it"
        )
    with atomic_folder(target) as temporary:
        for part, blocks in tables.items():
            path = temporary / f"{name}_{part}.txt"
            with open(path, "w", encoding="ascii", newline="\n") as file:
                file.writelines(map(_lines, blocks))
    return target


def _check_graphs(graphs: Any) -> list[Graph]:
    """Return the graphs as a list, validated."""
    listed = check_graphs(graphs)
    for i, graph in enumerate(listed):
        if not graph.is_undirected:
            required = "data sets in the TU format are read as undirected"
            raise DatasetError(f"graphs[{i}] is directed; {required}")
    if len(listed) > MAX_GRAPHS:
        raise DatasetError(f"graphs must be at most {MAX_GRAPHS}; got {len(listed)}")
    if not any(graph.n_nodes for graph in listed):
        raise DatasetError("graphs must have at least one node in all; got none")
    return listed


def _labels(graphs: Any, labels: Any, listed: list[Graph]) -> tuple[str, Array | None]:
    """Return the labels given, or those of the graphs: their file and its table."""
    if labels is None:
        is_dataset = isinstance(graphs, Dataset)
        labels = graphs.labels if is_dataset else [graph.label for graph in listed]
        if labels is None or all(label is None for label in labels):
            return "graph_labels", None
    array = as_array("labels", labels, len(listed))
    is_own = isinstance(graphs, Dataset) and labels is graphs.labels
    are_targets = is_own and graphs.targets or array.ndim == 2
    if array.dtype.kind == "f" or are_targets and array.dtype.kind in "iu":
        return "graph_attributes", _targets(array, len(listed))
    array = require_labels("labels", labels, len(listed))
    for i, label in enumerate(array.tolist()):
        is_whole = isinstance(label, Integral) and not isinstance(label, bool)
        if not is_whole or abs(label) >= (1 << 63) - 1:  # as read
            hint = "np.unique(labels, return_inverse=True) numbers them"
            required = "labels must be whole numbers of 64 bits, or floats"
            raise ValueError(f"{required}; got {label!r} at {i}; {hint}")
    return "graph_labels", array.astype(np.int64)[:, None]


def _targets(array: Array, n_graphs: int) -> Array:
    """Return the targets of a regression, (G, T)."""
    fits = array.ndim in (1, 2) and len(array) == n_graphs and array.size > 0
    required = f"({n_graphs},) or ({n_graphs}, T)"
    require(fits, "labels", required, array.shape)
    wrong = array[~np.isfinite(array)].tolist()
    require(not wrong, "labels", "finite", (wrong or [0.0])[0])
    return array.astype(np.float64).reshape(n_graphs, -1)


def _tables(
    graphs: list[Graph], names: Sequence[str] | None
) -> dict[str, Iterable[Array]]:
    """Return the tables of all nodes and edges, graph by graph."""
    sizes = [graph.n_nodes for graph in graphs]
    starts = offsets_of(sizes)[:-1] + 1
    edges = [np.transpose(graph.adjacency.nonzero()) for graph in graphs]
    tables: dict[str, Iterable[Array]] = {
        "A": (pairs + start for pairs, start in zip(edges, starts)),
        "graph_indicator": [np.repeat(np.arange(len(graphs)) + 1, sizes)[:, None]],
    }
    if any(np.any(graph.adjacency.data != 1) for graph in graphs):
        tables["edge_attributes"] = (graph.adjacency.data[:, None] for graph in graphs)
    labels, attributes = _columns(graphs, names)
    if labels:
        tables["node_labels"] = (_values(graph, labels) for graph in graphs)
    if attributes:
        tables["node_attributes"] = (graph.features[:, attributes] for graph in graphs)
    return tables


def _columns(
    graphs: list[Graph], names: Sequence[str] | None
) -> tuple[list[tuple[list[int], Ints]], list[int]]:
    """Return the one-hot columns of each node label and its values; the attributes."""
    if names is None:
        return [], list(range(graphs[0].n_features))
    kinds = [column_kind(name) if _MADE.fullmatch(name) else "" for name in names]
    if not _are_made(graphs, names, kinds):  # not of these edges: attributes
        kinds = [kind if kind == "label" else "" for kind in kinds]
    labels: dict[str, list[int]] = {}
    for i, (name, kind) in enumerate(zip(names, kinds)):
        if kind == "label":
            labels.setdefault(name.split("=")[0], []).append(i)
    one_hot = [columns for columns in labels.values() if _are_one_hot(graphs, columns)]
    if len(one_hot) < len(labels):  # a node has none of the labels, or several
        one_hot, kinds = [], [kind.replace("label", "") for kind in kinds]
    values = [np.array([int(names[i].split("=")[1]) for i in c]) for c in one_hot]
    return list(zip(one_hot, values)), [i for i, kind in enumerate(kinds) if not kind]


def _are_made(graphs: list[Graph], names: Sequence[str], kinds: list[str]) -> bool:
    """Return whether columns of degrees and ones are what `load_dataset` would make."""
    columns = [i for i, kind in enumerate(kinds) if kind in ("degree", "one")]
    found = [names[i] for i in columns if kinds[i] == "degree"]
    cap = max(len(found) - 1, 1)
    if found not in ([], degree_names(cap)):
        return False
    for graph in graphs:
        degrees = one_hot(np.minimum(np.diff(graph.adjacency.indptr), cap), cap + 1)
        ones = np.ones((graph.n_nodes, 1))
        made = [degrees] * bool(found) + [ones] * (len(columns) - len(found))
        order = [i for kind in ("degree", "one") for i in columns if kinds[i] == kind]
        if columns and not np.array_equal(graph.features[:, order], np.hstack(made)):
            return False
    return True


def _are_one_hot(graphs: list[Graph], columns: list[int]) -> bool:
    return all(is_one_hot(graph.features[:, columns]) for graph in graphs)


def _values(graph: Graph, labels: list[tuple[list[int], Ints]]) -> Array:
    """Return the node labels of a graph, (N, L)."""
    X = graph.features
    return np.stack([v[np.argmax(X[:, c], axis=1)] for c, v in labels], axis=1)


def _lines(table: npt.NDArray[Any]) -> str:
    """Return a table as text. Python's floats are written with all their digits."""
    return "".join(", ".join(map(str, row)) + "\n" for row in table.tolist())
