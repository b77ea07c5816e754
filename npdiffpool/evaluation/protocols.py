"""Cross-validation by two protocols, on any executor, with resuming.

"fair" (Errica et al., arXiv 1912.09893): in each outer fold, a validation part cut out
of the training part chooses the configuration and the epoch. Only the final runs use
the test part.

"paper" (Ying et al., as they describe it in the issues of their repository): train on
all graphs outside the test part, measure the accuracy on the test part after every
epoch, average over the folds, and report the highest mean. The graphs that are scored
choose the epoch, so it is not a test score.

An evaluation is divided into jobs, one training run each (jobs.py), which a queue
runs (job_queue.py).
"""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import nullcontext
from difflib import get_close_matches
from itertools import chain, product
from os import PathLike
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

from npdiffpool._support.arguments import require, require_choice, require_int
from npdiffpool._support.folder_lock import lock_folder
from npdiffpool._support.types import Json
from npdiffpool.datasets import Dataset
from npdiffpool.evaluation.estimator import CheckedEstimator, Estimator
from npdiffpool.evaluation.job_folder import JobFolder
from npdiffpool.evaluation.job_queue import JobQueue, Progress
from npdiffpool.evaluation.jobs import Job, Plan, Source, load_labelled
from npdiffpool.evaluation.splits import Split, check_splits, make_splits
from npdiffpool.graphs.digest import digest_graphs
from npdiffpool.graphs.graph import Graph

__all__ = ["Evaluation", "Progress", "Source", "check_options", "cross_validate"]
PROTOCOLS = ("fair", "paper")


class Evaluation(NamedTuple):
    """The result of a cross-validation.

    Scores are accuracies. For a regressor they are R^2 (test) and 1 minus the squared
    error divided by the variance of the training labels (validation).

    Attributes
    ----------
    protocol : "fair" or "paper"
    score : float
        Mean over folds: of the mean test score of the fold's runs ("fair"), or of the
        validation score after `epoch` ("paper").
    spread : float
        Standard deviation over folds.
    folds : list of dict
        One per fold: `fold`, the `choice` from the grid, `validation` and, for "fair",
        `test` and the list `runs`.
    epoch : int or None
        The epoch, counted from 1, at which "paper" compares all folds. None for "fair".
    measure : "accuracy" or "R^2"
    """

    protocol: str
    score: float
    spread: float
    folds: list[Json]
    epoch: int | None
    measure: str = "accuracy"


def cross_validate(
    model: Estimator,
    data: Dataset | Source | Sequence[Graph],
    labels: Any = None,
    *,
    protocol: str = "fair",
    splits: Sequence[Split] | None = None,
    folds: int = 10,
    grid: Sequence[Json] = ({},),
    runs: int = 3,
    executor: Executor | None = None,
    folder: str | PathLike[str] | None = None,
    on_done: Callable[[Progress], None] = lambda progress: None,
) -> Evaluation:
    """Cross-validate a model.

    Parameters
    ----------
    model : DiffPoolClassifier, or another model with its conventions
        It is not changed: each job trains a new model with its parameters. Run r of a
        fold uses the seed ``model.seed + r``.
    data : Dataset, Source, or sequence of Graph
        Each worker loads a `Source` itself. Graphs are sent to the workers.
    labels : sequence, optional
        One label per graph. The default is the labels of the data set or graphs.
    protocol : "fair" or "paper"
        See the module's docstring.
    splits : list of Split, optional
        Such as those of `npdiffpool.evaluation.splits.read_splits`. By default they are
        made with the model's seed, and stratified if it is a classifier.
    folds : int
        Number of outer folds to make without `splits`.
    grid : sequence of dict
        Configurations to choose from: parameters of the model that they change.
    runs : int
        Number of final runs per fold; only "fair" uses it.
    executor : concurrent.futures.Executor, optional
        Runs the jobs. By default they run one after the other in this process.
        `npdiffpool.evaluation.workers.workers` yields processes or a dask cluster.
    folder : path, optional
        Each result is saved there at once. Saved jobs are not run again, so that an
        evaluation that was stopped or killed is resumed.
    on_done : callable
        Called with the `Progress` at the beginning and after each job.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        Before any work, if an argument, or a parameter of the model or in the grid, is
        unusable, or if the folder holds another evaluation or is in use. Later, as a
        `JobError` that names the fold, if a training run fails.
    OSError
        If the folder cannot be written; as a `WorkerError` that names the folds, if a
        worker dies.

    Notes
    -----
    If a job fails, the running jobs are finished and saved before the error is raised.
    All results are the same bytes on any executor with any number of workers (except
    seconds.json, the duration of each job).

    Examples
    --------
    >>> from npdiffpool import DiffPoolClassifier, load_dataset
    >>> model = DiffPoolClassifier(hidden=8, epochs=1)
    >>> mutag = load_dataset("MUTAG")[:60]
    >>> report = lambda progress: print(progress.done, "of", progress.total)
    >>> result = cross_validate(model, mutag, folds=2, runs=1, on_done=report)
    0 of 2
    1 of 2
    2 of 2
    >>> [(fold["fold"], len(fold["runs"])) for fold in result.folds]
    [(0, 1), (1, 1)]
    """
    can_submit = executor is None or hasattr(executor, "submit")
    require(can_submit, "executor", "a concurrent.futures.Executor", executor)
    require(callable(on_done), "on_done", "callable", on_done)
    candidates = check_options(model, protocol, folds, grid, runs)
    by_class = getattr(model, "kind", "") == "classifier"
    graphs, labels = load_labelled(data, labels, by_class)
    for candidate in candidates:
        if isinstance(candidate, CheckedEstimator):
            candidate.check(graphs, labels)
    splits = choose_splits(model, labels, splits, folds)
    shared = data if isinstance(data, Source) else graphs
    digest = digest_graphs(graphs)
    plan = Plan(model, shared, digest, labels, protocol, splits, grid, runs)
    return _run(plan, folder, executor, on_done)


def _run(
    plan: Plan, folder: Any, executor: Executor | None, on_done: Any
) -> Evaluation:
    """Run the jobs of a plan, and save their results and the evaluation."""
    with nullcontext() if folder is None else lock_folder(folder) as path:
        saved = JobFolder(path, plan.settings())
        queue = JobQueue(plan, saved, executor, on_done)
        run = _run_fair if plan.protocol == "fair" else _run_paper
        result = run(plan, queue)
        saved.write("results", result._asdict())
    return result


def choose_splits(
    model: Estimator, labels: Any, splits: Any, n_folds: int
) -> list[Split]:
    """Validate the given splits, or make some with the model's seed."""
    if splits is not None:
        return check_splits(splits, len(labels))
    by_class = getattr(model, "kind", "classifier") == "classifier"
    seed = model.get_params().get("seed", 0)
    strata = labels if by_class else np.zeros(len(labels))
    return make_splits(strata, n_folds, seed, by_class)


def check_options(
    model: Estimator,
    protocol: str = "fair",
    folds: int = 10,
    grid: Sequence[Json] = ({},),
    runs: int = 3,
) -> list[Estimator]:
    """Validate the options of `cross_validate` that can be validated without data.

    Parameters
    ----------
    model, protocol, folds, grid, runs
        As for `cross_validate`.

    Returns
    -------
    list of Estimator
        A model for each configuration of the grid.

    Raises
    ------
    ValueError
        If an option, a parameter of the model or one in the grid is unusable.

    Examples
    --------
    >>> from npdiffpool import DiffPoolClassifier
    >>> grid = [{"hidden": 32}, {"hidden": 64}]
    >>> [model.hidden for model in check_options(DiffPoolClassifier(), grid=grid)]
    [32, 64]
    """
    is_estimator = isinstance(model, Estimator)
    require(is_estimator, "model", "one with fit, score and get_params", model)
    require_choice("protocol", protocol, PROTOCOLS)
    require_int("runs", runs, 1)
    require_int("folds", folds, 2)
    usable = isinstance(grid, (list, tuple)) and len(grid) > 0
    usable = usable and all(isinstance(choice, dict) for choice in grid)
    require(usable, "grid", "one configuration or more", grid)
    known = model.get_params()
    names = [name for name in known if name != "seed"]  # the runs set it
    for name in chain(*grid):
        _require_name(name, names)
    candidates = [type(model)(**{**known, **choice}) for choice in grid]
    for candidate in candidates:
        if isinstance(candidate, CheckedEstimator):
            candidate.check_parameters()
        held_out = getattr(candidate, "validation_fraction", None)
        reason = "None, because every fold has a validation part"
        require(held_out is None, "validation_fraction", reason, held_out)
        if protocol == "paper":
            patience = getattr(candidate, "patience", None)
            reason = "None, because the paper's protocol compares every epoch"
            require(patience is None, "patience", reason, patience)
    return candidates


def _require_name(name: Any, names: list[str]) -> None:
    """Require a name in the grid to be one of these; suggest the nearest."""
    if name not in names:
        near = get_close_matches(str(name), names, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        required = f"a name in grid must be one of {', '.join(names)}"
        raise ValueError(f"{required}; got {name!r}{hint}")


def _run_fair(plan: Plan, queue: JobQueue) -> Evaluation:
    """In each fold, choose a configuration if there are several; then run and test."""
    folds, choices = range(len(plan.splits)), range(len(plan.grid))
    chosen = [0 for fold in folds]
    if len(choices) > 1:
        results = queue.run(Job(*pair, None) for pair in product(folds, choices))
        for fold in folds:
            ranks = [_rank(results[Job(fold, choice, None)]) for choice in choices]
            chosen[fold] = ranks.index(min(ranks))
    jobs = [[Job(fold, chosen[fold], n) for n in range(plan.runs)] for fold in folds]
    results = queue.run(chain(*jobs))
    rows = []
    for fold in folds:
        runs = [results[job] for job in jobs[fold]]
        means = {
            k: float(np.mean([r[k] for r in runs])) for k in ("test", "validation")
        }
        rows.append({"fold": fold, "choice": chosen[fold], **means, "runs": runs})
    return _summarize(plan, rows, "test", None)


def _rank(result: Json) -> tuple[float, float]:
    """Return a sort key: the best validation score, then the lowest loss, is first."""
    return -result["validation"], result["validation_loss"]


def _run_paper(plan: Plan, queue: JobQueue) -> Evaluation:
    """Choose the configuration and the epoch with the highest mean over folds."""
    folds, choices = range(len(plan.splits)), range(len(plan.grid))
    results = queue.run(Job(*pair, None) for pair in product(folds, choices))
    curves = [
        np.array([results[Job(fold, choice, None)]["curve"] for fold in folds])
        for choice in choices
    ]
    means = [np.mean(scores, axis=0) for scores in curves]
    choice = int(np.argmax([mean.max() for mean in means]))
    epoch = int(np.argmax(means[choice]))
    rows = [
        {"fold": fold, "choice": choice, "validation": score}
        for fold, score in enumerate(curves[choice][:, epoch].tolist())
    ]
    return _summarize(plan, rows, "validation", epoch + 1)


def _summarize(
    plan: Plan, folds: list[Json], key: str, epoch: int | None
) -> Evaluation:
    """Return the mean and the standard deviation over folds of one of their scores."""
    scores = [fold[key] for fold in folds]
    mean, spread = float(np.mean(scores)), float(np.std(scores))
    is_regressor = getattr(plan.model, "kind", "classifier") == "regressor"
    measure = "R^2" if is_regressor else "accuracy"
    return Evaluation(plan.protocol, mean, spread, folds, epoch, measure)
