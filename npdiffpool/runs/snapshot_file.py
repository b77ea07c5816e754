"""Snapshots as plain arrays, and as the file snapshots.npz of a run folder."""

from __future__ import annotations

from os import PathLike
from typing import Any, Mapping

import numpy as np

from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.progress import reason_of
from npdiffpool._support.untrusted import UNREADABLE, read_arrays
from npdiffpool.runs.snapshots import MAX_SHOWN, Pooling, RecordedGraph, Snapshots

MAX_EPOCHS = 1000
OF_REGRESSOR = ("target", "predicted")  # the arrays that are float64
KINDS = {"i": "whole numbers", "f": "floating-point numbers"}


def write_snapshots(path: str | PathLike[str], snapshots: Snapshots) -> None:
    """Write snapshots as an .npz of plain arrays, atomically."""
    save_arrays(path, to_arrays(snapshots))


def to_arrays(snapshots: Snapshots) -> dict[str, Any]:
    """Return snapshots as plain arrays by name."""
    arrays: dict[str, Any] = {"epochs": snapshots.epochs}
    arrays |= {f"measure:{name}": row for name, row in snapshots.measures.items()}
    for i, graph in enumerate(snapshots.graphs):
        fields = graph._asdict()
        poolings = fields.pop("poolings")
        known = {name: v for name, v in fields.items() if v is not None}
        arrays |= {f"graph:{i}:{name}": value for name, value in known.items()}
        for level, pooling in enumerate(poolings):
            prefix = f"graph:{i}:pooling:{level}:"
            known = {name: v for name, v in pooling._asdict().items() if v is not None}
            arrays |= {prefix + name: v for name, v in known.items()}
    return {name: _narrow(name, value) for name, value in arrays.items()}


def _narrow(name: str, value: Any) -> Any:
    array = np.asarray(value)
    if name.rpartition(":")[2] in OF_REGRESSOR:  # beyond float32 they would be infinite
        return array
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)


def read_snapshots(path: str | PathLike[str]) -> Snapshots:
    """Read a file that `write_snapshots` wrote.

    Raises
    ------
    ValueError
        If the file is not such a file, its arrays do not fit each other, or it has
        more than `MAX_EPOCHS` epochs or `MAX_SHOWN` nodes and clusters in all.
    """
    try:
        return from_arrays(read_arrays(path))
    except UNREADABLE as error:
        reason = f"not a readable file of snapshots ({reason_of(error)})"
        raise ValueError(f"{path}: {reason}") from None


def from_arrays(arrays: Mapping[str, Any]) -> Snapshots:
    """Return the snapshots whose arrays `to_arrays` named.

    Raises
    ------
    ValueError, KeyError
        If an array is missing or does not fit the others.
    """
    epochs = arrays["epochs"]
    E = len(epochs)
    if E > MAX_EPOCHS:
        raise ValueError(f"snapshots of {E} epochs; at most {MAX_EPOCHS} are allowed")
    _require("epochs", epochs, "i", (E,))
    named = [name for name in arrays if name.startswith("measure:")]
    measures = {name.removeprefix("measure:"): arrays[name] for name in named}
    for name, row in measures.items():
        _require_form(name, row, "f", (E,))
    graphs: list[RecordedGraph] = []
    while f"graph:{len(graphs)}:edges" in arrays:
        graphs.append(_read_graph(arrays, f"graph:{len(graphs)}:"))
        _check_graph(graphs[-1], E)
    shown = E * sum(map(_count_shown, graphs))
    if shown > MAX_SHOWN:
        raise ValueError(f"{shown} nodes and clusters; at most {MAX_SHOWN} are allowed")
    return Snapshots(epochs, measures, graphs)


def _count_shown(graph: RecordedGraph) -> int:
    """Count the nodes and clusters of a graph in one snapshot."""
    return len(graph.kinds) + sum(int(p.mass.shape[1]) for p in graph.poolings)


def _read_graph(arrays: Mapping[str, Any], prefix: str) -> RecordedGraph:
    poolings: list[Pooling] = []
    while f"{prefix}pooling:{len(poolings)}:mass" in arrays:
        level = f"{prefix}pooling:{len(poolings)}:"
        known = [name for name in Pooling._fields if level + name in arrays]
        poolings.append(Pooling(**{name: arrays[level + name] for name in known}))
    names = [name for name in RecordedGraph._fields if prefix + name in arrays]
    fields = {name: arrays[prefix + name] for name in names}
    fields |= {name: int(fields[name]) for name in ("number", "truth")}
    return RecordedGraph(**fields, poolings=poolings)


def _check_graph(graph: RecordedGraph, E: int) -> None:
    """Require arrays that fit each other, so that pictures can be drawn from them."""
    N = n = len(graph.kinds)
    _require_form("kinds", graph.kinds, "i", (N,))
    _require("edges", graph.edges, "i", (len(graph.edges), 2), N)
    C = graph.probabilities.shape[-1]
    _require("probabilities", graph.probabilities, "f", (E, C))
    if graph.target is not None or graph.predicted is not None:
        _check_outcome(graph.target, graph.predicted, E)
    for cluster, share, mass, links, between in graph.poolings:
        K = mass.shape[-1]
        _require("cluster", cluster, "i", (E, n), K)
        _require("share", share, "f", (E, n), 1 + 1e-3)
        _require("mass", mass, "f", (E, K))
        if np.any(mass.sum(axis=1) > (1 + 1e-3) * N):
            raise ValueError(f"mass of one epoch must be {N}, the nodes; it is more")
        _require("links", links, "f", (len(links), 4))
        _require("links", links[:, 0], "f", (len(links),), E)
        _require("links", links[:, 1:3], "f", (len(links), 2), K)
        if between is not None:
            _require("between", between, "f", (E, 2))
            _require("between", between[:, 1], "f", (E,), 1 + 1e-3)
        n = K


def _check_outcome(target: Any, predicted: Any, E: int) -> None:
    """Require finite targets and predictions of a regressor."""
    for name, array in (("target", target), ("predicted", predicted)):
        if array is None:
            raise ValueError("target and predicted must both be given")
        leading = () if name == "target" else (E,)
        _require_form(name, array, "f", (*leading, target.shape[-1]))
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{name} must be finite")


def _require(
    name: str, array: Any, kind: str, shape: tuple[int, ...], below: float = 1e9
) -> None:
    """Require numbers of a kind and shape, from 0 to below a limit."""
    _require_form(name, array, kind, shape)
    if not np.all((array >= 0) & (array < below)):
        raise ValueError(f"{name} must lie from 0 to below {below:g}")


def _require_form(name: str, array: Any, kind: str, shape: tuple[int, ...]) -> None:
    if array.dtype.kind != kind:
        raise ValueError(f"{name} must be {KINDS[kind]}; got dtype {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}; got {array.shape}")
