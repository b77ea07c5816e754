"""Snapshots as plain arrays, and as a file of a run folder, snapshots.npz."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.untrusted import UNREADABLE, read_arrays
from npdiffpool.runs.snapshots import Pooling, Snapshots, Watched

MAX_EPOCHS = 1000
MAX_SHOWN = 1 << 20  # nodes and clusters, of all graphs, at all epochs


def write_snapshots(path: str | PathLike[str], snapshots: Snapshots) -> None:
    """Write snapshots as an .npz of plain arrays, whole or not at all."""
    save_arrays(path, to_arrays(snapshots))


def to_arrays(snapshots: Snapshots) -> dict[str, Any]:
    """Return snapshots as plain arrays by name."""
    arrays: dict[str, Any] = {"epochs": snapshots.epochs}
    arrays |= {f"measure:{name}": row for name, row in snapshots.measures.items()}
    for i, graph in enumerate(snapshots.graphs):
        *fields, poolings = graph
        named = zip(Watched._fields, fields)
        arrays |= {f"graph:{i}:{name}": value for name, value in named}
        for level, pooling in enumerate(poolings):
            prefix = f"graph:{i}:pooling:{level}:"
            arrays |= {prefix + name: v for name, v in pooling._asdict().items()}
    return {name: _narrow(value) for name, value in arrays.items()}


def _narrow(value: Any) -> Any:
    array = np.asarray(value)
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)


def read_snapshots(path: str | PathLike[str]) -> Snapshots:
    """Read what `write_snapshots` wrote.

    Raises
    ------
    ValueError
        If the file is not such a file, its arrays do not fit each other, or it has
        more than `MAX_EPOCHS` epochs or `MAX_SHOWN` nodes and clusters in all.
    """
    try:
        return from_arrays(read_arrays(path))
    except UNREADABLE as error:
        reason = f"not a readable file of snapshots ({error})"
        raise ValueError(f"{path}: {reason}") from None


def from_arrays(arrays: dict[str, Any]) -> Snapshots:
    """Return the snapshots that `to_arrays` has named.

    Raises
    ------
    ValueError, KeyError
        If an array is missing, or does not fit the others.
    """
    named = [name for name in arrays if name.startswith("measure:")]
    means = {name.partition(":")[2]: arrays[name] for name in named}
    E = len(arrays["epochs"])
    if arrays["epochs"].shape != (E,) or arrays["epochs"].dtype.kind != "i":
        raise ValueError("epochs must be whole numbers")
    if E > MAX_EPOCHS:
        raise ValueError(f"{E} epochs; at most {MAX_EPOCHS} are accepted")
    if any(row.shape != (E,) or row.dtype.kind != "f" for row in means.values()):
        raise ValueError(f"measures must be {E} numbers each, one an epoch")
    graphs: list[Watched] = []
    while f"graph:{len(graphs)}:edges" in arrays:
        graphs.append(_assemble_graph(arrays, f"graph:{len(graphs)}:"))
        _check(graphs[-1], len(arrays["epochs"]))
    shown = E * sum(map(_count, graphs))
    if shown > MAX_SHOWN:
        raise ValueError(f"{shown} nodes and clusters; {MAX_SHOWN} are accepted")
    return Snapshots(arrays["epochs"], means, graphs)


def _count(graph: Watched) -> int:
    """Count the nodes and clusters of one epoch."""
    return len(graph.kinds) + sum(int(p.mass.shape[1]) for p in graph.poolings)


def _assemble_graph(arrays: dict[str, Any], prefix: str) -> Watched:
    poolings: list[Pooling] = []
    while f"{prefix}pooling:{len(poolings)}:mass" in arrays:
        at = f"{prefix}pooling:{len(poolings)}:"
        poolings.append(Pooling(*(arrays[at + name] for name in Pooling._fields)))
    number, truth = int(arrays[prefix + "number"]), int(arrays[prefix + "truth"])
    edges, kinds = arrays[prefix + "edges"], arrays[prefix + "kinds"]
    return Watched(
        number, truth, edges, kinds, arrays[prefix + "probabilities"], poolings
    )


def _check(graph: Watched, E: int) -> None:
    """Require arrays that fit: what a picture would be drawn from."""
    N = n = len(graph.kinds)
    whole = [graph.kinds, graph.edges, *(p.cluster for p in graph.poolings)]
    if graph.kinds.ndim != 1 or any(array.dtype.kind != "i" for array in whole):
        raise ValueError("kinds, edges and clusters must be whole numbers")
    _require(graph.edges, "edges", (len(graph.edges), 2), n)
    _require(graph.probabilities, "probabilities", (E, graph.probabilities.shape[-1]))
    for cluster, share, mass, links in graph.poolings:
        K = mass.shape[-1]
        _require(cluster, "cluster", (E, n), K)
        _require(share, "share", (E, n), 1 + 1e-3)
        _require(mass, "mass", (E, K))
        if np.any(mass.sum(axis=1) > (1 + 1e-3) * N):
            raise ValueError(f"mass of one epoch must be {N}, the nodes; it is more")
        _require(links, "links", (len(links), 4))
        _require(links[:, 0], "links", (len(links),), E)
        _require(links[:, 1:3], "links", (len(links), 2), K)
        n = K


def _require(array: Any, name: str, shape: tuple[int, ...], below: float = 1e9) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}; got {array.shape}")
    if not np.all((array >= 0) & (array < below)):
        raise ValueError(f"{name} must lie from 0 to below {below:g}")
