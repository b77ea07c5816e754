"""What ``npdiffpool cv`` does: cross-validate by a protocol and print the table."""

from __future__ import annotations

import json
import math
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import product
from pathlib import Path
from typing import Callable, Iterator

import numpy as np

from npdiffpool._support.folder_lock import add_resume_hint
from npdiffpool._support.interrupts import interrupt_after
from npdiffpool._support.progress import progress_bar
from npdiffpool._support.untrusted import read_json
from npdiffpool.datasets import Dataset
from npdiffpool.estimators.diffpool import DiffPoolClassifier
from npdiffpool.evaluation.job_folder import Row
from npdiffpool.evaluation.job_queue import Progress
from npdiffpool.evaluation.jobs import load_source
from npdiffpool.evaluation.protocols import Evaluation, Source, cross_validate
from npdiffpool.evaluation.splits import read_splits
from npdiffpool.evaluation.workers import workers

MAX_GRID = 10_000  # configurations


class GridError(ValueError):
    """Say what is wrong with a file of configurations."""


def cv_run(
    clf: DiffPoolClassifier,
    source: Source,
    *,
    protocol: str,
    splits: str | None,
    grid: str | None,
    jobs: int,
    scheduler: str | None,
    out: str | None,
    **counts: int,
) -> Evaluation:
    """Cross-validate on a data set, say how far it is, print the table.

    Parameters
    ----------
    clf : DiffPoolClassifier
    source : Source
    protocol : "fair" or "paper"
    splits, grid : str or None
        Files of index lists and of configurations.
    jobs : int
        Processes.
    scheduler : str or None
        The address of a dask cluster, which runs the jobs in place of processes.
    out : str or None
        Folder of the results; ``runs/NAME-PROTOCOL`` where not given. With the same
        command, but for `jobs` and `scheduler`, a run that was stopped goes on there.
    **counts : int
        `folds` and `runs` of `npdiffpool.evaluation.protocols.cross_validate`.

    Raises
    ------
    ValueError
        If an argument or a file is unusable, or a training fails.
    OSError
        If a worker dies, there is no such cluster, or nothing can be written.
    KeyboardInterrupt
        After Ctrl-C. Trainings under way are waited for and kept; those of a cluster
        are dropped.
    """
    dataset = load_source(source)
    choices = read_grid(grid) if grid is not None else [{}]
    parts = read_splits(splits, len(dataset)) if splits is not None else None
    folder = Path(out or Path("runs", f"{dataset.name}-{protocol}"))
    print(dataset, flush=True)
    given: Row = {"protocol": protocol, "splits": parts, "grid": choices, **counts}
    hint = f"{folder} keeps what was done, and the same command goes on"
    resumable = add_resume_hint(folder / "settings.json", hint)
    with workers(jobs, scheduler) as executor, resumable:
        with _telling(here=executor is None) as tell:
            more: Row = {"executor": executor, "folder": folder, "on_done": tell}
            result = cross_validate(clf, source, **given, **more)
    print(write_table(result, choices))
    print(_majority(dataset))
    print(f"results: {folder}")
    return result


@contextmanager
def _telling(here: bool) -> Iterator[Callable[[Progress], None]]:
    """Give what shows how far it is and, if jobs run here, stops between two."""
    with job_progress() as show:
        waits = interrupt_after(show, "the training under way")
        with waits if here else nullcontext(show) as tell:
            yield tell


@contextmanager
def job_progress() -> Iterator[Callable[[Progress], None]]:
    """Show the progress of `cross_validate`: give what is yielded as `on_done`."""
    with ExitStack() as stack:
        update: Callable[[int, str], None]

        def on_done(seen: Progress) -> None:
            nonlocal update
            if seen.job is None or seen.row is None:
                kept = f", {seen.resumed} of them done before" if seen.resumed else ""
                heading = f"{seen.total} jobs{kept}"
                bar = progress_bar(
                    seen.total, "job", "cross-validation", seen.resumed, heading
                )
                update = stack.enter_context(bar)
            elif seen.done > seen.resumed:
                text = f"fold {seen.job.fold}: validation {seen.row['validation']:.1%}"
                text += f", test {seen.row['test']:.1%}" if "test" in seen.row else ""
                update(seen.done, text)

        yield on_done


def read_grid(path: str) -> list[Row]:
    """Read configurations: a JSON list of them, or an object of lists to combine.

    Raises
    ------
    GridError
        If the file is neither, or has more than `MAX_GRID` configurations.
    FileNotFoundError
        If there is no such file.
    """
    try:
        content = read_json(path, finite=True)
        if isinstance(content, dict):
            for name, values in content.items():
                if not isinstance(values, list) or not values:
                    raise TypeError(f"no list of values of {name}: {values!r}")
            _require_few(math.prod(map(len, content.values())))
            combined = product(*content.values())
            content = [dict(zip(content, values)) for values in combined]
        usable = isinstance(content, list) and len(content) > 0
        if not usable or not all(isinstance(choice, dict) for choice in content):
            raise TypeError(f"no configuration: {json.dumps(content)[:60]}")
        _require_few(len(content))
    except FileNotFoundError:
        raise
    except (TypeError, ValueError, OSError) as error:
        form = '[{"hidden": 32}, {"hidden": 64}] or {"hidden": [32, 64]}'
        raise GridError(f"{path} must be JSON such as {form}; got {error}") from None
    return [_with_levels(choice) for choice in content]


def _require_few(count: int) -> None:
    if count > MAX_GRID:
        raise ValueError(f"{count} configurations; at most {MAX_GRID} are accepted")


def _with_levels(choice: Row) -> Row:
    """Make `clusters` a tuple, of a number alone one level."""
    if "clusters" not in choice:
        return choice
    given = choice["clusters"]
    return {**choice, "clusters": tuple(given if isinstance(given, list) else [given])}


def write_table(result: Evaluation, grid: list[Row]) -> str:
    """Return the table of an evaluation: a line a fold, then the mean and spread."""
    is_fair, has_choice = result.protocol == "fair", len(grid) > 1
    lines = ["fold  validation" + ("    test" if is_fair else "")]
    for row in result.folds:
        text = f"{row['fold']:>4}  {row['validation']:>9.1%}"
        text += f"  {row['test']:>7.1%}" if is_fair else ""
        text += f"  {json.dumps(grid[row['choice']])}" if has_choice else ""
        lines.append(text)
    spread = f"{100 * result.score:.1f} ± {100 * result.spread:.1f} %"
    over = f"mean ± standard deviation over {len(result.folds)} folds"
    if is_fair:
        runs = len(result.folds[0]["runs"])
        each = "one run each" if runs == 1 else f"{runs} runs each"
        lines.append(f"test accuracy {spread}, {over}, {each}")
    else:
        what = f"validation accuracy after epoch {result.epoch}"
        lines.append(f"{what}: {spread}, {over}")
        lines.append("(the maximum over epochs of the mean over folds: no test figure)")
    return "\n".join(lines)


def _majority(dataset: Dataset) -> str:
    _, counts = np.unique(dataset.labels, return_counts=True)
    return f"always the majority class: {counts.max() / counts.sum():.1%}"
