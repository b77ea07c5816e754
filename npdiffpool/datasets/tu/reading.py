"""The TU format: the text files of a data set as validated arrays.

Read `TUData`, then `read_tu`. All checks are made here, where the number of a wrong
line is known. The modules that use the arrays rely on them.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
import numpy.typing as npt

from npdiffpool._support.types import Floats, Ints
from npdiffpool.datasets.tu.archive import TUFiles
from npdiffpool.datasets.tu.tables import DatasetError, count_lines, read_blocks

_MAX_ID = np.iinfo(np.int32).max
MAX_GRAPHS = 1 << 20
READ = "A graph_indicator graph_labels node_labels node_attributes".split()


class TUData(NamedTuple):
    """The content of the files of a data set; ids are counted from 1.

    Attributes
    ----------
    name : str
        The name of the data set.
    edges : (E, 2) int32
        The lines of NAME_A.txt, including repeated ones.
    graph_indicator : (N,) int32
        The graph of each node.
    graph_labels : (G,) int64 or None
    node_labels : (N, L) int64 or None
    node_attributes : (N, F) float64 or None
    edge_labels : (E, M) int64 or None
        Only in bundles; `read_tu` does not read them, because DiffPool ignores them.
    edge_weights : (E,) float64 or None
        A column of NAME_edge_attributes.txt.
    graph_targets : (G, T) float64 or None
        Columns of NAME_graph_attributes.txt.
    n_graphs : int
        G; may exceed the highest id in `graph_indicator`.
    unused : tuple of str
        The parts NAME_part.txt that are not used, such as "edge_labels".
    """

    name: str
    edges: Ints
    graph_indicator: Ints
    graph_labels: Ints | None
    node_labels: Ints | None = None
    node_attributes: Floats | None = None
    edge_labels: Ints | None = None
    edge_weights: Floats | None = None
    graph_targets: Floats | None = None
    n_graphs: int = 0
    unused: tuple[str, ...] = ()


def read_tu(
    files: TUFiles,
    weights: int | None = None,
    require_labels: bool | None = True,
    targets: Sequence[int] | None = None,
) -> TUData:
    """Read and validate the files of a data set.

    A graph has no nodes if its id does not occur in NAME_graph_indicator.txt. The
    numbers of lines of all files must agree, those of unused ones too: a file that was
    cut short is found where another one shows it.

    Parameters
    ----------
    files : TUFiles
        The files.
    weights : int, optional
        The column of NAME_edge_attributes.txt that has the edge weights, from 0.
    require_labels : bool or None
        Whether NAME_graph_labels.txt must exist. With None only its number of lines is
        read.
    targets : sequence of int, optional
        The columns of NAME_graph_attributes.txt that are regression targets, from 0;
        all if there are none in it.

    Raises
    ------
    DatasetError
        If a file is missing or unreadable, a line is malformed, an edge has an unknown
        node or joins two graphs, an id of a graph or the number of lines of a file does
        not fit the other files, weights are negative or contradict each other, or there
        are more than `MAX_GRAPHS` graphs.
    """
    if targets is not None:  # they take the place of labels
        require_labels = None
    labels = _read_labels(files, require_labels)
    listed = None if labels is None else len(labels)
    for part in ("graph_labels", "graph_attributes"):
        if listed is None and files.has(part):
            listed = _count_lines(files, part)
            _check_n_graphs(listed, files.label(part))
    indicator = _read_indicator(files, listed)
    tables: dict[str, Any] = {
        part: _read_table(files, part, dtype, len(indicator))
        for part, dtype in (("node_labels", np.int64), ("node_attributes", np.float64))
        if files.has(part)
    }
    edges, used = _read_edges(files, indicator), set(READ)
    if weights is not None:
        tables["edge_weights"] = read_weights(files, weights, edges)
        used.add("edge_attributes")
    n_graphs = int(indicator.max()) if listed is None else listed
    if targets is not None:
        tables["graph_targets"] = read_targets(files, targets, n_graphs)
        used.add("graph_attributes")
    unused = tuple(part for part in files.parts() if part not in used)
    _check_unused(files, unused, len(edges), n_graphs)
    about: Any = {"n_graphs": n_graphs, "unused": unused}
    return TUData(files.name, edges, indicator, labels, **tables, **about)


def read_part(
    files: TUFiles, part: str, dtype: Any, columns: int | None
) -> npt.NDArray[Any]:
    """Return the table NAME_part.txt, one row per line.

    Raises
    ------
    DatasetError
        If the file is missing or unreadable, or a line is malformed.
    """
    with files.open(part) as stream:
        table = read_blocks(stream, files.label(part), dtype, columns)
        blocks = [values for _, values in table]
    return np.concatenate(blocks or [np.zeros((0, columns or 0), dtype=dtype)])


def _read_labels(files: TUFiles, required: bool | None) -> Ints | None:
    label, is_there = files.label("graph_labels"), files.has("graph_labels")
    if required and not is_there:
        hint = "training needs one label per graph"
        if files.has("graph_attributes"):
            hint += '; for regression use target="attribute 0"'
        raise DatasetError(f"{label}: the file is missing; {hint}")
    if required is None or not is_there:
        return None
    labels = read_part(files, "graph_labels", np.int64, 1).ravel()
    _check_n_graphs(len(labels), label)
    return labels


def _check_n_graphs(n_graphs: int, label: str) -> None:
    if n_graphs > MAX_GRAPHS:
        most = f"at most {MAX_GRAPHS} are accepted"
        raise DatasetError(f"{label}: {n_graphs} graphs; {most}")


def _read_indicator(files: TUFiles, listed: int | None) -> Ints:
    label = files.label("graph_indicator")
    indicator = read_part(files, "graph_indicator", np.int64, 1).ravel()
    wrong = np.flatnonzero((indicator < 1) | (indicator > _MAX_ID))
    if len(wrong):
        seen = f"{label}, line {wrong[0] + 1}: graph {indicator[wrong[0]]}"
        raise DatasetError(f"{seen}; graphs are numbered from 1")
    highest = int(indicator.max(initial=0))
    if highest == 0:
        raise DatasetError(f"{label}: no nodes; it must hold a line for each node")
    if listed is not None and highest > listed:
        part = "graph_labels" if files.has("graph_labels") else "graph_attributes"
        raise DatasetError(
            f"{files.label(part)}: {listed} lines; it must hold one for each of the "
            f"{highest} graphs of {label}"
        )
    _check_n_graphs(highest, label)
    return indicator.astype(np.int32)


def _read_table(files: TUFiles, part: str, dtype: Any, n: int) -> npt.NDArray[Any]:
    """Return a table with a row for each of `n` nodes, edges or graphs."""
    table = read_part(files, part, dtype, None)
    _check_lines(files, part, len(table), n)
    return table


def _check_lines(files: TUFiles, part: str, seen: int, n: int) -> None:
    """Require a line for each of `n` nodes, edges or graphs, by the start of `part`."""
    kind = part.split("_")[0]
    other = {"node": "graph_indicator", "edge": "A", "graph": "graph_labels"}[kind]
    if seen != n:
        raise DatasetError(
            f"{files.label(part)}: {seen} lines; it must hold one for each of the {n} "
            f"{kind}s of {files.label(other)}"
        )


def _count_lines(files: TUFiles, part: str) -> int:
    with files.open(part) as stream:
        return count_lines(stream, files.label(part))


def _check_unused(
    files: TUFiles, unused: Sequence[str], n_edges: int, n_graphs: int
) -> None:
    """Check the number of lines of files that are not used otherwise."""
    lines = {"edge_labels": n_edges, "edge_attributes": n_edges}
    lines["graph_attributes"] = n_graphs
    for part, n in lines.items():
        if part in unused:
            _check_lines(files, part, _count_lines(files, part), n)


def _read_edges(files: TUFiles, indicator: Ints) -> Ints:
    label = files.label("A")
    blocks = [np.zeros((0, 2), dtype=np.int32)]
    with files.open("A") as stream:
        for line, values in read_blocks(stream, label, np.int64, 2):
            _check_edges(values, indicator, label, line)
            # Half the memory: there may be millions of edges.
            blocks.append(values.astype(np.int32))
    return np.concatenate(blocks)


def _check_edges(edges: Ints, indicator: Ints, label: str, line: int) -> None:
    outside = (edges < 1) | (edges > len(indicator))
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise DatasetError(
            f"{label}, line {line + row}: node {edges[row, column]} is in no graph; "
            f"nodes are numbered from 1 to {len(indicator)}"
        )
    graphs = indicator[edges - 1]
    crossing = np.flatnonzero(graphs[:, 0] != graphs[:, 1])
    if len(crossing):
        row = crossing[0]
        (source, target), (first, second) = edges[row], graphs[row]
        raise DatasetError(
            f"{label}, line {line + row}: edge {source}, {target} joins graph {first} "
            f"and graph {second}; an edge must stay inside one graph"
        )


def read_weights(files: TUFiles, column: int, edges: Ints) -> Floats:
    """Return a column of NAME_edge_attributes.txt, the weight of each line of edges.

    Raises
    ------
    DatasetError
        If the file is missing or malformed, lacks the column, or has another number of
        lines; if a weight is negative, or the lines of an edge, in either direction,
        have different weights.
    """
    label = files.label("edge_attributes")
    if not files.has("edge_attributes"):
        raise lacks_weights(label)
    table = _read_table(files, "edge_attributes", np.float64, len(edges))
    width = table.shape[1] if len(table) else column + 1
    if column >= width:
        raise _lacks_column("weights", column, width, label)
    weights = table[:, column] if len(table) else np.zeros(0)
    negative = np.flatnonzero(weights < 0)
    if len(negative):
        where = f"{label}, line {negative[0] + 1}"
        raise DatasetError(f"{where}: the weight {weights[negative[0]]} is negative")
    _check_weights(edges, weights, label)
    return weights


def read_targets(files: TUFiles, columns: Sequence[int], n_graphs: int) -> Floats:
    """Return columns of NAME_graph_attributes.txt, (G, T); all without `columns`.

    Raises
    ------
    DatasetError
        If the file is missing or malformed, lacks a column, or has another number of
        lines.
    """
    label = files.label("graph_attributes")
    if not files.has("graph_attributes"):
        raise lacks_targets(label)
    table = _read_table(files, "graph_attributes", np.float64, n_graphs)
    width = table.shape[1]
    for column in columns:
        if column >= width:
            raise _lacks_column("target", column, width, label)
    return table[:, list(columns)] if columns else table


def _lacks_column(name: str, column: int, width: int, label: str) -> DatasetError:
    known = f"'attribute 0' to 'attribute {width - 1}', the columns of {label}"
    if width == 1:
        known = f"'attribute 0', the only column of {label}"
    return DatasetError(f"{name} must be {known}; got 'attribute {column}'")


def lacks_targets(label: str) -> DatasetError:
    """Return the error for targets from a file that does not exist."""
    return DatasetError(f"target names a graph attribute, but {label} is missing")


def lacks_weights(label: str) -> DatasetError:
    """Return the error for weights from a file that does not exist."""
    return DatasetError(f"weights names an edge attribute, but {label} is missing")


def _check_weights(edges: Ints, weights: Floats, label: str) -> None:
    """Require the same weight wherever an edge is listed, in either direction."""
    ends = np.sort(edges, axis=1)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    is_same = np.all(np.diff(ends[order], axis=0) == 0, axis=1)
    wrong = np.flatnonzero(is_same & (np.diff(weights[order]) != 0))
    if len(wrong):
        first, second = order[wrong[0]], order[wrong[0] + 1]
        source, target = edges[second]
        raise DatasetError(
            f"{label}, lines {first + 1} and {second + 1}: edge {source}, {target} has "
            f"the weights {weights[first]} and {weights[second]}; an edge must have "
            f"the same weight wherever it is listed, in either direction"
        )
