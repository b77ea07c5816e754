"""The jobs of an evaluation: each is one training run.

The result of a job depends on nothing else: neither the executor nor the order of the
jobs changes a byte of it.
"""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence, cast

import numpy.typing as npt

from npdiffpool._support.arguments import (
    as_array,
    require,
    require_classes,
    require_labels,
)
from npdiffpool._support.settings import to_json
from npdiffpool._support.threads import use_threads
from npdiffpool._support.types import Json
from npdiffpool.datasets import Dataset, load_dataset
from npdiffpool.evaluation.estimator import Estimator, FittedEstimator
from npdiffpool.evaluation.splits import Split
from npdiffpool.graphs.batch import check_graphs
from npdiffpool.graphs.digest import digest_graphs
from npdiffpool.graphs.graph import Graph


class Source(NamedTuple):
    """A data set that each worker loads itself: arguments of `load_dataset`.

    Parameters
    ----------
    data : str
        Name or path of the data set.
    features : str
        The kind of node features.
    weights : str, optional
        The column of edge attributes with the edge weights.
    target : str, optional
        The columns of graph attributes with the targets of a regression.

    Examples
    --------
    >>> len(load_source(Source("MUTAG")))
    188
    """

    data: str
    features: str = "auto"
    weights: str | None = None
    target: str | None = None


class Job(NamedTuple):
    """One training run.

    Attributes
    ----------
    fold : int
        Index of the outer fold.
    choice : int
        Index of the configuration in the grid.
    run : int or None
        Number of the final run of "fair". None for a training that is scored on its
        validation part: the selection of "fair", and all of "paper".
    """

    fold: int
    choice: int
    run: int | None

    @property
    def name(self) -> str:
        """Name of the file with the result."""
        last = f"run-{self.run}" if self.run is not None else f"choice-{self.choice}"
        return f"fold-{self.fold}-{last}"

    def __str__(self) -> str:
        return self.name.replace("-", " ")


class Plan(NamedTuple):
    """What all jobs of an evaluation have in common."""

    model: Estimator
    data: Sequence[Graph] | Source
    digest: str  # of the graphs
    labels: npt.NDArray[Any]
    protocol: str
    splits: Sequence[Split]
    grid: Sequence[Json]
    runs: int

    @property
    def n_jobs(self) -> int:
        """Number of jobs: in each fold, one per configuration and one per run."""
        per_fold = len(self.grid)
        if self.protocol == "fair":
            per_fold = self.runs + (per_fold if per_fold > 1 else 0)
        return len(self.splits) * per_fold

    def settings(self) -> Json:
        """Return everything that decides the results, as JSON values."""
        source = self.data if isinstance(self.data, Source) else None
        given = self.model.get_params().items()
        parameters = {key: value for key, value in given if key != "verbose"}
        return {
            "version": version("npdiffpool"),
            "data": Path(source.data).name if source else "graphs",
            "graphs": self.digest,
            "features": source.features if source else None,
            "labels": _digest(self.labels.tolist()),
            "model": type(self.model).__name__,
            "parameters": to_json(parameters),
            "protocol": self.protocol,
            "splits": _digest(self.splits),
            "grid": to_json(list(self.grid)),
            "runs": self.runs if self.protocol == "fair" else None,
        }

    def arguments(self, job: Job) -> tuple[Any, ...]:
        """Return the arguments of `run_job` for a job."""
        parameters = {**self.model.get_params(), **self.grid[job.choice]}
        if "seed" in parameters:
            parameters["seed"] += job.run or 0
        split = self.splits[job.fold]
        if self.protocol == "paper":  # the test part serves as the validation part
            split = Split(split.train + split.validation, split.test, [])
        elif job.run is None:
            split = split._replace(test=[])
        is_source = isinstance(self.data, Source)
        expected = (version("npdiffpool"), self.digest) if is_source else None
        return type(self.model)(**parameters), self.data, self.labels, split, expected


def run_job(
    model: Estimator,
    data: Any,
    labels: Any,
    split: Split,
    expected: tuple[str, str] | None = None,
) -> tuple[Json, float]:
    """Train a model on one fold; return its result and the seconds that it took.

    The result has `epoch` (the one that is kept), `validation`, `validation_loss`, and
    `test`, the score on the test part, or, if that part is empty, `curve`, the
    validation score after each epoch. `expected` is the version of npdiffpool and the
    digest of the graphs that a worker with a `Source` must have.
    """
    if expected is not None:
        _require_same(data, *expected)
    graphs, labels = load_labelled(data, labels)

    def part(indices: list[int]) -> tuple[list[Graph], Any]:
        return [graphs[i] for i in indices], labels[indices]

    start = time.perf_counter()
    with use_threads():
        model.fit(*part(split.train), validation=part(split.validation))
        fitted = cast(FittedEstimator, model)  # fit need not return it
        best = fitted.history_[fitted.best_epoch_ - 1]
        result: Json = {
            "epoch": fitted.best_epoch_,
            "validation": _score(best),
            "validation_loss": best["validation_loss"],
        }
        if split.test:
            result["test"] = fitted.score(*part(split.test))
        else:
            result["curve"] = [_score(row) for row in fitted.history_]
    return result, time.perf_counter() - start


def _score(row: Mapping[str, float]) -> float:
    return float(row.get("validation_accuracy", 1 - row["validation_loss"]))


@lru_cache(maxsize=4)
def load_source(source: Source) -> Dataset:
    """Load a data set, once in each process."""
    options = source._asdict()
    return load_dataset(options.pop("data"), **options)


@lru_cache(maxsize=4)
def _require_same(source: Source, release: str, digest: str) -> None:
    """Require the same version and data on a worker, which may be another machine."""
    here = version("npdiffpool")
    require(here == release, "npdiffpool on a worker", release, here)
    with warnings.catch_warnings():  # the main process has warned of the data set
        warnings.simplefilter("ignore", UserWarning)
        dataset = load_source(source)
    is_same = digest_graphs(dataset.graphs) == digest
    require(is_same, "the data on a worker", "the same as here", dataset.source)


def load_labelled(
    data: Any, labels: Any, by_class: bool = False
) -> tuple[list[Graph], npt.NDArray[Any]]:
    """Return the graphs, validated, and one label per graph.

    Raises
    ------
    ValueError
        If there is no graph, not one label per graph, or `by_class` the labels of the
        data set are targets of a regression.
    """
    dataset = load_source(data) if isinstance(data, Source) else data
    if labels is None and by_class:
        require_classes("labels", dataset)
    graphs = check_graphs(dataset)
    if labels is None:
        labels = getattr(dataset, "labels", None)
    if labels is None:
        labels = [graph.label for graph in graphs]
        known = None not in list(labels)
        require(known, "labels", "given, or stored in every graph", None)
    labels = as_array("labels", labels, len(graphs))
    if labels.ndim == 2 and len(labels) == len(graphs):  # several targets
        return graphs, labels
    return graphs, require_labels("labels", labels, len(graphs))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
