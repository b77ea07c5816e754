"""The run folder of a model that was fitted in Python."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterable

import numpy.typing as npt

from npdiffpool._support.arguments import require, type_name
from npdiffpool._support.folder_lock import list_contents, lock_folder
from npdiffpool._support.untrusted import read_json
from npdiffpool.datasets import Dataset
from npdiffpool.estimators.diffpool import DiffPoolClassifier, DiffPoolRegressor, Model
from npdiffpool.estimators.fitting.inputs import check_width, choose_labels
from npdiffpool.estimators.fitting.schema import check_target_names, names_of_targets
from npdiffpool.estimators.fitting.targets import Numbers
from npdiffpool.estimators.not_fitted import NotFittedError
from npdiffpool.graphs.graph import Graph
from npdiffpool.runs.results import compute_results
from npdiffpool.runs.snapshots import Recorder
from npdiffpool.runs.train import describe_run, write_files

FILES = {"config.json", "history.csv", "model.npz", "snapshots.npz"}
FILES |= {"report.html", "figures"}
KINDS = DiffPoolClassifier, DiffPoolRegressor


def write_run(
    model: Model,
    graphs: Iterable[Graph],
    labels: npt.ArrayLike | None,
    folder: str | os.PathLike[str],
    draw: Callable[[Model, Dataset, Path], Any],
) -> Path:
    """Write what ``npdiffpool train`` keeps, for a fitted model and test graphs.

    The snapshots are those of the fitted model alone, and there is no checkpoint.

    Parameters
    ----------
    model : fitted DiffPoolClassifier or DiffPoolRegressor
    graphs : sequence of Graph, or Dataset
        Test graphs, of which the results are computed.
    labels : (G,) or (G, T) array_like or None
        Default: those of the graphs.
    folder : path
        New, empty, or written by this function before.
    draw : callable
        Called with the model, the graphs with their labels and the folder, when all
        files are written and the folder is still locked.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ValueError
        If the model is not fitted, graphs or labels are not those of such a model, or
        the folder has other files or is in use.
    """
    kind = type_name(model)
    require(isinstance(model, KINDS), "model", "a fitted model", kind)
    if not hasattr(model, "targets_"):
        raise NotFittedError(f"model must be fitted; call fit of {kind} first")
    with lock_folder(folder) as path:
        required = "a new or empty folder, or one of an earlier report"
        require(_is_own(path), "folder", required, str(path))
        test = _as_dataset(model, graphs, labels)
        n_clusters, numbers = sum(model.config_.clusters), range(len(test))
        recorder = Recorder(numbers, test.graphs, test.labels, 1, n_clusters)
        recorder.record(model, model.best_epoch_)
        config = describe_run(model, test, {}, compute_results(model, None, test))
        write_files(path, model, recorder, config)
        draw(model, test, path)
    return path


def _is_own(folder: Path) -> bool:
    """Return whether a folder is empty, or has what this function wrote and no more."""
    names = {part.name for part in list_contents(folder)}
    if not names:
        return True
    try:
        split = read_json(folder / "config.json")["split"]
    except (ValueError, OSError, LookupError, TypeError):
        return False
    return split == {} and names <= FILES


def _as_dataset(model: Model, graphs: Any, labels: Any) -> Dataset:
    """Return graphs as a data set with labels, checked, and names of the targets."""
    listed = model._check_graphs(graphs)
    check_width(listed, model.n_features_in_)
    by_class = model.kind == "classifier"
    labels = choose_labels(graphs, listed, labels, by_class=by_class)
    check_target_names(graphs, labels, model.targets_.names)
    named = names_of_targets(graphs, labels)
    labels = model.targets_.read(labels, len(listed))
    known = graphs if isinstance(graphs, Dataset) else Dataset(listed, None)
    targets: tuple[str, ...] = ()
    if isinstance(model.targets_, Numbers):
        n = model.targets_.n_outputs
        numbered = ("target",) if n == 1 else tuple(f"target {j}" for j in range(n))
        targets = model.targets_.names or named or numbered
        labels = labels.reshape(len(listed)) if n == 1 else labels
    return replace(known, graphs=listed, labels=labels, targets=targets)
