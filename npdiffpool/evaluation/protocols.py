"""Cross-validation: two protocols, any executor, and nothing that is done is lost.

"fair" (Errica et al., arXiv 1912.09893): in every outer fold a validation part, cut
out of the training part, chooses the configuration and the epoch; the test part is
looked at by the final runs alone. "paper" (Ying et al., as they tell it in their
issues): the highest mean, over folds, of the validation accuracy at one epoch. What it
validates by is in no training part, but chooses the epoch: it is not a test figure.

Work is cut into jobs, one training each (jobs.py), which a queue has run (jobqueue.py).
"""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import nullcontext
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

from npdiffpool._support.arguments import require, require_choice, require_int
from npdiffpool._support.folder_lock import own_folder
from npdiffpool.evaluation.job_folder import Folder, Row
from npdiffpool.evaluation.job_queue import Progress, Queue
from npdiffpool.evaluation.jobs import (
    Job,
    Source,
    Work,
    digest_graphs,
    load_labelled,
)
from npdiffpool.evaluation.splits import (
    Split,
    check_splits,
    make_splits,
    stratified_folds,
    stratified_split,
)

__all__ = [
    "Evaluation",
    "Progress",
    "Source",
    "cross_validate",
    "stratified_folds",
    "stratified_split",
]
PROTOCOLS = ("fair", "paper")


class Evaluation(NamedTuple):
    """Hold what a protocol gives.

    Scores are accuracies, or of a regressor R^2 (test) and the negative squared error
    in shares of the training variance (validation).

    Attributes
    ----------
    protocol : "fair" or "paper"
    score : float
        Mean over folds of the mean test score of a fold's runs ("fair"), or of the
        validation score after `epoch` ("paper").
    spread : float
        Standard deviation over folds.
    folds : list of dict
        Of each: `fold`, the `choice` from the grid, `validation` and, of "fair", `test`
        and its `runs`.
    epoch : int or None
        From 1, the one that all folds are compared at; None of "fair".
    """

    protocol: str
    score: float
    spread: float
    folds: list[Row]
    epoch: int | None


def cross_validate(
    model: Any,
    data: Any,
    labels: Any = None,
    *,
    protocol: str = "fair",
    splits: Sequence[Split] | None = None,
    folds: int = 10,
    grid: Sequence[Row] = ({},),
    runs: int = 3,
    executor: Executor | None = None,
    folder: Any = None,
    on_done: Callable[[Progress], None] = lambda progress: None,
) -> Evaluation:
    """Cross-validate a model.

    Parameters
    ----------
    model : DiffPoolClassifier, or what has its conventions
        Run r of a fold trains with seed ``model.seed + r``.
    data : Dataset, Source, or sequence of Graph
        A `Source` is loaded by each worker for itself; graphs are sent to it.
    labels : sequence, optional
        Of a sequence of graphs; else the data set's own where not given.
    protocol : "fair" or "paper"
    splits : list of Split, optional
        As from `npdiffpool.evaluation.splits.read_splits`; else by the model's seed,
        stratified if it is a classifier.
    folds : int
        Outer folds to make where `splits` is not given.
    grid : sequence of dict
        Parameters of the model to choose from.
    runs : int
        Final runs of each fold; "fair" only.
    executor : concurrent.futures.Executor, optional
        Runs the jobs; this process, one after the other, where not given.
        `npdiffpool.evaluation.workers.workers` gives processes or a dask cluster.
    folder : path, optional
        Keeps each job's result as soon as there is one. What is there already is not
        run again: an evaluation that was stopped, or killed, goes on.
    on_done : callable
        Is told how far it is, a `Progress`, at the beginning and after each job.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If an argument, or a parameter of the model or in the grid, is unusable, or the
        folder holds another evaluation, or another process writes into it; before any
        work. Later, as a `JobError` that names the fold, if a training fails.
    OSError
        If nothing can be written into the folder; as a `WorkerError`, which names the
        folds, if a process of the executor dies.

    Notes
    -----
    Where a job fails, those under way are waited for and kept before it is told. Every
    result is the same bytes on any executor and number of processes (seconds.json,
    which says how long each took, is not).

    Examples
    --------
    >>> from npdiffpool import DiffPoolClassifier, load_dataset
    >>> model = DiffPoolClassifier(hidden=8, epochs=1)
    >>> mutag = load_dataset("MUTAG")[:60]
    >>> tell = lambda progress: print(progress.done, "of", progress.total)
    >>> found = cross_validate(model, mutag, folds=2, runs=1, on_done=tell)
    0 of 2
    1 of 2
    2 of 2
    >>> [(fold["fold"], len(fold["runs"])) for fold in found.folds]
    [(0, 1), (1, 1)]
    """
    _check_abilities(model, executor, on_done)
    require_choice("protocol", protocol, PROTOCOLS)
    require_int("runs", runs, 1)
    require_int("folds", folds, 2)
    graphs, labels = load_labelled(data, labels)
    _check_grid(model, grid, protocol, graphs, labels)
    if not isinstance(data, Source):
        data = graphs
    parts = _splits_of(model, labels, splits, folds)
    digest = digest_graphs(graphs)
    work = Work(model, data, digest, labels, protocol, parts, grid, runs)
    with nullcontext() if folder is None else own_folder(folder) as path:
        kept = Folder(path, work.settings())
        result = {"fair": _fair, "paper": _paper}[protocol](
            work, Queue(work, kept, executor, on_done)
        )
        kept.write("results", result._asdict())
    return result


def _check_abilities(model: Any, executor: Any, on_done: Any) -> None:
    """Require objects that can do what they are given for."""
    for name in ("get_params", "fit"):
        require(hasattr(model, name), "model", f"one that has {name}", model)
    can_submit = executor is None or hasattr(executor, "submit")
    require(can_submit, "executor", "a concurrent.futures.Executor", executor)
    require(callable(on_done), "on_done", "callable", on_done)


def _splits_of(model: Any, labels: Any, splits: Any, folds: int) -> list[Split]:
    """Return the splits given, checked, or make them by the model's seed."""
    if splits is not None:
        return check_splits(splits, len(labels))
    by_class = getattr(model, "kind", "classifier") == "classifier"
    seed = model.get_params().get("seed", 0)
    return make_splits(labels, folds, seed, by_class)


def _check_grid(model: Any, grid: Any, protocol: str, graphs: Any, labels: Any) -> None:
    """Check the names and values of every configuration."""
    usable = isinstance(grid, (list, tuple)) and len(grid) > 0
    usable = usable and all(isinstance(choice, dict) for choice in grid)
    require(usable, "grid", "one configuration or more", grid)
    known = model.get_params()
    names = [name for name in known if name != "seed"]  # it is the run's
    for choice in grid:
        for name in choice:
            require(name in names, "a name in grid", f"one of {', '.join(names)}", name)
        candidate = type(model)(**{**known, **choice})
        if hasattr(candidate, "check"):
            candidate.check(graphs, labels)
        if protocol == "paper":
            patience = getattr(candidate, "patience", None)
            every = "None, for the paper's protocol compares every epoch"
            require(patience is None, "patience", every, patience)


def _fair(work: Work, queue: Queue) -> Evaluation:
    """Select in each fold where there is a choice, then run and test."""
    n_folds, n_choices = len(work.splits), len(work.grid)
    queue.total = n_folds * (work.runs + (n_choices if n_choices > 1 else 0))
    selected: list[list[tuple[float, float, int]]] = [[] for _ in range(n_folds)]
    finals: list[dict[int, Row]] = [{} for _ in range(n_folds)]
    chosen = [0] * n_folds
    for fold in range(n_folds):
        for number in range(n_choices if n_choices > 1 else work.runs):
            is_final = n_choices == 1
            queue.add(Job(fold, 0, number) if is_final else Job(fold, number, None))
    for job, row in queue:
        if job.run is not None:
            finals[job.fold][job.run] = row
            continue
        order = -row["validation"], row["validation_loss"], job.choice
        selected[job.fold].append(order)
        if len(selected[job.fold]) == n_choices:
            chosen[job.fold] = min(selected[job.fold])[-1]
            for run in range(work.runs):
                queue.add(Job(job.fold, chosen[job.fold], run))
    folds = [
        _fold_of(fold, chosen[fold], [rows[run] for run in sorted(rows)])
        for fold, rows in enumerate(finals)
    ]
    scores = [fold["test"] for fold in folds]
    mean, spread = float(np.mean(scores)), float(np.std(scores))
    return Evaluation("fair", mean, spread, folds, None)


def _fold_of(fold: int, choice: int, runs: list[Row]) -> Row:
    means = {
        name: float(np.mean([run[name] for run in runs]))
        for name in ("test", "validation")
    }
    return {"fold": fold, "choice": choice, **means, "runs": runs}


def _paper(work: Work, queue: Queue) -> Evaluation:
    """Take the configuration and the epoch of the best mean over folds."""
    n_folds, n_choices = len(work.splits), len(work.grid)
    queue.total = n_folds * n_choices
    for fold in range(n_folds):
        for choice in range(n_choices):
            queue.add(Job(fold, choice, None))
    curves = {(job.choice, job.fold): row["curve"] for job, row in queue}
    means = [
        np.mean([curves[choice, fold] for fold in range(n_folds)], axis=0)
        for choice in range(n_choices)
    ]
    choice = int(np.argmax([mean.max() for mean in means]))
    epoch = int(np.argmax(means[choice]))
    scores = [curves[choice, fold][epoch] for fold in range(n_folds)]
    folds = [
        {"fold": fold, "choice": choice, "validation": score}
        for fold, score in enumerate(scores)
    ]
    mean, spread = float(np.mean(scores)), float(np.std(scores))
    return Evaluation("paper", mean, spread, folds, epoch + 1)
