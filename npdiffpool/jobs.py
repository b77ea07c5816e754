"""The jobs of an evaluation: one training each, and a queue that has them run.

A job's result depends on nothing but the job, so that all results are the same bytes
whatever runs them, in whatever order.
"""
from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Sequence

import numpy as np

from npdiffpool.checks import require
from npdiffpool.datasets import Dataset, load_dataset
from npdiffpool.graphlists import check_graphs
from npdiffpool.jobfiles import Folder, Row
from npdiffpool.splits import Split


class Source(NamedTuple):
    """Say what a worker loads for itself: the arguments of `load_dataset`."""

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


class Work(NamedTuple):
    """Hold what every job is cut from."""

    model: Any
    data: Any  # graphs, or a Source
    labels: Any
    protocol: str
    splits: Sequence[Split]
    grid: Sequence[Row]
    runs: int

    def settings(self) -> Row:
        """Return all that decides the results, as JSON."""
        given = Path(self.data.data).name if isinstance(self.data, Source) else "graphs"
        return {
            "data": given,
            "features": getattr(self.data, "features", None),
            "labels": _digest(self.labels.tolist()),
            "model": type(self.model).__name__,
            "parameters": _plain(self.model.get_params()),
            "protocol": self.protocol,
            "splits": _digest(self.splits),
            "grid": _plain(list(self.grid)),
            "runs": self.runs,
        }

    def arguments(self, job: Job) -> tuple[Any, ...]:
        """Return what `run_job` needs."""
        changes = {**self.grid[job.choice], "seed": self.model.seed + (job.run or 0)}
        model = type(self.model)(**{**self.model.get_params(), **changes})
        split = self.splits[job.fold]
        if self.protocol == "paper":
            split = Split(split.train + split.validation, split.test, [])
        elif job.run is None:
            split = split._replace(test=[])
        return model, self.data, self.labels, split


class Queue:
    """Run jobs, those added while it is iterated over too, and keep what they give."""

    def __init__(
        self, work: Work, kept: Folder, executor: Executor | None, on_done: Any
    ) -> None:
        self.work, self.kept, self.executor = work, kept, executor
        self.on_done, self.total, self.done = on_done, 0, 0
        self.ready: deque[tuple[Job, Row]] = deque()
        self.jobs: deque[Job] = deque()
        self.waiting: dict[Future[Any], Job] = {}

    def add(self, job: Job) -> None:
        """Have a job run, unless its result is there."""
        known = self.kept.read(job.name)
        if known is not None:
            self.ready.append((job, known))
        elif self.executor is None:
            self.jobs.append(job)
        else:
            self.waiting[self.executor.submit(run_job, *self.work.arguments(job))] = job

    def __iter__(self) -> Iterator[tuple[Job, Row]]:
        try:
            while self.ready or self.jobs or self.waiting:
                if not self.ready:
                    self.ready += map(self._keep, self._next())
                job, row = self.ready.popleft()
                self.done += 1
                self.on_done(self.done, self.total, job, row)
                yield job, row
        finally:
            for future in self.waiting:
                future.cancel()

    def _next(self) -> list[tuple[Job, tuple[Row, float]]]:
        if self.jobs:
            job = self.jobs.popleft()
            return [(job, run_job(*self.work.arguments(job)))]
        done, _ = wait(self.waiting, return_when=FIRST_COMPLETED)
        return [(self.waiting.pop(future), future.result()) for future in done]

    def _keep(self, done: tuple[Job, tuple[Row, float]]) -> tuple[Job, Row]:
        job, (row, seconds) = done
        self.kept.keep(job.name, row, seconds)
        return job, row


def run_job(model: Any, data: Any, labels: Any, split: Split) -> tuple[Row, float]:
    """Train a model on one fold; return what is to be kept, and the seconds it took.

    With a test part the result has `test`, the model's score there, without one
    `curve`, the validation score after each epoch: see `Evaluation`.
    """
    graphs, labels = load_labelled(data, labels)

    def part(indices: list[int]) -> tuple[Any, Any]:
        return [graphs[i] for i in indices], labels[indices]

    start = time.perf_counter()
    model.fit(*part(split.train), validation=part(split.validation))
    kept = model.history_[model.best_epoch_ - 1]
    row: Row = {
        "epoch": model.best_epoch_,
        "validation": _score(kept),
        "validation_loss": kept["validation_loss"],
    }
    if split.test:
        row["test"] = model.score(*part(split.test))
    else:
        row["curve"] = [_score(row) for row in model.history_]
    return row, time.perf_counter() - start


def _score(row: Row) -> float:
    return float(row.get("validation_accuracy", -row["validation_loss"]))


@lru_cache(maxsize=1)
def load_source(source: Source) -> Dataset:
    """Load a data set, once in each process."""
    return load_dataset(source.data, features=source.features)


def load_labelled(data: Any, labels: Any) -> tuple[Any, Any]:
    """Return graphs, checked, and a label of each.

    Raises
    ------
    ValueError
        If there is not one label a graph, or the graphs are none.
    """
    dataset = load_source(data) if isinstance(data, Source) else data
    graphs = check_graphs(dataset)
    labels = np.asarray(dataset.labels if labels is None else labels)
    require(labels.shape == (len(graphs),), "labels", "one a graph", labels.shape)
    return graphs, labels


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Turn tuples and NumPy's numbers into JSON's."""
    return json.loads(json.dumps(value, default=lambda number: number.item()))
