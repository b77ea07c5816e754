"""A training run and its folder: what ``npdiffpool train`` does.

The folder has config.json, history.csv, model.npz, snapshots.npz and checkpoint.npz.
The command adds report.html, figures/hierarchy.png and figures/history.png.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import sys
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable, Iterator

import numpy as np
import scipy

from npdiffpool._support.atomic_files import write_text
from npdiffpool._support.folder_lock import (
    add_resume_hint,
    list_contents,
    lock_folder,
    remove_partial_files,
)
from npdiffpool._support.interrupts import ignore_interrupt, interrupt_after
from npdiffpool._support.types import Ints, Json
from npdiffpool.datasets import Dataset
from npdiffpool.datasets.stratified import stratified_split
from npdiffpool.estimators import expectation
from npdiffpool.estimators.diffpool import Model
from npdiffpool.graphs.digest import digest_graphs
from npdiffpool.runs.checkpoints import Saver
from npdiffpool.runs.results import compute_results, describe_results
from npdiffpool.runs.snapshot_file import write_snapshots
from npdiffpool.runs.snapshots import Recorder

CHECKPOINT = "checkpoint.npz"
SPLIT_FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}


def train_run(
    model: Model,
    dataset: Dataset,
    out: str | None,
    resume: bool = False,
    draw: Callable[[Model, Dataset, Path], None] | None = None,
) -> Path:
    """Split a data set, train, test once, write the run folder; print the results.

    The validation part chooses the epoch. The test part is used once, at the end.

    Parameters
    ----------
    model : DiffPoolClassifier or DiffPoolRegressor
        Its seed is also the seed of the split.
    dataset : Dataset
    out : str or None
        The run folder, new or empty; by default ``runs/NAME-1``, ``-2``, ...
    resume : bool
        Resume the run in `out` from its checkpoint, wherever it was stopped; the files
        are byte-identical to those of an uninterrupted run. If there is no checkpoint,
        start at epoch 1.
    draw : callable, optional
        Called with the model, the test part and the folder, when all files are
        written and the folder is still locked.

    Returns
    -------
    pathlib.Path
        The run folder.

    Raises
    ------
    ValueError
        If the data or a parameter is unusable, or the folder is in use or not empty;
        with `resume`, if it is neither empty nor a run folder, or has different
        settings.
    OSError
        If a file cannot be written, as on a full disk; earlier files are kept.
    KeyboardInterrupt
        After Ctrl-C. The checkpoint has the state after the current epoch; after a
        second Ctrl-C it has the state after the previous epoch.
    """
    print(_describe(dataset))
    split = _split(dataset, model)
    train, validation, test = (dataset[indices] for indices in split.values())
    model.check(train)  # with its labels, unless they are targets for a classifier
    test_indices, settings = split["test"].tolist(), _settings(model, dataset)
    recorder = Recorder(test_indices, test.graphs, test.labels, model.epochs)
    with _run_folder(out, dataset.name, resume) as folder:
        saver = Saver(folder / CHECKPOINT, settings, recorder)
        command = f"the same command with --resume --out {shlex.quote(str(folder))}"
        with add_resume_hint(saver.path, f"to resume, run {command}"):
            _fit(model, train, validation, saver)
            results = compute_results(model, train, test)
            print(describe_results(results, len(model.history_)))
            config = describe_run(model, dataset, split, results)
            write_files(folder, model, recorder, config)
            print(f"run folder: {folder}", flush=True)
            if draw is not None:
                draw(model, test, folder)
    return folder


def check_run_folder(out: str | None, resume: bool = False) -> None:
    """Check that `train_run` can use a folder, before the data set is loaded.

    Raises
    ------
    ValueError
        If the folder is in use or not empty; with `resume`, if it is neither empty nor
        a run folder, or None.
    OSError
        If it is not writable.
    """
    if resume and out is None:
        raise ValueError("--resume needs --out, the folder of the run that was stopped")
    if out is not None:
        with lock_folder(out) as folder:
            _require_usable(folder, resume)


def _require_usable(folder: Path, resume: bool) -> None:
    """Require a folder to be empty or, with `resume`, to have a run."""
    contents, is_run = list_contents(folder), (folder / CHECKPOINT).exists()
    if contents and not (resume and is_run):
        hint = ", which has a run: use --resume to resume it" if is_run else ""
        kind = "a run folder, or a" if resume else "a"
        required = f"--out must be {kind} new or empty folder"
        raise ValueError(f"{required}; got {folder}{hint}")


def _describe(dataset: Dataset) -> str:
    counts = dataset.statistics()
    unused = f"; not used: {', '.join(dataset.unused)}" if dataset.unused else ""
    return (
        f"{dataset.name}: {len(dataset)} graphs, {dataset.describe_labels()}, "
        f"{counts['nodes_mean']:.2f} nodes and {counts['edges_mean']:.2f} edges on "
        f"average, {dataset.n_features} features ({dataset.source}{unused})"
    )


def _split(dataset: Dataset, model: Model) -> dict[str, Ints]:
    """Split the graphs, stratified by class; print the sizes of the parts."""
    by_class, seed = model.kind == "classifier", model.seed
    strata = dataset.labels if by_class else np.zeros(len(dataset))
    parts = stratified_split(strata, [*SPLIT_FRACTIONS.values()], seed)
    split = dict(zip(SPLIT_FRACTIONS, parts))
    sizes = ", ".join(f"{len(part)} {name}" for name, part in split.items())
    print(f"split{', stratified' * by_class}, seed {seed}: {sizes}", flush=True)
    return split


@contextmanager
def _run_folder(out: str | None, name: str, resume: bool) -> Iterator[Path]:
    """Lock and yield the run folder, which is empty or has a run to resume."""
    with ExitStack() as stack:
        if out is None:
            folder = _lock_new_folder(stack, name)
        else:
            folder = stack.enter_context(lock_folder(out))
        _require_usable(folder, resume)
        remove_partial_files(folder)
        if resume and not list_contents(folder):
            print(f"no checkpoint in {folder}: starting at epoch 1", flush=True)
        yield folder


def _lock_new_folder(stack: ExitStack, name: str) -> Path:
    """Create and lock the first free ``runs/NAME-i``.

    This is safe even if other runs start at the same time.
    """
    number = 1
    while True:
        path = Path("runs", f"{name}-{number}")
        try:
            return stack.enter_context(lock_folder(path, is_new=True))
        except FileExistsError:
            if not os.path.lexists(path):  # "runs" exists and is not a folder
                raise
        number += 1


def _fit(model: Model, train: Dataset, validation: Dataset, saver: Saver) -> None:
    """Train, from the checkpoint if there is one, and save checkpoints."""
    *_, config = model.check(train, train.labels)
    state = saver.load(config)
    print(expectation.describe_clusters(model, train, train.labels), flush=True)
    if state is not None:
        print(f"resuming after epoch {state.epoch} of {model.epochs}", flush=True)
    else:
        seconds = expectation.seconds_per_epoch(model, train, train.labels)
        expected = expectation.describe_seconds(seconds, model.epochs)
        print(expected, file=sys.stderr, flush=True)
    hooks: Any = {"on_epoch": saver.recorder, "resume": state}
    try:
        with interrupt_after(saver, "the current epoch") as save:
            hooks["on_checkpoint"] = save
            model.fit(train, train.labels, (validation, validation.labels), **hooks)
    except ValueError:  # training diverged, and would do so again
        if state is None:
            saver.path.unlink(missing_ok=True)
        raise
    except (KeyboardInterrupt, BrokenPipeError):  # the latter: progress has no reader
        with ignore_interrupt():
            saver.save()
        raise
    saver.save()
    saver.recorder.record(model, model.best_epoch_)


def _settings(model: Model, dataset: Dataset) -> Json:
    """Return everything that determines a training run, as JSON."""
    parameters = {k: v for k, v in model.get_params().items() if k != "verbose"}
    return {
        "version": version("npdiffpool"),
        "data": dataset.name,
        "graphs": digest_graphs(dataset.graphs),
        "labels": dataset.labels.tolist(),  # those of a regressor are floats
        "features": dataset.feature_names and list(dataset.feature_names),
        "parameters": parameters,
    }


def describe_run(
    model: Model, dataset: Dataset, split: dict[str, Ints], results: Json
) -> Json:
    """Return the content of config.json."""
    packages = {package.__name__: package.__version__ for package in (np, scipy)}
    packages["autograd"] = version("autograd")
    names = "name", "source", "weights", "targets"
    data = {name: getattr(dataset, name) for name in names}
    return {
        "data": {**data, "statistics": dataset.statistics()},
        "features": dataset.feature_names and list(dataset.feature_names),
        "parameters": model.get_params(),
        "clusters": model.config_.clusters,
        "split": {name: part.tolist() for name, part in split.items()},
        "results": results,
        "versions": {"python": sys.version.split()[0], **packages},
    }


def write_files(folder: Path, model: Model, recorder: Recorder, config: Json) -> None:
    """Write the run's files; config.json is the last, so it marks a complete run."""
    text = io.StringIO()
    names = dict.fromkeys(name for row in model.history_ for name in row)
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(model.history_)
    write_text(folder / "history.csv", text.getvalue())
    write_snapshots(folder / "snapshots.npz", recorder.snapshots())
    model.save(folder / "model.npz")
    write_text(folder / "config.json", json.dumps(config, indent=1) + "\n")
