"""The jobs of an evaluation: one training each.

A job's result depends on nothing but the job, so that all results are the same bytes
whatever runs them, in whatever order.
"""

from __future__ import annotations

import hashlib
import json
import time
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Sequence

import numpy as np
import scipy

from npdiffpool._support.arguments import require
from npdiffpool._support.process import one_blas_thread
from npdiffpool.datasets import Dataset, load_dataset
from npdiffpool.evaluation.job_folder import Row
from npdiffpool.evaluation.splits import Split
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.graph import Graph


class Source(NamedTuple):
    """Say what a worker loads for itself: the arguments of `load_dataset`.

    Parameters
    ----------
    data, features : str
        The name or path, and the kind of node features.

    Examples
    --------
    >>> from npdiffpool import load_dataset
    >>> len(load_dataset(*Source("MUTAG")))
    188
    """

    data: str
    features: str = "auto"


class Job(NamedTuple):
    """Name one training: a fold, a configuration, and the run, or None to select."""

    fold: int
    choice: int
    run: int | None

    @property
    def name(self) -> str:
        """Name its file."""
        last = f"run-{self.run}" if self.run is not None else f"choice-{self.choice}"
        return f"fold-{self.fold}-{last}"

    def __str__(self) -> str:
        return self.name.replace("-", " ")


class Work(NamedTuple):
    """Hold what every job is cut from."""

    model: Any
    data: Any  # graphs, or a Source
    digest: str  # of the graphs
    labels: Any
    protocol: str
    splits: Sequence[Split]
    grid: Sequence[Row]
    runs: int

    def settings(self) -> Row:
        """Return all that decides the results, as JSON."""
        given = Path(self.data.data).name if isinstance(self.data, Source) else "graphs"
        return {
            "version": version("npdiffpool"),
            "data": given,
            "graphs": self.digest,
            "features": getattr(self.data, "features", None),
            "labels": _digest(self.labels.tolist()),
            "model": type(self.model).__name__,
            "parameters": _plain(self.model.get_params()),
            "protocol": self.protocol,
            "splits": _digest(self.splits),
            "grid": _plain(list(self.grid)),
            "runs": self.runs if self.protocol == "fair" else None,
        }

    def arguments(self, job: Job) -> tuple[Any, ...]:
        """Return what `run_job` needs."""
        parameters = {**self.model.get_params(), **self.grid[job.choice]}
        if "seed" in parameters:
            parameters["seed"] += job.run or 0
        model = type(self.model)(**parameters)
        split = self.splits[job.fold]
        if self.protocol == "paper":
            split = Split(split.train + split.validation, split.test, [])
        elif job.run is None:
            split = split._replace(test=[])
        is_source = isinstance(self.data, Source)
        expected = (version("npdiffpool"), self.digest) if is_source else None
        return model, self.data, self.labels, split, expected


def run_job(
    model: Any,
    data: Any,
    labels: Any,
    split: Split,
    expected: tuple[str, str] | None = None,
) -> tuple[Row, float]:
    """Train a model on one fold; return what is to be kept, and the seconds it took.

    With a test part the result has `test`, the model's score there, without one
    `curve`, the validation score after each epoch: see `Evaluation`. A worker that
    loads a `Source` must have the version and the graphs that are `expected`.
    """
    if expected is not None:
        _require_same(data, *expected)
    graphs, labels = load_labelled(data, labels)

    def part(indices: list[int]) -> tuple[Any, Any]:
        return [graphs[i] for i in indices], labels[indices]

    start = time.perf_counter()
    with one_blas_thread():  # jobs are the parallelism
        model.fit(*part(split.train), validation=part(split.validation))
        kept = model.history_[model.best_epoch_ - 1]
        row: Row = {
            "epoch": model.best_epoch_,
            "validation": _score(kept),
            "validation_loss": kept["validation_loss"],
        }
        if split.test:
            row["test"] = model.score(*part(split.test))
    if not split.test:
        row["curve"] = [_score(row) for row in model.history_]
    return row, time.perf_counter() - start


def _score(row: Row) -> float:
    return float(row.get("validation_accuracy", -row["validation_loss"]))


@lru_cache(maxsize=4)
def load_source(source: Source) -> Dataset:
    """Load a data set, once in each process."""
    return load_dataset(source.data, features=source.features)


@lru_cache(maxsize=4)
def _require_same(source: Source, release: str, digest: str) -> None:
    """Require of a worker, which may be another machine, what was asked for."""
    here = version("npdiffpool")
    require(here == release, "npdiffpool of a worker", release, here)
    found = load_source(source)
    is_same = digest_graphs(found.graphs) == digest
    require(is_same, "a worker's data", "those evaluated", found.source)


def load_labelled(data: Any, labels: Any) -> tuple[Any, Any]:
    """Return graphs, checked, and a label of each.

    Raises
    ------
    ValueError
        If there is not one label a graph, or the graphs are none.
    """
    dataset = load_source(data) if isinstance(data, Source) else data
    graphs = check_graphs(dataset)
    if labels is None:
        own = [graph.label for graph in graphs]
        labels = getattr(dataset, "labels", own)
        require(None not in list(labels), "labels", "given, or every graph's own", None)
    labels = np.asarray(labels)
    require(labels.shape == (len(graphs),), "labels", "one a graph", labels.shape)
    return graphs, labels


def digest_graphs(graphs: Sequence[Graph]) -> str:
    """Return what tells these graphs from all others."""
    seen = hashlib.sha256()
    for graph in graphs:
        for M in map(scipy.sparse.csr_array, (graph.adjacency, graph.features)):
            seen.update(repr(M.shape).encode())
            for part in (M.indptr, M.indices):
                seen.update(part.astype(np.int64).tobytes())
            seen.update(M.data.astype(np.float64).tobytes())
    return seen.hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Turn tuples and NumPy's numbers into JSON's."""
    return json.loads(json.dumps(value, default=lambda number: number.item()))
