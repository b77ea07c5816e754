"""The TU format: the text files of a data set as validated arrays.

Read `TUData`, then `read_tu`. All checks are made here, where the number of a wrong
line is known. The modules that use the arrays rely on them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from npdiffpool._support.types import Floats, Ints
from npdiffpool.datasets.archive import TUFiles
from npdiffpool.datasets.tables import CHUNK, DatasetError, read_blocks

_MAX_ID = np.iinfo(np.int32).max
MAX_GRAPHS = 1 << 20


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
    graph_labels : (G,) int64
    node_labels : (N, L) int64 or None
    node_attributes : (N, F) float64 or None
    edge_labels : (E, M) int64 or None
        Only in bundles; `read_tu` does not read them, because DiffPool ignores them.
    """

    name: str
    edges: Ints
    graph_indicator: Ints
    graph_labels: Ints
    node_labels: Ints | None = None
    node_attributes: Floats | None = None
    edge_labels: Ints | None = None


def read_tu(files: TUFiles, chunk: int = CHUNK) -> TUData:
    """Read and validate the files of a data set.

    Parameters
    ----------
    files : TUFiles
        The files.
    chunk : int
        Number of bytes to read at a time.

    Raises
    ------
    DatasetError
        If a file is missing or unreadable, a line is malformed, an edge has an unknown
        node or joins two graphs, a graph has no nodes, the number of labels differs
        from that of graphs or nodes, or there are more than `MAX_GRAPHS` graphs.
    """
    labels = read_part(files, "graph_labels", np.int64, 1, chunk).ravel()
    if len(labels) > MAX_GRAPHS:
        seen = f"{files.label('graph_labels')}: {len(labels)} graphs"
        raise DatasetError(f"{seen}; at most {MAX_GRAPHS} are accepted")
    indicator = _read_indicator(files, len(labels), chunk)
    tables = {
        part: _read_nodes(files, part, dtype, len(indicator), chunk)
        for part, dtype in (("node_labels", np.int64), ("node_attributes", np.float64))
        if files.has(part)
    }
    edges = _read_edges(files, indicator, chunk)
    return TUData(files.name, edges, indicator, labels, **tables)


def read_part(
    files: TUFiles, part: str, dtype: Any, columns: int | None, chunk: int = CHUNK
) -> npt.NDArray[Any]:
    """Return the table NAME_part.txt, one row per line.

    Raises
    ------
    DatasetError
        If the file is missing or unreadable, or a line is malformed.
    """
    with files.open(part) as stream:
        table = read_blocks(stream, files.label(part), dtype, columns, chunk)
        blocks = [values for _, values in table]
    return np.concatenate(blocks or [np.zeros((0, columns or 0), dtype=dtype)])


def _read_indicator(files: TUFiles, n_graphs: int, chunk: int) -> Ints:
    label = files.label("graph_indicator")
    indicator = read_part(files, "graph_indicator", np.int64, 1, chunk).ravel()
    wrong = np.flatnonzero((indicator < 1) | (indicator > _MAX_ID))
    if len(wrong):
        seen = f"{label}, line {wrong[0] + 1}: graph {indicator[wrong[0]]}"
        raise DatasetError(f"{seen}; graphs are numbered from 1")
    highest = int(indicator.max(initial=0))
    if highest == 0:
        raise DatasetError(f"{label}: no nodes; it must hold a line for each node")
    if highest != n_graphs:
        raise DatasetError(
            f"{files.label('graph_labels')}: {n_graphs} lines; it must hold one for "
            f"each of the {highest} graphs of {label}"
        )
    sizes = np.bincount(indicator, minlength=highest + 1)[1:]
    if not sizes.all():
        empty = int(np.argmin(sizes)) + 1
        raise DatasetError(f"{label}: graph {empty} of {highest} has no nodes")
    return indicator.astype(np.int32)


def _read_nodes(
    files: TUFiles, part: str, dtype: Any, n_nodes: int, chunk: int
) -> npt.NDArray[Any]:
    table = read_part(files, part, dtype, None, chunk)
    if len(table) != n_nodes:
        raise DatasetError(
            f"{files.label(part)}: {len(table)} lines; it must hold one for each of "
            f"the {n_nodes} nodes of {files.label('graph_indicator')}"
        )
    return table


def _read_edges(files: TUFiles, indicator: Ints, chunk: int) -> Ints:
    label = files.label("A")
    blocks = [np.zeros((0, 2), dtype=np.int32)]
    with files.open("A") as stream:
        for line, values in read_blocks(stream, label, np.int64, 2, chunk):
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
