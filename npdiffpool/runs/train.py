"""A training run and its folder: what ``npdiffpool train`` does.

The folder holds config.json, history.csv, model.npz, snapshots.npz, checkpoint.npz and,
with the viz extra, report.html, figures/hierarchy.png and figures/history.png.
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
from npdiffpool._support.folder_lock import clear, hinting, holdings, own_folder
from npdiffpool._support.interrupts import ctrl_c_ignored, stoppable
from npdiffpool.datasets import Dataset
from npdiffpool.estimators.diffpool import DiffPoolClassifier
from npdiffpool.evaluation.jobs import digest_graphs
from npdiffpool.evaluation.protocols import stratified_split
from npdiffpool.graphs.graph import Ints
from npdiffpool.runs.checkpoints import Saver, read_checkpoint
from npdiffpool.runs.snapshot_file import write_snapshots
from npdiffpool.runs.snapshots import Recorder

SHARES = (0.8, 0.1, 0.1)
PARTS = ("train", "validation", "test")


def train_run(
    clf: DiffPoolClassifier,
    dataset: Dataset,
    out: str | None,
    resume: bool = False,
    draw: Callable[[DiffPoolClassifier, Dataset, Path], None] | None = None,
) -> Path:
    """Split a data set, train, test once, write the run folder; say so.

    The validation part chooses the epoch; the test part is looked at once, at
    the end.

    Parameters
    ----------
    clf : DiffPoolClassifier
        Its seed is the split's too.
    dataset : Dataset
    out : str or None
        The run folder, new or empty; ``runs/NAME-1``, ``-2``, ... where not given.
    resume : bool
        Go on with the run in `out`, wherever it was stopped, to the same bytes: before
        its first epoch was kept (then it begins), or after its last (then what is
        missing is written).
    draw : callable, optional
        Called with the classifier, the test part and the folder once all else is
        written, while the folder is still locked.

    Returns
    -------
    pathlib.Path
        The run folder.

    Raises
    ------
    ValueError
        If the folder is not empty, or another run's, or the data or a parameter are
        unusable; with `resume`, if the folder holds no run, or one of other settings.
    OSError
        If nothing can be written, as on a full disk; what was written before is kept.
    KeyboardInterrupt
        After Ctrl-C: the run folder then holds the state after the epoch under way, or
        after a second Ctrl-C the one before it.
    """
    print(_describe(dataset))
    split = stratified_split(dataset.labels, SHARES, clf.seed)
    sizes = ", ".join(f"{len(part)} {name}" for part, name in zip(split, PARTS))
    print(f"split, stratified, seed {clf.seed}: {sizes}", flush=True)
    train, _, test = (dataset[part] for part in split)
    clf.check(train, train.labels)
    with _run_folder(out, dataset.name, resume) as folder:
        hint = f"the same command with --resume --out {shlex.quote(str(folder))}"
        with hinting(folder / "checkpoint.npz", f"to go on, {hint}"):
            recorder = _fit(clf, dataset, split, folder / "checkpoint.npz")
            results = _results(clf, train, test)
            _say(results, len(clf.history_))
            write_text(folder / "history.csv", _history_csv(clf))
            write_snapshots(folder / "snapshots.npz", recorder.snapshots())
            clf.save(folder / "model.npz")
            config = _config(clf, dataset, split, results)  # last: the run is done
            write_text(folder / "config.json", json.dumps(config, indent=1) + "\n")
            print(f"run folder: {folder}", flush=True)
            if draw is not None:
                draw(clf, test, folder)
    return folder


def _fit(
    clf: DiffPoolClassifier,
    dataset: Dataset,
    split: list[Ints],
    path: Path,
) -> Recorder:
    """Train, from the checkpoint if there is one; keep one, and what is seen."""
    train, validation, _ = (dataset[part] for part in split)
    recorder = _recorder(clf, dataset, split[-1])
    settings = _settings(clf, dataset)
    *_, config = clf.check(train, train.labels)
    state = None
    if path.exists():
        state = read_checkpoint(path, settings, config, recorder)
        print(f"going on after epoch {state.epoch} of {clf.epochs}", flush=True)
    saver = Saver(path, settings, recorder, state)
    try:
        with stoppable(saver, "the epoch under way") as save:
            more: Any = {"on_epoch": recorder, "on_checkpoint": save, "resume": state}
            clf.fit(train, train.labels, (validation, validation.labels), **more)
    except ValueError:  # it has diverged, and would again
        if state is None:
            path.unlink(missing_ok=True)
        raise
    except (KeyboardInterrupt, BrokenPipeError):  # of who reads the progress
        with ctrl_c_ignored():
            saver.save()
        raise
    saver.save()
    recorder.look(clf, clf.best_epoch_)
    return recorder


def _settings(clf: DiffPoolClassifier, dataset: Dataset) -> dict[str, Any]:
    """Return all that decides a training, as JSON."""
    parameters = {k: v for k, v in clf.get_params().items() if k != "verbose"}
    return {
        "version": version("npdiffpool"),
        "data": dataset.name,
        "graphs": digest_graphs(dataset.graphs),
        "labels": dataset.labels.tolist(),
        "features": list(dataset.feature_names),
        "parameters": parameters,
    }


def _describe(dataset: Dataset) -> str:
    counts = dataset.statistics()
    return (
        f"{dataset.name}: {len(dataset)} graphs, {dataset.n_classes} classes, "
        f"{counts['nodes_mean']:.2f} nodes and {counts['edges_mean']:.2f} edges on "
        f"average, {dataset.n_features} features ({dataset.source})"
    )


@contextmanager
def _run_folder(out: str | None, name: str, resume: bool) -> Iterator[Path]:
    """Give the run's folder, which is its own, or say why it cannot be that."""
    if resume and out is None:
        raise ValueError("--resume needs --out, the folder of the run that was stopped")
    with ExitStack() as stack:
        if out is None:
            folder = _enter_free(stack, name)
        else:
            folder = stack.enter_context(own_folder(out))
        held, is_run = holdings(folder), (folder / "checkpoint.npz").exists()
        if held and not (resume and is_run):
            hint = ", which holds a run: --resume goes on with it" if is_run else ""
            kind = "a run's folder, or a" if resume else "a"
            required = f"--out must be {kind} new or empty folder"
            raise ValueError(f"{required}; got {folder}{hint}")
        clear(folder)
        if resume and not held:
            print(f"nothing is kept in {folder} yet: from the beginning", flush=True)
        yield folder


def _enter_free(stack: ExitStack, name: str) -> Path:
    """Make a folder that no other run has, even one that began at the same time."""
    number = 1
    while True:
        path = Path("runs", f"{name}-{number}")
        try:
            return stack.enter_context(own_folder(path, is_new=True))
        except FileExistsError:
            if not os.path.lexists(path):  # it is "runs" that is there, and no folder
                raise
        number += 1


def _recorder(clf: DiffPoolClassifier, dataset: Dataset, numbers: Ints) -> Recorder:
    """Watch test graphs; what is seen changes nothing."""
    graphs = [dataset.graphs[number] for number in numbers]
    return Recorder(numbers.tolist(), graphs, dataset.labels[numbers], clf.epochs)


def _results(clf: DiffPoolClassifier, train: Dataset, test: Dataset) -> dict[str, Any]:
    best = clf.history_[clf.best_epoch_ - 1]
    labels, counts = np.unique(train.labels, return_counts=True)
    majority = labels[np.argmax(counts)]
    return {
        "best_epoch": clf.best_epoch_,
        "validation_accuracy": best["validation_accuracy"],
        "test_accuracy": clf.score(test, test.labels),
        "test_graphs": len(test),
        "confusion": _confusion(clf, test),
        "majority_class": int(majority),
        "majority_test_accuracy": float(np.mean(test.labels == majority)),
    }


def _confusion(clf: DiffPoolClassifier, test: Dataset) -> dict[str, Any]:
    """Count test graphs by true class (rows) and predicted class (columns)."""
    true, predicted = np.union1d(clf.classes_, test.labels), clf.classes_
    counts = np.zeros((len(true), len(predicted)), dtype=int)
    rows = np.searchsorted(true, test.labels)
    np.add.at(counts, (rows, np.searchsorted(predicted, clf.predict(test))), 1)
    names = {"true": true.tolist(), "predicted": predicted.tolist()}
    return {**names, "counts": counts.tolist()}


def _say(results: dict[str, Any], epochs: int) -> None:
    accuracy, n_graphs = results["test_accuracy"], results["test_graphs"]
    error = np.sqrt(accuracy * (1 - accuracy) / n_graphs)
    print(
        f"kept epoch {results['best_epoch']} of {epochs}, the best on validation: "
        f"{results['validation_accuracy']:.1%}"
    )
    print(
        f"test accuracy {accuracy:.1%} ({round(accuracy * n_graphs)} of {n_graphs}, "
        f"standard error {error:.1%}); always the majority class "
        f"({results['majority_class']}): {results['majority_test_accuracy']:.1%}"
    )


def _config(
    clf: DiffPoolClassifier, dataset: Dataset, split: list[Ints], results: Any
) -> dict[str, Any]:
    return {
        "data": {
            "name": dataset.name,
            "source": dataset.source,
            "statistics": dataset.statistics(),
        },
        "features": list(dataset.feature_names),
        "parameters": clf.get_params(),
        "clusters": clf.config_.clusters,
        "split": {name: part.tolist() for name, part in zip(PARTS, split)},
        "results": results,
        "versions": {
            "python": sys.version.split()[0],
            **{package.__name__: package.__version__ for package in (np, scipy)},
            "autograd": version("autograd"),
        },
    }


def _history_csv(clf: DiffPoolClassifier) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, clf.history_[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(clf.history_)
    return text.getvalue()
