"""Cross-validate by a published protocol.

For example:
  npdiffpool cv MUTAG --jobs 2
  npdiffpool cv ENZYMES --splits ENZYMES_splits.json --grid grid.json
  npdiffpool cv MUTAG --protocol paper --epochs 50 --json > result.json
  npdiffpool cv ENZYMES --scheduler tcp://127.0.0.1:8786

The same command resumes an interrupted evaluation.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any, Callable, Iterator, Sequence

from npdiffpool._support.folder_lock import add_resume_hint, lock_folder
from npdiffpool._support.interrupts import interrupt_after
from npdiffpool._support.progress import progress_bar
from npdiffpool._support.threads import share_of_threads, use_threads
from npdiffpool._support.types import Json
from npdiffpool.cli.grid import read_grid
from npdiffpool.cli.parameters import add_parameters, make_model
from npdiffpool.cli.parser import add_json, results_only
from npdiffpool.datasets import Dataset
from npdiffpool.datasets.duplicates import count_copies
from npdiffpool.estimators import expectation
from npdiffpool.estimators.diffpool import Model
from npdiffpool.evaluation.job_folder import require_evaluation
from npdiffpool.evaluation.job_queue import Progress
from npdiffpool.evaluation.jobs import load_source
from npdiffpool.evaluation.protocols import (
    Evaluation,
    Source,
    check_options,
    choose_splits,
    cross_validate,
)
from npdiffpool.evaluation.splits import read_splits
from npdiffpool.evaluation.workers import check_workers, workers

TIMED = 8  # configurations of a grid
RUN = "the current training run"  # for which Ctrl-C waits in this process


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.usage = "npdiffpool cv DATA [--option VALUE ...]"
    command.add_argument("data", metavar="DATA", help="data set, as for train")
    command.add_argument(
        "--protocol",
        default="fair",
        metavar="{fair,paper}",
        help="fair: a validation part of each fold chooses configuration and epoch, "
        "and test accuracy is reported; paper: the maximum over epochs of the mean "
        "validation accuracy is reported (default: %(default)s)",
    )
    text = "JSON file with the graph indices of each fold"
    command.add_argument("--splits", metavar="FILE", help=text)
    command.add_argument(
        "--grid",
        metavar="FILE",
        help='JSON file of configurations to choose from, such as {"hidden": [32, 64]}',
    )
    for name, default, text in (
        ("--folds", 10, "number of folds, without --splits"),
        ("--runs", 3, "final training runs per fold, for the fair protocol"),
        ("--jobs", 1, "number of worker processes, which share the CPUs"),
    ):
        text += " (default: %(default)s)"
        command.add_argument(name, type=int, default=default, metavar="INT", help=text)
    text = "address of a dask scheduler, whose workers are used instead of --jobs"
    command.add_argument("--scheduler", metavar="ADDRESS", help=text)
    text = "folder for the results (default: runs/DATA-PROTOCOL)"
    command.add_argument("--out", metavar="FOLDER", help=text)
    add_json(command, "the results")
    add_parameters(command)


def run(arguments: argparse.Namespace) -> None:
    """Cross-validate, print the table of folds, or JSON."""
    given = arguments
    check_workers(given.jobs, given.scheduler)
    grid = read_grid(given.grid) if given.grid is not None else [{}]
    model = make_model(given)
    candidates = check_options(model, given.protocol, given.folds, grid, given.runs)
    if given.splits is not None:
        read_splits(given.splits, n_graphs=None)
    if given.out is not None:
        with lock_folder(given.out) as folder:
            require_evaluation(folder)
    with results_only(given.json):
        result = _evaluate(given, model, grid, candidates)
    if given.json:
        print(json.dumps(result._asdict()))


def _evaluate(
    given: argparse.Namespace,
    model: Model,
    grid: list[Json],
    candidates: Sequence[Any],
) -> Evaluation:
    """Cross-validate with progress on standard error, and print the results."""
    source = Source(given.data, given.features, given.weights, given.target)
    dataset = load_source(source)
    splits = None if given.splits is None else read_splits(given.splits, len(dataset))
    folder = Path(given.out or Path("runs", f"{dataset.name}-{given.protocol}"))
    is_classifier = not dataset.targets
    _print_data(dataset, candidates)
    _print_copies(model, dataset, splits, given.folds)
    hint = f"the finished jobs are in {folder}; run the same command to resume"
    with (
        workers(given.jobs, given.scheduler) as executor,
        add_resume_hint(folder / "settings.json", hint),
        job_progress(is_classifier) as shown,
        interrupt_after(shown, RUN) if executor is None else nullcontext(shown) as show,
    ):
        at_a_time = given.jobs if given.scheduler is None else None
        on_done = _with_expectation(show, candidates, dataset, executor, at_a_time)
        options: Json = {"protocol": given.protocol, "splits": splits, "grid": grid}
        options |= {"folds": given.folds, "runs": given.runs, "executor": executor}
        result = cross_validate(
            model, source, folder=folder, on_done=on_done, **options
        )
    print(write_table(result, grid, is_classifier))
    if is_classifier:
        print(f"always the majority class: {dataset.majority_class()[1]:.1%}")
    print(f"results: {folder}")
    return result


def _print_data(dataset: Dataset, candidates: Sequence[Any]) -> None:
    """Describe the data set and the numbers of clusters on it."""
    print(dataset)
    data = dataset, dataset.labels
    lines = [expectation.describe_clusters(c, *data, True) for c in candidates]
    print(*dict.fromkeys(lines), sep="\n", flush=True)


def _print_copies(model: Model, dataset: Dataset, splits: Any, n_folds: int) -> None:
    """Say how many test graphs have an isomorphic copy elsewhere in their fold."""
    splits = choose_splits(model, dataset.labels, splits, n_folds)
    folds = [(split.train + split.validation, split.test) for split in splits]
    copies = count_copies(dataset.duplicates(), folds)
    if copies:
        n_tests = sum(len(split.test) for split in splits)
        text = f"{copies} of {n_tests} test graphs have an isomorphic copy in"
        print(f"{text} the training or validation part of their fold", flush=True)


def _with_expectation(
    show: Callable[[Progress], None],
    candidates: Sequence[Any],
    dataset: Dataset,
    executor: Executor | None,
    at_a_time: int | None,
) -> Callable[[Progress], None]:
    """Let `show` print the expected duration before the first job runs."""

    def on_done(seen: Progress) -> None:
        left = seen.total - seen.resumed
        if seen.job is None and left:
            if executor is not None and at_a_time is not None:
                executor.submit(int).result()  # a process that starts uses a CPU
            epochs = [model.epochs for model in candidates]
            with use_threads(share_of_threads(at_a_time or 1)):
                job = _seconds_per_job(candidates, dataset)
            text = expectation.describe_jobs(left, job, epochs, at_a_time)
            print(text, file=sys.stderr, flush=True)
        show(seen)

    return on_done


def _seconds_per_job(candidates: Sequence[Any], dataset: Dataset) -> float:
    """Return the mean over the configurations, or over some of a large grid."""
    timed = Random(0).sample(candidates, min(len(candidates), TIMED))
    data = dataset, dataset.labels
    return fmean(m.epochs * expectation.seconds_per_epoch(m, *data) for m in timed)


@contextmanager
def job_progress(
    is_classifier: bool = True,
) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows each `Progress` of `cross_validate`."""
    with ExitStack() as stack:
        update: Callable[[int, str], None]

        def on_done(seen: Progress) -> None:
            nonlocal update
            if seen.job is None or seen.row is None:
                kept = f", {seen.resumed} of them done before" if seen.resumed else ""
                names = "job", "cross-validation"
                heading = f"{seen.total} jobs{kept}"
                bar = progress_bar(seen.total, *names, seen.resumed, heading)
                update = stack.enter_context(bar)
            elif seen.done > seen.resumed:
                known = [part for part in ("validation", "test") if part in seen.row]
                shown = (f"{k} {_shown(seen.row[k], is_classifier)}" for k in known)
                update(seen.done, f"fold {seen.job.fold}: {', '.join(shown)}")

        yield on_done


def write_table(
    result: Evaluation, grid: list[Json], is_classifier: bool = True
) -> str:
    """Return a table of an evaluation: a line per fold, then mean and spread."""
    is_fair, has_choice = result.protocol == "fair", len(grid) > 1
    lines = ["fold  validation" + ("    test" if is_fair else "")]
    for row in result.folds:
        text = f"{row['fold']:>4}  {_shown(row['validation'], is_classifier):>9}"
        text += f"  {_shown(row['test'], is_classifier):>7}" if is_fair else ""
        text += f"  {json.dumps(grid[row['choice']])}" if has_choice else ""
        lines.append(text)
    score, spread = "R^2", f"{result.score:.3f} ± {result.spread:.3f}"
    if is_classifier:
        score = "accuracy"
        spread = f"{100 * result.score:.1f} ± {100 * result.spread:.1f} %"
    over = f"mean ± standard deviation over {len(result.folds)} folds"
    if is_fair:
        runs = len(result.folds[0]["runs"])
        each = "one run each" if runs == 1 else f"{runs} runs each"
        lines.append(f"test {score} {spread}, {over}, {each}")
    else:
        what = f"validation {score} after epoch {result.epoch}"
        lines.append(f"{what}: {spread}, {over}")
        lines.append("(the maximum over epochs of the mean over folds: no test figure)")
    return "\n".join(lines)


def _shown(score: float, is_classifier: bool) -> str:
    """Return an accuracy in percent, or R^2, as text."""
    return f"{score:.1%}" if is_classifier else f"{score:.3f}"
